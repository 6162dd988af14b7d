//! What was read and not yet reported (LLRP 1.0.1 sections 10.2.7 and 16.2.7).

use std::collections::HashMap;
use std::sync::Arc;

use pandian_llrp::RawParameter;
use pandian_llrp::message::RoAccessReport;
use pandian_llrp::parameter::air_protocol::MemorySelectorFlags;
use pandian_llrp::parameter::reporting::{RoReportSpec, RoReportTrigger, TagReportContent};
use pandian_llrp::parameter::tag::{
    AccessSpecId, AntennaId, C1g2Crc, C1g2Pc, ChannelIndex, Epc96, EpcData, FirstSeenUptime, FirstSeenUtc, InventoryParameterSpecId,
    LastSeenUptime, LastSeenUtc, PeakRssi, RoSpecId, SpecIndex, TagParameter, TagReportData, TagSeenCount,
};
use pandian_llrp::wire::{BitString, CustomParameter};
use pandian_llrp::{impinj, zebra};

use super::flavour::custom;
use super::hearing::{Reading, Tag};

/// The most tags that wait to be reported.
const WAITING: usize = 20_000;
/// The most tags in a message.
const TAGS_A_REPORT: usize = 500;

/// Tags that wait to be reported.
#[derive(Debug, Default)]
pub(super) struct Reports {
    waiting: Vec<Entry>,
    places: HashMap<Key, usize>,
}

/// What makes reads of a tag different ones in a report.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tag: Arc<Tag>,
    origin: Origin,
    antenna: u16,
    /// Where the channel is reported.
    channel: Option<u16>,
}

/// Where in an ROSpec a tag was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) rospec_id: u32,
    /// From 1.
    pub(super) spec_index: u16,
    pub(super) inventory_parameter_spec_id: u16,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    content: Arc<Content>,
    channel: u16,
    peak_rssi_dbm: f64,
    phase: u16,
    /// By the reader's clock, in microseconds.
    first_seen: u64,
    last_seen: u64,
    count: u16,
}

/// When and what an ROSpec reports.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    trigger: RoReportTrigger,
    /// So many tags; 0 only at the end.
    tags: u16,
    flags: TagReportContent,
    memory: MemorySelectorFlags,
    vendor: VendorContent,
    has_clock: bool,
}

/// What a vendor's reader reports beyond the standard.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct VendorContent {
    impinj_tid: bool,
    impinj_phase: bool,
    impinj_rssi: bool,
    zebra_phase: bool,
}

impl Content {
    /// What was asked for. Vendors' parameters were checked when they came.
    pub(super) fn new(spec: &RoReportSpec, has_clock: bool) -> Self {
        let memory = spec.content.memory.iter().fold(MemorySelectorFlags::NONE, |flags, selector| flags | selector.flags);
        let selectors = [&spec.extensions, &spec.content.extensions].into_iter().flatten();
        let vendor = selectors.fold(VendorContent::default(), VendorContent::with);
        Self { trigger: spec.trigger, tags: spec.n, flags: spec.content.flags, memory, vendor, has_clock }
    }

    /// Whether the end of an AISpec is to be reported.
    pub(super) fn ends_with_aispec(&self) -> bool {
        self.trigger == RoReportTrigger::TagsOrEndOfAiSpec
    }

    /// Whether the end of the ROSpec is to be reported. That of its last AISpec comes before.
    pub(super) fn ends_with_rospec(&self) -> bool {
        self.trigger != RoReportTrigger::None
    }
}

impl VendorContent {
    fn with(self, raw: &RawParameter) -> Self {
        use impinj::Switch::Enabled;
        if let Ok(wanted) = raw.decode::<impinj::TagReportContentSelector>() {
            return Self {
                impinj_tid: wanted.serialized_tid.is_some_and(|tid| tid.mode == Enabled),
                impinj_phase: wanted.phase_angle.is_some_and(|phase| phase.mode == Enabled),
                impinj_rssi: wanted.peak_rssi.is_some_and(|rssi| rssi.mode == Enabled),
                ..self
            };
        }
        match raw.decode::<zebra::TagReportContentSelector>() {
            Ok(wanted) => Self { zebra_phase: wanted.flags.contains(zebra::TagReportContent::PHASE), ..self },
            Err(_) => self,
        }
    }
}

/// Whether there was room for a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Left,
    /// The read is lost.
    None,
}

impl Reports {
    /// Adds a read, at a time by the reader's clock in microseconds.
    pub(super) fn add(&mut self, reading: &Reading, at: u64, origin: Origin, content: &Arc<Content>) -> Room {
        let channel = content.flags.contains(TagReportContent::CHANNEL_INDEX).then_some(reading.channel);
        let key = Key { tag: reading.tag.clone(), origin, antenna: reading.antenna, channel };
        if let Some(entry) = self.places.get(&key).and_then(|place| self.waiting.get_mut(*place)) {
            entry.count = entry.count.saturating_add(1);
            entry.last_seen = at;
            if reading.rssi_dbm > entry.peak_rssi_dbm {
                (entry.peak_rssi_dbm, entry.phase, entry.channel) = (reading.rssi_dbm, reading.phase, reading.channel);
            }
            return Room::Left;
        }
        if self.waiting.len() >= WAITING {
            return Room::None;
        }
        self.places.insert(key.clone(), self.waiting.len());
        self.waiting.push(Entry {
            key,
            content: content.clone(),
            channel: reading.channel,
            peak_rssi_dbm: reading.rssi_dbm,
            phase: reading.phase,
            first_seen: at,
            last_seen: at,
            count: 1,
        });
        Room::Left
    }

    /// Whether so many tags wait that they are to be reported.
    pub(super) fn is_due(&self, content: &Content) -> bool {
        content.trigger != RoReportTrigger::None && content.tags > 0 && self.waiting.len() >= usize::from(content.tags)
    }

    /// All that waits, in messages of bounded size; none if nothing does.
    pub(super) fn take(&mut self) -> Vec<RoAccessReport> {
        self.places.clear();
        let waiting = std::mem::take(&mut self.waiting);
        let report = |entries: &[Entry]| RoAccessReport { tags: entries.iter().map(Entry::told).collect(), ..RoAccessReport::default() };
        waiting.chunks(TAGS_A_REPORT).map(report).collect()
    }
}

impl Entry {
    /// In the standard's order, vendors' parameters last.
    fn told(&self) -> TagReportData {
        let Self { key: Key { tag, origin, antenna, .. }, content, .. } = self;
        let flags = content.flags;
        let has = |flag, parameter: TagParameter| flags.contains(flag).then_some(parameter);
        let (first, last): (TagParameter, TagParameter) = if content.has_clock {
            (FirstSeenUtc(self.first_seen).into(), LastSeenUtc(self.last_seen).into())
        } else {
            (FirstSeenUptime(self.first_seen).into(), LastSeenUptime(self.last_seen).into())
        };
        let pc = protocol_control(&tag.epc);
        let selected = |flag, parameter: TagParameter| content.memory.contains(flag).then_some(parameter);
        [
            Some(epc(&tag.epc)),
            has(TagReportContent::ROSPEC_ID, RoSpecId(origin.rospec_id).into()),
            has(TagReportContent::SPEC_INDEX, SpecIndex(origin.spec_index).into()),
            has(TagReportContent::INVENTORY_PARAMETER_SPEC_ID, InventoryParameterSpecId(origin.inventory_parameter_spec_id).into()),
            has(TagReportContent::ANTENNA_ID, AntennaId(*antenna).into()),
            has(TagReportContent::PEAK_RSSI, PeakRssi(self.peak_rssi_dbm.round() as i8).into()),
            has(TagReportContent::CHANNEL_INDEX, ChannelIndex(self.channel).into()),
            has(TagReportContent::FIRST_SEEN_TIMESTAMP, first),
            has(TagReportContent::LAST_SEEN_TIMESTAMP, last),
            has(TagReportContent::TAG_SEEN_COUNT, TagSeenCount(self.count).into()),
            selected(MemorySelectorFlags::PC, C1g2Pc(pc).into()),
            selected(MemorySelectorFlags::CRC, C1g2Crc(crc(pc, &tag.epc)).into()),
            has(TagReportContent::ACCESS_SPEC_ID, AccessSpecId(0).into()),
        ]
        .into_iter()
        .flatten()
        .chain(self.vendor_told())
        .collect()
    }

    fn vendor_told(&self) -> impl Iterator<Item = TagParameter> {
        let VendorContent { impinj_tid, impinj_phase, impinj_rssi, zebra_phase } = self.content.vendor;
        let tid = || custom(&impinj::SerializedTid { words: self.key.tag.tid.into(), ..impinj::SerializedTid::default() });
        let angle = || custom(&impinj::RfPhaseAngle { angle: self.phase, ..impinj::RfPhaseAngle::default() });
        let centi_dbm = (self.peak_rssi_dbm * 100.0).round() as i16;
        let rssi = || custom(&impinj::PeakRssi { centi_dbm, ..impinj::PeakRssi::default() });
        // The same angle, from -32768 to 32767 for -π to π.
        let signed = (self.phase << 4).cast_signed();
        let phase = || custom(&zebra::TagPhase { phase: signed, ..zebra::TagPhase::default() });
        let told = [
            impinj_tid.then(tid).flatten(),
            impinj_phase.then(angle).flatten(),
            impinj_rssi.then(rssi).flatten(),
            zebra_phase.then(phase).flatten(),
        ];
        told.into_iter().flatten().filter_map(|raw| raw.decode::<CustomParameter>().ok()).map(TagParameter::from)
    }
}

fn epc(bytes: &[u8]) -> TagParameter {
    match <[u8; 12]>::try_from(bytes) {
        Ok(bytes) => Epc96(bytes).into(),
        Err(_) => EpcData { epc: BitString::from_bytes(bytes.to_vec()).unwrap_or_default() }.into(),
    }
}

/// The word before the EPC: its length in words, no user memory, no extension (GS1 Gen2, section 6.3.2.1.2.2).
fn protocol_control(epc: &[u8]) -> u16 {
    u16::try_from(epc.len().div_ceil(2)).unwrap_or_default() << 11
}

/// The CRC-16 over protocol control word and EPC (GS1 Gen2, section 6.3.1.5).
fn crc(pc: u16, epc: &[u8]) -> u16 {
    let bytes = pc.to_be_bytes().into_iter().chain(epc.iter().copied());
    !bytes.fold(0xFFFF, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    })
}
