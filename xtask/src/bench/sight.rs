//! What looking at pictures costs: from bytes to all answers, and beside the event loop.

use std::error::Error;
use std::process::Command;

use super::engine::{Goal, settle};
use super::{example, measure, number};

/// Width and height of the pictures.
const SIZE: [&str; 2] = ["1920", "1080"];

pub(super) fn run(quick: bool) -> Result<(), Box<dyn Error>> {
    let program = example("pandian-engine", "sight_load")?;
    let pictures = if quick { "40" } else { "200" };
    let found = measure(Command::new(program).args(SIZE).args([pictures, "8"]))?;
    let figure = |field: &str| number(&found, field);
    println!("{pictures} pictures of {} × {} pixels, a quarter of them of empty slots", SIZE[0], SIZE[1]);
    println!(
        "bytes to all answers on one core: p50 {:.0} ms, p95 {:.0} ms, worst {:.0} ms",
        figure("p50_ms"),
        figure("p95_ms"),
        figure("worst_ms")
    );
    println!("8 cranes at once: {:.1} pictures a second", figure("pictures_per_second"));
    println!(
        "a timer of 1 ms is late (99.9 %): {:.2} ms idle, {:.2} ms meanwhile, {:.2} ms at worst",
        figure("idle_stall_ms"),
        figure("stall_ms"),
        figure("stall_worst_ms")
    );
    settle(&[
        Goal::at_least("8 cranes' pictures a second", figure("pictures_per_second"), 8.0),
        Goal::at_most("the event loop's stall in ms", figure("stall_ms"), 10.0),
    ])
}
