//! Replays the corpus of the fuzz target (`fuzz/README.md`) on every compiler.

#[path = "../../../fuzz/properties/camera_reply.rs"]
mod camera_reply;
#[path = "../../../fuzz/properties/replay.rs"]
mod replay;

#[test]
fn what_fuzzing_holds_for_replies_of_cameras_holds_for_its_corpus() {
    assert!(replay::corpus("camera_reply", camera_reply::check) >= 10);
}
