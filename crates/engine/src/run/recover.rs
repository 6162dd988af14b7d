//! Taking a stocktake up again: its state is made anew from its records.

use std::collections::{HashMap, HashSet};

use pandian_domain::docket::Docket;
use pandian_domain::history::StopHistory;
use pandian_domain::lane::LaneIndex;
use pandian_domain::observation::Witness;
use pandian_domain::stocktake::{Outage, Sequence, Standing, Stocktake};
use pandian_domain::verdict::Seen as SeenThere;
use pandian_domain::{
    Code, CraneId, Fact, Failure, Inventory, LaneId, OpKind, Position, Purpose, Record, Stage, StocktakeId, Stop, StopId, Timestamp,
};
use pandian_store::Store;

use super::RunError;
use crate::journal::JournalError;
use crate::site::Site;
use crate::stop::STOP_VERSION;

/// A stocktake as its records left it.
pub struct Recovered {
    /// Queues, lanes and tally.
    pub stocktake: Stocktake,
    /// When it was started.
    pub started_at: Timestamp,
    /// Stops that were begun and have no final judgement.
    pub(super) touched: HashSet<StopId>,
    /// When a crane was last free, as far as there are records.
    pub(super) freed_at: Timestamp,
    /// In which order cranes visit.
    pub(super) order: Sequence,
    /// Judgements that were still to become final, where tags have to be attributed, and what made them.
    pub(super) filed: Option<(Docket, Vec<FiledBy>)>,
    /// When lanes came back from production.
    back_at: HashMap<LaneIndex, Timestamp>,
}

/// The stop of a provisional judgement, its lane and its crane.
pub(super) type FiledBy = (StocktakeId, StopId, Option<LaneId>, Option<CraneId>);

/// Where a crane was seen last, and where it was sent.
#[derive(Debug, Clone, Default)]
struct Seen {
    at: Option<(Timestamp, Position)>,
    sent: Vec<(Timestamp, Position)>,
}

impl Seen {
    fn apply(&mut self, sent_at: Option<Timestamp>, arrived_at: Option<Timestamp>, position: Position) {
        if let Some(arrived_at) = arrived_at
            && self.at.is_none_or(|(at, _)| arrived_at > at)
        {
            self.at = Some((arrived_at, position));
        }
        if let Some(sent_at) = sent_at.filter(|sent_at| arrived_at.is_none_or(|arrived_at| arrived_at < *sent_at)) {
            self.sent.push((sent_at, position));
        }
    }

    /// Where it was seen last, and where it was sent after that and may be on its way. What was before it came back from production
    /// says nothing.
    fn since(&self, back_at: Timestamp) -> (Option<Position>, Vec<Position>) {
        let at = self.at.filter(|(at, _)| *at > back_at);
        let from = at.map_or(back_at, |(at, _)| at);
        let sent = self.sent.iter().filter(|(sent_at, _)| *sent_at >= from).map(|(_, position)| *position);
        (at.map(|(_, position)| position), sent.collect())
    }
}

/// The kinds of records that a stocktake's state is made from, besides those of its stops.
const DECISIVE: [&str; 9] = [
    "stocktake_started",
    "stocktake_planned",
    "stops_assigned",
    "locations_dropped",
    "lane_out",
    "lane_in",
    "paused",
    "resumed",
    "cancelled",
];

impl Recovered {
    /// Reads a stocktake's records. A crane that gave up before is tried again; one that a person took out stays out.
    pub async fn read(store: &Store, id: StocktakeId, site: &Site) -> Result<Self, RunError> {
        let unrecoverable = |why: String| RunError::Unrecoverable { stocktake: id, why };
        let mut recovered = Self {
            stocktake: Stocktake::new(id, site.layout.clone(), site.settings.lanes),
            started_at: Timestamp::MIN,
            touched: HashSet::new(),
            freed_at: Timestamp::MIN,
            order: Sequence::default(),
            filed: None,
            back_at: HashMap::new(),
        };
        let mut cancelled = false;
        let mut records = store.records_of(id, &DECISIVE);
        while let Some(stored) = records.next().await.map_err(JournalError::from)? {
            let record = stored.record().map_err(JournalError::from)?;
            cancelled |= recovered.apply(record).map_err(unrecoverable)?;
        }
        if recovered.started_at == Timestamp::MIN {
            return Err(unrecoverable("the data directory has no record of its start".to_owned()));
        }
        let mut docket = site.new_docket();
        let mut filed = Vec::new();
        if let Some(docket) = &mut docket {
            docket.open(recovered.stocktake.to_count());
            docket.open_listening(recovered.stocktake.to_listen());
        }
        let mut stops = store.histories(id);
        let mut seen = vec![Seen::default(); site.layout.lanes().len()];
        while let Some((stop, history)) = stops.next().await.map_err(JournalError::from)? {
            if recovered.stocktake.stop_of(stop).is_none() {
                return Err(unrecoverable(format!("there are records of stop {stop}, which nobody planned")));
            }
            let left_at = if history.abandoned.is_some() { history.judged_at } else { history.released_at };
            recovered.freed_at = recovered.freed_at.max(left_at.unwrap_or(Timestamp::MIN));
            let lane = history.crane.as_ref().and_then(|crane| recovered.stocktake.lanes_named(crane.as_str()).ok());
            // Which crane of a dispatcher went there is its own business.
            if let (Some([lane]), Some(location)) = (lane.as_deref(), &history.location)
                && let Some(position) = site.layout.index_of(location.as_str()).and_then(|slot| site.layout.position(slot))
            {
                seen[*lane as usize].apply(history.sent_at, history.arrived_at, position);
            }
            let on_docket = match (&mut docket, recovered.stocktake.stop_of(stop)) {
                (Some(docket), Some(made)) => recount(store, site, docket, &made, &history).await?,
                _ => false,
            };
            if on_docket {
                filed.push((id, stop, history.lane.clone(), history.crane.clone()));
            }
            match history.judgement {
                Some((judgement, Stage::Final)) => recovered.stocktake.settle(stop, judgement.verdict),
                Some((_, Stage::Provisional)) if on_docket => recovered.stocktake.await_judgement(stop),
                None if history.released_at.is_some() => recovered.heard_or_touched(stop),
                // Where tags are attributed no more, what was judged provisionally is judged again, from what is on record.
                _ => drop(recovered.touched.insert(stop)),
            }
        }
        for (lane, seen) in (0..).zip(&seen) {
            let (at, sent) = seen.since(recovered.back_at.get(&lane).copied().unwrap_or(Timestamp::MIN));
            recovered.stocktake.stand(lane, at, &sent);
        }
        recovered.filed = docket.map(|docket| (docket, filed));
        recovered.stocktake.sweep();
        if cancelled {
            recovered.stocktake.cancel()?;
        }
        Ok(recovered)
    }

    /// A stop whose crane was released before: one that only listened is done, another goes on.
    fn heard_or_touched(&mut self, stop: StopId) {
        if self.stocktake.stop_of(stop).is_some_and(|stop| stop.purpose == Purpose::Listen) {
            self.stocktake.await_judgement(stop);
            self.stocktake.end_listening(stop);
        } else {
            self.touched.insert(stop);
        }
    }

    /// Gives whether the record cancels the stocktake.
    fn apply(&mut self, record: Record) -> Result<bool, String> {
        // A lane that is gone from the configuration is out for good.
        let lanes =
            |stocktake: &Stocktake| record.lane.as_ref().and_then(|lane| stocktake.lanes_named(lane.as_str()).ok()).unwrap_or_default();
        match record.fact {
            Fact::StocktakeStarted { stop_version, order, .. } => {
                self.order = order;
                if stop_version > STOP_VERSION {
                    return Err(format!(
                        "it was started by a newer version of the program (its stops are version {stop_version}, here {STOP_VERSION})"
                    ));
                }
                self.started_at = record.at;
            }
            Fact::StocktakePlanned { planned, purpose: Purpose::GiveWay, .. } => {
                for location in planned {
                    let gone = || format!("location \"{location}\" is not in this warehouse (was its configuration changed?)");
                    self.stocktake.give_way_to(self.stocktake.layout().index_of(location.as_str()).ok_or_else(gone)?);
                }
            }
            Fact::StocktakePlanned { first, planned, purpose: Purpose::Listen } => {
                let slots: Option<Vec<u32>> = planned.iter().map(|location| self.stocktake.layout().index_of(location.as_str())).collect();
                let slots = slots.ok_or("a location to listen at is not in this warehouse (was its configuration changed?)")?;
                if self.stocktake.listen(&slots) != Some(first) {
                    return Err(format!("stop {first} is not the next one"));
                }
            }
            Fact::StocktakePlanned { first, planned, .. } => {
                let added =
                    self.stocktake.add(&planned).map_err(|refusal| format!("{refusal} (was the warehouse's configuration changed?)"))?;
                if added != first {
                    return Err(format!("its list goes on with stop {first} where stop {added} is due"));
                }
            }
            Fact::LocationsDropped { dropped } => {
                for location in &dropped {
                    self.stocktake.drop_location(location).map_err(|refusal| refusal.to_string())?;
                }
            }
            // A lane that is out already, or in, is no contradiction: the operator may have said so twice.
            Fact::LaneOut { by: by @ (Outage::Operator | Outage::Production), hand_on, .. } => {
                drop(self.stocktake.take_out(&lanes(&self.stocktake), by, hand_on));
            }
            Fact::StopsAssigned { stops } => {
                if let [lane] = lanes(&self.stocktake)[..] {
                    let queue = self.stocktake.layout().lanes()[lane as usize].queue;
                    self.stocktake.assign(queue, &stops);
                }
            }
            Fact::LaneIn {} => {
                for lane in lanes(&self.stocktake) {
                    if let (Standing::Out { by: Outage::Production, .. }, ..) = self.stocktake.lane(lane) {
                        self.back_at.insert(lane, record.at);
                    }
                }
                drop(self.stocktake.put_in(&lanes(&self.stocktake)));
            }
            Fact::Paused {} => drop(self.stocktake.pause()),
            Fact::Resumed { .. } => drop(self.stocktake.resume()),
            Fact::Cancelled {} => return Ok(true),
            _ => {}
        }
        Ok(false)
    }
}

/// Tells the docket what came of a stop before. Gives whether its judgement is on the docket again.
async fn recount(store: &Store, site: &Site, docket: &mut Docket, made: &Stop, history: &StopHistory) -> Result<bool, RunError> {
    let is_done = history.judgement.is_some() || made.purpose == Purpose::Listen && history.released_at.is_some();
    let Some(slot) = site.layout.index_of(made.location.as_str()).filter(|_| is_done) else { return Ok(false) };
    let side = site.layout.slot(slot).place.map(|place| place.side);
    let lane = site.layout.lanes().iter().position(|lane| Some(&lane.id) == history.lane.as_ref());
    let is_attributed = lane.is_some_and(|lane| site.is_attributed(lane, side));
    let provisional = matches!(history.judgement, Some((_, Stage::Provisional)));
    match (is_attributed, provisional) {
        (true, true) => {
            docket.file(made.id, slot, what_it_saw(store, made.id, history).await?, Some(history.judged_seq), site.book.as_deref())
        }
        (true, false) => docket.hear(slot, &what_it_saw(store, made.id, history).await?, site.book.as_deref()),
        (false, true) => {}
        (false, false) => docket.close(slot),
    }
    Ok(is_attributed && provisional)
}

/// What a stop saw, as its records tell it.
async fn what_it_saw(store: &Store, stop: StopId, history: &StopHistory) -> Result<SeenThere, RunError> {
    let rfid = match &history.inventory {
        Some(kept) => {
            let broken = |why: String| Witness::Failed(Failure::new(Code::EvidenceBroken, format!("the tag reads of stop {stop} {why}")));
            match kept.reads {
                None => Witness::Saw(Inventory { tags: None, note: kept.note.clone() }),
                Some(_) => match store.reads_of(stop).await {
                    Ok(Some(bytes)) => {
                        serde_json::from_slice(&bytes).map_or_else(|error| broken(format!("cannot be read: {error}")), Witness::Saw)
                    }
                    Ok(None) => broken("are missing".to_owned()),
                    Err(error) if error.code() == Code::EvidenceBroken => broken(format!("are altered: {error}")),
                    Err(error) => return Err(JournalError::from(error).into()),
                },
            }
        }
        None => history.given_up(OpKind::Inventory).map_or(Witness::NotAsked, |failure| Witness::Failed(failure.clone())),
    };
    let capture_failed = history.given_up(OpKind::Capture);
    let vision = match (&history.compared, capture_failed.or(history.given_up(OpKind::Compare))) {
        (Some(Some(findings)), _) => Witness::Saw(findings.clone()),
        (_, Some(failure)) => Witness::Failed(failure.clone()),
        _ => Witness::NotAsked,
    };
    Ok(SeenThere { book: history.book.clone(), rfid, vision, capture_failed: capture_failed.is_some() })
}
