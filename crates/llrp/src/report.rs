//! Tag reports out of borrowed bytes: nothing is allocated (1.0.1 section 16.2.7.3).

use std::borrow::Cow;

use crate::error::DecodeError;
use crate::impinj;
use crate::wire::{RawParameters, RawRef, Reader, bytes_of};
use crate::zebra;

/// The tags in the body of an RO_ACCESS_REPORT. Surveys and vendors' parameters between them are passed over.
///
/// Ends after the first error: what is behind it cannot be told apart. Take a frame's tags only when all of them came out well.
/// Results of operations and vendors' parameters are looked into when they are asked for, not before.
///
/// ```
/// use pandian_llrp::{Frame, TagReports};
///
/// let bytes = b"\x04\x3D\0\0\0\x20\0\0\0\x07\0\xF0\0\x16\x8D\x30\x74\x25\x7B\xF7\x19\x4E\x40\0\0\x1A\x85\x81\0\x02\x86\xC8";
/// for tag in TagReports::new(Frame::parse(bytes)?.body) {
///     let tag = tag?;
///     assert_eq!((tag.epc.bytes[0], tag.antenna, tag.peak_rssi_dbm), (0x30, Some(2), Some(-56)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TagReports<'a> {
    parameters: RawParameters<'a>,
}

impl<'a> TagReports<'a> {
    /// Over the body of an RO_ACCESS_REPORT.
    pub fn new(body: &'a [u8]) -> Self {
        Self { parameters: Reader::new("RO_ACCESS_REPORT", body).parameters() }
    }
}

impl<'a> Iterator for TagReports<'a> {
    type Item = Result<TagReport<'a>, DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let read = match self.parameters.next()? {
                Ok(raw) if raw.number == 240 => TagReport::read(raw),
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            if read.is_err() {
                self.parameters = Reader::new("RO_ACCESS_REPORT", &[]).parameters();
            }
            return Some(read);
        }
    }
}

/// An EPC as it lies in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Epc<'a> {
    /// How many bits. May be 0.
    pub bits: u16,
    /// The bytes they fill, the first bit in the top bit of the first byte. What is behind the last bit is as it came.
    pub bytes: &'a [u8],
}

/// One tag of a report. A parameter that comes twice counts as it came last.
#[derive(Debug, Clone, Default)]
pub struct TagReport<'a> {
    /// Its EPC.
    pub epc: Epc<'a>,
    /// The antenna, from 1.
    pub antenna: Option<u16>,
    /// The highest RSSI in whole dBm; [`Self::rssi_dbm`] has it as exactly as it was told.
    pub peak_rssi_dbm: Option<i8>,
    /// The place of the channel in the table of frequencies, from 1.
    pub channel: Option<u16>,
    /// First seen: microseconds since 1970-01-01T00:00:00Z.
    pub first_seen_utc_us: Option<u64>,
    /// First seen: microseconds since the reader started.
    pub first_seen_uptime_us: Option<u64>,
    /// Last seen: microseconds since 1970-01-01T00:00:00Z.
    pub last_seen_utc_us: Option<u64>,
    /// Last seen: microseconds since the reader started.
    pub last_seen_uptime_us: Option<u64>,
    /// How often it was seen since the last report.
    pub seen_count: Option<u16>,
    /// The ROSpec.
    pub rospec_id: Option<u32>,
    /// The place of the spec in the ROSpec, from 1.
    pub spec_index: Option<u16>,
    /// The inventory parameter spec.
    pub inventory_parameter_spec_id: Option<u16>,
    /// The AccessSpec.
    pub access_spec_id: Option<u32>,
    /// Its protocol control word.
    pub pc: Option<u16>,
    /// Its CRC.
    pub crc: Option<u16>,
    /// Its extended protocol control words (1.1).
    pub xpc: [Option<u16>; 2],
    raw: Option<RawRef<'a>>,
}

impl<'a> TagReport<'a> {
    /// Out of a TagReportData.
    #[inline]
    fn read(raw: RawRef<'a>) -> Result<Self, DecodeError> {
        let mut report = Self { raw: Some(raw), ..Self::default() };
        let mut has_epc = false;
        for parameter in raw.reader("TagReportData")?.parameters() {
            let parameter = parameter?;
            let body = parameter.body;
            match parameter.number {
                1 => report.antenna = be(body).map(u16::from_be_bytes),
                2 => report.first_seen_utc_us = be(body).map(u64::from_be_bytes),
                3 => report.first_seen_uptime_us = be(body).map(u64::from_be_bytes),
                4 => report.last_seen_utc_us = be(body).map(u64::from_be_bytes),
                5 => report.last_seen_uptime_us = be(body).map(u64::from_be_bytes),
                6 => report.peak_rssi_dbm = be(body).map(i8::from_be_bytes),
                7 => report.channel = be(body).map(u16::from_be_bytes),
                8 => report.seen_count = be(body).map(u16::from_be_bytes),
                9 => report.rospec_id = be(body).map(u32::from_be_bytes),
                10 => report.inventory_parameter_spec_id = be(body).map(u16::from_be_bytes),
                11 => report.crc = be(body).map(u16::from_be_bytes),
                12 => report.pc = be(body).map(u16::from_be_bytes),
                13 => (report.epc, has_epc) = (Epc { bits: 96, bytes: body }, true),
                14 => report.spec_index = be(body).map(u16::from_be_bytes),
                16 => report.access_spec_id = be(body).map(u32::from_be_bytes),
                19 => report.xpc[0] = be(body).map(u16::from_be_bytes),
                20 => report.xpc[1] = be(body).map(u16::from_be_bytes),
                241 => (report.epc, has_epc) = (Epc::read(&parameter)?, true),
                _ => {}
            }
        }
        if has_epc { Ok(report) } else { Err(DecodeError::Missing { structure: "TagReportData", parameter: "EpcData or Epc96" }) }
    }

    /// Everything that is told of the tag, results of operations and vendors' parameters among it, in the order of the wire:
    /// `raw.decode::<C1g2ReadResult>()` and the like.
    pub fn parameters(&self) -> impl Iterator<Item = RawRef<'a>> + use<'a> {
        // They were all walked over when the report was read: there is no error left to come.
        self.raw.and_then(|raw| raw.reader("TagReportData").ok()).into_iter().flat_map(Reader::parameters).map_while(Result::ok)
    }

    /// The bytes of the parameters.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw.map_or(&[], |raw| raw.body)
    }

    /// The highest RSSI, in dBm: in hundredths where an Impinj reader told them, else whole.
    pub fn rssi_dbm(&self) -> Option<f64> {
        let hundredths = self.impinj().peak_rssi_centi_dbm.map(|centi_dbm| f64::from(centi_dbm) / 100.0);
        hundredths.or(self.peak_rssi_dbm.map(f64::from))
    }

    /// First seen: microseconds since 1970-01-01T00:00:00Z, of a reader without a clock since its start.
    pub fn first_seen_us(&self) -> Option<u64> {
        self.first_seen_utc_us.or(self.first_seen_uptime_us)
    }

    /// Last seen: microseconds since 1970-01-01T00:00:00Z, of a reader without a clock since its start.
    pub fn last_seen_us(&self) -> Option<u64> {
        self.last_seen_utc_us.or(self.last_seen_uptime_us)
    }

    /// What an Impinj reader told beyond the standard.
    pub fn impinj(&self) -> impinj::TagDetails<'a> {
        impinj::TagDetails::of(self.parameters())
    }

    /// What a Zebra reader told beyond the standard.
    pub fn zebra(&self) -> zebra::TagDetails {
        zebra::TagDetails::of(self.parameters())
    }
}

impl<'a> Epc<'a> {
    /// The EPC filled up to whole bytes with zero bits. Allocates only if there are others.
    pub fn filled_up(&self) -> Cow<'a, [u8]> {
        let behind = match self.bits % 8 {
            0 => 0,
            odd => 0xFF_u8 >> odd,
        };
        match self.bytes.split_last() {
            Some((last, whole)) if last & behind != 0 => Cow::Owned([whole, &[last & !behind]].concat()),
            _ => Cow::Borrowed(self.bytes),
        }
    }

    fn read(raw: &RawRef<'a>) -> Result<Self, DecodeError> {
        let mut reader = raw.reader("EpcData")?;
        let bits = u16::from_be_bytes(reader.array("epc")?);
        let bytes = reader.take("epc", bytes_of(bits))?;
        reader.end()?;
        Ok(Self { bits, bytes })
    }
}

/// The whole of `body`, whose length the table of TV parameters has seen to.
#[inline]
fn be<const N: usize>(body: &[u8]) -> Option<[u8; N]> {
    body.try_into().ok()
}
