//! When it will be done: said while it runs, held against when it was done.

use std::time::Duration;

use pandian_domain::stocktake::Sequence;
use tokio::time::sleep;

use crate::counting::{Counting, Scattered};
use crate::warehouse::Draft;

/// Part of the whole time by which a forecast is allowed to be wrong.
const ALLOWED: f64 = 0.02;

/// The largest error of the forecast after the first ten stops, as a part of the whole time.
async fn worst_after_ten_stops(draft: &Draft, locations: usize) -> f64 {
    let counting = Counting::of(draft).await;
    let begun = counting.begin(&counting.scattered(locations), Sequence::Planned).await;
    let mut said = Vec::new();
    while !begun.is_over() {
        let status = begun.controller.status();
        let done: u64 = status.lanes.iter().map(|lane| lane.done).sum();
        if let (true, Some(eta)) = (done >= 10, status.eta_seconds) {
            said.push(status.seconds + eta);
        }
        sleep(Duration::from_secs(1)).await;
    }
    let seconds = begun.end().await.summary.seconds;
    assert!(said.len() > 100, "only {} forecasts", said.len());
    let worst = said.iter().map(|done_at| (done_at - seconds).abs() / seconds).fold(0.0, f64::max);
    println!("{locations} locations, {seconds:.0} s: the forecast was wrong by at most {:.2} %", worst * 100.0);
    worst
}

fn draft(simulation: &str, crane: &str, top: &str) -> Draft {
    Draft {
        bays: 30,
        levels: 6,
        simulation: format!("seed = 5\npicture_every = 0\n{simulation}"),
        crane: vec![crane.to_owned()],
        tables: top.to_owned(),
        ..Draft::default()
    }
}

#[tokio::test(start_paused = true)]
async fn after_ten_stops_the_forecast_is_right_to_two_per_cent() {
    let worst = worst_after_ten_stops(&draft("", "", ""), 100).await;
    assert!(worst <= ALLOWED, "{worst}");
}

#[tokio::test(start_paused = true)]
async fn so_it_is_where_the_checks_take_another_time_than_was_expected() {
    let worst = worst_after_ten_stops(&draft("", "", "[plan]\nacquisition = \"9s\"\nverification = \"30s\"\n"), 100).await;
    assert!(worst <= ALLOWED, "{worst}");
}

#[tokio::test(start_paused = true)]
async fn so_it_is_where_a_crane_is_slower_than_was_configured() {
    let aisle = "[[aisle]]\nid = \"A\"\nbays = 40\nlevels = 6\ncode = \"{aisle}-{side}-{bay:02}-{level}\"\n";
    let crane = "[[crane]]\nid = \"C\"\naisles = [\"A\"]\ndevice = { kind = \"sim\", pace = 0.7 }\nreader = { kind = \"sim\" }\n";
    let worst = worst_after_ten_stops(&Draft { cranes: 0, ..draft("", "", &[aisle, crane].concat()) }, 60).await;
    assert!(worst <= ALLOWED, "{worst}");
}

#[tokio::test(start_paused = true)]
async fn so_it_is_with_codes_that_have_no_place() {
    let tables = format!(
        "[[crane]]\nid = \"X\"\nlocations = {:?}\ndevice = {{ kind = \"sim\", time = \"7s\" }}\nreader = {{ kind = \"sim\" }}\n",
        (0..60).map(|n| format!("{n}号")).collect::<Vec<_>>()
    );
    let worst = worst_after_ten_stops(&Draft { cranes: 0, ..draft("", "", &tables) }, 60).await;
    assert!(worst <= ALLOWED, "{worst}");
}
