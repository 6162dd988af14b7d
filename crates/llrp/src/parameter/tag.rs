//! A tag in a report, with values of its own; [`crate::TagReport`] reads the same out of borrowed bytes (1.0.1 section 16.2.7.3).

use super::access::{
    C1g2BlockEraseResult, C1g2BlockPermalockResult, C1g2BlockWriteResult, C1g2GetBlockPermalockStatusResult, C1g2KillResult,
    C1g2LockResult, C1g2ReadResult, C1g2RecommissionResult, C1g2WriteResult,
};
use crate::wire::{BitString, CustomParameter, Parameter, RawParameter, RawRef, Structure, Writer, choice, tlv, tv};
use crate::{DecodeError, wire::Reader};

tlv! {
    /// An EPC of any length.
    EpcData = 241 {
        /// The EPC.
        epc: BitString,
    }
}

tv! {
    /// An EPC of 96 bits.
    Epc96([u8; 12]) = 13;
    /// The antenna, from 1.
    AntennaId(u16) = 1;
    /// When it was first seen: microseconds since 1970-01-01T00:00:00Z.
    FirstSeenUtc(u64) = 2;
    /// When it was first seen: microseconds since the reader started.
    FirstSeenUptime(u64) = 3;
    /// When it was last seen: microseconds since 1970-01-01T00:00:00Z.
    LastSeenUtc(u64) = 4;
    /// When it was last seen: microseconds since the reader started.
    LastSeenUptime(u64) = 5;
    /// The highest RSSI, in dBm.
    PeakRssi(i8) = 6;
    /// The place of the channel in the table of frequencies, from 1.
    ChannelIndex(u16) = 7;
    /// How often it was seen since the last report.
    TagSeenCount(u16) = 8;
    /// The ROSpec.
    RoSpecId(u32) = 9;
    /// The inventory parameter spec.
    InventoryParameterSpecId(u16) = 10;
    /// The tag's CRC.
    C1g2Crc(u16) = 11;
    /// The tag's protocol control word.
    C1g2Pc(u16) = 12;
    /// The place of the spec in the ROSpec, from 1.
    SpecIndex(u16) = 14;
    /// The operation that the client was asked for (1.1).
    ClientRequestOpSpecResult(u16) = 15;
    /// The AccessSpec.
    AccessSpecId(u32) = 16;
    /// The operation.
    OpSpecId(u16) = 17;
    /// The first extended protocol control word (1.1).
    C1g2XpcW1(u16) = 19;
    /// The second extended protocol control word (1.1).
    C1g2XpcW2(u16) = 20;
}

choice! {
    /// One thing that a report tells of a tag.
    TagParameter {
        /// Its EPC.
        EpcData(EpcData),
        /// Its EPC of 96 bits.
        Epc96(Epc96),
        /// The ROSpec.
        RoSpecId(RoSpecId),
        /// The place of the spec in the ROSpec.
        SpecIndex(SpecIndex),
        /// The inventory parameter spec.
        InventoryParameterSpecId(InventoryParameterSpecId),
        /// The antenna.
        AntennaId(AntennaId),
        /// The highest RSSI.
        PeakRssi(PeakRssi),
        /// The channel.
        ChannelIndex(ChannelIndex),
        /// First seen, by the clock.
        FirstSeenUtc(FirstSeenUtc),
        /// First seen, since the reader started.
        FirstSeenUptime(FirstSeenUptime),
        /// Last seen, by the clock.
        LastSeenUtc(LastSeenUtc),
        /// Last seen, since the reader started.
        LastSeenUptime(LastSeenUptime),
        /// How often seen.
        TagSeenCount(TagSeenCount),
        /// Its protocol control word.
        Pc(C1g2Pc),
        /// Its first extended protocol control word (1.1).
        XpcW1(C1g2XpcW1),
        /// Its second extended protocol control word (1.1).
        XpcW2(C1g2XpcW2),
        /// Its CRC.
        Crc(C1g2Crc),
        /// The AccessSpec.
        AccessSpecId(AccessSpecId),
        /// What a read found.
        Read(C1g2ReadResult),
        /// How a write ended.
        Write(C1g2WriteResult),
        /// How a kill ended.
        Kill(C1g2KillResult),
        /// How a lock ended.
        Lock(C1g2LockResult),
        /// How a block erase ended.
        BlockErase(C1g2BlockEraseResult),
        /// How a block write ended.
        BlockWrite(C1g2BlockWriteResult),
        /// How a recommissioning ended (1.1).
        Recommission(C1g2RecommissionResult),
        /// How a block permalock ended (1.1).
        BlockPermalock(C1g2BlockPermalockResult),
        /// Which blocks are locked (1.1).
        BlockPermalockStatus(C1g2GetBlockPermalockStatusResult),
        /// The operation that the client was asked for (1.1).
        ClientRequest(ClientRequestOpSpecResult),
        /// A vendor's.
        Custom(CustomParameter),
        /// Anything else.
        Other(RawParameter),
    }
}

/// One tag of a report: its parameters in the order of the wire, which readers choose as they like.
///
/// TLV parameter 240.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagReportData {
    /// Its EPC and what else is told of it.
    pub parameters: Vec<TagParameter>,
}

impl FromIterator<TagParameter> for TagReportData {
    fn from_iter<I: IntoIterator<Item = TagParameter>>(parameters: I) -> Self {
        Self { parameters: parameters.into_iter().collect() }
    }
}

impl Structure for TagReportData {
    const NAME: &'static str = "TagReportData";

    fn read(reader: Reader<'_>) -> Result<Self, DecodeError> {
        reader.parameters().map(|raw| raw?.decode()).collect()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.parameters.iter().for_each(|parameter| parameter.write(writer));
    }
}

impl Parameter for TagReportData {
    const NAME: &'static str = "TagReportData";

    fn accepts(raw: &RawRef<'_>) -> bool {
        raw.number == 240
    }

    fn read(raw: RawRef<'_>) -> Result<Self, DecodeError> {
        Structure::read(raw.reader("TagReportData")?)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.tlv("TagReportData", 240, |writer| Structure::write(self, writer));
    }
}

#[cfg(test)]
impl crate::tests::sample::Sample for TagReportData {
    fn sample(choices: &mut crate::tests::sample::Choices) -> Self {
        let mut parameters: Vec<TagParameter> = crate::tests::sample::Sample::sample(choices);
        if choices.by_the_book {
            // An EPC, then each at most once in the standard's order, and nothing that 1.0.1 does not have.
            parameters.retain(|parameter| !matches!(parameter, TagParameter::EpcData(_) | TagParameter::Epc96(_) | TagParameter::Other(_)));
            parameters.truncate(1);
            parameters.insert(0, Epc96(*b"twelve bytes").into());
        }
        Self { parameters }
    }
}
