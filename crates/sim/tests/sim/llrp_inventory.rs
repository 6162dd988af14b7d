//! What the reader that speaks LLRP hears and reports, and when.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pandian_domain::{Side, Timestamp};
use pandian_llrp::message::{AddRoSpec, CustomMessage, RoSpecTarget, SetReaderConfig};
use pandian_llrp::parameter::air_protocol::{C1g2EpcMemorySelector, MemorySelectorFlags};
use pandian_llrp::parameter::configuration::{AntennaConfiguration, EventsAndReports, RfTransmitter};
use pandian_llrp::parameter::event::{AiSpecEventType, RoSpecEventType};
use pandian_llrp::parameter::operation::{
    AiSpecStopTrigger, AiSpecStopTriggerType, PeriodicTriggerValue, RoSpec, RoSpecStartTriggerType, RoSpecState, RoSpecStopTriggerType,
    TagObservationTrigger, TagObservationTriggerType,
};
use pandian_llrp::parameter::reporting::{
    EventNotificationState, NotificationEventType, ReaderEventNotificationSpec, RoReportTrigger, TagReportContent,
};
use pandian_llrp::parameter::tag::{C1g2Crc, C1g2Pc, Epc96, FirstSeenUptime, FirstSeenUtc, TagParameter, TagReportData, TagSeenCount};
use pandian_llrp::parameter::time::Timestamp as WireTime;
use pandian_llrp::{Frame, Message, RawParameter, TagReports, Version, impinj, zebra};
use pandian_sim::wire::{Flavour, LlrpReaderSpec, ServerSpec, Serves, SimServers, TlsFiles};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::llrp_client::{Client, Stand, aispec, by_tag, reader, reader_of, really_there, rospec, told};

/// Where the crane of a [`Stand`] stands.
const HERE: &str = "003-02";

#[tokio::test]
async fn every_read_of_the_tags_before_the_crane_is_reported_by_the_antenna_of_its_side() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let there = stand.there(HERE);
    let antennas: BTreeSet<u16> = there.keys().map(|(_, antenna)| *antenna).collect();
    assert_eq!(antennas, BTreeSet::from([1, 2]));
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), there);
    for antenna in [1, 2] {
        let side = there.iter().filter(|((_, of), _)| *of == antenna).map(|(key, reads)| (key.clone(), reads.clone())).collect();
        assert_eq!(by_tag(&client.inventory(rospec(1, &[antenna])).await), side);
    }
    // Each side's own reader has one antenna.
    stand.servers.stop().await;
    for (side, antenna) in [(Side::Left, 1), (Side::Right, 2)] {
        let stand = Stand::start(LlrpReaderSpec { side: Some(side), ..reader() }, "").await;
        let mut client = Client::connect(stand.reader).await;
        let side = there.iter().filter(|((_, of), _)| *of == antenna).map(|((epc, _), reads)| ((epc.clone(), 1), reads.clone())).collect();
        assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), side);
        stand.servers.stop().await;
    }
}

#[tokio::test]
async fn nothing_is_heard_before_the_first_travel_nor_under_way() {
    let stand = Stand::start_idle(reader(), "opaque_travel = [\"1ms\", \"1ms\"]\n").await;
    let mut client = Client::connect(stand.reader).await;
    assert!(client.inventory(rospec(1, &[0])).await.is_empty());
    stand.go("A01-L-003-02").await;
    assert!(!client.inventory(rospec(1, &[0])).await.is_empty());
    // The way takes some seconds of the simulation, an inventory two: one of them at least begins under way.
    let listen = async { while !client.inventory(rospec(1, &[0])).await.is_empty() {} };
    tokio::join!(stand.go("A01-L-010-10"), listen);
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), stand.there("010-10"));
    stand.servers.stop().await;
}

#[tokio::test]
async fn less_power_is_less_heard_decibel_by_decibel_down_to_the_floor() {
    let stand = Stand::start(reader_of(Flavour::Impinj), "").await;
    let mut client = Client::connect(stand.reader).await;
    let with = |power| {
        let transmitter = Some(RfTransmitter { hop_table: 1, channel: 0, power });
        let mut spec = rospec(1, &[0]);
        aispec(&mut spec).inventories[0].antennas = vec![AntennaConfiguration { transmitter, ..AntennaConfiguration::default() }];
        spec
    };
    let full = by_tag(&client.inventory(with(81)).await);
    assert_eq!(full, stand.there(HERE));
    // Eight steps of a quarter dB.
    let weaker = by_tag(&client.inventory(with(73)).await);
    let expected = full.iter().map(|(key, reads)| (key.clone(), reads.iter().map(|rssi| rssi - 2).collect())).collect();
    assert_eq!(weaker, expected);
    // 20 dB less: what is below -80 dBm is gone.
    let weakest = by_tag(&client.inventory(with(1)).await);
    let audible = stand.there(HERE).iter().filter(|(_, reads)| reads[0] > -60).count();
    assert!(weakest.len() <= full.len() && weakest.len() >= audible, "{weakest:?} {full:?}");
    assert!(weakest.values().flatten().all(|rssi| *rssi >= -80));
    stand.servers.stop().await;
}

#[tokio::test]
async fn less_power_hears_fewer_strays_by_the_radio_model() {
    let stand = Stand::start(reader(), "[radio]\n").await;
    let mut client = Client::connect(stand.reader).await;
    let slots = ["L", "R"].map(|side| stand.slot(&format!("A01-{side}-{HERE}")));
    let world = stand.simulation.world();
    let own: BTreeSet<String> = slots.iter().flat_map(|slot| world.holds(*slot)).map(|epc| epc.to_string()).collect();
    // The reader's table has 10 to 30 dBm in steps of one.
    let mut strays = Vec::new();
    for weaker_by_db in [0, 14] {
        let mut spec = rospec(1, &[0]);
        let transmitter = Some(RfTransmitter { hop_table: 0, channel: 1, power: 21 - weaker_by_db });
        aispec(&mut spec).inventories[0].antennas = vec![AntennaConfiguration { transmitter, ..AntennaConfiguration::default() }];
        let heard = by_tag(&client.inventory(spec).await);
        assert_eq!(heard, really_there(world, &slots, weaker_by_db.into()));
        strays.push(heard.keys().filter(|(epc, _)| !own.contains(epc)).count());
    }
    assert!(strays[0] > 10 && strays[1] * 4 < strays[0], "{strays:?}");
    stand.servers.stop().await;
}

#[tokio::test]
async fn reports_come_when_and_with_what_they_were_asked_for() {
    let stand = Stand::start(LlrpReaderSpec { started_at: Some(Timestamp::from_second(1_700_000_000).unwrap()), ..reader() }, "").await;
    let mut client = Client::connect(stand.reader).await;
    let there = stand.there(HERE);
    let with = |trigger, n| {
        let mut spec = rospec(3, &[0]);
        let report = spec.report.as_mut().unwrap();
        (report.trigger, report.n) = (trigger, n);
        report.content.flags = TagReportContent::ANTENNA_ID | TagReportContent::TAG_SEEN_COUNT | TagReportContent::FIRST_SEEN_TIMESTAMP;
        spec
    };
    let counts = |tags: &[TagReportData]| -> Vec<u16> {
        tags.iter()
            .flat_map(|tag| &tag.parameters)
            .filter_map(|it| if let TagParameter::TagSeenCount(TagSeenCount(n)) = it { Some(*n) } else { None })
            .collect()
    };
    for trigger in [RoReportTrigger::TagsOrEndOfAiSpec, RoReportTrigger::TagsOrEndOfRoSpec] {
        // One report at the end, each tag once with all its reads.
        let tags = client.inventory(with(trigger, 0)).await;
        assert_eq!(tags.len(), there.len());
        assert_eq!(counts(&tags).iter().map(|count| usize::from(*count)).sum::<usize>(), there.values().map(Vec::len).sum::<usize>());
        for tag in &tags {
            let kinds: Vec<bool> = tag.parameters.iter().map(|it| matches!(it, TagParameter::FirstSeenUtc(FirstSeenUtc(at)) if (1_700_000_000_000_000..1_700_000_600_000_000).contains(at))).collect();
            assert_eq!(kinds, [false, false, true, false], "{tag:?}");
        }
        // A report as soon as there are two tags.
        client.start(with(trigger, 2)).await;
        assert_eq!(client.report().await.tags.len(), 2);
        client.end_of(3).await;
        client.reported();
        client.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: 3 })).await;
    }
    // None until it is asked for.
    assert_eq!(client.inventory(with(RoReportTrigger::None, 0)).await, []);
    let asked = client.send(&Message::GetReport).await;
    let Some(Message::RoAccessReport(report)) = client.find(|id, _| id == asked).await else { panic!() };
    assert_eq!(report.tags.len(), there.len());
    let Message::RoAccessReport(nothing) = client.ask(&Message::GetReport).await else { panic!() };
    assert_eq!(nothing.tags, []);
    stand.servers.stop().await;
}

#[tokio::test]
async fn the_memory_selector_adds_protocol_control_and_crc_and_a_reader_without_a_clock_tells_its_uptime() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let mut spec = rospec(1, &[1]);
    let flags = MemorySelectorFlags::PC | MemorySelectorFlags::CRC;
    spec.report.as_mut().unwrap().content.memory = vec![C1g2EpcMemorySelector { flags }];
    for tag in client.inventory(spec).await {
        let (mut words, mut crc, mut uptime) = (vec![], None, None);
        for parameter in &tag.parameters {
            match parameter {
                TagParameter::Pc(C1g2Pc(pc)) => words.splice(0..0, pc.to_be_bytes()).for_each(drop),
                TagParameter::Epc96(Epc96(epc)) => words.extend(epc),
                TagParameter::Crc(C1g2Crc(value)) => crc = Some(*value),
                TagParameter::FirstSeenUptime(FirstSeenUptime(at)) => uptime = Some(*at),
                _ => {}
            }
        }
        assert_eq!(words[..2], [0x30, 0]);
        // A tag checks it so: over everything with its CRC the remainder is always the same one.
        words.extend(crc.unwrap().to_be_bytes());
        let remainder = words.iter().fold(0xFFFF_u16, |crc, byte| {
            (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
        });
        assert_eq!(remainder, 0x1D0F);
        assert!(uptime.is_some_and(|at| at < 60_000_000));
    }
    stand.servers.stop().await;
}

#[tokio::test]
async fn triggers_start_and_stop_rospecs_by_themselves() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let state = |event| EventNotificationState { event, enabled: true };
    let states = [NotificationEventType::RoSpecEvent, NotificationEventType::AiSpecEvent].map(state).into();
    let events = Some(ReaderEventNotificationSpec { states, ..ReaderEventNotificationSpec::default() });
    client.done(&Message::SetReaderConfig(SetReaderConfig { events, ..SetReaderConfig::default() })).await;
    let enable = async |client: &mut Client, spec: RoSpec| {
        let target = RoSpecTarget { rospec_id: spec.id };
        client.done(&Message::AddRoSpec(AddRoSpec { rospec: spec, ..AddRoSpec::default() })).await;
        client.done(&Message::EnableRoSpec(target)).await;
    };
    // At once, and as long as the ROSpec says.
    let mut immediate = rospec(1, &[1]);
    immediate.boundary.start.kind = RoSpecStartTriggerType::Immediate;
    (immediate.boundary.stop.kind, immediate.boundary.stop.duration_ms) = (RoSpecStopTriggerType::Duration, 1000);
    aispec(&mut immediate).stop = AiSpecStopTrigger::default();
    enable(&mut client, immediate).await;
    client.event(|event| event.rospec.as_ref().is_some_and(|told| told.kind == RoSpecEventType::Start)).await;
    client.event(|event| event.aispec.as_ref().is_some_and(|told| (told.kind, told.spec_index) == (AiSpecEventType::End, 1))).await;
    client.end_of(1).await;
    client.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    // Every three seconds, of which a hundred are one.
    let mut periodic = rospec(2, &[1]);
    periodic.boundary.start.kind = RoSpecStartTriggerType::Periodic;
    periodic.boundary.start.periodic = Some(PeriodicTriggerValue { offset_ms: 1000, period_ms: 3000, ..PeriodicTriggerValue::default() });
    enable(&mut client, periodic).await;
    for _ in 0..3 {
        client.end_of(2).await;
    }
    client.done(&Message::DisableRoSpec(RoSpecTarget { rospec_id: 2 })).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn what_the_tags_do_ends_an_aispec_early() {
    // Slow enough to be timed: a dwell of a minute takes six seconds.
    let stand = Stand::start(reader(), "speed = 10.0\nfill = 1.0\n").await;
    let mut client = Client::connect(stand.reader).await;
    let until = |kind, change: fn(&mut TagObservationTrigger)| {
        let mut tags = TagObservationTrigger { kind, timeout_ms: 60_000, ..TagObservationTrigger::default() };
        change(&mut tags);
        let mut spec = rospec(1, &[0]);
        let kind = AiSpecStopTriggerType::TagObservation;
        aispec(&mut spec).stop = AiSpecStopTrigger { kind, tags: Some(tags), ..AiSpecStopTrigger::default() };
        spec
    };
    let there = stand.there(HERE);
    let started = Instant::now();
    let counted = client.inventory(until(TagObservationTriggerType::TagCount, |tags| tags.tag_count = 5)).await;
    assert_eq!(counted.len(), 5);
    let unique = client.inventory(until(TagObservationTriggerType::UniqueTagCount, |tags| tags.tag_count = 2)).await;
    assert_eq!(by_tag(&unique).len(), 2);
    let quiet = client.inventory(until(TagObservationTriggerType::NoMoreUniqueTags, |tags| tags.quiet_ms = 1900)).await;
    assert_eq!(by_tag(&quiet).into_keys().collect::<Vec<_>>(), there.keys().cloned().collect::<Vec<_>>());
    client.inventory(until(TagObservationTriggerType::Attempts, |tags| tags.attempts = 10)).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    stand.servers.stop().await;
}

#[tokio::test]
async fn an_rospec_without_an_end_goes_on_and_follows_the_crane() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let mut spec = rospec(1, &[0]);
    aispec(&mut spec).stop = AiSpecStopTrigger::default();
    client.start(spec).await;
    for location in ["A01-L-003-02", "A01-R-004-05"] {
        stand.go(location).await;
        let there: BTreeSet<(String, u16)> = stand.there(&location[6..]).into_keys().collect();
        let mut heard = BTreeSet::new();
        while !heard.is_superset(&there) {
            let tags = client.report().await.tags;
            heard.extend(tags.iter().map(told).map(|(epc, antenna, _)| (epc, antenna)));
        }
    }
    client.done(&Message::StopRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn a_client_is_heard_however_much_faster_than_real_the_simulation_is() {
    let stand = Stand::start(reader(), "speed = 1e7\nfill = 1.0\n").await;
    let mut client = Client::connect(stand.reader).await;
    let mut spec = rospec(1, &[0]);
    aispec(&mut spec).stop = AiSpecStopTrigger::default();
    client.start(spec).await;
    client.report().await;
    client.done(&Message::StopRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn events_and_reports_are_held_for_a_client_that_wants_it_so() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let hold = Some(EventsAndReports { hold_upon_reconnect: true });
    client.done(&Message::SetReaderConfig(SetReaderConfig { hold, ..SetReaderConfig::default() })).await;
    client.done(&Message::CloseConnection).await;
    let mut client = Client::connect(stand.reader).await;
    client.start(rospec(1, &[0])).await;
    let active = async |client: &mut Client| match client.ask(&Message::GetRoSpecs).await {
        Message::GetRoSpecsResponse(told) => told.rospecs[0].state == RoSpecState::Active,
        other => panic!("{other:?}"),
    };
    while active(&mut client).await {}
    client.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    assert_eq!(client.untaken().count(), 0);
    client.send(&Message::EnableEventsAndReports).await;
    client.report().await;
    client.ask(&Message::GetRoSpecs).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn impinj_tells_hundredths_phase_and_serial_number_where_they_are_asked_for() {
    let stand = Stand::start(reader_of(Flavour::Impinj), "").await;
    let mut client = Client::connect(stand.reader).await;
    client.ask(&Message::Custom(CustomMessage::of(&impinj::EnableExtensions::default()).unwrap())).await;
    let wanted = impinj::TagReportContentSelector {
        serialized_tid: Some(impinj::EnableSerializedTid { mode: true.into(), ..Default::default() }),
        phase_angle: Some(impinj::EnableRfPhaseAngle { mode: true.into(), ..Default::default() }),
        peak_rssi: Some(impinj::EnablePeakRssi { mode: true.into(), ..Default::default() }),
        ..Default::default()
    };
    let mut spec = rospec(1, &[1]);
    spec.report.as_mut().unwrap().extensions.push(RawParameter::of(&wanted).unwrap());
    let tags = client.inventory(spec).await;
    let report = Message::RoAccessReport(pandian_llrp::message::RoAccessReport { tags, ..Default::default() });
    let bytes = report.encode(Version::V1_0_1, 1).unwrap();
    let mut count = 0;
    for tag in TagReports::new(Frame::parse(&bytes).unwrap().body) {
        let tag = tag.unwrap();
        let details = tag.impinj();
        assert_eq!((f64::from(details.peak_rssi_centi_dbm.unwrap()) / 100.0).round() as i8, tag.peak_rssi_dbm.unwrap());
        assert!(details.phase_angle.unwrap() < 4096);
        assert_eq!(details.tid.unwrap()[..2], [0xE2, 0x80]);
        assert_eq!(details.tid.unwrap().len(), 12);
        assert!((1..=50).contains(&tag.channel.unwrap()));
        count += 1;
    }
    assert!(count > 0);
    stand.servers.stop().await;
}

#[tokio::test]
async fn zebra_tells_the_phase_and_sends_reports_without_tags() {
    let stand = Stand::start(reader_of(Flavour::Zebra), "").await;
    let mut client = Client::connect(stand.reader).await;
    let wanted = zebra::TagReportContentSelector { flags: zebra::TagReportContent::PHASE, ..Default::default() };
    let mut spec = rospec(1, &[1]);
    spec.report.as_mut().unwrap().extensions.push(RawParameter::of(&wanted).unwrap());
    client.start(spec).await;
    assert_eq!(client.report().await.tags, []);
    let tag = client.report().await.tags.remove(0);
    let custom = tag
        .parameters
        .iter()
        .find_map(|it| if let TagParameter::Custom(custom) = it { Some(RawParameter::from(custom.clone())) } else { None });
    custom.unwrap().decode::<zebra::TagPhase>().unwrap();
    stand.servers.stop().await;
}

#[tokio::test]
async fn events_bear_the_time_of_the_readers_clock() {
    for started_at in [None, Some(Timestamp::from_second(1_700_000_000).unwrap())] {
        let stand = Stand::start(LlrpReaderSpec { started_at, ..reader() }, "").await;
        let mut client = Client::knock(stand.reader).await;
        match client.event(|_| true).await.at {
            WireTime::Uptime(at) => assert!(started_at.is_none() && at.microseconds < 60_000_000),
            WireTime::Utc(at) => assert!((0..60_000_000).contains(&(at.microseconds - 1_700_000_000_000_000)), "{started_at:?}"),
        }
        stand.servers.stop().await;
    }
}

/// Makes an authority, and a certificate by it for this host.
fn certificates() -> (TempDir, TlsFiles) {
    let folder = TempDir::new().unwrap();
    let openssl = |arguments: &str| {
        let made = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 1 -subj /CN=authority"));
    openssl(&format!("req {key} -keyout key.pem -out cert.csr -subj /CN=reader"));
    std::fs::write(folder.path().join("ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl("x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -out cert.pem -extfile ext");
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    (folder, files)
}

async fn encrypted(stand: &Stand, authority: &Path) -> Client<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(stand.reader).await.unwrap();
    Client::over(connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap())
}

#[tokio::test]
async fn a_reader_with_a_certificate_speaks_tls_only() {
    let (folder, files) = certificates();
    let stand = Stand::start(LlrpReaderSpec { tls: Some(files.clone()), ..reader() }, "").await;
    // A client that speaks plainly is told nothing of the reader.
    let mut plain = Client::knock(stand.reader).await;
    plain.send_raw(&Message::GetRoSpecs.encode(Version::V1_0_1, 1).unwrap()).await;
    assert!(plain.hears_no_frame().await);
    let mut client = encrypted(&stand, &folder.path().join("ca.pem")).await;
    client.greeting().await;
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), stand.there(HERE));
    let mut second = encrypted(&stand, &folder.path().join("ca.pem")).await;
    second.greeting().await;
    assert!(second.is_cut().await);
    assert!(stand.servers.urls()[1].starts_with("llrps://"));
    let simulation = stand.simulation.clone();
    stand.servers.stop().await;
    // A file that is missing is named when the server is to start.
    let lost = TlsFiles { key: folder.path().join("lost.pem"), ..files };
    let spec = ServerSpec { listen: ([127, 0, 0, 1], 0).into(), serves: Serves::Llrp(LlrpReaderSpec { tls: Some(lost), ..reader() }) };
    let error = SimServers::start(simulation, vec![spec]).await.unwrap_err().to_string();
    assert!(error.contains("lost.pem"), "{error}");
}
