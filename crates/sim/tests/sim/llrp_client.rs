//! A plain client of LLRP, and what it asks for.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pandian_domain::layout::QueueSpec;
use pandian_llrp::message::{AddRoSpec, ReaderEventNotification, RoAccessReport, RoSpecTarget, SetReaderConfig};
use pandian_llrp::parameter::capabilities::AirProtocol;
use pandian_llrp::parameter::event::{ConnectionAttemptStatus, ReaderEventNotificationData, RoSpecEventType};
use pandian_llrp::parameter::operation::{AiSpec, AiSpecStopTrigger, AiSpecStopTriggerType, InventoryParameterSpec, RoSpec, Spec};
use pandian_llrp::parameter::reporting::{
    EventNotificationState, NotificationEventType, ReaderEventNotificationSpec, RoReportSpec, RoReportTrigger, TagReportContent,
    TagReportContentSelector,
};
use pandian_llrp::parameter::status::LlrpStatus;
use pandian_llrp::parameter::tag::{AntennaId, Epc96, PeakRssi, TagParameter, TagReportData};
use pandian_llrp::{Framer, Message, Version};
use pandian_sim::wire::{CraneRoute, Flavour, LlrpReaderSpec, Route, ServerSpec, Serves, SimServers};
use pandian_sim::{Simulation, World};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::warehouse::{racks_with, simulation};
use crate::wire::order;

const PATIENCE: Duration = Duration::from_secs(20);

/// A client on one connection.
pub(crate) struct Client<S = TcpStream> {
    stream: S,
    framer: Framer,
    /// What came and was not asked for.
    inbox: VecDeque<(u32, Message)>,
    next_id: u32,
    /// Messages that could not be understood.
    pub(crate) malformed: u32,
    /// What it speaks.
    pub(crate) version: Version,
}

impl Client {
    /// Connects, and is the reader's client.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut client = Self::knock(address).await;
        assert_eq!(client.greeting().await, ConnectionAttemptStatus::Success);
        client
    }

    /// Connects.
    pub(crate) async fn knock(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, framer: Framer::default(), inbox: VecDeque::new(), next_id: 1, malformed: 0, version: Version::V1_0_1 }
    }

    /// How the attempt to connect ended.
    pub(crate) async fn greeting(&mut self) -> ConnectionAttemptStatus {
        match self.event(|event| event.connection_attempt.is_some()).await.connection_attempt {
            Some(attempt) => attempt.status,
            None => unreachable!(),
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends a message; gives its id.
    pub(crate) async fn send(&mut self, message: &Message) -> u32 {
        self.next_id += 1;
        let bytes = message.encode(self.version, self.next_id).unwrap();
        self.send_raw(&bytes).await;
        self.next_id
    }

    /// The first message that is wanted, of those that came and are to come; none at the end of the connection.
    pub(crate) async fn find(&mut self, wanted: impl Fn(u32, &Message) -> bool) -> Option<Message> {
        loop {
            if let Some(place) = self.inbox.iter().position(|(id, message)| wanted(*id, message)) {
                return self.inbox.remove(place).map(|(_, message)| message);
            }
            let mut bytes = vec![0; 16 * 1024];
            let count = timeout(PATIENCE, self.stream.read(&mut bytes)).await.expect("something should have come").unwrap_or(0);
            let mut input = &bytes[..count];
            while let Some(frame) = self.framer.take_frame(&mut input).unwrap() {
                match frame.decode() {
                    Ok(message) => self.inbox.push_back((frame.id, message)),
                    Err(_) => self.malformed += 1,
                }
            }
            if count == 0 {
                return None;
            }
        }
    }

    /// Asks something and gives the reply.
    pub(crate) async fn ask(&mut self, message: &Message) -> Message {
        let asked = self.send(message).await;
        self.find(|id, reply| id == asked && !is_unasked(reply)).await.expect("a reply before the end of the connection")
    }

    /// Asks for something to be done; gives how it ended.
    pub(crate) async fn status(&mut self, message: &Message) -> LlrpStatus {
        let reply = self.ask(message).await;
        reply.status().unwrap_or_else(|| panic!("{reply:?}")).clone()
    }

    /// Asks for something that is done.
    pub(crate) async fn done(&mut self, message: &Message) {
        let status = self.status(message).await;
        assert!(status.is_success(), "{status}");
    }

    /// The next event that is wanted.
    pub(crate) async fn event(&mut self, wanted: impl Fn(&ReaderEventNotificationData) -> bool) -> ReaderEventNotificationData {
        let is_wanted = |message: &Message| matches!(message, Message::ReaderEventNotification(told) if wanted(&told.event));
        match self.find(|_, message| is_wanted(message)).await {
            Some(Message::ReaderEventNotification(ReaderEventNotification { event, .. })) => event,
            other => panic!("no such event: {other:?}, {:?}", self.inbox),
        }
    }

    /// The next report.
    pub(crate) async fn report(&mut self) -> RoAccessReport {
        match self.find(|_, message| matches!(message, Message::RoAccessReport(_))).await {
            Some(Message::RoAccessReport(report)) => report,
            other => panic!("no report: {other:?}, {:?}", self.inbox),
        }
    }

    /// Whether the connection ends without a frame.
    pub(crate) async fn hears_no_frame(&mut self) -> bool {
        let mut bytes = Vec::new();
        let ended = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await.expect("the connection should have ended");
        ended.is_err() || Framer::default().take_frame(&mut &bytes[..]).ok().flatten().is_none()
    }

    /// Whether the connection ends; what still comes before is kept.
    pub(crate) async fn is_cut(&mut self) -> bool {
        self.find(|_, _| false).await.is_none()
    }

    /// What came and nobody took.
    pub(crate) fn untaken(&self) -> impl Iterator<Item = &Message> {
        self.inbox.iter().map(|(_, message)| message)
    }

    /// Bytes of a message that was cut off.
    pub(crate) fn cut_off(&self) -> usize {
        self.framer.held()
    }

    /// Adds, enables and starts an ROSpec.
    pub(crate) async fn start(&mut self, spec: RoSpec) {
        let target = RoSpecTarget { rospec_id: spec.id };
        self.done(&Message::AddRoSpec(AddRoSpec { rospec: spec, ..AddRoSpec::default() })).await;
        self.done(&Message::EnableRoSpec(target.clone())).await;
        self.done(&Message::StartRoSpec(target)).await;
    }

    /// Runs an ROSpec to its end; gives the tags as they were reported.
    pub(crate) async fn inventory(&mut self, spec: RoSpec) -> Vec<TagReportData> {
        let id = spec.id;
        self.done(&tell_rospec_events()).await;
        self.start(spec).await;
        self.end_of(id).await;
        self.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: id })).await;
        self.reported()
    }

    /// Waits until an ROSpec has ended.
    pub(crate) async fn end_of(&mut self, id: u32) {
        self.event(|event| event.rospec.as_ref().is_some_and(|told| told.kind == RoSpecEventType::End && told.rospec_id == id)).await;
    }

    /// The tags of all reports that came and nobody took.
    pub(crate) fn reported(&mut self) -> Vec<TagReportData> {
        let mut tags = Vec::new();
        self.inbox.retain_mut(|(_, message)| match message {
            Message::RoAccessReport(report) => {
                tags.append(&mut report.tags);
                false
            }
            _ => true,
        });
        tags
    }
}

/// Whether a message may come at any time, with an id of the reader's own.
fn is_unasked(message: &Message) -> bool {
    matches!(message, Message::ReaderEventNotification(_) | Message::Keepalive)
        || matches!(message, Message::RoAccessReport(report) if !report.tags.is_empty())
}

/// SET_READER_CONFIG: tell when ROSpecs begin and end.
pub(crate) fn tell_rospec_events() -> Message {
    let state = EventNotificationState { event: NotificationEventType::RoSpecEvent, enabled: true };
    let events = ReaderEventNotificationSpec { states: vec![state], ..ReaderEventNotificationSpec::default() };
    Message::SetReaderConfig(SetReaderConfig { events: Some(events), ..SetReaderConfig::default() })
}

/// An ROSpec that is started by hand and listens with these antennas for 2 s of the simulation; every read is a report.
pub(crate) fn rospec(id: u32, antennas: &[u16]) -> RoSpec {
    let flags = TagReportContent::ANTENNA_ID
        | TagReportContent::PEAK_RSSI
        | TagReportContent::CHANNEL_INDEX
        | TagReportContent::FIRST_SEEN_TIMESTAMP
        | TagReportContent::TAG_SEEN_COUNT;
    let content = TagReportContentSelector { flags, ..TagReportContentSelector::default() };
    let inventory = InventoryParameterSpec { id: 1, protocol: AirProtocol::EpcGlobalClass1Gen2, ..InventoryParameterSpec::default() };
    let spec = AiSpec {
        antennas: antennas.to_vec(),
        stop: AiSpecStopTrigger { kind: AiSpecStopTriggerType::Duration, duration_ms: 2000, ..AiSpecStopTrigger::default() },
        inventories: vec![inventory],
        ..AiSpec::default()
    };
    let report = RoReportSpec { trigger: RoReportTrigger::TagsOrEndOfRoSpec, n: 1, content, ..RoReportSpec::default() };
    RoSpec { id, specs: vec![spec.into()], report: Some(report), ..RoSpec::default() }
}

/// The AISpec of such an ROSpec.
pub(crate) fn aispec(spec: &mut RoSpec) -> &mut AiSpec {
    match &mut spec.specs[0] {
        Spec::Ai(spec) => spec,
        _ => unreachable!(),
    }
}

/// What a report tells of a tag: EPC in hex, antenna and RSSI.
pub(crate) fn told(tag: &TagReportData) -> (String, u16, i8) {
    let (mut epc, mut antenna, mut rssi) = (String::new(), 0, 0);
    for parameter in &tag.parameters {
        match parameter {
            TagParameter::Epc96(Epc96(bytes)) => epc = bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            TagParameter::AntennaId(AntennaId(id)) => antenna = *id,
            TagParameter::PeakRssi(PeakRssi(dbm)) => rssi = *dbm,
            _ => {}
        }
    }
    (epc, antenna, rssi)
}

/// Each tag's reads by antenna, as they were reported.
pub(crate) fn by_tag(tags: &[TagReportData]) -> BTreeMap<(String, u16), Vec<i8>> {
    let mut reads: BTreeMap<_, Vec<i8>> = BTreeMap::new();
    for (epc, antenna, rssi) in tags.iter().map(told) {
        reads.entry((epc, antenna)).or_default().push(rssi);
    }
    reads
}

/// The same as the world has it, where tags answer weaker by so many dB than at full power.
pub(crate) fn really_there(world: &World, slots: &[u32], weaker_by_db: f64) -> BTreeMap<(String, u16), Vec<i8>> {
    let heard = slots.iter().flat_map(|slot| world.heard_at(*slot, weaker_by_db));
    let reads = heard.map(|tag| ((tag.epc.to_string(), tag.antenna), tag.rssi_dbm.iter().map(|rssi| rssi.round() as i8).collect()));
    reads.collect()
}

/// A crane `C1` that counts both sides of its aisle in one visit, and its reader, on the wire.
pub(crate) struct Stand {
    pub(crate) simulation: Arc<Simulation>,
    pub(crate) servers: SimServers,
    pub(crate) reader: SocketAddr,
    pub(crate) crane: SocketAddr,
}

/// Full racks, quick travels, a 2 s inventory in 20 ms.
const SETTINGS: &str = "speed = 100.0\nfill = 1.0\n";

impl Stand {
    /// With a reader like this, and these further settings; the crane stands at `A01-L-003-02`.
    pub(crate) async fn start(spec: LlrpReaderSpec, settings: &str) -> Self {
        let stand = Self::start_idle(spec, settings).await;
        stand.go("A01-L-003-02").await;
        stand
    }

    /// The same before the crane's first travel.
    pub(crate) async fn start_idle(spec: LlrpReaderSpec, settings: &str) -> Self {
        let layout = racks_with(200, |aisle| QueueSpec { aisles: vec![aisle], both_sides: true, ..QueueSpec::default() });
        let simulation =
            simulation(layout, &if settings.contains("speed") { settings.to_owned() } else { format!("{SETTINGS}{settings}") });
        let crane = Serves::Http(vec![Route::Crane(CraneRoute::new("C1".into()))]);
        let specs = [crane, Serves::Llrp(spec)].map(|serves| ServerSpec { listen: ([127, 0, 0, 1], 0).into(), serves });
        let servers = SimServers::start(simulation.clone(), specs.into()).await.unwrap();
        let (crane, reader) = (servers.addresses()[0], servers.addresses()[1]);
        Self { simulation, servers, reader, crane }
    }

    /// Sends the crane there and waits until it stands.
    pub(crate) async fn go(&self, location: &str) {
        assert_eq!(order(self.crane, location).await.unwrap().status, 200);
    }

    pub(crate) fn slot(&self, location: &str) -> u32 {
        self.simulation.world().layout().index_of(location).unwrap()
    }

    /// What the antennas of both sides hear at a bay and level of the aisle.
    pub(crate) fn there(&self, bay_and_level: &str) -> BTreeMap<(String, u16), Vec<i8>> {
        let slots = ["L", "R"].map(|side| self.slot(&format!("A01-{side}-{bay_and_level}")));
        really_there(self.simulation.world(), &slots, 0.0)
    }
}

/// A plain reader on `C1`.
pub(crate) fn reader() -> LlrpReaderSpec {
    LlrpReaderSpec::new("C1".into())
}

/// One that resembles those of a maker.
pub(crate) fn reader_of(flavour: Flavour) -> LlrpReaderSpec {
    LlrpReaderSpec { flavour, ..reader() }
}
