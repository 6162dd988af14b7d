//! Each fault as a client of the reader that speaks LLRP meets it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pandian_llrp::Message;
use pandian_llrp::message::{AddRoSpec, GetReaderConfig, ReaderConfigRequest, RoSpecTarget};
use pandian_llrp::parameter::event::AntennaEventType;
use pandian_llrp::parameter::status::StatusCode;
use pandian_sim::FaultKind;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::llrp_client::{Client, Stand, aispec, by_tag, reader, rospec, tell_rospec_events};

/// A reader that meets a fault at its second inventory, and a client of it that has had the first one.
async fn stand(kind: FaultKind, more: &str) -> (Stand, Client) {
    let fault = format!("[[fault]]\nkind = \"{}\"\ndevice = \"reader\"\nnth = 2\n{more}\n", kind.as_str());
    let stand = Stand::start(reader(), &fault).await;
    let mut client = Client::connect(stand.reader).await;
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), stand.there("003-02"));
    (stand, client)
}

/// The fault has struck once, and the reader is as good as before.
async fn is_well(stand: Stand, mut client: Client, kind: FaultKind) {
    assert_eq!(by_tag(&client.inventory(rospec(2, &[0])).await), stand.there("003-02"), "{kind:?}");
    drop(client);
    assert_eq!(stand.servers.stop().await.faults, [(kind, 1)]);
}

/// Everything up to the request that meets the fault.
async fn begin(client: &mut Client) -> u32 {
    client.done(&Message::AddRoSpec(AddRoSpec { rospec: rospec(1, &[0]), ..AddRoSpec::default() })).await;
    client.done(&Message::EnableRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    client.send(&Message::StartRoSpec(RoSpecTarget { rospec_id: 1 })).await
}

/// A new client, as soon as somebody listens.
async fn again(stand: &Stand) -> Client {
    let listened = async {
        loop {
            match TcpStream::connect(stand.reader).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let mut client = Client::over(timeout(Duration::from_secs(10), listened).await.unwrap());
    client.greeting().await;
    client
}

#[tokio::test]
async fn a_slow_reader_begins_to_tell_late() {
    let (stand, mut client) = stand(FaultKind::Slow, "delay = \"30s\"").await;
    let started = Instant::now();
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), stand.there("003-02"));
    assert!(started.elapsed() >= Duration::from_millis(300));
    is_well(stand, client, FaultKind::Slow).await;
}

#[tokio::test]
async fn a_hanging_reader_says_nothing_more_on_this_connection() {
    let (stand, mut client) = stand(FaultKind::Hang, "").await;
    let asked = begin(&mut client).await;
    client.send(&Message::GetRoSpecs).await;
    let silence = timeout(Duration::from_millis(500), client.find(|id, _| id >= asked)).await;
    assert!(silence.is_err(), "{silence:?}");
    drop(client);
    let client = again(&stand).await;
    is_well(stand, client, FaultKind::Hang).await;
}

#[tokio::test]
async fn a_refusing_reader_leaves_the_request_unanswered_and_is_gone_for_a_while() {
    let (stand, mut client) = stand(FaultKind::Refuse, "lasting = \"50s\"").await;
    let asked = begin(&mut client).await;
    assert!(client.find(|id, _| id == asked).await.is_none());
    assert!(TcpStream::connect(stand.reader).await.is_err());
    let mut client = again(&stand).await;
    // What was configured is still there.
    let Message::GetRoSpecsResponse(told) = client.ask(&Message::GetRoSpecs).await else { panic!() };
    assert_eq!(told.rospecs.len(), 1);
    is_well(stand, client, FaultKind::Refuse).await;
}

#[tokio::test]
async fn a_restarting_reader_cuts_the_connection_and_forgets_what_was_configured() {
    let (stand, mut client) = stand(FaultKind::DeviceRestart, "lasting = \"50s\"").await;
    let asked = begin(&mut client).await;
    assert!(client.find(|id, _| id == asked).await.is_none());
    assert!(TcpStream::connect(stand.reader).await.is_err());
    let mut client = again(&stand).await;
    let Message::GetRoSpecsResponse(told) = client.ask(&Message::GetRoSpecs).await else { panic!() };
    assert_eq!(told.rospecs, []);
    is_well(stand, client, FaultKind::DeviceRestart).await;
}

#[tokio::test]
async fn a_dropped_connection_ends_in_the_middle_of_a_message() {
    let (stand, mut client) = stand(FaultKind::Drop, "").await;
    begin(&mut client).await;
    assert!(client.is_cut().await);
    assert!(client.cut_off() > 0);
    let client = again(&stand).await;
    is_well(stand, client, FaultKind::Drop).await;
}

#[tokio::test]
async fn garbage_is_in_every_report_of_the_inventory() {
    let (stand, mut client) = stand(FaultKind::Garbage, "").await;
    assert_eq!(client.inventory(rospec(1, &[0])).await, []);
    assert!(client.malformed > 0);
    is_well(stand, client, FaultKind::Garbage).await;
}

#[tokio::test]
async fn a_broken_reader_says_so() {
    let (stand, mut client) = stand(FaultKind::ServerError, "").await;
    begin(&mut client).await;
    let refused = client.find(|_, message| matches!(message, Message::StartRoSpecResponse(reply) if !reply.status.is_success())).await;
    assert_eq!(refused.unwrap().status().unwrap().code, StatusCode::RDeviceError);
    client.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: 1 })).await;
    is_well(stand, client, FaultKind::ServerError).await;
}

#[tokio::test]
async fn a_silent_reader_hears_nothing() {
    let (stand, mut client) = stand(FaultKind::ReaderSilent, "").await;
    assert_eq!(client.inventory(rospec(1, &[0])).await, []);
    is_well(stand, client, FaultKind::ReaderSilent).await;
}

#[tokio::test]
async fn a_flood_is_thousands_of_tags_beside_the_real_ones() {
    let (stand, mut client) = stand(FaultKind::ReaderFlood, "").await;
    let mut heard = by_tag(&client.inventory(rospec(1, &[0])).await);
    let there = stand.there("003-02");
    assert_eq!(heard.len(), there.len() + 5000);
    heard.retain(|key, _| there.contains_key(key));
    assert_eq!(heard, there);
    is_well(stand, client, FaultKind::ReaderFlood).await;
}

#[tokio::test]
async fn an_exception_is_told_and_the_inventory_goes_on() {
    let (stand, mut client) = stand(FaultKind::ReaderException, "").await;
    assert_eq!(by_tag(&client.inventory(rospec(1, &[0])).await), stand.there("003-02"));
    let told = client.event(|event| event.reader_exception.is_some()).await.reader_exception.unwrap();
    assert_eq!(
        (told.message.to_string().as_str(), told.rospec_id.map(|id| id.0)),
        ("the temperature of the amplifier is too high", Some(1))
    );
    is_well(stand, client, FaultKind::ReaderException).await;
}

#[tokio::test]
async fn a_lost_antenna_is_told_hears_nothing_and_comes_back() {
    let (stand, mut client) = stand(FaultKind::AntennaLost, "").await;
    client.done(&tell_rospec_events()).await;
    let heard = by_tag(&client.inventory(rospec(1, &[0])).await);
    let other: BTreeMap<_, _> = stand.there("003-02").into_iter().filter(|((_, antenna), _)| *antenna == 2).collect();
    assert_eq!(heard, other);
    for kind in [AntennaEventType::Disconnected, AntennaEventType::Connected] {
        client.event(|event| event.antenna.as_ref().is_some_and(|told| told.kind == kind && told.antenna == 1)).await;
    }
    is_well(stand, client, FaultKind::AntennaLost).await;
}

#[tokio::test]
async fn a_lost_antenna_is_not_connected_until_it_is_back() {
    let (stand, mut client) = stand(FaultKind::AntennaLost, "").await;
    let connected = async |client: &mut Client| {
        let requested = ReaderConfigRequest::AntennaProperties;
        let asked = Message::GetReaderConfig(GetReaderConfig { requested, ..GetReaderConfig::default() });
        let Message::GetReaderConfigResponse(told) = client.ask(&asked).await else { panic!() };
        told.antenna_properties.iter().map(|antenna| (antenna.antenna, antenna.connected)).collect::<Vec<_>>()
    };
    assert_eq!(connected(&mut client).await, [(1, true), (2, true)]);
    // It lasts until it is stopped.
    let mut endless = rospec(1, &[0]);
    aispec(&mut endless).stop = Default::default();
    client.start(endless).await;
    for (kind, is_back) in [(AntennaEventType::Disconnected, false), (AntennaEventType::Connected, true)] {
        client.event(|event| event.antenna.as_ref().is_some_and(|told| told.kind == kind)).await;
        assert_eq!(connected(&mut client).await, [(1, is_back), (2, true)]);
        if !is_back {
            client.done(&Message::DeleteRoSpec(RoSpecTarget { rospec_id: 1 })).await;
        }
    }
    client.reported();
    is_well(stand, client, FaultKind::AntennaLost).await;
}
