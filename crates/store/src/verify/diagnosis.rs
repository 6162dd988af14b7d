//! What a break of the chain means.

use sqlx::sqlite::SqliteConnection;

use super::Problem;
use super::walk::{PAGE, Stored, rows_after};
use crate::chain::{Head, link};
use crate::commit::sql_number;

/// How many lost records are recognised when the later ones were numbered anew to hide it.
const RENUMBERED: u64 = 4096;

/// Names the problem at `row`, which does not follow `head`.
pub(super) async fn of_break(connection: &mut SqliteConnection, head: Head, row: &Stored) -> Result<Problem, sqlx::Error> {
    let seq = head.seq + 1;
    let mut after = sql_number(head.seq);
    let mut next = None;
    // A record that follows `head` somewhere else was moved: with its own hash, or leaving that behind.
    loop {
        let rows = rows_after(connection, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for other in rows {
            let hash = Some(link(head.hash, seq, &other.body));
            let here = sql_number(seq) == other.seq;
            if !here && (hash == other.hash || hash == row.hash) {
                return Ok(Problem::Reordered { seq, found_at: other.seq.unsigned_abs() });
            }
            if next.is_none() && other.seq > row.seq {
                next = Some(other);
            }
        }
    }
    if row.seq > sql_number(seq) {
        return Ok(Problem::Lost { first: seq, last: row.seq.unsigned_abs() - 1 });
    }
    // If the next record follows this one under a higher number, both had higher numbers once.
    let shift = row
        .hash
        .zip(next)
        .and_then(|(hash, next)| (1..=RENUMBERED).find(|shift| Some(link(hash, seq + 1 + shift, &next.body)) == next.hash));
    Ok(match shift {
        Some(shift) => Problem::Lost { first: seq, last: seq + shift - 1 },
        None => Problem::Altered { seq, part: "body or hash" },
    })
}
