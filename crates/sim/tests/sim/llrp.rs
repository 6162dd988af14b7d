//! The reader that speaks LLRP: connections, and requests with their answers.

use std::time::Duration;

use pandian_llrp::impinj;
use pandian_llrp::message::{
    AccessSpecTarget, AddAccessSpec, AddRoSpec, CustomMessage, GetReaderCapabilities, GetReaderConfig, ReaderCapabilitiesRequest,
    ReaderConfigRequest, RoSpecTarget, SetProtocolVersion, SetReaderConfig,
};
use pandian_llrp::parameter::access::AccessSpec;
use pandian_llrp::parameter::air_protocol::{C1g2InventoryCommand, C1g2RfControl};
use pandian_llrp::parameter::configuration::{AntennaConfiguration, KeepaliveSpec, KeepaliveTriggerType, RfTransmitter};
use pandian_llrp::parameter::event::ConnectionAttemptStatus;
use pandian_llrp::parameter::operation::{RoSpec, RoSpecState};
use pandian_llrp::parameter::reporting::RoReportTrigger;
use pandian_llrp::parameter::status::StatusCode;
use pandian_llrp::{Message, RawParameter, Version};
use pandian_sim::wire::{Flavour, LlrpReaderSpec};
use tokio::time::timeout;

use crate::llrp_client::{Client, Stand, aispec, reader, reader_of, rospec};

fn add(spec: RoSpec) -> Message {
    Message::AddRoSpec(AddRoSpec { rospec: spec, ..AddRoSpec::default() })
}

fn target(rospec_id: u32) -> RoSpecTarget {
    RoSpecTarget { rospec_id }
}

fn keepalive(period_ms: u32) -> Message {
    let keepalive = KeepaliveSpec { kind: KeepaliveTriggerType::Periodic, period_ms };
    Message::SetReaderConfig(SetReaderConfig { keepalive: Some(keepalive), ..SetReaderConfig::default() })
}

fn transmitter(power: u16, hop_table: u16, channel: u16) -> AntennaConfiguration {
    AntennaConfiguration { antenna: 1, transmitter: Some(RfTransmitter { hop_table, channel, power }), ..AntennaConfiguration::default() }
}

#[tokio::test]
async fn a_second_client_is_told_so_and_leaves_the_first_undisturbed() {
    let stand = Stand::start(reader(), "").await;
    let mut first = Client::connect(stand.reader).await;
    let mut second = Client::knock(stand.reader).await;
    assert_eq!(second.greeting().await, ConnectionAttemptStatus::FailedClientInitiatedConnectionExists);
    assert!(second.is_cut().await);
    let noticed = first.greeting().await;
    assert_eq!(noticed, ConnectionAttemptStatus::AnotherConnectionAttempted);
    assert!(!first.inventory(rospec(1, &[1])).await.is_empty());
    // Whoever leaves, in order or not, leaves the reader free.
    assert!(matches!(first.ask(&Message::CloseConnection).await, Message::CloseConnectionResponse(_)));
    drop(Client::connect(stand.reader).await);
    Client::connect(stand.reader).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_keepalives_unanswered_loses_the_reader() {
    let stand = Stand::start(reader(), "").await;
    let mut dead = Client::connect(stand.reader).await;
    dead.done(&keepalive(50)).await;
    // The connection stays open; nobody is there.
    let closed = dead.event(|event| event.connection_close.is_some());
    timeout(Duration::from_secs(10), closed).await.unwrap();
    assert!((1..=3).contains(&dead.untaken().filter(|message| **message == Message::Keepalive).count()));
    let mut alive = Client::connect(stand.reader).await;
    alive.done(&keepalive(50)).await;
    for _ in 0..8 {
        alive.find(|_, message| *message == Message::Keepalive).await.unwrap();
        alive.send(&Message::KeepaliveAck).await;
    }
    alive.done(&Message::DeleteRoSpec(target(0))).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn a_reader_tells_what_it_can_do_in_the_parts_that_are_asked_for() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let asked = |requested| Message::GetReaderCapabilities(GetReaderCapabilities { requested, ..GetReaderCapabilities::default() });
    let Message::GetReaderCapabilitiesResponse(all) = client.ask(&asked(ReaderCapabilitiesRequest::All)).await else { panic!() };
    assert_eq!(all.general.as_ref().unwrap().max_antennas, 2);
    assert!(all.llrp.as_ref().is_some_and(|llrp| llrp.max_rospecs > 0) && all.air_protocol.is_some());
    let band = all.regulatory.as_ref().unwrap().uhf_band.as_ref().unwrap();
    assert!(band.transmit_powers.windows(2).all(|pair| pair[0].centi_dbm < pair[1].centi_dbm));
    assert!(!band.frequencies.hopping && band.frequencies.fixed_table.as_ref().is_some_and(|table| table.khz.len() == 4));
    assert!(band.rf_modes().count() > 0);
    let Message::GetReaderCapabilitiesResponse(part) = client.ask(&asked(ReaderCapabilitiesRequest::Llrp)).await else { panic!() };
    assert_eq!((part.general, part.llrp, part.regulatory, part.air_protocol), (None, all.llrp, None, None));
    let status = client.status(&asked(ReaderCapabilitiesRequest::Unlisted(9))).await;
    assert_eq!((status.code, status.field.unwrap().code), (StatusCode::MFieldError, StatusCode::AInvalid));
    stand.servers.stop().await;
}

#[tokio::test]
async fn what_is_configured_is_told_until_it_is_reset_and_stays_when_the_client_leaves() {
    let stand = Stand::start(reader(), "").await;
    let get = Message::GetReaderConfig(GetReaderConfig { antenna: 1, requested: ReaderConfigRequest::All, ..GetReaderConfig::default() });
    let mut client = Client::connect(stand.reader).await;
    let Message::GetReaderConfigResponse(factory) = client.ask(&get).await else { panic!() };
    assert_eq!(factory.antennas.len(), 1);
    assert!(factory.antenna_properties[0].connected);
    let set = SetReaderConfig { antennas: vec![transmitter(3, 0, 2)], ..SetReaderConfig::default() };
    client.done(&Message::SetReaderConfig(set)).await;
    client.done(&Message::CloseConnection).await;
    let mut client = Client::connect(stand.reader).await;
    let Message::GetReaderConfigResponse(changed) = client.ask(&get).await else { panic!() };
    assert_eq!(changed.antennas[0].transmitter, transmitter(3, 0, 2).transmitter);
    assert_eq!(changed.antennas[0].inventory, factory.antennas[0].inventory);
    assert_ne!(changed.state, factory.state);
    client.done(&Message::SetReaderConfig(SetReaderConfig { reset_to_factory_default: true, ..SetReaderConfig::default() })).await;
    let Message::GetReaderConfigResponse(reset) = client.ask(&get).await else { panic!() };
    assert_eq!(reset.antennas, factory.antennas);
    stand.servers.stop().await;
}

#[tokio::test]
async fn a_transmitter_is_on_a_channel_or_in_a_hop_table_and_the_other_is_ignored() {
    for (flavour, good, bad) in [
        (Flavour::Generic, &[(0, 1), (0, 4), (1, 1), (9, 1)][..], &[(0, 0), (1, 0), (1, 5)][..]),
        (Flavour::Impinj, &[(1, 0), (1, 1), (1, 99)], &[(0, 0), (0, 1), (2, 0)]),
    ] {
        let stand = Stand::start(reader_of(flavour), "").await;
        let mut client = Client::connect(stand.reader).await;
        let set = |(hop_table, channel): &(u16, u16)| {
            let antennas = vec![transmitter(1, *hop_table, *channel)];
            Message::SetReaderConfig(SetReaderConfig { antennas, ..SetReaderConfig::default() })
        };
        for frequency in good {
            client.done(&set(frequency)).await;
        }
        for frequency in bad {
            assert_eq!(client.status(&set(frequency)).await.code, StatusCode::MParameterError, "{flavour:?} {frequency:?}");
        }
        stand.servers.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_waits_for_its_turn_is_not_told_of_itself() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    for _ in 0..20 {
        let mut next = Client::knock(stand.reader).await;
        drop(client);
        assert_eq!(next.greeting().await, ConnectionAttemptStatus::Success);
        next.done(&Message::DeleteRoSpec(target(0))).await;
        assert_eq!(next.untaken().count(), 0);
        client = next;
    }
    stand.servers.stop().await;
}

#[tokio::test]
async fn a_wrong_rospec_is_refused_with_the_place_of_the_error() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let spec = |change: fn(&mut RoSpec)| {
        let mut spec = rospec(1, &[1]);
        change(&mut spec);
        spec
    };
    let cases: [(RoSpec, &[u16], u16, StatusCode); 10] = [
        (spec(|spec| spec.id = 0), &[177], 0, StatusCode::AInvalid),
        (spec(|spec| spec.priority = 8), &[177], 1, StatusCode::AOutOfRange),
        (spec(|spec| spec.state = RoSpecState::Active), &[177], 2, StatusCode::AInvalid),
        (spec(|spec| aispec(spec).antennas = vec![1, 3]), &[177, 183], 0, StatusCode::AOutOfRange),
        (spec(|spec| aispec(spec).stop.duration_ms = 0), &[177, 183, 184], 1, StatusCode::AInvalid),
        (
            spec(|spec| aispec(spec).inventories[0].antennas = vec![transmitter(22, 0, 1)]),
            &[177, 183, 186, 222, 224],
            2,
            StatusCode::AOutOfRange,
        ),
        (
            spec(|spec| aispec(spec).inventories[0].antennas = vec![transmitter(1, 0, 0)]),
            &[177, 183, 186, 222, 224],
            1,
            StatusCode::AOutOfRange,
        ),
        (
            spec(|spec| aispec(spec).inventories[0].antennas = vec![transmitter(1, 0, 5)]),
            &[177, 183, 186, 222, 224],
            1,
            StatusCode::AOutOfRange,
        ),
        (
            spec(|spec| {
                let rf_control = Some(C1g2RfControl { mode: 77, ..C1g2RfControl::default() });
                let inventory = vec![C1g2InventoryCommand { rf_control, ..C1g2InventoryCommand::default() }];
                aispec(spec).inventories[0].antennas = vec![AntennaConfiguration { inventory, ..AntennaConfiguration::default() }];
            }),
            &[177, 183, 186, 222, 330, 335],
            0,
            StatusCode::AOutOfRange,
        ),
        (spec(|spec| spec.report.as_mut().unwrap().trigger = RoReportTrigger::Unlisted(9)), &[177, 237], 0, StatusCode::AOutOfRange),
    ];
    for (spec, path, field, code) in cases {
        let status = client.status(&add(spec)).await;
        assert_eq!(status.code, StatusCode::MParameterError, "{status}");
        let mut error = status.parameter.clone().unwrap();
        let mut met = vec![error.parameter];
        while let Some(inner) = error.inner {
            assert_eq!(error.code, StatusCode::PParameterError, "{status}");
            met.push(inner.parameter);
            error = *inner;
        }
        assert_eq!((&met[..], error.code), (path, StatusCode::PFieldError), "{status}");
        let wrong = error.field.unwrap();
        assert_eq!((wrong.field, wrong.code), (field, code), "{status}");
        assert!(!status.description.is_empty());
    }
    // One that lacks what it needs is told what.
    let mut empty = rospec(1, &[1]);
    empty.specs.clear();
    let status = client.status(&add(empty)).await;
    assert_eq!(status.parameter.unwrap().inner.unwrap().code, StatusCode::PMissingParameter);
    client.done(&add(rospec(1, &[1]))).await;
    assert_eq!(client.status(&add(rospec(1, &[2]))).await.code, StatusCode::MParameterError);
    stand.servers.stop().await;
}

#[tokio::test]
async fn an_rospec_goes_through_its_states_and_no_other_way() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let state = |reply: Message| match reply {
        Message::GetRoSpecsResponse(told) => told.rospecs.iter().map(|spec| (spec.id, spec.state)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let mut endless = rospec(5, &[0]);
    aispec(&mut endless).stop = Default::default();
    client.done(&add(endless)).await;
    client.done(&add(rospec(6, &[0]))).await;
    for refused in [
        Message::StartRoSpec(target(5)),
        Message::StartRoSpec(target(0)),
        Message::StopRoSpec(target(5)),
        Message::EnableRoSpec(target(7)),
        Message::DisableRoSpec(target(7)),
        Message::DeleteRoSpec(target(7)),
    ] {
        let status = client.status(&refused).await;
        assert_eq!(
            (status.code, status.field.map(|field| field.code)),
            (StatusCode::MFieldError, Some(StatusCode::AInvalid)),
            "{refused:?}"
        );
    }
    client.done(&Message::EnableRoSpec(target(0))).await;
    assert_eq!(state(client.ask(&Message::GetRoSpecs).await), [(5, RoSpecState::Inactive), (6, RoSpecState::Inactive)]);
    client.done(&Message::StartRoSpec(target(5))).await;
    assert_eq!(state(client.ask(&Message::GetRoSpecs).await), [(5, RoSpecState::Active), (6, RoSpecState::Inactive)]);
    assert_eq!(client.status(&Message::StartRoSpec(target(6))).await.code, StatusCode::MFieldError);
    client.done(&Message::StopRoSpec(target(5))).await;
    assert_eq!(state(client.ask(&Message::GetRoSpecs).await), [(5, RoSpecState::Inactive), (6, RoSpecState::Inactive)]);
    client.done(&Message::StartRoSpec(target(5))).await;
    // A client that goes leaves its ROSpecs behind, disabled.
    drop(client);
    let mut client = Client::connect(stand.reader).await;
    assert_eq!(state(client.ask(&Message::GetRoSpecs).await), [(5, RoSpecState::Disabled), (6, RoSpecState::Disabled)]);
    client.done(&Message::DeleteRoSpec(target(0))).await;
    client.done(&Message::DeleteRoSpec(target(0))).await;
    assert_eq!(state(client.ask(&Message::GetRoSpecs).await), []);
    for id in 1..=16 {
        client.done(&add(rospec(id, &[1]))).await;
    }
    let overflow = client.status(&add(rospec(17, &[1]))).await;
    assert_eq!(overflow.parameter.unwrap().code, StatusCode::POverflowParameter);
    stand.servers.stop().await;
}

#[tokio::test]
async fn access_specs_are_kept_and_listed() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    let add = |id, active| {
        let access_spec = AccessSpec { id, active, ..AccessSpec::default() };
        Message::AddAccessSpec(AddAccessSpec { access_spec, ..AddAccessSpec::default() })
    };
    let target = |access_spec_id| AccessSpecTarget { access_spec_id };
    client.done(&add(3, false)).await;
    for wrong in [add(0, false), add(3, false), add(4, true)] {
        assert_eq!(client.status(&wrong).await.code, StatusCode::MParameterError);
    }
    client.done(&Message::EnableAccessSpec(target(3))).await;
    let Message::GetAccessSpecsResponse(told) = client.ask(&Message::GetAccessSpecs).await else { panic!() };
    assert_eq!(told.access_specs.iter().map(|spec| (spec.id, spec.active)).collect::<Vec<_>>(), [(3, true)]);
    client.done(&Message::DisableAccessSpec(target(0))).await;
    assert_eq!(client.status(&Message::DeleteAccessSpec(target(4))).await.code, StatusCode::MFieldError);
    client.done(&Message::DeleteAccessSpec(target(0))).await;
    stand.servers.stop().await;
}

#[tokio::test]
async fn versions_are_negotiated_where_the_reader_speaks_more_than_one() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    client.version = Version::V1_1;
    let Message::GetSupportedVersionResponse(told) = client.ask(&Message::GetSupportedVersion).await else { panic!() };
    assert_eq!((told.current, told.supported), (1, 2));
    client.done(&Message::SetProtocolVersion(SetProtocolVersion { version: 2 })).await;
    let status = client.status(&Message::SetProtocolVersion(SetProtocolVersion { version: 3 })).await;
    assert_eq!(status.code, StatusCode::MUnsupportedVersion);
    stand.servers.stop().await;
    for flavour in [Flavour::Impinj, Flavour::Zebra] {
        let stand = Stand::start(reader_of(flavour), "").await;
        let mut client = Client::connect(stand.reader).await;
        for (version, code) in [(Version::V1_1, StatusCode::MUnsupportedVersion), (Version::V1_0_1, StatusCode::MUnsupportedMessage)] {
            client.version = version;
            let Message::ErrorMessage(told) = client.ask(&Message::GetSupportedVersion).await else { panic!() };
            assert_eq!(told.status.code, code);
        }
        stand.servers.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_what_is_no_frame_ends_the_connection() {
    let stand = Stand::start(reader(), "").await;
    let mut client = Client::connect(stand.reader).await;
    for nonsense in
        [Message::Unlisted { message_type: 900, body: vec![1, 2, 3] }, Message::Keepalive, Message::Custom(CustomMessage::default())]
    {
        let Message::ErrorMessage(told) = client.ask(&nonsense).await else { panic!("{nonsense:?}") };
        assert_eq!(told.status.code, StatusCode::MUnsupportedMessage);
    }
    // ADD_ROSPEC without an ROSpec, and with one that is cut off.
    for (body, code) in [(&[][..], StatusCode::MMissingParameter), (&[0, 177, 0, 200, 0], StatusCode::MParameterError)] {
        let reply = client.ask(&Message::Unlisted { message_type: 20, body: body.to_vec() }).await;
        let Message::AddRoSpecResponse(told) = reply else { panic!("{reply:?}") };
        assert_eq!(told.status.code, code);
    }
    client.send_raw(b"\x1C\x01\0\0\0\x0A\0\0\0\x01").await;
    let refused = client.find(|_, message| matches!(message, Message::ErrorMessage(_))).await.unwrap();
    assert_eq!(refused.status().unwrap().code, StatusCode::MUnsupportedVersion);
    assert!(client.is_cut().await);
    let mut client = Client::connect(stand.reader).await;
    // A frame of 4 MiB and a byte.
    client.send_raw(b"\x04\x01\0\x40\0\x01\0\0\0\x01").await;
    assert!(client.is_cut().await);
    stand.servers.stop().await;
}

#[tokio::test]
async fn impinjs_extensions_are_taken_once_they_are_enabled() {
    let stand = Stand::start(reader_of(Flavour::Impinj), "").await;
    let mut client = Client::connect(stand.reader).await;
    let mode = impinj::SearchMode { mode: impinj::InventorySearchMode::DualTarget, ..impinj::SearchMode::default() };
    let command = C1g2InventoryCommand { extensions: vec![RawParameter::of(&mode).unwrap()], ..C1g2InventoryCommand::default() };
    let mut spec = rospec(1, &[1]);
    aispec(&mut spec).inventories[0].antennas = vec![AntennaConfiguration { inventory: vec![command], ..AntennaConfiguration::default() }];
    let status = client.status(&add(spec.clone())).await;
    assert_eq!(status.code, StatusCode::MParameterError);
    assert!(status.to_string().ends_with("parameter 330: PParameterError (200), parameter 1023: PUnknownParameter (207)"), "{status}");
    let enable = CustomMessage::of(&impinj::EnableExtensions::default()).unwrap();
    let Message::Custom(reply) = client.ask(&Message::Custom(enable)).await else { panic!() };
    assert!(reply.decode::<impinj::EnableExtensionsResponse>().unwrap().status.is_success());
    client.done(&add(spec)).await;
    let requested = impinj::RequestedData { requested: impinj::RequestedDataType::DetailedVersion, ..impinj::RequestedData::default() };
    let extensions = vec![RawParameter::of(&requested).unwrap()];
    let asked = GetReaderCapabilities { requested: ReaderCapabilitiesRequest::GeneralDevice, extensions };
    let Message::GetReaderCapabilitiesResponse(told) = client.ask(&Message::GetReaderCapabilities(asked)).await else { panic!() };
    assert!(RawParameter::find::<impinj::DetailedVersion>(&told.extensions).unwrap().is_some());
    stand.servers.stop().await;
}

#[tokio::test]
async fn requests_are_counted_but_not_the_answers_to_keepalives() {
    let stand = Stand::start(LlrpReaderSpec { side: Some(pandian_domain::Side::Left), ..reader() }, "").await;
    let mut client = Client::connect(stand.reader).await;
    client.done(&Message::DeleteRoSpec(target(0))).await;
    client.send(&Message::KeepaliveAck).await;
    client.done(&Message::CloseConnection).await;
    assert!(stand.servers.urls()[1].starts_with("llrp://127.0.0.1:"));
    assert_eq!(stand.servers.stop().await.requests, [("crane C1".to_owned(), 1), ("LLRP reader C1 L".to_owned(), 2)]);
}
