//! Frames out of a stream of bytes, however it is cut.

use crate::frame::{Frame, FrameError, FrameHeader, HEADER};

/// The limit of [`Framer::default`]: 4 MiB, some 50,000 tag reports.
pub const DEFAULT_LIMIT: usize = 4 << 20;

/// What the buffer keeps for the next frame; a longer one is given back.
const KEPT: usize = 64 << 10;

/// Cuts a stream into frames. A frame that lies whole in the bytes handed in is borrowed from them; only one that is cut is copied. No more
/// than one frame is ever held, and no more of it than has arrived, so memory stays below the limit whatever comes.
///
/// ```
/// use pandian_llrp::Framer;
///
/// let mut framer = Framer::default();
/// // Two KEEPALIVE and the beginning of a third one.
/// let mut arrived: &[u8] = b"\x04\x3E\0\0\0\x0A\0\0\0\x01\x04\x3E\0\0\0\x0A\0\0\0\x02\x04\x3E\0";
/// let mut ids = Vec::new();
/// while let Some(frame) = framer.take_frame(&mut arrived)? {
///     ids.push(frame.id);
/// }
/// assert_eq!((ids, arrived.len()), (vec![1, 2], 0));
/// # Ok::<(), pandian_llrp::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Framer {
    limit: usize,
    held: Vec<u8>,
    /// Whether what is held was handed out as a frame.
    handed_out: bool,
    broken: Option<FrameError>,
}

impl Default for Framer {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

impl Framer {
    /// Refuses frames above `limit` bytes (with their header).
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, held: Vec::new(), handed_out: false, broken: None }
    }

    /// Takes bytes off the front of `input` up to the end of the next frame. `None` when it ends beyond `input`, which is then empty: call
    /// again with the bytes that arrive next.
    ///
    /// # Errors
    /// When the bytes are no frame. Nothing more comes out of this stream: every later call gives the same error and takes nothing.
    pub fn take_frame<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, FrameError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if std::mem::take(&mut self.handed_out) {
            self.held.clear();
            self.held.shrink_to(KEPT);
        }
        if self.held.is_empty() {
            let bytes: &'i [u8] = input;
            if let Some((header, rest)) = bytes.split_first_chunk() {
                let (header, body) = self.check(header)?;
                if let Some((body, rest)) = rest.split_at_checked(body) {
                    *input = rest;
                    return Ok(Some(Frame::of(header, body)));
                }
            }
        }
        self.hold(input, HEADER);
        let Some(header) = self.held.first_chunk().copied() else { return Ok(None) };
        let (header, body) = self.check(&header)?;
        let whole = HEADER + body;
        self.hold(input, whole);
        if self.held.len() < whole {
            return Ok(None);
        }
        self.handed_out = true;
        Ok(Some(Frame::of(header, self.held.get(HEADER..).unwrap_or_default())))
    }

    /// Bytes held of a frame that has not ended yet.
    pub fn held(&self) -> usize {
        if self.handed_out { 0 } else { self.held.len() }
    }

    /// Bytes of memory in use.
    pub fn capacity(&self) -> usize {
        self.held.capacity()
    }

    /// The header and the length of the body.
    fn check(&mut self, header: &[u8; HEADER]) -> Result<(FrameHeader, usize), FrameError> {
        let limit = self.limit;
        let checked = FrameHeader::parse(header).and_then(|header| match usize::try_from(header.length) {
            Ok(length) if length <= limit => Ok((header, length.saturating_sub(HEADER))),
            _ => Err(FrameError::TooLong { length: header.length, limit }),
        });
        if let Err(error) = checked {
            self.broken = Some(error);
            self.held = Vec::new();
        }
        checked
    }

    /// Moves bytes from `input` until `target` are held.
    fn hold(&mut self, input: &mut &[u8], target: usize) {
        let missing = target.saturating_sub(self.held.len()).min(input.len());
        let (taken, rest) = input.split_at(missing);
        let needed = self.held.len() + taken.len();
        if needed > self.held.capacity() {
            // Doubling, but never beyond the end of the frame: a claimed length costs nothing until its bytes arrive.
            let wanted = needed.max(self.held.capacity().saturating_mul(2)).min(target);
            self.held.reserve_exact(wanted - self.held.len());
        }
        self.held.extend_from_slice(taken);
        *input = rest;
    }
}
