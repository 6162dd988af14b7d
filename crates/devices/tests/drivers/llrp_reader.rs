//! A reader of kind `llrp` with a reader that behaves.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use pandian_devices::suite::{until, visit};
use pandian_devices::{BuildContext, DeviceError, TagReader, Visit};
use pandian_domain::retry::AfterFailure;
use pandian_domain::{Code, Failure, Inventory, OpKind, Place, Side};
use pandian_llrp::parameter::air_protocol::{C1g2RfControl, Session};
use pandian_llrp::parameter::configuration::RfTransmitter;
use pandian_llrp::parameter::event::{AntennaEvent, AntennaEventType, ReaderEventNotificationData, ReaderExceptionEvent};
use pandian_llrp::parameter::operation::{AiSpec, AiSpecStopTriggerType, RoSpec, Spec};
use pandian_llrp::{Message, RawParameter, impinj, zebra};
use tokio::time::timeout;

use crate::ground;
use crate::llrp_peer::{LlrpPeer, Step, Traits, ended, epc, event, happening, malformed_report, read, report, rospec_id, started};

/// Longer than anything here takes.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The reader behind `peer`, with more settings: `, dwell = "1s"`.
pub(crate) fn reader(peer: &LlrpPeer, more: &str) -> Arc<dyn TagReader> {
    ground::reader("llrp", &format!("{{ address = \"{}\"{more} }}", peer.address), &ground::context(".".as_ref()))
}

pub(crate) fn at(location: &str) -> Visit {
    visit(OpKind::Inventory, location, 1, 1)
}

pub(crate) async fn inventory(reader: &Arc<dyn TagReader>, visit: &Visit) -> Result<Inventory, DeviceError> {
    timeout(SOON, reader.inventory(visit)).await.expect("an inventory ends")
}

pub(crate) async fn epcs(reader: &Arc<dyn TagReader>) -> Vec<String> {
    let tags = inventory(reader, &at("A")).await.unwrap().tags.unwrap();
    tags.iter().map(|tag| tag.epc.to_string()).collect()
}

pub(crate) async fn refused(reader: &Arc<dyn TagReader>) -> (Code, String) {
    let error = inventory(reader, &at("A")).await.unwrap_err();
    (error.code, error.message)
}

fn spec(rospec: &RoSpec) -> &AiSpec {
    let [Spec::Ai(spec)] = &rospec.specs[..] else { panic!("{rospec:?}") };
    spec
}

#[tokio::test]
async fn an_inventory_brings_the_tags_with_what_was_told_of_them() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| {
        let id = rospec_id(heard);
        let reads = vec![read(1, 1, -60, id), read(1, 1, -50, id), read(2, 2, -70, id), read(1, 1, -55, id), read(1, 2, -65, id)];
        vec![started(), Step::Say(report(reads)), Step::Say(ended(id))]
    });
    let reader = reader(&peer, "");
    assert!(reader.hears_strays());
    let inventory = inventory(&reader, &at("A")).await.unwrap();
    let tags = inventory.tags.unwrap();
    let told: Vec<_> = tags.iter().map(|tag| (tag.epc.to_string(), tag.antenna, tag.rssi_dbm, tag.count)).collect();
    assert_eq!(told, [(epc(1), Some(1), Some(-50.0), 3), (epc(1), Some(2), Some(-65.0), 1), (epc(2), Some(2), Some(-70.0), 1)]);
    assert_eq!((&tags[0].strongest_dbm[..], tags[0].channel, tags[0].first_seen_us), (&[-50.0, -55.0, -60.0][..], Some(2), Some(1_000)));
    assert_eq!((inventory.note, peer.rospecs()), (None, 0));
}

#[tokio::test]
async fn the_reader_is_set_up_once_and_each_stop_has_a_rospec_of_its_own() {
    let peer = LlrpPeer::start().await;
    let reader = reader(&peer, ", dwell = \"1s\"");
    assert_eq!((epcs(&reader).await, epcs(&reader).await), (vec![epc(1)], vec![epc(1)]));
    let names: Vec<&str> = peer.heard().iter().map(Message::name).filter(|name| *name != "KEEPALIVE_ACK").collect();
    let setup = [
        "GET_READER_CAPABILITIES",
        "DELETE_ROSPEC",
        "SET_READER_CONFIG",
        "SET_READER_CONFIG",
        "GET_READER_CONFIG",
        "ENABLE_EVENTS_AND_REPORTS",
    ];
    let stop = ["ADD_ROSPEC", "ENABLE_ROSPEC", "START_ROSPEC", "DISABLE_ROSPEC", "DELETE_ROSPEC"];
    assert_eq!(names, [&setup[..], &stop, &stop].concat());
    assert_ne!(peer.added()[0].id, peer.added()[1].id);
}

#[tokio::test]
async fn power_hop_table_and_mode_are_the_readers_own() {
    let peer = LlrpPeer::with(Traits { powers: vec![(40, 2500), (7, 1575), (90, 3000)], modes: vec![21, 4], ..Traits::default() }).await;
    let reader = reader(&peer, ", power_dbm = 26, session = 0, population = 12, dwell = \"1500ms\"");
    epcs(&reader).await;
    let added = peer.added();
    let spec = spec(&added[0]);
    assert_eq!((&spec.antennas[..], spec.stop.kind, spec.stop.duration_ms), (&[1, 2][..], AiSpecStopTriggerType::Duration, 1500));
    for configured in &spec.inventories[0].antennas {
        assert_eq!(configured.transmitter, Some(RfTransmitter { hop_table: 5, channel: 0, power: 40 }));
        let command = &configured.inventory[0];
        assert_eq!(command.rf_control, Some(C1g2RfControl { mode: 21, tari_ns: 0 }));
        let singulation = command.singulation.as_ref().unwrap();
        assert_eq!((singulation.session, singulation.tag_population), (Session::S0, 12));
    }
    assert_eq!(added[0].report.as_ref().unwrap().n, 1, "each read is reported");
}

#[tokio::test]
async fn a_location_may_have_settings_of_its_own() {
    let peer = LlrpPeer::start().await;
    let overrides = "{ locations = [\"X\"], power_dbm = 10, mode = 7, dwell = \"3s\" }, { side = \"R\", levels = [2, 3], power_dbm = 20, quiet = \"200ms\" }, \
                     { levels = [3, 9], antennas = [2] }";
    let reader = reader(&peer, &format!(", antennas = {{ L = [1], R = [2] }}, at = [{overrides}]"));
    let place = |side, level| Some(Place { aisle: 0, side, bay: 1, level, depth: 1 });
    let visits =
        [("A", None), ("A", place(Side::Left, 1)), ("A", place(Side::Right, 2)), ("X", place(Side::Right, 3)), ("A", place(Side::Left, 3))];
    for (location, place) in visits {
        inventory(&reader, &Visit { place, ..at(location) }).await.unwrap();
    }
    let added = peer.added();
    let tuned: Vec<_> = added
        .iter()
        .map(|rospec| {
            let spec = spec(rospec);
            let power = spec.inventories[0].antennas[0].transmitter.as_ref().unwrap().power;
            let dwell = spec.stop.tags.as_ref().map_or(spec.stop.duration_ms, |tags| tags.timeout_ms);
            let mode = spec.inventories[0].antennas[0].inventory[0].rf_control.as_ref().unwrap().mode;
            (spec.antennas.clone(), power, mode, dwell, spec.stop.tags.as_ref().map(|tags| tags.quiet_ms))
        })
        .collect();
    assert_eq!(
        tuned,
        [
            (vec![1, 2], 3, 3, 2000, None),
            (vec![1], 3, 3, 2000, None),
            (vec![2], 2, 3, 2000, Some(200)),
            (vec![2], 1, 7, 3000, Some(200)),
            (vec![2], 3, 3, 2000, None),
        ]
    );
}

#[tokio::test]
async fn impinjs_extensions_are_enabled_before_they_are_used() {
    let peer = LlrpPeer::with(Traits { manufacturer: impinj::VENDOR, ..Traits::default() }).await;
    let reader = reader(&peer, ", search = \"dual-target\", session = 2");
    epcs(&reader).await;
    let heard = peer.heard();
    let place = |name| heard.iter().position(|message| message.name() == name).unwrap();
    assert!(place("CUSTOM_MESSAGE") < place("ADD_ROSPEC"));
    let added = peer.added();
    let command = &spec(&added[0]).inventories[0].antennas[0].inventory[0];
    let search = RawParameter::find::<impinj::SearchMode>(&command.extensions).unwrap().unwrap();
    assert_eq!(search.mode, impinj::InventorySearchMode::DualTarget);
    let content = &added[0].report.as_ref().unwrap().extensions;
    assert!(RawParameter::find::<impinj::TagReportContentSelector>(content).unwrap().unwrap().peak_rssi.is_some());
    let probe = reader.probe().await.unwrap().summary;
    assert!(probe.starts_with("Impinj R42, firmware 1.2.3; LLRP 1.0.1;") && probe.ends_with("Impinj's extensions"), "{probe}");
}

#[tokio::test]
async fn vendors_extensions_can_be_left_alone() {
    let peer = LlrpPeer::with(Traits { manufacturer: impinj::VENDOR, ..Traits::default() }).await;
    epcs(&reader(&peer, ", vendor = \"off\"")).await;
    assert_eq!((peer.count("CUSTOM_MESSAGE"), peer.added()[0].report.as_ref().unwrap().extensions.len()), (0, 0));
    let zebra = LlrpPeer::with(Traits { manufacturer: zebra::VENDOR, ..Traits::default() }).await;
    epcs(&reader(&zebra, ", search = \"dual-target\"")).await;
    let added = zebra.added();
    let command = &spec(&added[0]).inventories[0].antennas[0].inventory[0];
    let config = RawParameter::find::<zebra::AntennaConfig>(&command.extensions).unwrap().unwrap();
    assert_eq!(config.query.unwrap().flags, zebra::AntennaQueryFlags::AB_FLIP);
}

#[tokio::test]
async fn what_the_reader_cannot_do_is_refused_before_anything_is_sent() {
    let peer = LlrpPeer::with(Traits { antennas: vec![(1, true), (2, false), (3, false)], ..Traits::default() }).await;
    for (settings, code, told) in [
        (", power_dbm = 31", Code::ConfigInvalid, "`power_dbm` is 31, and the reader sends with 10 to 30 dBm"),
        (", mode = 5", Code::ConfigInvalid, "`mode` is 5, and the reader has 3, 7"),
        (", antennas = [5]", Code::ConfigInvalid, "`antennas` has 5, and the reader has 4"),
        (", search = \"dual-target\"", Code::ConfigInvalid, "is an extension of Impinj and Zebra readers"),
        (", antennas = [2, 3]", Code::ReaderAntenna, "antenna 2, 3 not connected"),
        (", antennas = { L = [1], R = [1, 2] }", Code::ReaderAntenna, "antenna 2 not connected"),
    ] {
        let context = ground::context(".".as_ref());
        let reader = ground::reader("llrp", &format!("{{ address = \"{}\"{settings} }}", peer.address), &context);
        let (refused, probed) = (refused(&reader).await, reader.probe().await.unwrap_err());
        assert_eq!((refused.0, probed.code), (code, code), "{}", refused.1);
        assert!(refused.1.contains(told) && probed.message == refused.1, "{}", refused.1);
        context.llrp.close().await;
    }
    assert_eq!(peer.count("ADD_ROSPEC"), 0);
    let rest = reader(&peer, "");
    assert_eq!((inventory(&rest, &at("A")).await.unwrap().note, &spec(&peer.added()[0]).antennas[..]), (None, &[1][..]));
}

#[tokio::test]
async fn devices_with_one_reader_share_its_connection_and_wait_for_each_other() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |_| vec![Step::Rest(Duration::from_millis(30)), Step::Usual]);
    let context = ground::context(".".as_ref());
    let address = peer.address;
    let build = |crane: &str, settings: &str| {
        let context = BuildContext { crane: crane.into(), ..context.clone() };
        ground::build(&pandian_devices::Catalog::real().readers, "llrp", settings, &context)
    };
    let readers: Vec<_> = (1..=4)
        .map(|n| build(&format!("C{n}"), &format!("{{ address = \"{address}\", antennas = [{}], dwell = \"{n}s\" }}", n % 2 + 1)).unwrap())
        .collect();
    let all = join_all(readers.iter().map(epcs)).await;
    assert_eq!(all, vec![vec![epc(1)]; 4]);
    assert_eq!((peer.accepted(), peer.most_running(), peer.rospecs()), (1, 1, 0));
    let Err(error) = build("C5", &format!("{{ address = \"{address}\", keepalive = \"7s\" }}")) else { panic!("it was built") };
    assert_eq!(error.code, Code::ConfigInvalid);
    assert!(error.message.contains("which differs in `keepalive`: a reader has one connection"), "{error}");
}

#[tokio::test]
async fn a_connection_is_closed_in_order_and_made_again_when_it_is_used() {
    let peer = LlrpPeer::start().await;
    let context = ground::context(".".as_ref());
    let reader = ground::reader("llrp", &format!("{{ address = \"{}\" }}", peer.address), &context);
    assert_eq!((peer.accepted(), epcs(&reader).await.len()), (0, 1), "it is made on first use");
    context.llrp.close().await;
    assert_eq!(peer.count("CLOSE_CONNECTION"), 1);
    until("the reader is free", || peer.open() == 0).await;
    assert_eq!((epcs(&reader).await.len(), peer.accepted()), (1, 2));
    drop(reader);
    until("nobody uses it any more", || peer.count("CLOSE_CONNECTION") == 2 && peer.open() == 0).await;
}

#[tokio::test]
async fn a_dropped_inventory_is_stopped_and_deleted_before_the_next_one_begins() {
    let peer = LlrpPeer::start().await;
    peer.never_end();
    let reader = reader(&peer, ", dwell = \"20s\"");
    let visit = at("A");
    tokio::select! {
        ended = inventory(&reader, &visit) => panic!("{ended:?}"),
        () = until("it reads", || peer.running() == 1) => {}
    }
    peer.script(|_| vec![Step::Usual]);
    assert_eq!(epcs(&reader).await, [epc(1)]);
    assert_eq!((peer.rospecs(), peer.most_running(), peer.accepted(), peer.count("STOP_ROSPEC")), (0, 1, 1, 1));
}

#[tokio::test]
async fn what_happens_at_the_reader_is_told_with_the_inventory_that_follows() {
    let peer = LlrpPeer::start().await;
    let antenna = |kind| event(ReaderEventNotificationData { antenna: Some(AntennaEvent { kind, antenna: 3 }), ..happening() });
    let exception = ReaderExceptionEvent { message: "too\nhot".into(), ..Default::default() };
    let exception = event(ReaderEventNotificationData { reader_exception: Some(exception), ..happening() });
    let overflow = ReaderEventNotificationData { report_buffer_overflow: Some(Default::default()), ..happening() };
    let overflow = event(overflow);
    let reader = reader(&peer, ", keepalive = \"200ms\"");
    assert_eq!(inventory(&reader, &at("A")).await.unwrap().note, None);
    let before = peer.count("KEEPALIVE_ACK");
    peer.upon("KEEPALIVE_ACK", move |_| vec![Step::Say(antenna(AntennaEventType::Disconnected)), Step::Say(overflow.clone())]);
    // What it says after the first of them is taken before the second is answered.
    until("it was told", || peer.count("KEEPALIVE_ACK") > before + 1).await;
    peer.upon("START_ROSPEC", move |_| vec![Step::Say(exception.clone()), Step::Usual]);
    let inventory = inventory(&reader, &at("A")).await.unwrap();
    assert_eq!(inventory.tags.unwrap().len(), 1);
    let note = inventory.note.unwrap();
    for told in ["antenna 3 was disconnected", "report buffer was full: it lost reads", "the reader reports \"too hot\""] {
        assert!(note.contains(told), "{note}");
    }
    assert_eq!(spec(&peer.added()[1]).antennas, [1, 2], "the third never had an antenna");
}

#[tokio::test]
async fn silence_of_a_reader_that_could_not_hear_is_a_failure() {
    let peer = LlrpPeer::start().await;
    let exception = ReaderExceptionEvent { message: "PLL lock".into(), ..Default::default() };
    let exception = event(ReaderEventNotificationData { reader_exception: Some(exception), ..happening() });
    let gone = |antenna| {
        let antenna = Some(AntennaEvent { kind: AntennaEventType::Disconnected, antenna });
        Step::Say(event(ReaderEventNotificationData { antenna, ..happening() }))
    };
    peer.upon("START_ROSPEC", move |heard| vec![started(), Step::Say(exception.clone()), Step::Say(ended(rospec_id(heard)))]);
    let reader = reader(&peer, "");
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::ReaderException);
    assert!(message.ends_with("the reader reports \"PLL lock\", and nothing was read"), "{message}");
    peer.upon("START_ROSPEC", move |heard| {
        let id = rospec_id(heard);
        vec![started(), Step::Say(report(vec![read(1, 1, -50, id)])), gone(2), Step::Say(ended(id))]
    });
    let (code, message) = refused(&reader).await;
    assert_eq!((code, message.ends_with("antenna 2 was disconnected while it read")), (Code::ReaderAntenna, true), "{message}");
}

#[tokio::test]
async fn an_antenna_that_was_lost_is_missed_until_the_reader_says_that_it_is_back() {
    let peer = LlrpPeer::start().await;
    let lost = AntennaEvent { kind: AntennaEventType::Disconnected, antenna: 2 };
    let lost = event(ReaderEventNotificationData { antenna: Some(lost), ..happening() });
    peer.upon("START_ROSPEC", move |heard| vec![started(), Step::Say(lost.clone()), Step::Say(ended(rospec_id(heard)))]);
    let reader = reader(&peer, "");
    assert_eq!(refused(&reader).await.0, Code::ReaderAntenna);
    peer.turn_into(Traits { antennas: vec![(1, true), (2, false)], ..Traits::default() });
    peer.script(|_| vec![Step::Usual]);
    let (code, message) = refused(&reader).await;
    assert_eq!((code, message.ends_with("antenna 2 not connected")), (Code::ReaderAntenna, true), "{message}");
    assert_eq!((peer.count("ADD_ROSPEC"), peer.count("GET_READER_CONFIG")), (1, 2), "it was asked again");
    peer.turn_into(Traits::default());
    assert_eq!((epcs(&reader).await, &spec(&peer.added()[1]).antennas[..]), (vec![epc(1)], &[1, 2][..]));
}

#[test]
fn the_usual_rule_outlasts_a_cable_that_is_cut_for_half_a_minute() {
    let usual = |settings| ground::parse(&pandian_devices::Catalog::real().readers, "llrp", settings).unwrap().usual_rule();
    let rule = usual("{ address = \"h\" }");
    let failure = Failure::new(Code::DeviceUnreachable, "no answer");
    let shortest = (1..).map_while(|attempt| match rule.after(attempt, &failure, 0.0) {
        AfterFailure::Retry(pause) => Some(pause),
        _ => None,
    });
    // A reader that is back is connected to within the longest pause of 5 s.
    assert!(shortest.sum::<Duration>() >= Duration::from_secs(35));
    assert_eq!(rule.timeout, Duration::from_secs(15));
    assert_eq!(usual("{ address = \"h\", at = [{ side = \"L\", dwell = \"20s\" }] }").timeout, Duration::from_secs(50));
}

#[tokio::test]
async fn no_tag_is_a_result() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| vec![started(), Step::Say(report(vec![])), Step::Say(ended(rospec_id(heard)))]);
    let inventory = inventory(&reader(&peer, ", strays = false"), &at("A")).await.unwrap();
    assert_eq!(inventory, Inventory { tags: Some(vec![]), note: None });
}

#[tokio::test]
async fn a_reader_tells_tags_as_it_hears_them_until_nobody_listens() {
    let peer = LlrpPeer::start().await;
    peer.never_end();
    let told = AtomicUsize::new(0);
    let is_second = AtomicBool::new(false);
    let reader = reader(&peer, "");
    let hear = |tag: pandian_domain::TagRead| {
        told.fetch_add(tag.count as usize, Ordering::SeqCst);
        is_second.fetch_or(tag.epc.as_str() == epc(2), Ordering::SeqCst);
    };
    let live = reader.live().unwrap();
    let notice = |notice: String| panic!("{notice}");
    // Each keep-alive that is acknowledged brings another read.
    peer.script(|heard| match &heard.message {
        Message::StartRoSpec(target) => {
            vec![started(), Step::Say(report(vec![read(1, 1, -50, target.rospec_id), read(2, 1, -50, target.rospec_id)]))]
        }
        _ => vec![Step::Usual],
    });
    tokio::select! {
        ended = live.listen(&hear, &notice) => panic!("{ended:?}"),
        () = until("both are told", || told.load(Ordering::SeqCst) == 2) => {}
    }
    assert!(is_second.load(Ordering::SeqCst));
    let added = peer.added();
    assert_eq!((spec(&added[0]).stop.kind, added[0].boundary.stop.duration_ms), (AiSpecStopTriggerType::Null, 60_000));
    until("it is stopped", || peer.rospecs() == 0).await;
    peer.upon("START_ROSPEC", |heard| vec![started(), Step::Say(ended(rospec_id(heard)))]);
    let error = timeout(SOON, live.listen(&hear, &notice)).await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.ends_with("it ended the reading by itself")), (Code::ReaderException, true), "{error}");
}

#[tokio::test]
async fn a_round_of_listening_is_followed_by_the_next_one() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| vec![started(), Step::Rest(Duration::from_millis(600)), Step::Say(ended(rospec_id(heard)))]);
    let reader = reader(&peer, "");
    tokio::select! {
        ended = reader.live().unwrap().listen(&drop, &drop) => panic!("{ended:?}"),
        () = until("three rounds began", || peer.count("START_ROSPEC") == 3) => {}
    }
    assert_eq!(peer.most_running(), 0, "each is deleted before the next one");
}

#[tokio::test]
async fn who_listens_is_told_what_is_wrong() {
    let peer = LlrpPeer::start().await;
    let exception = ReaderExceptionEvent { message: "too hot".into(), ..Default::default() };
    let exception = event(ReaderEventNotificationData { reader_exception: Some(exception), ..happening() });
    peer.upon("START_ROSPEC", move |heard| {
        let whole = Step::Say(report(vec![read(1, 1, -50, rospec_id(heard))]));
        vec![started(), whole, Step::Bytes(malformed_report()), Step::Bytes(malformed_report()), Step::Say(exception.clone())]
    });
    let reader = reader(&peer, "");
    let notices = Mutex::new(BTreeSet::new());
    let notice = |notice: String| assert!(notices.lock().unwrap().insert(notice), "once is enough");
    let told = || notices.lock().unwrap().len() == 2;
    tokio::select! {
        ended = reader.live().unwrap().listen(&drop, &notice) => panic!("{ended:?}"),
        () = until("it was told", told) => {}
    }
    let notices = notices.into_inner().unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(notices, ["malformed reports, left out", "the reader reports \"too hot\""]);
    peer.upon("START_ROSPEC", |_| std::iter::once(started()).chain((0..10).map(|_| Step::Bytes(malformed_report()))).collect());
    let error = timeout(SOON, reader.live().unwrap().listen(&drop, &drop)).await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.contains("every report that it sent is malformed")), (Code::DeviceBadReply, true), "{error}");
}

#[tokio::test]
async fn trying_a_reader_says_what_it_is_and_can_do() {
    let peer = LlrpPeer::with(Traits { antennas: vec![(1, true), (2, false)], ..Traits::default() }).await;
    let reader = reader(&peer, ", antennas = [1], power_dbm = 25, at = [{ side = \"L\", power_dbm = 12.5, mode = 7 }]");
    assert_eq!(
        timeout(SOON, reader.probe()).await.unwrap().unwrap().summary,
        "maker 4711 model 42, firmware 1.2.3; LLRP 1.0.1; antennas 1 of 4 connected; 10 to 30 dBm, sends with 10, 20; \
         modes 3, 7, reads with 3, 7"
    );
    assert_eq!(peer.count("ADD_ROSPEC"), 0);
}
