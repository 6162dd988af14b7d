//! Replays the corpora of the fuzz targets (`fuzz/README.md`) on every compiler.

#[path = "../../../fuzz/properties/llrp_framer.rs"]
mod framer;
#[path = "../../../fuzz/properties/llrp_message.rs"]
mod message;
#[path = "../../../fuzz/properties/replay.rs"]
mod replay;

#[test]
fn what_fuzzing_holds_for_messages_holds_for_its_corpus() {
    assert!(replay::corpus("llrp_message", message::check) >= 40);
}

#[test]
fn what_fuzzing_holds_for_streams_holds_for_its_corpus() {
    assert!(replay::corpus("llrp_framer", framer::check) >= 20);
}
