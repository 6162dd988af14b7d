//! What was found, beside what is really there. The count itself never sees the latter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pandian_domain::sight::{Identity, Presence, Sight};
use pandian_domain::statistics::wilson;
use pandian_domain::{Fact, StocktakeId, Verdict};
use pandian_sim::{Planted, SceneTruth, Simulation};
use pandian_store::{Access, Store};

use super::tell;
use crate::fault::{Exit, Fault};
use crate::show::Manner;
use crate::words::Words;

/// Records read at a time.
const PAGE: u32 = 1000;

/// How pictures stand against what is really there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pictures {
    /// Pictures that were looked at.
    pub looked_at: u64,
    /// Empty or occupied was said, and it is so.
    pub right: u64,
    /// Nothing was said.
    pub unsure: u64,
    /// The contrary was said.
    pub wrong: u64,
    /// Locations of which a unit bears another unit's label.
    pub mislabelled: u64,
    /// Of these, counted as booked while the label was said to be unreadable.
    pub mislabelled_unread: u64,
    /// Of these, counted as booked without a word about the label.
    pub mislabelled_missed: u64,
    /// Locations with something before the camera.
    pub blocked: u64,
    /// Of these, said to be empty though something stands there, or occupied though nothing does.
    pub blocked_wrong: u64,
}

/// Holds what the count found against what the simulated world was given.
pub(super) async fn compare(world: &Simulation, data: &Path, stocktake: StocktakeId, manner: Manner, words: &Words) -> Result<Exit, Fault> {
    let planted: BTreeMap<String, Planted> = world.world().planted().map(|planted| (planted.location.to_string(), planted)).collect();
    let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
    let store = Store::open(data, Access::Read).await?;
    let mut stops = store.histories(stocktake);
    while let Some((_, history)) = stops.next().await? {
        if let (Some(location), Some((judgement, _))) = (&history.location, &history.judgement) {
            found.insert(location.to_string(), judgement.verdict);
        }
    }
    let mut outcome = Outcome { planted: planted.len(), ..Outcome::default() };
    let mut lines = Vec::new();
    let different = found.iter().filter(|(_, verdict)| !verdict.is_agreement()).map(|(location, _)| location);
    let all: BTreeSet<&String> = planted.keys().chain(different).collect();
    for location in all {
        let planted = planted.get(location);
        let there = planted.map(|planted| planted.verdict);
        let seen = found.get(location).copied().filter(|verdict| !verdict.is_agreement());
        let mark = outcome.add(there, seen);
        let name = |verdict: Option<Verdict>| verdict.map_or("–", |verdict| (words.verdict)(verdict));
        let partner = planted.and_then(|planted| planted.partner.as_ref()).map(|partner| format!("  ↔ {partner}")).unwrap_or_default();
        let hint = truth_of(world, location).map_or("", |truth| (words.to_be_seen)(&truth));
        lines.push(format!("  {mark} {location}  {}: {}  {}: {}{partner}{hint}", words.planted, name(there), words.found, name(seen)));
    }
    tell(manner, || lines.join("\n"));
    tell(manner, || (words.demo_outcome)(&outcome));
    let pictures = pictures(world, &store, &found).await?;
    store.close().await?;
    tell(manner, || (words.pictures)(&pictures));
    let nothing_silent = outcome.wrong == 0 && pictures.mislabelled_missed == 0;
    Ok(if nothing_silent { Exit::Done } else { Exit::Incomplete })
}

/// How the verdicts stand against what was planted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Locations with a planted difference.
    pub planted: usize,
    /// Of these, found as planted.
    pub found: usize,
    /// Of these, found as another difference than the planted one.
    pub otherwise: usize,
    /// Locations, planted or not, that are left to a person.
    pub left: usize,
    /// Locations where a difference was missed, or found where none is.
    pub wrong: usize,
}

impl Outcome {
    /// Counts a location by what is there and what was seen, agreement being neither, and gives its mark.
    fn add(&mut self, there: Option<Verdict>, seen: Option<Verdict>) -> &'static str {
        match seen {
            _ if there == seen => {
                self.found += 1;
                "✓"
            }
            Some(Verdict::Ambiguous | Verdict::NotCounted) => {
                self.left += 1;
                "?"
            }
            Some(_) if there.is_some() => {
                self.otherwise += 1;
                "≠"
            }
            _ => {
                self.wrong += 1;
                "✗"
            }
        }
    }
}

fn truth_of(world: &Simulation, location: &str) -> Option<SceneTruth> {
    let world = world.world();
    world.layout().index_of(location).map(|slot| world.scene_truth(slot))
}

/// Looks what was said of each picture, and whether it is so.
async fn pictures(world: &Simulation, store: &Store, found: &BTreeMap<String, Verdict>) -> Result<Pictures, Fault> {
    let mut pictures = Pictures::default();
    let mut after = 0;
    loop {
        let page = store.records_after(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(pictures) };
        after = last.seq;
        for stored in &page {
            let record = stored.record()?;
            if let (Fact::Compared { sight: Some(sight), .. }, Some(location)) = (&record.fact, &record.location)
                && let Some(truth) = truth_of(world, location.as_str())
            {
                let is_counted_as_right = found.get(location.as_str()).is_some_and(|verdict| verdict.is_agreement());
                pictures.add(sight, &truth, is_counted_as_right);
            }
        }
    }
}

impl Pictures {
    fn add(&mut self, sight: &Sight, truth: &SceneTruth, is_counted_as_right: bool) {
        let is_wrong = match sight.occupancy.verdict {
            Presence::Unsure => None,
            Presence::Empty => Some(truth.occupied),
            Presence::Occupied => Some(!truth.occupied),
        };
        self.looked_at += 1;
        match is_wrong {
            None => self.unsure += 1,
            Some(true) => self.wrong += 1,
            Some(false) => self.right += 1,
        }
        self.mislabelled += u64::from(truth.wrong);
        if truth.wrong && is_counted_as_right {
            match sight.identity {
                Some(Identity::Unreadable | Identity::Partial) => self.mislabelled_unread += 1,
                _ => self.mislabelled_missed += 1,
            }
        }
        self.blocked += u64::from(truth.blocked);
        self.blocked_wrong += u64::from(truth.blocked && is_wrong == Some(true));
    }

    /// The share of the pictures of which the contrary was said, with the interval that holds it with 95 %.
    pub fn wrong_share(&self) -> (f64, [f64; 2]) {
        (self.wrong as f64 / self.looked_at.max(1) as f64, wilson(self.wrong, self.looked_at))
    }
}
