//! What holds for any bytes as a stream of LLRP frames, however it is cut.

use pandian_llrp::{FrameError, Framer, HEADER};

/// No frame may be longer.
const LIMIT: usize = 4096;

/// What came out of a stream: each frame in its bytes, and what ended it.
type Found = (Vec<Vec<u8>>, Option<FrameError>);

/// The first byte says how many of the next are lengths of pieces, used in turn; the rest is the stream.
pub(crate) fn check(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    let (cuts, stream) = rest.split_at(usize::from(first % 16).min(rest.len()));
    let whole = frames(stream, &[]);
    assert_eq!(frames(stream, cuts), whole);
    assert_eq!(frames(stream, &[0]), whole, "byte for byte");
    // Nothing is lost and nothing is added: what came out is the beginning of what went in.
    let taken = whole.0.concat();
    assert_eq!(stream.get(..taken.len()), Some(&taken[..]));
    let left = stream.len() - taken.len();
    assert!(whole.1.is_some() || left < LIMIT, "{left} bytes are held of no frame");
}

/// The frames of a stream that comes in pieces of these lengths, one more than each says; all at once without any.
fn frames(stream: &[u8], cuts: &[u8]) -> Found {
    let mut framer = Framer::with_limit(LIMIT);
    let (mut found, mut rest) = (Vec::new(), stream);
    let mut lengths = cuts.iter().cycle().map(|cut| usize::from(*cut) + 1);
    while !rest.is_empty() {
        let (mut piece, behind) = rest.split_at(lengths.next().unwrap_or(rest.len()).min(rest.len()));
        loop {
            match framer.take_frame(&mut piece) {
                Ok(Some(frame)) => {
                    assert!(frame.body.len() + HEADER <= LIMIT);
                    let mut bytes = Vec::new();
                    frame.write_to(&mut bytes).expect("what was read can be written");
                    // The three reserved bits of the header are ignored.
                    let at = found.iter().map(Vec::len).sum::<usize>();
                    bytes[0] |= stream[at] & 0xE0;
                    found.push(bytes);
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.take_frame(&mut piece), Err(error), "an error is for good");
                    return (found, Some(error));
                }
            }
        }
        assert!(piece.is_empty() && framer.held() < LIMIT && framer.capacity() <= LIMIT, "{framer:?}");
        rest = behind;
    }
    (found, None)
}
