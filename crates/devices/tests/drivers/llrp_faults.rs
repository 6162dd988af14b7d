//! A reader of kind `llrp` whose reader, or the way to it, does not behave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pandian_devices::suite::until;
use pandian_devices::{TagReader, Visit};
use pandian_domain::Code;
use pandian_llrp::parameter::event::{ConnectionAttemptStatus, ReaderEventNotificationData, RoSpecEvent, RoSpecEventType};
use pandian_llrp::parameter::operation::{AiSpecStopTriggerType, Spec};
use pandian_llrp::parameter::status::{FieldError, LlrpStatus, ParameterError, StatusCode};
use pandian_llrp::{Message, Version};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::llrp_peer::{
    Heard, LlrpPeer, Step, Traits, bytes, ended, epc, event, happening, malformed_report, read, report, rospec_id, started,
};
use crate::llrp_reader::{at, epcs, inventory, reader, refused};

/// Inventories until one succeeds, as the engine's rule would make them.
async fn recovered(reader: &Arc<dyn TagReader>) -> Vec<(Code, String)> {
    let begun = Instant::now();
    let mut failures = Vec::new();
    loop {
        match inventory(reader, &at("A")).await {
            Ok(_) => return failures,
            Err(error) => failures.push((error.code, error.message)),
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not recover: {failures:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Everything that happens at a start, in one run of bytes.
fn all_at_once(heard: &Heard) -> Vec<u8> {
    let id = rospec_id(heard);
    let reply = Message::StartRoSpecResponse(LlrpStatus::success().into()).encode(Version::V1_0_1, heard.id).unwrap();
    let before = report(vec![read(1, 1, -50, id), read(2, 1, -50, id)]);
    [bytes(&before), reply, bytes(&report(vec![])), bytes(&report(vec![read(3, 1, -50, id)])), bytes(&ended(id))].concat()
}

#[tokio::test]
async fn frames_are_understood_however_they_are_cut() {
    let peer = LlrpPeer::start().await;
    let reader = reader(&peer, "");
    peer.upon("START_ROSPEC", |heard| vec![Step::Drip(all_at_once(heard))]);
    assert_eq!(epcs(&reader).await, [epc(1), epc(2), epc(3)]);
    peer.upon("START_ROSPEC", |heard| vec![Step::Bytes(all_at_once(heard))]);
    assert_eq!(epcs(&reader).await, [epc(1), epc(2), epc(3)]);
}

#[tokio::test]
async fn capabilities_may_come_in_many_pieces_and_in_other_versions_of_the_header() {
    for version in [Version::V1_0_1, Version::V1_1, Version::V2_0] {
        let peer = LlrpPeer::with(Traits { version, powers: (1..=900).map(|n| (n, n as i16)).collect(), ..Traits::default() }).await;
        assert_eq!(epcs(&reader(&peer, "")).await, [epc(1)], "{version:?}");
    }
}

#[tokio::test]
async fn reports_count_until_the_rospec_is_deleted_and_only_for_their_stop() {
    let peer = LlrpPeer::start().await;
    peer.script(|heard| match &heard.message {
        Message::StartRoSpec(target) => vec![started(), Step::Say(ended(target.rospec_id))],
        Message::DisableRoSpec(target) => vec![Step::Say(report(vec![read(7, 1, -50, target.rospec_id)])), Step::Usual],
        Message::AddRoSpec(add) => vec![Step::Say(report(vec![read(8, 1, -50, add.rospec.id - 1)])), Step::Usual],
        _ => vec![Step::Usual],
    });
    let reader = reader(&peer, "");
    assert_eq!((epcs(&reader).await, epcs(&reader).await), (vec![epc(7)], vec![epc(7)]), "8 is of the stop before");
}

#[tokio::test]
async fn silence_counts_only_when_the_reader_said_that_it_has_ended() {
    let peer = LlrpPeer::start().await;
    peer.never_end();
    let reader = reader(&peer, ", dwell = \"100ms\"");
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::DeviceTimeout);
    assert!(message.ends_with("the reader did not end its ROSpec within 600ms, and nothing was read"), "{message}");
    assert_eq!((peer.count("STOP_ROSPEC"), peer.rospecs()), (1, 0));
    peer.upon("START_ROSPEC", |heard| vec![started(), Step::Say(report(vec![read(1, 1, -50, rospec_id(heard))]))]);
    let some = inventory(&reader, &at("A")).await.unwrap();
    assert_eq!((some.tags.unwrap().len(), some.note.as_deref()), (1, Some("the reader did not end its ROSpec within 600ms")));
}

#[tokio::test]
async fn an_inventory_ends_by_itself_where_the_reader_refuses_to_tell_the_end() {
    let peer = LlrpPeer::start().await;
    peer.script(|heard| match &heard.message {
        Message::SetReaderConfig(config) if config.events.is_some() => {
            vec![Step::Reply(Message::SetReaderConfigResponse(LlrpStatus::failure(StatusCode::MUnsupportedMessage, "no events").into()))]
        }
        Message::StartRoSpec(_) => vec![started()],
        _ => vec![Step::Usual],
    });
    let reader = reader(&peer, ", dwell = \"100ms\"");
    assert_eq!(inventory(&reader, &at("A")).await.unwrap().tags, Some(vec![]));
    assert_eq!((peer.count("STOP_ROSPEC"), peer.rospecs()), (1, 0));
}

#[tokio::test]
async fn an_inventory_that_gives_way_to_another_is_made_again() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| {
        let rospec = RoSpecEvent { kind: RoSpecEventType::Preemption, rospec_id: rospec_id(heard), preempting_rospec_id: 9 };
        let preempted = event(ReaderEventNotificationData { rospec: Some(rospec), ..happening() });
        vec![started(), Step::Say(report(vec![read(1, 1, -50, rospec_id(heard))])), Step::Say(preempted)]
    });
    let reader = reader(&peer, "");
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::ReaderException);
    assert!(message.ends_with("the inventory gave way to another one of higher priority"), "{message}");
    peer.script(|_| vec![Step::Usual]);
    assert_eq!((epcs(&reader).await, peer.rospecs()), (vec![epc(1)], 0));
}

#[tokio::test]
async fn a_reply_has_the_id_and_the_type_of_one() {
    let peer = LlrpPeer::start().await;
    peer.script(|heard| {
        assert!(heard.id >= 0x4000_0000 || heard.message == Message::KeepaliveAck, "the reader's own ids are small");
        match &heard.message {
            Message::AddRoSpec(_) => vec![Step::Reply(Message::DeleteRoSpecResponse(LlrpStatus::success().into())), Step::Usual],
            _ => vec![Step::Usual],
        }
    });
    assert_eq!(epcs(&reader(&peer, "")).await, [epc(1)]);
}

#[tokio::test]
async fn a_first_connection_is_waited_for_as_long_as_there_is_time() {
    let peer = LlrpPeer::start().await;
    peer.upon("GET_READER_CAPABILITIES", |_| vec![Step::Rest(Duration::from_millis(2500)), Step::Usual]);
    let slow = reader(&peer, ", dwell = \"100ms\"");
    let error = inventory(&slow, &Visit { timeout: Duration::from_secs(1), ..at("A") }).await.unwrap_err();
    assert_eq!(error.code, Code::DeviceUnreachable);
    assert!(error.message.ends_with("no connection yet after 750ms"), "{error}");
    assert_eq!(epcs(&slow).await, [epc(1)]);
}

#[tokio::test]
async fn what_the_time_ran_out_for_is_told() {
    let peer = LlrpPeer::start().await;
    peer.never_end();
    let context = crate::ground::context(".".as_ref());
    let settings = |dwell: &str| format!("{{ address = \"{}\", dwell = \"{dwell}\" }}", peer.address);
    let [long, short] = ["20s", "200ms"].map(|dwell| crate::ground::reader("llrp", &settings(dwell), &context));
    let hasty = inventory(&long, &Visit { timeout: Duration::from_secs(15), ..at("A") }).await.unwrap_err();
    assert_eq!((hasty.code, peer.accepted()), (Code::ConfigInvalid, 0));
    assert!(hasty.message.ends_with("`timeout` is 15s, too short for a `dwell` of 20s: set `timeout` to 21s or more"), "{hasty}");
    let visit = at("A");
    let waits = async {
        until("the other one reads", || peer.running() == 1).await;
        inventory(&short, &Visit { timeout: Duration::from_secs(1), ..at("B") }).await.unwrap_err()
    };
    let waited = tokio::select! {
        ended = inventory(&long, &visit) => panic!("{ended:?}"),
        waited = waits => waited,
    };
    assert_eq!(waited.code, Code::DeviceTimeout);
    assert!(waited.message.ends_with("no turn within 750ms: other devices' inventories with this reader took so long"), "{waited}");
    peer.upon("START_ROSPEC", |_| vec![Step::Rest(Duration::from_millis(1200)), Step::Usual]);
    let late = inventory(&short, &Visit { timeout: Duration::from_secs(1), ..at("B") }).await.unwrap_err();
    assert_eq!((late.code, late.message.ends_with("no inventory within 750ms")), (Code::DeviceTimeout, true), "{late}");
}

#[tokio::test]
async fn a_reader_that_does_not_tell_pc_words_reads_without_them() {
    let peer = LlrpPeer::start().await;
    peer.script(|heard| match &heard.message {
        Message::AddRoSpec(add) if !add.rospec.report.as_ref().unwrap().content.memory.is_empty() => {
            let status = LlrpStatus::failure(StatusCode::MParameterError, "no memory selector");
            vec![Step::Reply(Message::AddRoSpecResponse(status.into()))]
        }
        _ => vec![Step::Usual],
    });
    let reader = reader(&peer, ", quiet = \"300ms\"");
    let first = inventory(&reader, &at("A")).await.unwrap();
    let note = first.note.unwrap();
    assert!(note.starts_with("it refuses to tell PC words") && note.contains("\"no memory selector\""), "{note}");
    assert_eq!((first.tags.unwrap().len(), inventory(&reader, &at("A")).await.unwrap().note), (1, None));
    let with_pc: Vec<bool> = peer.added().iter().map(|rospec| !rospec.report.as_ref().unwrap().content.memory.is_empty()).collect();
    assert_eq!(with_pc, [true, true, false, false]);
    let Spec::Ai(spec) = &peer.added()[3].specs[0] else { panic!() };
    assert_eq!(spec.stop.kind, AiSpecStopTriggerType::TagObservation, "its quiet time is kept");
}

#[tokio::test]
async fn what_a_reader_does_not_know_is_done_without() {
    let peer = LlrpPeer::start().await;
    let unsupported = |heard: &Heard| {
        let status = LlrpStatus::failure(StatusCode::MUnsupportedMessage, heard.message.name());
        vec![Step::Reply(Message::ErrorMessage(status.into()))]
    };
    peer.script(move |heard| match &heard.message {
        Message::EnableEventsAndReports | Message::SetReaderConfig(_) | Message::GetReaderConfig(_) | Message::GetRoSpecs => {
            unsupported(heard)
        }
        Message::DeleteRoSpec(target) if target.rospec_id == 0 => unsupported(heard),
        _ => vec![Step::Usual],
    });
    let note = inventory(&reader(&peer, ""), &at("A")).await.unwrap().note.unwrap();
    assert!(note.contains("refuses to send keep-alives") && note.contains("refuses to tell of events"), "{note}");
    let Spec::Ai(spec) = &peer.added()[0].specs[0] else { panic!() };
    assert_eq!(spec.antennas, [0], "all of them, whichever there are");
}

#[tokio::test]
async fn rospecs_that_were_left_over_are_deleted_one_by_one_where_all_is_not_known() {
    let peer = LlrpPeer::start().await;
    peer.script(|heard| match &heard.message {
        Message::DeleteRoSpec(target) if target.rospec_id == 0 => {
            vec![Step::Reply(Message::DeleteRoSpecResponse(LlrpStatus::failure(StatusCode::AInvalid, "no ROSpec 0").into()))]
        }
        _ => vec![Step::Usual],
    });
    let first = reader(&peer, "");
    peer.never_end();
    let visit = at("A");
    tokio::select! {
        ended = inventory(&first, &visit) => panic!("{ended:?}"),
        () = until("it reads", || peer.running() == 1) => {}
    }
    // Its connection goes, its ROSpec does not.
    peer.script(|heard| match &heard.message {
        Message::StopRoSpec(_) if heard.connection == 1 => vec![Step::Close],
        Message::DeleteRoSpec(target) if target.rospec_id == 0 => {
            vec![Step::Reply(Message::DeleteRoSpecResponse(LlrpStatus::failure(StatusCode::AInvalid, "no ROSpec 0").into()))]
        }
        _ => vec![Step::Usual],
    });
    recovered(&first).await;
    assert_eq!((peer.rospecs(), peer.accepted()), (0, 2));
}

#[tokio::test]
async fn keep_alives_are_answered_at_once_also_while_a_reply_is_awaited() {
    let peer = LlrpPeer::start().await;
    let waiting = AtomicU32::new(0);
    peer.script(move |heard| match &heard.message {
        Message::StartRoSpec(_) => {
            waiting.store(heard.id, Ordering::SeqCst);
            vec![Step::Bytes(Message::Keepalive.encode(Version::V1_0_1, 77).unwrap())]
        }
        Message::KeepaliveAck if heard.id == 77 => {
            let reply = Message::StartRoSpecResponse(LlrpStatus::success().into());
            let reply = reply.encode(Version::V1_0_1, waiting.load(Ordering::SeqCst)).unwrap();
            vec![Step::Bytes(reply), Step::Say(ended(1))]
        }
        _ => vec![Step::Usual],
    });
    assert_eq!(epcs(&reader(&peer, "")).await, [""; 0], "the start is answered after the acknowledgement only");
}

#[tokio::test]
async fn a_reader_that_falls_silent_is_connected_to_anew() {
    let peer = LlrpPeer::start().await;
    let reader = reader(&peer, ", keepalive = \"200ms\", dwell = \"20s\"");
    peer.never_end();
    let visit = Visit { timeout: Duration::from_secs(60), ..at("A") };
    let falls_silent = async {
        until("it reads", || peer.running() == 1).await;
        until("it is alive", || peer.count("KEEPALIVE_ACK") > 1).await;
        peer.turn_into(Traits { is_alive: false, ..Traits::default() });
    };
    let (ended, ()) = tokio::join!(inventory(&reader, &visit), falls_silent);
    let error = ended.unwrap_err();
    assert_eq!(error.code, Code::DeviceTimeout);
    assert!(error.message.contains("nothing heard for 600ms"), "{error}");
    peer.turn_into(Traits::default());
    peer.script(|_| vec![Step::Usual]);
    recovered(&reader).await;
    assert_eq!((peer.rospecs(), peer.open()), (0, 1));
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_of_a_message_is_made_again() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| {
        let half = bytes(&report(vec![read(1, 1, -50, rospec_id(heard))]));
        vec![started(), Step::Bytes(half[..20].to_vec()), Step::Close]
    });
    let reader = reader(&peer, "");
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::DeviceDropped);
    assert!(message.ends_with("the reader closed the connection in the middle of a message"), "{message}");
    peer.script(|_| vec![Step::Usual]);
    assert_eq!((epcs(&reader).await, peer.accepted()), (vec![epc(1)], 2), "the next one waits for the connection that is being made");
}

#[tokio::test]
async fn a_reader_that_another_client_holds_is_had_once_it_is_free() {
    let held = Some(ConnectionAttemptStatus::FailedClientInitiatedConnectionExists);
    let peer = LlrpPeer::with(Traits { greeting: held, ..Traits::default() }).await;
    let reader = reader(&peer, "");
    let begun = Instant::now();
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::ReaderHeld);
    assert!(message.contains(": another client holds it, and it serves one at a time"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(2), "that is told at once");
    assert_eq!(reader.probe().await.unwrap_err().code, Code::ReaderHeld);
    peer.turn_into(Traits::default());
    let failures = recovered(&reader).await;
    assert!(failures.iter().all(|(code, _)| *code == Code::ReaderHeld), "{failures:?}");
}

#[tokio::test]
async fn a_reader_that_is_gone_is_told_at_once_and_had_again_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = LlrpPeer::on(listener, None);
    let reader = reader(&peer, "");
    epcs(&reader).await;
    drop(peer);
    let mut told = Vec::new();
    for _ in 0..3 {
        let begun = Instant::now();
        told.push(refused(&reader).await.0);
        assert!(begun.elapsed() < Duration::from_millis(2500));
    }
    assert!(told.contains(&Code::DeviceUnreachable), "{told:?}");
    let back = LlrpPeer::on(TcpListener::bind(address).await.unwrap(), None);
    recovered(&reader).await;
    assert_eq!(back.open(), 1);
}

#[tokio::test]
async fn a_malformed_report_is_noted_and_only_all_of_them_fail() {
    let peer = LlrpPeer::start().await;
    let reader = reader(&peer, "");
    peer.upon("START_ROSPEC", |_| vec![Step::Bytes(malformed_report()), Step::Usual]);
    let some = inventory(&reader, &at("A")).await.unwrap();
    assert_eq!((some.tags.unwrap().len(), some.note.as_deref()), (1, Some("malformed reports, left out: 1")));
    peer.upon("START_ROSPEC", |heard| vec![Step::Bytes(malformed_report()), started(), Step::Say(ended(rospec_id(heard)))]);
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::DeviceBadReply);
    assert!(message.contains("every report that it sent is malformed: "), "{message}");
    peer.upon("START_ROSPEC", |_| vec![Step::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
    let (code, message) = refused(&reader).await;
    assert_eq!((code, message.contains("what it sends is not LLRP: ")), (Code::DeviceBadReply, true), "{message}");
    peer.script(|_| vec![Step::Usual]);
    assert_eq!(epcs(&reader).await, [epc(1)]);
}

#[tokio::test]
async fn a_refused_quiet_time_gives_way_to_the_whole_dwell_for_good() {
    let peer = LlrpPeer::with(Traits { observes_tags: false, ..Traits::default() }).await;
    let reader = reader(&peer, ", quiet = \"300ms\"");
    let note = inventory(&reader, &at("A")).await.unwrap().note.unwrap();
    assert!(note.contains("it refuses `quiet`, each inventory takes its whole `dwell` (ADD_ROSPEC: MParameterError (100)"), "{note}");
    assert_eq!(inventory(&reader, &at("A")).await.unwrap().note, None);
    let added = peer.added();
    let kinds = added.iter().map(|rospec| if let Spec::Ai(spec) = &rospec.specs[0] { spec.stop.kind } else { panic!() });
    let (tags, time) = (AiSpecStopTriggerType::TagObservation, AiSpecStopTriggerType::Duration);
    assert_eq!(kinds.collect::<Vec<_>>(), [tags, time, time]);
}

#[tokio::test]
async fn a_refusal_is_told_with_everything_that_the_reader_says_of_it() {
    let peer = LlrpPeer::start().await;
    let inner = ParameterError {
        parameter: 224,
        code: StatusCode::PFieldError,
        field: Some(FieldError { field: 2, code: StatusCode::AOutOfRange }),
        ..Default::default()
    };
    let parameter =
        ParameterError { parameter: 222, code: StatusCode::PParameterError, inner: Some(Box::new(inner)), ..Default::default() };
    let status = LlrpStatus { parameter: Some(parameter), ..LlrpStatus::failure(StatusCode::MParameterError, "bad\u{1b}[2J power") };
    peer.upon("ADD_ROSPEC", move |_| vec![Step::Reply(Message::AddRoSpecResponse(status.clone().into()))]);
    let (code, message) = refused(&reader(&peer, "")).await;
    assert_eq!(code, Code::ReaderRefused);
    let told = "it refuses ADD_ROSPEC: MParameterError (100) \"bad [2J power\", parameter 222: PParameterError (200), parameter 224: \
                PFieldError (201), field 2: AOutOfRange (301)";
    assert!(message.ends_with(told), "{message}");
}

#[tokio::test]
async fn who_does_not_greet_like_a_reader_is_none() {
    let peer = LlrpPeer::with(Traits { greeting: Some(ConnectionAttemptStatus::FailedOtherReason), ..Traits::default() }).await;
    assert_eq!(refused(&reader(&peer, "")).await.0, Code::ReaderRefused);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes(&report(vec![]))).await;
        }
    });
    let stranger = crate::ground::reader("llrp", &format!("{{ address = \"{address}\" }}"), &crate::ground::context(".".as_ref()));
    let (code, message) = refused(&stranger).await;
    assert_eq!((code, message.contains("it begins with RO_ACCESS_REPORT")), (Code::DeviceBadReply, true), "{message}");
    serving.abort();
}

#[tokio::test]
async fn a_reader_that_does_not_answer_is_given_up_in_seconds_and_had_again() {
    let peer = LlrpPeer::start().await;
    peer.upon("ENABLE_ROSPEC", |_| vec![]);
    let reader = reader(&peer, "");
    let (code, message) = refused(&reader).await;
    assert_eq!(code, Code::DeviceTimeout);
    assert!(message.ends_with("no reply to ENABLE_ROSPEC within 5s"), "{message}");
    peer.script(|_| vec![Step::Usual]);
    recovered(&reader).await;
    assert_eq!((peer.accepted(), peer.rospecs()), (2, 0));
}

#[tokio::test]
async fn a_flood_of_reads_ends_the_inventory() {
    let peer = LlrpPeer::start().await;
    peer.upon("START_ROSPEC", |heard| {
        let id = rospec_id(heard);
        let many = bytes(&report((0..1000).map(|_| read(1, 1, -50, id)).collect()));
        let mut steps = vec![started()];
        steps.extend((0..101).map(|_| Step::Bytes(many.clone())));
        steps
    });
    let reader = reader(&peer, ", dwell = \"20s\"");
    let (code, message) = refused(&reader).await;
    assert_eq!((code, message.contains("more than an inventory may have")), (Code::DeviceTooLarge, true), "{message}");
    peer.script(|_| vec![Step::Usual]);
    assert_eq!(epcs(&reader).await, [epc(1)]);
}
