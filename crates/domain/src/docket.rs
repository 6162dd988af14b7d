//! Locations that have been counted and wait for their final judgement: a stop still to come may change it.
//!
//! A reader hears the neighbours' tags, so what is known of a location grows while the cranes move on. When a stop is done it is filed
//! here with what it saw, and judged provisionally. When no stop is left within a reader's reach that could change it the judgement
//! becomes final; where a booked unit is still missing then, when no stop is left at all, since any of them may find it. A judgement that
//! would be *ambiguous* for the sake of a tag asks for stops at neighbours first, within their budget.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attribution::{Attribution, AttributionRules, Calibration, Look};
use crate::book::{Book, BookLine};
use crate::ids::StopId;
use crate::layout::Layout;
use crate::location::LocationCode;
use crate::observation::{Epc, unit_named};
use crate::verdict::{Attributed, Judgement, Reason, Seen, Verdict, judge, not_counted};

#[cfg(test)]
mod tests;

/// How locations are judged whose readers hear the neighbours too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DocketRules {
    /// When a tag is taken to lie in a slot.
    pub attribution: AttributionRules,
    /// How many stops at neighbours there may be, as a share of the locations that were asked for.
    pub listen_budget: f64,
}

impl Default for DocketRules {
    fn default() -> Self {
        Self { attribution: AttributionRules::default(), listen_budget: 0.1 }
    }
}

/// From which probability on a tag that is not taken to lie in a slot may lie there all the same.
const DOUBT: f64 = 0.15;
/// For the sake of one tag so many stops are made at neighbours.
const LISTENS_PER_TAG: u8 = 3;

/// A location that waits for its final judgement.
#[derive(Debug)]
struct Case {
    stop: StopId,
    seen: Seen,
    /// Sequence number of its provisional judgement, once that is on record.
    provisional: Option<u64>,
    /// Where a stop listens for its sake.
    awaits: Option<u32>,
}

/// What is to be said of a location by now.
struct Opinion {
    judgement: Judgement,
    /// The tags that are taken to lie there.
    here: BTreeSet<Epc>,
    /// A booked unit is not there, and was not found elsewhere either: any stop to come may find it.
    misses_a_unit: bool,
}

/// A final judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The stop whose location it is.
    pub stop: StopId,
    /// The location, as an index of the layout.
    pub slot: u32,
    /// The judgement.
    pub judgement: Judgement,
    /// How many tags are taken to lie there.
    pub tags: u64,
    /// Sequence number of the judgement that it replaces.
    pub supersedes: Option<u64>,
}

/// What can be done now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Judgements that nothing can change any more. They leave the docket with this.
    pub settled: Vec<Settled>,
    /// Slots to be visited to settle whose tags are heard around them. They count as stops to come from now on.
    pub listen: Vec<u32>,
}

/// A unit that lies elsewhere than the books say, where nobody asked for a count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traced {
    /// Its tag.
    pub epc: Epc,
    /// Where it lies.
    pub found_at: LocationCode,
    /// Where the books have it, if they know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_at: Option<LocationCode>,
    /// How likely that is.
    pub confidence: f64,
}

/// Counted locations that wait for their final judgement.
#[derive(Debug)]
pub struct Docket {
    layout: Arc<Layout>,
    attribution: Attribution,
    rules: DocketRules,
    cases: BTreeMap<u32, Case>,
    /// How many stops are to come to a slot: one that counts, one that listens, or both.
    open: HashMap<u32, u16>,
    /// Of those and of the done ones, how many were asked for.
    asked_for: usize,
    /// Slots that were, or are to be, visited for the neighbours' sake.
    listened: BTreeSet<u32>,
    /// Slots that are counted.
    counted: HashSet<u32>,
    /// How many stops were made for the sake of a tag.
    listens_for: HashMap<Epc, u8>,
    /// Where labels were read that do not belong there.
    labels: HashMap<Arc<str>, u32>,
    /// Locations to be looked at again.
    stirred: BTreeSet<u32>,
}

impl Docket {
    /// An empty one; `known` is what earlier stocktakes have learnt of the readers.
    pub fn new(layout: Arc<Layout>, known: Calibration, rules: DocketRules) -> Self {
        Self {
            attribution: Attribution::new(layout.clone(), known, rules.attribution),
            layout,
            rules,
            cases: BTreeMap::new(),
            open: HashMap::new(),
            asked_for: 0,
            listened: BTreeSet::new(),
            counted: HashSet::new(),
            listens_for: HashMap::new(),
            labels: HashMap::new(),
            stirred: BTreeSet::new(),
        }
    }

    /// Stops are to come that count these slots.
    pub fn open(&mut self, slots: impl IntoIterator<Item = u32>) {
        for slot in slots {
            self.asked_for += 1;
            self.counted.insert(slot);
            *self.open.entry(slot).or_default() += 1;
        }
    }

    /// Stops are to come that listen at slots for the neighbours' sake, as it was once decided.
    pub fn open_listening(&mut self, slots: impl IntoIterator<Item = u32>) {
        for slot in slots {
            self.listened.insert(slot);
            *self.open.entry(slot).or_default() += 1;
        }
    }

    /// A stop that was to come there will not, or brought nothing.
    pub fn close(&mut self, slot: u32) {
        if let Some(stops) = self.open.get_mut(&slot) {
            *stops -= 1;
            if *stops == 0 {
                self.open.remove(&slot);
            }
        }
        self.stir(slot);
    }

    /// No stop will come at all any more.
    pub fn close_all(&mut self) {
        self.open.clear();
        self.rules.listen_budget = 0.0;
        self.stirred.extend(self.cases.keys());
    }

    /// A reader listened at a slot for its neighbours' sake.
    pub fn hear(&mut self, slot: u32, seen: &Seen, book: Option<&dyn Book>) {
        self.attend(slot, seen, book);
        self.close(slot);
    }

    /// A stop that counts is done; `provisional` is the number of a judgement that is on record already.
    pub fn file(&mut self, stop: StopId, slot: u32, seen: Seen, provisional: Option<u64>, book: Option<&dyn Book>) {
        self.attend(slot, &seen, book);
        self.cases.insert(slot, Case { stop, seen, provisional, awaits: None });
        self.close(slot);
    }

    /// What is to be said of a location on the docket by now, and how many tags are taken to lie there.
    pub fn judged_so_far(&mut self, slot: u32, book: Option<&dyn Book>) -> (Judgement, u64) {
        let opinion = self.opinion(slot, book);
        opinion.map_or_else(|| (not_counted(Reason::ProgramFailed, None), 0), |opinion| (opinion.judgement, opinion.here.len() as u64))
    }

    /// A provisional judgement is on record under that number.
    pub fn recorded(&mut self, slot: u32, provisional: u64) {
        if let Some(case) = self.cases.get_mut(&slot) {
            case.provisional = Some(provisional);
            self.stirred.insert(slot);
        }
    }

    /// What is final by now, and where to listen to get on.
    ///
    /// A case whose provisional judgement is not on record yet stays, so that its final one can name it; not so `filed`, which then needs
    /// none.
    pub fn progress(&mut self, filed: Option<u32>, book: Option<&dyn Book>) -> Progress {
        let mut progress = Progress::default();
        // With the last stop everything is final that is not unclear.
        if self.open.is_empty() {
            self.attribution.learn();
            self.stirred.extend(self.cases.keys());
        }
        for slot in std::mem::take(&mut self.stirred) {
            let recorded = |(at, case): &(u32, &Case)| case.provisional.is_some() || filed == Some(*at);
            let Some((_, case)) = self.cases.get(&slot).map(|case| (slot, case)).filter(recorded) else { continue };
            // Nobody can add to what a reader that failed did not hear.
            let heard = case.seen.rfid.saw().is_some();
            let is_open = |slot: u32| self.open.contains_key(&slot);
            if heard && (case.awaits.is_some_and(is_open) || self.attribution.around(slot).any(is_open)) {
                continue;
            }
            let Some(Opinion { judgement, here, misses_a_unit }) = self.opinion(slot, book) else { continue };
            if heard && misses_a_unit && !self.open.is_empty() {
                continue;
            }
            let unclear = judgement.verdict == Verdict::Ambiguous && judgement.reason == Reason::TagsUnclear;
            if heard
                && (unclear || misses_a_unit)
                && let Some(where_to) = self.listen_for(slot)
            {
                self.open_listening([where_to]);
                progress.listen.push(where_to);
                if let Some(case) = self.cases.get_mut(&slot) {
                    case.awaits = Some(where_to);
                }
                continue;
            }
            if let Some(case) = self.cases.remove(&slot) {
                self.attribution.count(slot, &here);
                let tags = here.len() as u64;
                progress.settled.push(Settled { stop: case.stop, slot, judgement, tags, supersedes: case.provisional });
            }
        }
        progress
    }

    /// What was learnt of the readers.
    pub fn calibration(&self) -> &Calibration {
        self.attribution.calibration()
    }

    /// Units that lie at slots visited for the neighbours' sake alone, and do not belong there.
    pub fn traced(&mut self) -> Vec<Traced> {
        let mut traced = Vec::new();
        let visited = |slot: &u32| !self.counted.contains(slot) && self.attribution.has_listened(*slot);
        for slot in self.listened.iter().copied().filter(visited).collect::<Vec<_>>() {
            for epc in self.attribution.tags_about(slot) {
                let home = self.attribution.home_of(&epc);
                let Some((found, confidence)) = self.attribution.accepted(&epc) else { continue };
                if found == slot && home != Some(slot) {
                    let belongs_at = home.map(|home| self.code(home));
                    traced.push(Traced { epc, found_at: self.code(slot), belongs_at, confidence });
                }
            }
        }
        traced
    }

    /// Takes in what a stop saw of tags, labels and emptiness.
    fn attend(&mut self, slot: u32, seen: &Seen, book: Option<&dyn Book>) {
        let slot_of = |(home, line): (LocationCode, BookLine)| Some((self.layout.index_of(home.as_str())?, line));
        if let Some(tags) = seen.rfid.saw().and_then(|inventory| inventory.tags.as_deref()) {
            let home = |epc: &Epc| slot_of(book?.home_of(epc)?).map(|(home, _)| home);
            let homes: HashMap<Epc, u32> = tags.iter().filter_map(|read| Some((read.epc.clone(), home(&read.epc)?))).collect();
            self.attribution.hear(slot, tags, |epc| homes.get(epc).copied());
            // What is booked far away may have been found.
            self.stirred.extend(homes.values().filter(|home| self.cases.contains_key(home)));
        }
        let Some(findings) = seen.vision.saw() else { return };
        match findings.occupied {
            Some(false) => self.attribution.look(slot, Look::Empty),
            _ if !findings.codes.is_empty() => self.attribution.look(slot, Look::Labels),
            _ => {}
        }
        for unit in findings.codes.iter().map(|code| unit_named(code)) {
            let booked = book.and_then(|book| book.whereabouts(unit)).and_then(slot_of);
            self.attribution.see_label(slot, unit, booked.as_ref().and_then(|(home, line)| Some((line.epc.as_ref()?, *home))));
            if let Some((home, _)) = booked.filter(|(home, _)| *home != slot) {
                self.labels.insert(unit.into(), slot);
                self.stirred.insert(home);
            }
        }
    }

    /// What was done at a slot may settle its neighbours, and whatever misses a unit.
    fn stir(&mut self, slot: u32) {
        self.stirred.insert(slot);
        self.stirred.extend(self.attribution.around(slot));
    }

    /// Judges a location by what is known now.
    fn opinion(&mut self, slot: u32, book: Option<&dyn Book>) -> Option<Opinion> {
        let attributed = self.attributed(slot)?;
        let Case { seen, .. } = self.cases.get(&slot)?;
        let judgement = judge(&self.code(slot), seen, &attributed, |code| book?.whereabouts(code));
        let labels = seen.vision.saw().map_or(&[][..], |findings| &findings.codes);
        let is_known = |line: &BookLine| {
            let found = |name: &str| attributed.found_at.contains_key(name);
            line.quantity.is_zero()
                || !line.may_have_tag()
                || attributed.here.iter().any(|epc| line.is_tagged(epc))
                || line.epc.as_ref().is_some_and(|epc| found(epc.as_str()))
                || line.handling_unit.as_deref().map(unit_named).is_some_and(found)
                || labels.iter().any(|code| line.is_named_by(code))
        };
        let misses_a_unit = seen.book.iter().flat_map(|book| &book.lines).any(|line| !is_known(line));
        Some(Opinion { judgement, here: attributed.here, misses_a_unit })
    }

    fn attributed(&mut self, slot: u32) -> Option<Attributed> {
        let mut attributed = {
            let case = self.cases.get(&slot)?;
            if !self.attribution.covers(slot) {
                return Some(Attributed::all_of(&case.seen));
            }
            // Of a tag that never had a level nobody can tell; it was heard here.
            let tags = case.seen.rfid.saw().and_then(|inventory| inventory.tags.as_deref()).unwrap_or_default();
            let unmeasured = tags.iter().filter(|read| !self.attribution.knows(&read.epc)).map(|read| read.epc.clone());
            Attributed { here: unmeasured.collect(), ..Attributed::default() }
        };
        for epc in self.attribution.tags_about(slot) {
            let here = self.attribution.whereabouts(&epc).probability(slot);
            if let Some((found, _)) = self.attribution.accepted(&epc) {
                if found == slot {
                    attributed.here.insert(epc);
                } else if self.attribution.home_of(&epc) == Some(slot) {
                    let code = self.code(found);
                    attributed.found_at.extend(epc.sscc().map(|unit| (unit, code.clone())));
                    attributed.found_at.insert(epc.as_str().into(), code);
                }
            } else if here >= DOUBT {
                attributed.unclear.insert(epc);
            }
        }
        let case = self.cases.get(&slot)?;
        let booked = case.seen.book.iter().flat_map(|book| &book.lines);
        for unit in booked.filter_map(|line| line.handling_unit.as_ref()) {
            if let Some(found) = self.labels.get(unit_named(unit)).filter(|found| **found != slot) {
                attributed.found_at.insert(unit_named(unit).into(), self.code(*found));
            }
        }
        Some(attributed)
    }

    /// Where to listen so that a location's tags become clear, if there is budget left and a place that would tell.
    fn listen_for(&mut self, slot: u32) -> Option<u32> {
        let budget = (self.rules.listen_budget * self.asked_for as f64).ceil() as usize;
        if self.listened.len() >= budget {
            return None;
        }
        for epc in self.attribution.tags_about(slot) {
            let asked = self.listens_for.get(&epc).copied().unwrap_or(0);
            let concerns = self.attribution.home_of(&epc) == Some(slot) || self.attribution.whereabouts(&epc).probability(slot) >= DOUBT;
            if asked >= LISTENS_PER_TAG || !concerns || self.attribution.accepted(&epc).is_some() {
                continue;
            }
            let barred = |slot: u32| self.layout.barred(slot).is_some() || self.open.contains_key(&slot) || self.listened.contains(&slot);
            if let Some(where_to) = self.attribution.telling(&epc, barred) {
                self.listens_for.insert(epc, asked + 1);
                return Some(where_to);
            }
        }
        None
    }

    fn code(&self, slot: u32) -> LocationCode {
        self.layout.slot(slot).code.clone()
    }
}
