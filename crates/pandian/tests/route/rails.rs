//! Two cranes on one rail.

use std::collections::HashMap;

use pandian_domain::stocktake::Sequence;
use pandian_domain::{Fact, Record};

use crate::counting::{Counting, Scattered};
use crate::warehouse::Draft;

const GAP_M: f64 = 7.0;

/// One aisle of 30 bays, both cranes on its rail.
fn draft() -> Draft {
    let second = "[[crane]]\nid = \"C2\"\naisles = [\"A01\"]\ndevice = { kind = \"sim\" }\nreader = { kind = \"sim\" }\ncamera = { kind = \"sim\" }\n\
                  [[rail]]\nid = \"R\"\ncranes = [\"C1\", \"C2\"]\ngap = \"7m\"\n";
    Draft { cranes: 1, bays: 30, levels: 6, simulation: "seed = 5\npicture_every = 0\n".into(), tables: second.into(), ..Draft::default() }
}

/// Holds every move on record against where the other crane was, or may have been on its way.
fn check_gap(records: &[Record], x_of: impl Fn(&str) -> f64) -> usize {
    let home = [("C1".to_owned(), (0.0, 0.0)), ("C2".to_owned(), (31.0 * 1.4, 31.0 * 1.4))];
    let mut spans: HashMap<String, (f64, f64)> = home.into();
    let mut moves = 0;
    for record in records {
        let (Some(crane), Some(location)) = (&record.crane, &record.location) else { continue };
        let there = x_of(location.as_str());
        let span = spans.get_mut(crane.as_str()).unwrap();
        match record.fact {
            Fact::CraneSent { .. } => {
                moves += 1;
                *span = (span.0.min(there), span.1.max(there));
            }
            Fact::CraneArrived { .. } => *span = (there, there),
            _ => continue,
        }
        let apart = spans["C2"].0 - spans["C1"].1;
        assert!(apart >= GAP_M - 1e-6, "only {apart} m apart: {record:?}");
    }
    moves
}

#[tokio::test(start_paused = true)]
async fn they_keep_their_gap_and_share_the_work() {
    let counting = Counting::of(&draft()).await;
    let list = counting.scattered(80);
    let layout = counting.assembled.site.layout.clone();
    let x_of = |code: &str| layout.position(layout.index_of(code).unwrap()).unwrap().point.x_m;
    let both = counting.run(&list, Sequence::Planned).await;
    assert!(check_gap(&both.records, x_of) >= 80);
    assert_eq!(both.summary.tally.settled, 80);
    let [one, other] = [0, 1].map(|lane| both.summary.lanes[lane].0.done);
    assert!(one.min(other) >= 25, "{one} and {other}");
    let waited: f64 = both.summary.lanes.iter().map(|(lane, _)| lane.waited_seconds).sum();
    println!("{:.1} s, of which {waited:.1} s were spent waiting for each other", both.summary.makespan_seconds);

    // In the given order everything is the first crane's, and the other one only has to give way.
    let alone = counting.run(&list, Sequence::Given).await;
    check_gap(&alone.records, x_of);
    assert_eq!(alone.summary.tally.settled, 80);
    assert!(both.summary.makespan_seconds < 0.6 * alone.summary.makespan_seconds);
}
