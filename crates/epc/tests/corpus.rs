//! Replays the corpus of the fuzz target (`fuzz/README.md`) on every compiler.

#[path = "../../../fuzz/properties/epc.rs"]
mod property;
#[path = "../../../fuzz/properties/replay.rs"]
mod replay;

#[test]
fn what_fuzzing_holds_for_epcs_holds_for_its_corpus() {
    assert!(replay::corpus("epc", property::check) >= 40);
}
