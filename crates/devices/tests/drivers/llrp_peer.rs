//! An LLRP reader that does to the letter what a test tells it, on a real socket; what it is not told it does as a reader should.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pandian_llrp::message::{
    CustomMessage, GetReaderCapabilitiesResponse, GetReaderConfigResponse, GetRoSpecsResponse, ReaderEventNotification, RoAccessReport,
    StatusReply,
};
use pandian_llrp::parameter::air_protocol::{C1g2RfModeTable, C1g2RfModeTableEntry};
use pandian_llrp::parameter::capabilities::{
    FrequencyHopTable, FrequencyInformation, GeneralDeviceCapabilities, GpioCapabilities, RegulatoryCapabilities,
    TransmitPowerLevelTableEntry, UhfBandCapabilities,
};
use pandian_llrp::parameter::configuration::AntennaProperties;
use pandian_llrp::parameter::event::{
    ConnectionAttemptEvent, ConnectionAttemptStatus, ReaderEventNotificationData, RoSpecEvent, RoSpecEventType,
};
use pandian_llrp::parameter::operation::{AiSpecStopTriggerType, RoSpec, Spec};
use pandian_llrp::parameter::status::{LlrpStatus, ParameterError, StatusCode};
use pandian_llrp::parameter::tag::{
    AntennaId, ChannelIndex, Epc96, FirstSeenUtc, LastSeenUtc, PeakRssi, RoSpecId, TagReportData, TagSeenCount,
};
use pandian_llrp::parameter::time::UtcTimestamp;
use pandian_llrp::{Frame, Framer, Message, RawParameter, Version, impinj};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What the peer does when it hears something.
pub(crate) enum Step {
    /// What a reader should.
    Usual,
    /// Answers with this, under the id of what it heard.
    Reply(Message),
    /// Tells this by itself.
    Say(Message),
    /// Sends bytes, in one piece.
    Bytes(Vec<u8>),
    /// Sends them one by one, each in a packet of its own.
    Drip(Vec<u8>),
    /// Waits.
    Rest(Duration),
    Close,
}

/// What the peer heard.
pub(crate) struct Heard {
    pub(crate) message: Message,
    pub(crate) id: u32,
    /// Which connection it is, from 1.
    pub(crate) connection: usize,
}

type Script = dyn Fn(&Heard) -> Vec<Step> + Send + Sync;

/// What the reader is.
#[derive(Clone)]
pub(crate) struct Traits {
    pub(crate) manufacturer: u32,
    /// Index and hundredths of a dBm.
    pub(crate) powers: Vec<(u16, i16)>,
    pub(crate) modes: Vec<u32>,
    pub(crate) antennas: Vec<(u16, bool)>,
    /// Whether it ends inventories by what the tags do.
    pub(crate) observes_tags: bool,
    /// How it greets; not at all if none.
    pub(crate) greeting: Option<ConnectionAttemptStatus>,
    pub(crate) version: Version,
    /// Whether it sends the keep-alives that it is asked for.
    pub(crate) is_alive: bool,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            manufacturer: 4711,
            powers: vec![(1, 1000), (2, 2000), (3, 3000)],
            modes: vec![3, 7],
            antennas: vec![(1, true), (2, true)],
            observes_tags: true,
            greeting: Some(ConnectionAttemptStatus::Success),
            version: Version::V1_0_1,
            is_alive: true,
        }
    }
}

struct State {
    traits: Mutex<Traits>,
    script: Mutex<Arc<Script>>,
    heard: Mutex<Vec<Message>>,
    /// ROSpecs, and whether they run.
    rospecs: Mutex<BTreeMap<u32, (RoSpec, bool)>>,
    most_running: AtomicUsize,
    open: AtomicUsize,
    accepted: AtomicUsize,
}

pub(crate) struct LlrpPeer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

impl LlrpPeer {
    /// One that does everything as it should.
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), None)
    }

    pub(crate) async fn with(traits: Traits) -> Self {
        let peer = Self::start().await;
        peer.turn_into(traits);
        peer
    }

    pub(crate) fn on(listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            traits: Mutex::default(),
            script: Mutex::new(Arc::new(|_: &Heard| vec![Step::Usual])),
            heard: Mutex::default(),
            rospecs: Mutex::default(),
            most_running: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
        });
        let shared = state.clone();
        let serving = tokio::spawn(async move {
            // Dropped with the task: then connections end, too.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (state, tls) = (shared.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => state.serve(stream).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                state.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, state, serving }
    }

    /// From now on the peer is another reader.
    pub(crate) fn turn_into(&self, traits: Traits) {
        *self.state.traits.lock().unwrap() = traits;
    }

    /// From now on this decides what is done.
    pub(crate) fn script(&self, script: impl Fn(&Heard) -> Vec<Step> + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// Does one thing otherwise than usual, whenever it hears a message of this name.
    pub(crate) fn upon(&self, name: &'static str, steps: impl Fn(&Heard) -> Vec<Step> + Send + Sync + 'static) {
        self.script(move |heard| if heard.message.name() == name { steps(heard) } else { vec![Step::Usual] });
    }

    /// Everything that was heard.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.state.heard.lock().unwrap().clone()
    }

    /// How often a message of this name was heard.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.state.heard.lock().unwrap().iter().filter(|message| message.name() == name).count()
    }

    /// Every ROSpec that was added.
    pub(crate) fn added(&self) -> Vec<RoSpec> {
        let added = |message: Message| if let Message::AddRoSpec(add) = message { Some(add.rospec) } else { None };
        self.heard().into_iter().filter_map(added).collect()
    }

    /// ROSpecs that run.
    pub(crate) fn running(&self) -> usize {
        self.state.rospecs.lock().unwrap().values().filter(|(_, runs)| *runs).count()
    }

    /// ROSpecs that are there.
    pub(crate) fn rospecs(&self) -> usize {
        self.state.rospecs.lock().unwrap().len()
    }

    /// The most that ever ran at a time.
    pub(crate) fn most_running(&self) -> usize {
        self.state.most_running.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for LlrpPeer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A connection that is open.
struct Open<'a>(&'a State);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl State {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) {
        self.open.fetch_add(1, Ordering::SeqCst);
        let _open = Open(self);
        let connection = self.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        let Traits { greeting, version, .. } = self.traits.lock().unwrap().clone();
        if let Some(status) = greeting {
            let attempt = Some(ConnectionAttemptEvent { status });
            let bytes = event(ReaderEventNotificationData { connection_attempt: attempt, ..happening() }).encode(version, 0).unwrap();
            if stream.write_all(&bytes).await.is_err() || status != ConnectionAttemptStatus::Success {
                return;
            }
        }
        let mut framer = Framer::default();
        let mut arrived = vec![0; 4096];
        let mut keepalive: Option<tokio::time::Interval> = None;
        loop {
            let count = tokio::select! {
                read = stream.read(&mut arrived) => read.unwrap_or(0),
                _ = async { keepalive.as_mut().unwrap().tick().await }, if keepalive.is_some() => {
                    if !self.traits.lock().unwrap().is_alive {
                        keepalive = None;
                    } else if stream.write_all(&Message::Keepalive.encode(version, 99).unwrap()).await.is_err() {
                        return;
                    }
                    continue;
                }
            };
            if count == 0 {
                return;
            }
            let mut input = &arrived[..count];
            let mut heard = Vec::new();
            while let Some(frame) = framer.take_frame(&mut input).unwrap() {
                heard.push(Heard { message: frame.decode().unwrap(), id: frame.id, connection });
            }
            for heard in heard {
                self.heard.lock().unwrap().push(heard.message.clone());
                if let Message::SetReaderConfig(config) = &heard.message
                    && let Some(spec) = &config.keepalive
                {
                    keepalive = Some(tokio::time::interval(Duration::from_millis(spec.period_ms.into())));
                }
                let script = self.script.lock().unwrap().clone();
                for step in script(&heard) {
                    let encoded = |message: Message, id| message.encode(version, id).unwrap();
                    let (bytes, drips) = match step {
                        Step::Usual => (self.usual(&heard, version), false),
                        Step::Reply(message) => (encoded(message, heard.id), false),
                        Step::Say(message) => (encoded(message, 0), false),
                        Step::Bytes(bytes) => (bytes, false),
                        Step::Drip(bytes) => (bytes, true),
                        Step::Rest(time) => {
                            tokio::time::sleep(time).await;
                            continue;
                        }
                        Step::Close => return,
                    };
                    for bytes in bytes.chunks(if drips { 1 } else { bytes.len().max(1) }) {
                        if stream.write_all(bytes).await.is_err() || stream.flush().await.is_err() {
                            return;
                        }
                    }
                }
                if heard.message == Message::CloseConnection {
                    return;
                }
            }
        }
    }

    /// What a reader should do.
    fn usual(&self, heard: &Heard, version: Version) -> Vec<u8> {
        let traits = self.traits.lock().unwrap().clone();
        let mut rospecs = self.rospecs.lock().unwrap();
        let mut after = Vec::new();
        let known = |status: bool| StatusReply::from(if status { LlrpStatus::success() } else { nothing_there() });
        let reply = match &heard.message {
            Message::GetReaderCapabilities(asked) => {
                let extensions = match RawParameter::find::<impinj::RequestedData>(&asked.extensions).unwrap() {
                    Some(_) => vec![RawParameter::of(&impinj::DetailedVersion { model: "R42".into(), ..Default::default() }).unwrap()],
                    None => Vec::new(),
                };
                Message::GetReaderCapabilitiesResponse(GetReaderCapabilitiesResponse { extensions, ..capabilities(&traits) })
            }
            Message::GetReaderConfig(_) => {
                let antenna = |&(antenna, connected)| AntennaProperties { antenna, connected, gain_centi_dbi: 0 };
                let antenna_properties = traits.antennas.iter().map(antenna).collect();
                Message::GetReaderConfigResponse(GetReaderConfigResponse { antenna_properties, ..Default::default() })
            }
            Message::SetReaderConfig(_) => Message::SetReaderConfigResponse(known(true)),
            Message::GetRoSpecs => {
                let rospecs = rospecs.values().map(|(rospec, _)| rospec.clone()).collect();
                Message::GetRoSpecsResponse(GetRoSpecsResponse { rospecs, ..Default::default() })
            }
            Message::AddRoSpec(add) => {
                let Some(Spec::Ai(spec)) = add.rospec.specs.first() else { panic!("no AISpec: {add:?}") };
                if spec.stop.kind == AiSpecStopTriggerType::TagObservation && !traits.observes_tags {
                    Message::AddRoSpecResponse(refuses_tag_observation().into())
                } else {
                    Message::AddRoSpecResponse(known(rospecs.insert(add.rospec.id, (add.rospec.clone(), false)).is_none()))
                }
            }
            Message::EnableRoSpec(target) => Message::EnableRoSpecResponse(known(rospecs.contains_key(&target.rospec_id))),
            Message::DisableRoSpec(target) => {
                let there = rospecs.get_mut(&target.rospec_id).map(|rospec| rospec.1 = false);
                Message::DisableRoSpecResponse(known(there.is_some()))
            }
            Message::StartRoSpec(target) => {
                let there = rospecs.get_mut(&target.rospec_id).map(|rospec| rospec.1 = true);
                if there.is_some() {
                    let running = rospecs.values().filter(|(_, runs)| *runs).count();
                    self.most_running.fetch_max(running, Ordering::SeqCst);
                    after.push(report(vec![read(1, 1, -52, target.rospec_id)]));
                    after.push(ended(target.rospec_id));
                    rospecs.get_mut(&target.rospec_id).unwrap().1 = false;
                }
                Message::StartRoSpecResponse(known(there.is_some()))
            }
            Message::StopRoSpec(target) => {
                let stopped = rospecs.get_mut(&target.rospec_id).filter(|rospec| rospec.1).map(|rospec| rospec.1 = false);
                after.extend(stopped.map(|()| ended(target.rospec_id)));
                Message::StopRoSpecResponse(known(stopped.is_some()))
            }
            Message::DeleteRoSpec(target) if target.rospec_id == 0 => {
                rospecs.clear();
                Message::DeleteRoSpecResponse(known(true))
            }
            Message::DeleteRoSpec(target) => Message::DeleteRoSpecResponse(known(rospecs.remove(&target.rospec_id).is_some())),
            Message::Custom(custom) if custom.subtype == 21 => {
                Message::Custom(CustomMessage::of(&impinj::EnableExtensionsResponse::default()).unwrap())
            }
            Message::CloseConnection => Message::CloseConnectionResponse(known(true)),
            Message::EnableEventsAndReports | Message::KeepaliveAck => return Vec::new(),
            other => Message::ErrorMessage(LlrpStatus::failure(StatusCode::MUnsupportedMessage, other.name()).into()),
        };
        let mut bytes = reply.encode(version, heard.id).unwrap();
        after.iter().for_each(|message| message.encode_to(version, 0, &mut bytes).unwrap());
        bytes
    }

    fn start_quietly(&self, rospec_id: u32) {
        self.rospecs.lock().unwrap().get_mut(&rospec_id).unwrap().1 = true;
    }
}

impl LlrpPeer {
    /// From now on ROSpecs run until they are stopped, and nothing is read.
    pub(crate) fn never_end(&self) {
        let state = Arc::downgrade(&self.state);
        self.upon("START_ROSPEC", move |heard| {
            state.upgrade().unwrap().start_quietly(rospec_id(heard));
            vec![started()]
        });
    }
}

fn capabilities(traits: &Traits) -> GetReaderCapabilitiesResponse {
    let modes = traits.modes.iter().map(|&id| C1g2RfModeTableEntry { id, ..Default::default() }).collect();
    let hop_tables = vec![FrequencyHopTable { id: 5, khz: vec![920_625, 920_875] }];
    let power = |&(index, centi_dbm)| TransmitPowerLevelTableEntry { index, centi_dbm };
    let band = UhfBandCapabilities {
        transmit_powers: traits.powers.iter().map(power).collect(),
        frequencies: FrequencyInformation { hopping: true, hop_tables, ..Default::default() },
        rf_mode_tables: vec![C1g2RfModeTable { entries: modes, ..Default::default() }],
        ..Default::default()
    };
    GetReaderCapabilitiesResponse {
        general: Some(GeneralDeviceCapabilities {
            max_antennas: 4,
            manufacturer: traits.manufacturer,
            model: 42,
            firmware: "1.2.3".into(),
            gpio: GpioCapabilities::default(),
            ..Default::default()
        }),
        regulatory: Some(RegulatoryCapabilities { uhf_band: Some(band), ..Default::default() }),
        ..Default::default()
    }
}

fn nothing_there() -> LlrpStatus {
    LlrpStatus::failure(StatusCode::AInvalid, "there is no such ROSpec")
}

fn refuses_tag_observation() -> LlrpStatus {
    let error = ParameterError { parameter: 185, code: StatusCode::PUnsupportedParameter, ..Default::default() };
    LlrpStatus { parameter: Some(error), ..LlrpStatus::failure(StatusCode::MParameterError, "no such trigger") }
}

/// A notification of nothing in particular.
pub(crate) fn happening() -> ReaderEventNotificationData {
    ReaderEventNotificationData { at: UtcTimestamp { microseconds: 1 }.into(), ..Default::default() }
}

pub(crate) fn event(event: ReaderEventNotificationData) -> Message {
    Message::ReaderEventNotification(ReaderEventNotification { event, ..Default::default() })
}

pub(crate) fn ended(rospec_id: u32) -> Message {
    let rospec = RoSpecEvent { kind: RoSpecEventType::End, rospec_id, preempting_rospec_id: 0 };
    event(ReaderEventNotificationData { rospec: Some(rospec), ..happening() })
}

pub(crate) fn report(tags: Vec<TagReportData>) -> Message {
    Message::RoAccessReport(RoAccessReport { tags, ..Default::default() })
}

/// A single read of tag number `n`.
pub(crate) fn read(n: u8, antenna: u16, rssi_dbm: i8, rospec_id: u32) -> TagReportData {
    let epc = [0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n];
    [
        Epc96(epc).into(),
        RoSpecId(rospec_id).into(),
        AntennaId(antenna).into(),
        PeakRssi(rssi_dbm).into(),
        ChannelIndex(2).into(),
        FirstSeenUtc(1_000).into(),
        LastSeenUtc(1_000).into(),
        TagSeenCount(1).into(),
    ]
    .into_iter()
    .collect()
}

/// The EPC of tag number `n`.
pub(crate) fn epc(n: u8) -> String {
    format!("3000000000000000000000{n:02X}")
}

/// The ROSpec that a request is about.
pub(crate) fn rospec_id(heard: &Heard) -> u32 {
    match &heard.message {
        Message::StartRoSpec(target) | Message::StopRoSpec(target) | Message::DeleteRoSpec(target) => target.rospec_id,
        other => panic!("{other:?}"),
    }
}

/// START_ROSPEC_RESPONSE.
pub(crate) fn started() -> Step {
    Step::Reply(Message::StartRoSpecResponse(LlrpStatus::success().into()))
}

/// A message that the reader tells by itself, as bytes.
pub(crate) fn bytes(message: &Message) -> Vec<u8> {
    message.encode(Version::V1_0_1, 0).unwrap()
}

/// An RO_ACCESS_REPORT whose tag is damaged.
pub(crate) fn malformed_report() -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = b"\0\xF0\0\x06\xFF\xFF";
    Frame { version: Version::V1_0_1, message_type: 61, id: 0, body }.write_to(&mut bytes).unwrap();
    bytes
}
