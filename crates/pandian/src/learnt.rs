//! How cranes really move, learnt from the moves on record.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use pandian_domain::plan::Pace;
use pandian_domain::travel::learn::{Learnt, Move, learn};
use pandian_domain::{Code, CraneId, Fact, Layout, OpKind, Position, Record, StocktakeId, Timestamp};
use pandian_store::Store;

use crate::config::Warehouse;
use crate::fault::Fault;

/// So many records are looked through, the newest.
const MOST_RECORDS: u64 = 100_000;
/// Records read at a time.
const PAGE: u32 = 1_000;
/// So many moves of a crane are learnt from, the newest.
const MOST_MOVES: usize = 5_000;

/// Learns how each queue's crane moves, from the newest records of a data directory. An entry a queue; none where there are too few moves on
/// record, and none for dispatchers, whose cranes are anyone's guess. None at all where the configuration does not want it, and where a
/// simulation is sped up or slowed down: its times are no crane's.
///
/// Takes up to a second where there are many records.
///
/// # Errors
/// The store cannot be read, or a record in it.
pub async fn learnt(store: &Store, warehouse: &Warehouse) -> Result<Vec<Option<Learnt>>, Fault> {
    let is_unreal = warehouse.simulation.as_ref().is_some_and(|simulation| simulation.speed != 1.0);
    if is_unreal || !warehouse.learn {
        return Ok(vec![None; warehouse.cranes.len()]);
    }
    let tracks = tracks(store, warehouse).await?;
    let configured: Vec<_> = warehouse.cranes.iter().map(|crane| crane.kinematics).collect();
    let fit = move || {
        let newest = |moves: &[Move]| moves.len().saturating_sub(MOST_MOVES);
        let crane = |(track, configured): (Track, _)| learn(configured, &track.moves[newest(&track.moves)..]);
        tracks.into_iter().zip(configured).map(crane).collect()
    };
    tokio::task::spawn_blocking(fit).await.map_err(|error| Fault::new(Code::Internal, format!("learning from moves failed: {error}")))
}

/// Plans with what was learnt, an entry a queue, wherever it is better than what is configured.
pub fn apply(paces: &mut [Option<Pace>], learnt: &[Option<Learnt>]) {
    for (pace, learnt) in paces.iter_mut().zip(learnt) {
        if let (Some(pace), Some(learnt)) = (pace, learnt)
            && learnt.is_better()
        {
            pace.kinematics = learnt.kinematics;
            pace.overhead = Duration::try_from_secs_f64(learnt.overhead_s).unwrap_or_default();
        }
    }
}

/// The moves of each crane on record, oldest first.
async fn tracks(store: &Store, warehouse: &Warehouse) -> Result<Vec<Track>, Fault> {
    let mut tracks: Vec<Track> = warehouse.cranes.iter().map(|_| Track::default()).collect();
    let cranes = warehouse.cranes.iter().enumerate().filter(|(_, crane)| !crane.is_dispatcher);
    let cranes: HashMap<CraneId, usize> = cranes.map(|(queue, crane)| (crane.id.clone(), queue)).collect();
    let ours = stocktakes(store, warehouse).await?;
    let end = store.head().borrow().seq;
    let mut after = end.saturating_sub(MOST_RECORDS);
    while after < end {
        let page = store.records_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in &page {
            let record = stored.record()?;
            match (&record.crane, record.stocktake) {
                (Some(crane), Some(stocktake)) if ours.contains(&stocktake) => {
                    if let Some(queue) = cranes.get(crane) {
                        tracks[*queue].take(&record, &warehouse.layout);
                    }
                }
                // Nobody knows what cranes did while nothing ran.
                _ if matches!(record.fact, Fact::Resumed { configuration: Some(_), .. }) => tracks.iter_mut().for_each(Track::lose),
                _ => {}
            }
        }
    }
    Ok(tracks)
}

/// The stocktakes of this warehouse: a data directory may hold those of others, with cranes of the same names.
async fn stocktakes(store: &Store, warehouse: &Warehouse) -> Result<HashSet<StocktakeId>, Fault> {
    let mut ours = HashSet::new();
    for summary in store.stocktakes().await? {
        if matches!(summary.started.record()?.fact, Fact::StocktakeStarted { warehouse: name, .. } if name == warehouse.name) {
            ours.insert(summary.id);
        }
    }
    Ok(ours)
}

/// Where a crane was, as its records tell it one after the other, and how long it took from there to the next place.
#[derive(Debug, Default)]
struct Track {
    stocktake: Option<StocktakeId>,
    /// Where it stands, if that is known.
    at: Option<Position>,
    /// The order that it carries out: from where, to where, since when.
    under_way: Option<(Position, Position, Timestamp)>,
    moves: Vec<Move>,
}

impl Track {
    fn take(&mut self, record: &Record, layout: &Layout) {
        if self.stocktake != record.stocktake {
            self.stocktake = record.stocktake;
            self.lose();
        }
        let there = || record.location.as_ref().and_then(|code| layout.index_of(code.as_str())).and_then(|slot| layout.position(slot));
        match record.fact {
            Fact::CraneSent { .. } if record.attempt.is_some_and(|attempt| attempt > 1) => self.lose(),
            Fact::CraneSent { .. } => self.send(there(), record.at),
            Fact::CraneArrived { .. } => self.arrive(there(), record.at),
            // Lent out or taken out, it may have been moved by others.
            Fact::OperationFailed { operation: OpKind::Goto, .. } | Fact::LaneOut { .. } | Fact::LaneIn {} => self.lose(),
            _ => {}
        }
    }

    fn send(&mut self, to: Option<Position>, at: Timestamp) {
        // The stop of the other side comes along: one move, begun with the first order.
        if self.under_way.is_none_or(|(_, first, _)| Some(first) != to) {
            self.under_way = self.at.take().zip(to).map(|(from, to)| (from, to, at));
        }
    }

    fn arrive(&mut self, at: Option<Position>, now: Timestamp) {
        if let Some((from, to, since)) = self.under_way.take()
            && Some(to) == at
            && from.aisle == to.aisle
            && from != to
        {
            let (dx_m, dy_m) = (to.point.x_m - from.point.x_m, to.point.y_m - from.point.y_m);
            self.moves.push(Move { dx_m, dy_m, seconds: now.duration_since(since).as_secs_f64() });
        }
        self.at = at;
    }

    /// From here on nobody knows where it is.
    fn lose(&mut self) {
        (self.at, self.under_way) = (None, None);
    }
}
