//! The segments of a JPEG (ITU T.81, annex B): what they say of the picture, and what of them is needed for its gray.

use memchr::memchr;

use crate::picture::{BadPicture, Kind};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOF0: u8 = 0xc0;
const SOF2: u8 = 0xc2;
const DHT: u8 = 0xc4;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DNL: u8 = 0xdc;
const DRI: u8 = 0xdd;

/// More scans than any encoder makes; each costs a pass over the whole picture.
const MOST_SCANS: usize = 64;

/// What follows the last scan instead of the end of the picture. A decoder looks a few bytes ahead of what it decodes; one that needs
/// more than these has been given too little of the picture.
const AHEAD: [u8; 8] = [0; 8];

/// A frame header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    marker: u8,
    pub(super) width: u16,
    pub(super) height: u16,
    count: usize,
    components: [Component; 3],
    pub(super) is_rgb: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Component {
    id: u8,
    across: u8,
    down: u8,
    table: u8,
}

impl Frame {
    fn is_progressive(&self) -> bool {
        self.marker == SOF2
    }

    fn components(&self) -> &[Component] {
        &self.components[..self.count]
    }
}

/// What is kept of the file, in its order.
enum Part<'a> {
    /// A table: its marker and what it holds.
    Table(u8, &'a [u8]),
    /// A scan: its header, and its coded pixels.
    Scan(Scan, &'a [u8]),
}

/// A scan header.
#[derive(Debug, Clone, Copy)]
struct Scan {
    count: usize,
    /// For each component its place in the frame, and its tables.
    components: [(usize, u8); 3],
    /// The first and last coefficient, and the bit positions before and after.
    spectrum: [u8; 3],
}

impl Scan {
    fn components(&self) -> &[(usize, u8)] {
        &self.components[..self.count]
    }

    fn has_gray(&self) -> bool {
        self.components().iter().any(|&(place, _)| place == 0)
    }
}

/// A file that was walked along.
pub(super) struct Walked<'a> {
    frame: Frame,
    parts: Vec<Part<'a>>,
    exif: Option<&'a [u8]>,
}

fn damaged(why: impl std::fmt::Display) -> BadPicture {
    BadPicture::damaged(Kind::Jpeg, why)
}

fn ends_early() -> BadPicture {
    damaged("it ends early")
}

/// Walks along the segments of a file.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked<'_>, BadPicture> {
    let mut rest = bytes.get(2..).ok_or_else(ends_early)?;
    let (mut frame, mut parts, mut exif) = (None::<Frame>, Vec::new(), None);
    let (mut is_jfif, mut adobe, mut scans) = (false, None, 0);
    loop {
        let (marker, after) = match next_marker(rest) {
            Some(found) => found,
            // The end is not marked, but the last scan may be whole: the decoder will tell.
            None if scans > 0 => break,
            None => return Err(ends_early()),
        };
        rest = after;
        match marker {
            EOI => break,
            SOI => return Err(damaged("a second picture begins within it")),
            // Alone, without a length: between segments they mean nothing.
            0x01 | 0xd0..=0xd7 => continue,
            _ => {}
        }
        let (segment, after) = segment(rest)?;
        rest = after;
        match marker {
            SOF0..=SOF2 if frame.is_some() => return Err(damaged("it has two frames")),
            SOF0..=SOF2 => frame = Some(frame_header(marker, segment)?),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(damaged("it is coded lossless, arithmetic or hierarchical, which is not read"));
            }
            DNL => return Err(damaged("it tells its height at its end, which is not read")),
            DHT | DQT | DRI => parts.push(Part::Table(marker, segment)),
            0xe0 => is_jfif |= segment.starts_with(b"JFIF\0"),
            0xe1 if exif.is_none() => exif = segment.strip_prefix(b"Exif\0\0"),
            0xee if segment.starts_with(b"Adobe") => adobe = segment.get(11).copied(),
            SOS => {
                let frame = frame.as_ref().ok_or_else(|| damaged("a scan comes before its frame"))?;
                let coded;
                (coded, rest) = entropy_coded(rest);
                if rest.is_empty() && frame.is_progressive() {
                    // What is missing of it would be taken as no refinement.
                    return Err(ends_early());
                }
                scans += 1;
                if scans > MOST_SCANS {
                    return Err(damaged(format_args!("it has more than {MOST_SCANS} scans")));
                }
                parts.push(Part::Scan(scan_header(frame, segment)?, coded));
            }
            _ => {}
        }
    }
    let mut frame = frame.ok_or_else(ends_early)?;
    frame.is_rgb = frame.count == 3
        && !is_jfif
        && adobe.map_or_else(|| frame.components().iter().map(|part| part.id).eq(*b"RGB"), |transform| transform == 0);
    if !frame.is_rgb {
        parts.retain(|part| !matches!(part, Part::Scan(scan, _) if !scan.has_gray()));
    }
    let walked = Walked { frame, parts, exif };
    walked.check()?;
    Ok(walked)
}

/// The next marker, and what follows it. Bytes before it belong to nothing and are passed over, as every decoder does.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let start = bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
    Some((bytes[start + 1], &bytes[start + 2..]))
}

/// What a segment holds, and what follows it.
fn segment(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadPicture> {
    let (length, _) = bytes.split_first_chunk().ok_or_else(ends_early)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (segment, rest) = bytes.split_at_checked(length).ok_or_else(ends_early)?;
    Ok((segment.get(2..).ok_or_else(|| damaged("a segment is shorter than its own length"))?, rest))
}

/// The coded pixels at the beginning of these bytes, restart markers included, and what follows them.
fn entropy_coded(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(found) = memchr(0xff, &bytes[at..]) {
        at += found;
        match bytes.get(at + 1) {
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            Some(0xff) => at += 1,
            Some(_) => return bytes.split_at(at),
            None => break,
        }
    }
    (bytes, &[])
}

fn frame_header(marker: u8, segment: &[u8]) -> Result<Frame, BadPicture> {
    let ([precision, high, low, wide, wide_low, count], components) = segment.split_first_chunk().ok_or_else(ends_early)?;
    let (height, width) = (u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*wide, *wide_low]));
    if *precision != 8 {
        return Err(damaged(format_args!("it has {precision} bits a channel, and only 8 are read")));
    }
    if width == 0 || height == 0 {
        return Err(damaged("it says that it has no pixels"));
    }
    let count = match count {
        1 | 3 => usize::from(*count),
        4 => return Err(BadPicture::Cmyk),
        _ => return Err(damaged(format_args!("it has {count} channels"))),
    };
    let (described, rest) = components.as_chunks::<3>();
    if described.len() != count || !rest.is_empty() {
        return Err(damaged("its frame describes other channels than it counts"));
    }
    let mut components = [Component::default(); 3];
    for (component, &[id, sampling, table]) in components.iter_mut().zip(described) {
        *component = Component { id, across: sampling >> 4, down: sampling & 15, table };
    }
    let gray = components[0];
    let sampled = |part: &Component| matches!((part.across, part.down), (1 | 2 | 4, 1 | 2 | 4)) && part.table < 4;
    let is_finest = |part: &Component| part.across <= gray.across && part.down <= gray.down;
    if !components[..count].iter().all(|part| sampled(part) && is_finest(part)) {
        return Err(damaged("its channels are sampled in a way that is not read"));
    }
    let ids = components.map(|part| part.id);
    if count == 3 && (ids[0] == ids[1] || ids[1] == ids[2] || ids[0] == ids[2]) {
        return Err(damaged("two of its channels have the same name"));
    }
    Ok(Frame { marker, width, height, count, components, is_rgb: false })
}

fn scan_header(frame: &Frame, segment: &[u8]) -> Result<Scan, BadPicture> {
    let wrong = || damaged("a scan contradicts its frame");
    let (&count, rest) = segment.split_first().ok_or_else(ends_early)?;
    let count = usize::from(count);
    let (described, spectrum) = rest.split_at_checked(2 * count).ok_or_else(ends_early)?;
    let &[first, last, bits] = spectrum else { return Err(wrong()) };
    if count == 0 || count > frame.count {
        return Err(wrong());
    }
    let mut components = [(0, 0); 3];
    for (at, &[id, tables]) in described.as_chunks().0.iter().enumerate() {
        let place = frame.components().iter().position(|part| part.id == id).ok_or_else(wrong)?;
        if components[..at].iter().any(|&(before, _)| before == place) || tables >> 4 > 3 || tables & 15 > 3 {
            return Err(wrong());
        }
        components[at] = (place, tables);
    }
    let (before, after) = (bits >> 4, bits & 15);
    let is_sound = if frame.is_progressive() {
        // T.81, G.1.1.1: the first coefficient apart from the others, those of one channel only; a bit at a time.
        let spectrum = if first == 0 { last == 0 } else { first <= last && last < 64 && count == 1 };
        spectrum && after <= 13 && (before == 0 || before == after + 1)
    } else {
        (first, last, bits) == (0, 63, 0)
    };
    if !is_sound {
        return Err(wrong());
    }
    Ok(Scan { count, components, spectrum: [first, last, bits] })
}

impl<'a> Walked<'a> {
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(super) fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    fn scans(&self) -> impl Iterator<Item = &Scan> {
        self.parts.iter().filter_map(|part| match part {
            Part::Scan(scan, _) => Some(scan),
            Part::Table(..) => None,
        })
    }

    /// Whether every channel that is needed is there to its last bit.
    fn check(&self) -> Result<(), BadPicture> {
        let needed = if self.frame.is_rgb { 3 } else { 1 };
        for place in 0..needed {
            // For each coefficient the bit position that was reached; 16 before anything came.
            let mut reached = [16u8; 64];
            for scan in self.scans().filter(|scan| scan.components().iter().any(|&(of, _)| of == place)) {
                let [first, last, bits] = scan.spectrum;
                for bit in &mut reached[usize::from(first)..=usize::from(last)] {
                    let begun = if bits >> 4 == 0 { 16 } else { bits >> 4 };
                    if *bit != begun {
                        return Err(damaged("its scans come in no order"));
                    }
                    *bit = bits & 15;
                }
            }
            if reached != [0; 64] {
                return Err(ends_early());
            }
        }
        Ok(())
    }

    /// Whether the gray comes in scans of its own, so that the other channels can be left out altogether.
    fn gray_is_alone(&self) -> bool {
        !self.frame.is_rgb && self.scans().all(|scan| scan.count == 1)
    }

    /// Whether the decoder makes gray of it right away. It takes the wrong number of rows where only the rows are sampled (4:4:0).
    pub(super) fn is_gray_direct(&self) -> bool {
        let gray = self.frame.components[0];
        self.frame.count == 1 || self.gray_is_alone() || (gray.across, gray.down) != (1, 2)
    }

    /// What the decoder holds for each pixel beside what it gives: a picture that comes in several scans is held as coefficients, two
    /// bytes each.
    pub(super) fn coefficient_bytes_a_pixel(&self) -> f32 {
        let is_held = self.frame.is_progressive() || self.scans().count() > 1;
        if !is_held {
            return 0.0;
        }
        let gray = self.frame.components[0];
        let share = |part: &Component| f32::from(part.across * part.down) / f32::from(gray.across * gray.down);
        let channels = if self.gray_is_alone() { 1.0 } else { self.frame.components().iter().map(share).sum() };
        2.0 * channels
    }

    /// The same picture as a file of its own, with what is needed of it and nothing else.
    pub(super) fn stream(&self) -> Vec<u8> {
        let frame = &self.frame;
        let kept = if self.gray_is_alone() { 1 } else { frame.count };
        let names = if frame.is_rgb { *b"RGB" } else { [1, 2, 3] };
        let coded: usize = self.parts.iter().map(|part| part.size()).sum();
        let mut stream = Vec::with_capacity(coded + 64);
        stream.extend([0xff, SOI]);
        let mut header = vec![8];
        header.extend(frame.height.to_be_bytes());
        header.extend(frame.width.to_be_bytes());
        header.push(kept as u8);
        for (part, name) in frame.components()[..kept].iter().zip(names) {
            // The sampling of a channel that is alone says nothing.
            let (across, down) = if kept == 1 { (1, 1) } else { (part.across, part.down) };
            header.extend([name, across << 4 | down, part.table]);
        }
        write_segment(&mut stream, frame.marker, &header);
        for part in &self.parts {
            match part {
                Part::Table(marker, table) => write_segment(&mut stream, *marker, table),
                Part::Scan(scan, coded) => {
                    let mut header = vec![scan.count as u8];
                    header.extend(scan.components().iter().flat_map(|&(place, tables)| [names[place], tables]));
                    header.extend(scan.spectrum);
                    write_segment(&mut stream, SOS, &header);
                    stream.extend_from_slice(coded);
                }
            }
        }
        if frame.is_progressive() {
            stream.extend([0xff, EOI]);
        } else {
            stream.extend(AHEAD);
        }
        stream
    }
}

impl Part<'_> {
    /// About how many bytes it takes.
    fn size(&self) -> usize {
        match self {
            Self::Table(_, table) => table.len() + 4,
            Self::Scan(_, coded) => coded.len() + 16,
        }
    }
}

fn write_segment(stream: &mut Vec<u8>, marker: u8, segment: &[u8]) {
    stream.extend([0xff, marker]);
    stream.extend((segment.len() as u16 + 2).to_be_bytes());
    stream.extend_from_slice(segment);
}
