//! What is read during one ROSpec: single reads made tags, within bounds.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use pandian_domain::{Epc, TagRead};
use pandian_llrp::{DecodeError, TagReport, TagReports};
use tokio::sync::Notify;

/// The most reads of one inventory, and the most tags by antenna. A reader reads some hundred tags a second.
const MOST_READS: u32 = 100_000;
const MOST_TAGS: usize = 20_000;
/// The toggle bit of a PC word (TDS 9.3): the tag bears a code of an ISO family, no EPC.
const TOGGLE: u16 = 0x0100;
/// The longest EPC there is, in bytes: the domain's bound.
const LONGEST_EPC: usize = 62;

/// The reads of one ROSpec. The session puts them in, the operation waits for its end.
pub(super) struct Gathering {
    pub(super) rospec_id: u32,
    gathered: Mutex<Gathered>,
    changed: Notify,
}

/// How an ROSpec came to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// The reader said so.
    Told,
    /// Another ROSpec took its place.
    Preempted,
    /// More was read than is taken.
    Beyond(&'static str),
    /// The connection ended.
    Lost,
}

/// What came, so far.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By EPC, one for each antenna.
    tags: HashMap<Box<[u8]>, Vec<TagRead>>,
    /// Entries of `tags`, all antennas.
    count: usize,
    reads: u32,
    whole_reports: u32,
    malformed_reports: u32,
    first_malformed: Option<DecodeError>,
    without_epc: u32,
    too_long: u32,
    odd_bits: u32,
    iso: u32,
    /// Antennas that were disconnected meanwhile, also if they are back.
    pub(super) lost: BTreeSet<u16>,
    /// In the reader's words.
    pub(super) exception: Option<String>,
    end: Option<End>,
}

impl Gathering {
    pub(super) fn new(rospec_id: u32) -> Self {
        Self { rospec_id, gathered: Mutex::default(), changed: Notify::new() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Gathered) -> T) -> T {
        act(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the tags of an RO_ACCESS_REPORT.
    pub(super) fn report(&self, body: &[u8]) {
        self.with(|gathered| gathered.report(body, self.rospec_id));
        self.changed.notify_one();
    }

    /// Takes an exception of the reader's.
    pub(super) fn exception(&self, told: &str) {
        self.with(|gathered| gathered.exception = gathered.exception.take().or_else(|| Some(told.to_owned())));
    }

    /// Takes note that an antenna was disconnected.
    pub(super) fn lost(&self, antenna: u16) {
        self.with(|gathered| gathered.lost.insert(antenna));
    }

    /// There is something to be told that is not gathered here.
    pub(super) fn awake(&self) {
        self.changed.notify_one();
    }

    /// Notes the end; the first one counts.
    pub(super) fn end(&self, end: End) {
        self.with(|gathered| gathered.end = gathered.end.take().or(Some(end)));
        self.changed.notify_one();
    }

    /// Waits until the ROSpec is over.
    pub(super) async fn ended(&self) -> End {
        loop {
            if let Some(end) = self.with(|gathered| gathered.end.clone()) {
                return end;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until there is something new, a notice of the session's too, or the end.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes what came until now.
    pub(super) fn take(&self) -> Gathered {
        self.with(|gathered| {
            let end = gathered.end.clone();
            std::mem::replace(gathered, Gathered { end, ..Gathered::default() })
        })
    }
}

impl Gathered {
    fn report(&mut self, body: &[u8], rospec_id: u32) {
        if matches!(self.end, Some(End::Beyond(_))) {
            return;
        }
        // What is behind an error cannot be told apart, so such a report counts with none of its tags.
        if let Some(error) = TagReports::new(body).find_map(Result::err) {
            self.malformed_reports = self.malformed_reports.saturating_add(1);
            self.first_malformed.get_or_insert(error);
            return;
        }
        self.whole_reports = self.whole_reports.saturating_add(1);
        for read in TagReports::new(body).flatten() {
            // A late report of the stop before.
            if read.rospec_id.is_some_and(|id| id != rospec_id) {
                continue;
            }
            self.reads = self.reads.saturating_add(1);
            self.read(&read);
            let beyond = if self.reads > MOST_READS { "reads" } else { "tags" };
            if self.reads > MOST_READS || self.count > MOST_TAGS {
                self.end.get_or_insert(End::Beyond(beyond));
                return;
            }
        }
    }

    fn read(&mut self, read: &TagReport<'_>) {
        if read.pc.is_some_and(|pc| pc & TOGGLE != 0) {
            self.iso = self.iso.saturating_add(1);
            return;
        }
        if read.epc.bytes.is_empty() {
            self.without_epc = self.without_epc.saturating_add(1);
            return;
        }
        if read.epc.bytes.len() > LONGEST_EPC {
            self.too_long = self.too_long.saturating_add(1);
            return;
        }
        if !read.epc.bits.is_multiple_of(8) {
            self.odd_bits = self.odd_bits.saturating_add(1);
        }
        let bytes = &*read.epc.filled_up();
        if !self.tags.contains_key(bytes) {
            self.tags.insert(bytes.into(), Vec::new());
        }
        let Some(antennas) = self.tags.get_mut(bytes) else { return };
        match antennas.iter_mut().find(|tag| tag.antenna == read.antenna) {
            Some(tag) => add(tag, read),
            None => {
                let Some(epc) = epc(bytes) else { return };
                let mut tag = TagRead { antenna: read.antenna, count: 0, ..TagRead::of(epc) };
                add(&mut tag, read);
                antennas.push(tag);
                self.count += 1;
            }
        }
    }

    /// Every tag by each antenna that heard it, in the order of their EPCs.
    pub(super) fn into_tags(self) -> Vec<TagRead> {
        let mut tags: Vec<TagRead> = self.tags.into_values().flatten().collect();
        tags.sort_unstable_by(|one, other| (&one.epc, one.antenna).cmp(&(&other.epc, other.antenna)));
        tags
    }

    /// How it ended, if it has.
    pub(super) fn end(&self) -> Option<End> {
        self.end.clone()
    }

    /// Whether nothing was read.
    pub(super) fn is_empty(&self) -> bool {
        self.reads == 0
    }

    /// Why nothing of this is worth anything: there were reports, and none was whole.
    pub(super) fn garbled(&mut self) -> Option<DecodeError> {
        if self.whole_reports == 0 { self.first_malformed.take() } else { None }
    }

    /// How many reports there were: whole ones, and malformed ones.
    pub(super) fn reports(&self) -> [u32; 2] {
        [self.whole_reports, self.malformed_reports]
    }

    /// What a person should know of it, and how often it was so.
    pub(super) fn remarks(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let remarks = [
            ("malformed reports, left out", self.malformed_reports),
            ("reads of tags without an EPC, left out", self.without_epc),
            ("reads of tags with an ISO code (AFI) and no EPC, left out", self.iso),
            ("reads of EPCs longer than 496 bits, left out", self.too_long),
            ("reads of EPCs that are no whole bytes, filled up with zero bits", self.odd_bits),
        ];
        remarks.into_iter().filter(|(_, count)| *count > 0)
    }
}

fn epc(bytes: &[u8]) -> Option<Epc> {
    let hex = bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02X}");
        hex
    });
    Epc::from_hex(&hex).ok()
}

/// Adds a read to what is known of the tag at this antenna.
fn add(tag: &mut TagRead, read: &TagReport<'_>) {
    tag.count = tag.count.saturating_add(u32::from(read.seen_count.unwrap_or(1)));
    let (first, last) = (read.first_seen_us(), read.last_seen_us());
    tag.first_seen_us = [tag.first_seen_us, first].into_iter().flatten().min();
    tag.last_seen_us = [tag.last_seen_us, last, first].into_iter().flatten().max();
    let Some(rssi) = read.rssi_dbm() else {
        tag.channel = tag.channel.or(read.channel);
        return;
    };
    if tag.rssi_dbm.is_none_or(|strongest| rssi > strongest) {
        tag.rssi_dbm = Some(rssi);
        tag.channel = read.channel;
    }
    let place = tag.strongest_dbm.partition_point(|stronger| *stronger >= rssi);
    if place < TagRead::STRONGEST {
        tag.strongest_dbm.insert(place, rssi);
        tag.strongest_dbm.truncate(TagRead::STRONGEST);
    }
}

#[cfg(test)]
mod tests {
    use pandian_llrp::message::RoAccessReport;
    use pandian_llrp::parameter::tag::{
        AntennaId, C1g2Pc, ChannelIndex, EpcData, FirstSeenUtc, LastSeenUtc, PeakRssi, RoSpecId, TagParameter, TagReportData, TagSeenCount,
    };
    use pandian_llrp::wire::CustomParameter;
    use pandian_llrp::{BitString, Message, Version};

    use super::*;

    fn tag(epc: &[u8], bits: u16, more: impl IntoIterator<Item = TagParameter>) -> TagReportData {
        let epc = EpcData { epc: BitString::new(bits, epc.to_vec()).unwrap() };
        std::iter::once(epc.into()).chain(more).collect()
    }

    fn heard(antenna: u16, rssi: i8, channel: u16, at: u64) -> Vec<TagParameter> {
        vec![
            AntennaId(antenna).into(),
            PeakRssi(rssi).into(),
            ChannelIndex(channel).into(),
            FirstSeenUtc(at).into(),
            LastSeenUtc(at).into(),
        ]
    }

    fn report(gathering: &Gathering, tags: Vec<TagReportData>) {
        let frame = Message::RoAccessReport(RoAccessReport { tags, ..Default::default() }).encode(Version::V1_0_1, 1).unwrap();
        gathering.report(&frame[10..]);
    }

    #[test]
    fn reads_become_one_tag_for_each_antenna_with_its_strongest_signals() {
        let gathering = Gathering::new(7);
        for (n, rssi) in [-60, -50, -70, -55].into_iter().enumerate() {
            report(&gathering, vec![tag(&[0x30, 0xAA], 16, heard(1, rssi, n as u16 + 1, 100 + n as u64))]);
        }
        let seen = [heard(2, -61, 9, 5), vec![TagSeenCount(4).into(), RoSpecId(7).into()]].concat();
        report(&gathering, vec![tag(&[0x30, 0xAA], 16, seen), tag(&[0x30, 0xAB], 16, [])]);
        let tags = gathering.take().into_tags();
        let [first, other, bare] = &tags[..] else { panic!("{tags:?}") };
        let first_seen = (first.first_seen_us, first.last_seen_us);
        assert_eq!((first.epc.as_str(), first.antenna, first.count, first.channel), ("30AA", Some(1), 4, Some(2)));
        assert_eq!(
            (first.rssi_dbm, &first.strongest_dbm[..], first_seen),
            (Some(-50.0), &[-50.0, -55.0, -60.0][..], (Some(100), Some(103)))
        );
        assert_eq!((other.antenna, other.count, other.channel), (Some(2), 4, Some(9)));
        assert_eq!(*bare, TagRead::of("30AB".parse_epc()));
        assert!(gathering.take().is_empty(), "what was taken is gone");
    }

    #[test]
    fn hundredths_of_a_dbm_are_taken_where_the_reader_tells_them() {
        let gathering = Gathering::new(7);
        let centi = CustomParameter { vendor: 25882, subtype: 57, data: (-5237i16).to_be_bytes().to_vec() };
        report(&gathering, vec![tag(&[0x30, 0xAA], 16, [PeakRssi(-52).into(), centi.into()])]);
        assert_eq!(gathering.take().into_tags()[0].rssi_dbm, Some(-52.37));
    }

    #[test]
    fn reads_of_another_rospec_belong_to_another_stop() {
        let gathering = Gathering::new(7);
        report(&gathering, vec![tag(&[0x30, 0xAA], 16, [RoSpecId(6).into()]), tag(&[0x30, 0xAB], 16, [RoSpecId(7).into()])]);
        let tags = gathering.take().into_tags();
        assert_eq!(tags.iter().map(|tag| tag.epc.as_str()).collect::<Vec<_>>(), ["30AB"]);
    }

    #[test]
    fn epcs_of_any_length_are_filled_up_or_left_out_with_a_remark() {
        let gathering = Gathering::new(7);
        let long = vec![0x30; 63];
        report(&gathering, vec![tag(&[], 0, []), tag(&[0xAB, 0xF0], 12, []), tag(&long, 504, []), tag(&long[..62], 496, [])]);
        let gathered = gathering.take();
        assert_eq!(
            gathered.remarks().collect::<Vec<_>>(),
            [
                ("reads of tags without an EPC, left out", 1),
                ("reads of EPCs longer than 496 bits, left out", 1),
                ("reads of EPCs that are no whole bytes, filled up with zero bits", 1)
            ]
        );
        let epcs: Vec<String> = gathered.into_tags().iter().map(|tag| tag.epc.to_string()).collect();
        assert_eq!(epcs, ["30".repeat(62), "ABF0".to_owned()]);
    }

    #[test]
    fn a_malformed_report_costs_itself_and_only_all_of_them_the_inventory() {
        let gathering = Gathering::new(7);
        gathering.report(b"\0\xF0\0\x06\xFF\xFF");
        let mut gathered = gathering.take();
        assert!(gathered.garbled().is_some());
        gathering.report(b"\0\xF0\0\x06\xFF\xFF");
        report(&gathering, vec![]);
        let mut gathered = gathering.take();
        assert_eq!((gathered.garbled(), gathered.remarks().next()), (None, Some(("malformed reports, left out", 1))));
    }

    #[test]
    fn a_tag_whose_toggle_bit_says_iso_bears_no_epc() {
        let gathering = Gathering::new(7);
        let reads = [(0xAA, 0x3000), (0xAB, 0x31A2), (0xAC, 0x3400)];
        report(&gathering, reads.map(|(epc, pc)| tag(&[0x30, epc], 16, [C1g2Pc(pc).into()])).into());
        let gathered = gathering.take();
        assert_eq!(gathered.remarks().collect::<Vec<_>>(), [("reads of tags with an ISO code (AFI) and no EPC, left out", 1)]);
        assert_eq!(gathered.into_tags().iter().map(|tag| tag.epc.as_str()).collect::<Vec<_>>(), ["30AA", "30AC"]);
    }

    #[test]
    fn a_flood_ends_at_its_bound() {
        let gathering = Gathering::new(7);
        for n in 0..=MOST_TAGS as u32 {
            report(&gathering, vec![tag(&n.to_be_bytes(), 32, [])]);
        }
        assert_eq!(gathering.with(|gathered| gathered.end.clone()), Some(End::Beyond("tags")));
        let gathering = Gathering::new(7);
        for _ in 0..=MOST_READS / 1000 {
            report(&gathering, vec![tag(&[0x30, 0xAA], 16, []); 1000]);
        }
        assert_eq!(gathering.with(|gathered| gathered.end.clone()), Some(End::Beyond("reads")));
    }

    trait ParseEpc {
        fn parse_epc(&self) -> Epc;
    }

    impl ParseEpc for str {
        fn parse_epc(&self) -> Epc {
            Epc::from_hex(self).unwrap()
        }
    }
}
