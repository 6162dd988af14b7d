//! Which slot a tag lies in, by where it was heard and where not.
//!
//! A reader at a rack hears the neighbours of the slot that it stands at. For each tag every slot near its loudest hearing is a candidate,
//! and the one that it is booked in; how likely each is follows from how loud tags are heard from where ([`Calibration`], learnt from tags
//! whose slot is known) at all stops around it, those that did not hear it among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::layout::Layout;
use crate::location::Place;
use crate::observation::{Epc, TagRead};

mod bearing;
mod calibration;
mod posterior;
#[cfg(test)]
mod tests;

pub use bearing::{Bearing, REACH, Rack};
pub use calibration::{Calibration, CalibrationLine, Cell};

use bearing::Grid;
use calibration::Sample;
use posterior::{Expectations, MIDDLE};

/// When a tag is taken to lie in a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttributionRules {
    /// From which probability on a tag is taken to lie in a slot.
    pub accept: f64,
    /// How likely a tag lies where the books have it, before anything is heard.
    pub book_prior: f64,
}

impl Default for AttributionRules {
    fn default() -> Self {
        Self { accept: 0.9, book_prior: 0.97 }
    }
}

/// Slots so many bays and levels from a tag's loudest hearing are candidates.
const CANDIDATES: u32 = 2;
/// Of what is not the book's, so much goes to places that nobody listened near.
const ELSEWHERE: f64 = 0.2;
/// What a camera's word counts for: a slot seen empty is so much less likely, one where the tag's label was read so much more.
const SEEN: f64 = 100.0;
/// Where a camera read labels, but not the tag's, that one is so much less likely: it may have been overlooked.
const OVERLOOKED: f64 = 10.0;
/// Slots less likely than the best by more than this (a logarithm) do not come into question.
const NOT_WORTH: f64 = 12.0;
/// What is less likely is left out.
const LEAST: f64 = 0.01;
/// What listenings say together counts for less than if they were independent: the same pallet shadows several of them.
const CAUTION: f64 = 0.85;
/// Listening is worth while where the levels to be expected differ by so much.
const TELLING_DB: f64 = 5.0;
/// What was learnt is taken up anew whenever there are so many times as many stops as then.
const LEARN_AGAIN: f64 = 1.2;

/// Where a tag lies.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Whereabouts {
    /// Slots (indices of the layout) that it may lie in, and how likely; the likeliest first, what is below 1 % left out.
    pub slots: Vec<(u32, f64)>,
}

impl Whereabouts {
    /// The likeliest slot.
    pub fn likeliest(&self) -> Option<(u32, f64)> {
        self.slots.first().copied()
    }

    /// How likely it lies in a slot.
    pub fn probability(&self, slot: u32) -> f64 {
        self.slots.iter().find(|(candidate, _)| *candidate == slot).map_or(0.0, |(_, probability)| *probability)
    }
}

/// What a camera saw of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing stands in it.
    Empty,
    /// Labels were read there.
    Labels,
}

/// What was heard of one tag.
#[derive(Debug, Default)]
struct Trace {
    /// Where the books have it.
    home: Option<u32>,
    /// Its level at each slot that it was heard at, in dBm.
    heard: BTreeMap<u32, f64>,
    /// The slot where its label was read.
    label_at: Option<u32>,
    /// What follows, until something new is heard.
    whereabouts: Option<Arc<Whereabouts>>,
    /// It is counted somewhere for good.
    is_counted: bool,
}

impl Trace {
    /// What follows has to be thought over.
    fn forget(&mut self) {
        if !self.is_counted {
            self.whereabouts = None;
        }
    }

    /// The slot where it was heard loudest.
    fn loudest(&self) -> Option<u32> {
        self.heard.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(slot, _)| *slot)
    }
}

/// What was heard at all stops so far, and whose tags these are.
#[derive(Debug)]
pub struct Attribution {
    layout: Arc<Layout>,
    grid: Grid,
    rules: AttributionRules,
    /// What was known before this stocktake.
    known: Calibration,
    calibration: Calibration,
    expected: Expectations,
    /// Slots at which a reader listened.
    listened: BTreeSet<u32>,
    looked_at: HashMap<u32, Look>,
    /// Where labels were read, by the unit that they name, and the tags that bear the number of a unit.
    label_at: HashMap<Arc<str>, u32>,
    bearer_of: HashMap<Arc<str>, Epc>,
    traces: HashMap<Epc, Trace>,
    /// Tags by the slot of their loudest hearing.
    loudest_at: HashMap<u32, BTreeSet<Epc>>,
    /// Tags heard by the slot that they are booked in.
    booked_at: HashMap<u32, BTreeSet<Epc>>,
    learnt_after: usize,
}

impl Attribution {
    /// Nothing heard yet; `known` is what earlier stocktakes have learnt of the readers.
    pub fn new(layout: Arc<Layout>, known: Calibration, rules: AttributionRules) -> Self {
        Self {
            grid: Grid::new(&layout),
            layout,
            rules,
            expected: Expectations::of(&known),
            calibration: known.clone(),
            known,
            listened: BTreeSet::new(),
            looked_at: HashMap::new(),
            label_at: HashMap::new(),
            bearer_of: HashMap::new(),
            traces: HashMap::new(),
            loudest_at: HashMap::new(),
            booked_at: HashMap::new(),
            learnt_after: 0,
        }
    }

    /// Whether anything can be said of a slot: only of one that has a place.
    pub fn covers(&self, slot: u32) -> bool {
        self.place(slot).is_some()
    }

    /// A reader listened at a slot and heard these tags; `home` says where the books have one. A tag without a level says nothing of where
    /// it is and is left out. What is heard at a slot a second time adds to the first: the louder counts.
    pub fn hear(&mut self, slot: u32, tags: &[TagRead], home: impl Fn(&Epc) -> Option<u32>) {
        let Some(place) = self.place(slot) else { return };
        self.listened.insert(slot);
        self.forget_around(place);
        for read in tags {
            let Some(level) = read.level_dbm().filter(|level| level.is_finite()) else { continue };
            let trace = self.traces.entry(read.epc.clone()).or_insert_with(|| {
                let unit = read.epc.sscc();
                let label_at = unit.as_ref().and_then(|unit| self.label_at.get(unit).copied());
                self.bearer_of.extend(unit.map(|unit| (unit, read.epc.clone())));
                Trace { home: home(&read.epc), label_at, ..Trace::default() }
            });
            if let Some(home) = trace.home {
                self.booked_at.entry(home).or_default().insert(read.epc.clone());
            }
            let before = trace.loudest();
            let heard = trace.heard.entry(slot).or_insert(level);
            *heard = heard.max(level);
            trace.forget();
            let now = trace.loudest();
            if before != now {
                if let Some(tags) = before.and_then(|before| self.loudest_at.get_mut(&before)) {
                    tags.remove(&read.epc);
                }
                if let Some(now) = now {
                    self.loudest_at.entry(now).or_default().insert(read.epc.clone());
                }
            }
        }
        if self.listened.len() as f64 > self.learnt_after as f64 * LEARN_AGAIN {
            self.learn();
        }
    }

    /// What a camera saw of a slot.
    pub fn look(&mut self, slot: u32, look: Look) {
        if let Some(place) = self.place(slot) {
            self.looked_at.insert(slot, look);
            self.forget_around(place);
        }
    }

    /// A camera read the label of a unit in a slot. `booked` is that unit's tag and where the books have it, if they know the label;
    /// else the label is that of a tag which bears the same number.
    pub fn see_label(&mut self, slot: u32, unit: &str, booked: Option<(&Epc, u32)>) {
        self.label_at.insert(unit.into(), slot);
        let known = booked.map(|(epc, home)| (epc.clone(), Some(home)));
        let Some((epc, home)) = known.or_else(|| Some((self.bearer_of.get(unit)?.clone(), None))) else { return };
        let trace = self.traces.entry(epc).or_insert_with(|| Trace { home, ..Trace::default() });
        trace.label_at = Some(slot);
        trace.forget();
    }

    /// Where a tag lies; nothing for one that was never heard.
    pub fn whereabouts(&mut self, epc: &Epc) -> Arc<Whereabouts> {
        let Some(trace) = self.traces.get(epc) else { return Arc::default() };
        if let Some(known) = &trace.whereabouts {
            return known.clone();
        }
        let found = Arc::new(self.locate(trace));
        if let Some(trace) = self.traces.get_mut(epc) {
            trace.whereabouts = Some(found.clone());
        }
        found
    }

    /// Where a reader that listened would best tell a tag's two likeliest slots apart, if anywhere: one of the slots around them that
    /// nobody listened at, and that is not barred.
    pub fn telling(&mut self, epc: &Epc, barred: impl Fn(u32) -> bool) -> Option<u32> {
        let whereabouts = self.whereabouts(epc);
        let place = |nth: usize| whereabouts.slots.get(nth).and_then(|(slot, _)| self.place(*slot));
        let (first, second) = (place(0)?, place(1));
        let around = [Some(first), second].into_iter().flatten().flat_map(|place| self.grid.around(place, 1));
        let worth = around
            .filter(|(slot, _)| !self.listened.contains(slot) && !barred(*slot))
            .map(|(slot, listening)| (slot, self.expected.difference(listening, first, second)));
        let best = worth.max_by(|(a, worth_a), (b, worth_b)| worth_a.total_cmp(worth_b).then(b.cmp(a)));
        best.filter(|(_, worth)| *worth >= TELLING_DB).map(|(slot, _)| slot)
    }

    /// A location is settled, and these tags are counted there: they count nowhere else any more.
    pub fn count(&mut self, slot: u32, tags: &BTreeSet<Epc>) {
        for epc in tags {
            if let Some(trace) = self.traces.get_mut(epc) {
                trace.whereabouts = Some(Arc::new(Whereabouts { slots: vec![(slot, 1.0)] }));
                trace.is_counted = true;
            }
        }
    }

    /// Whether anything was heard of a tag that tells where it is.
    pub fn knows(&self, epc: &Epc) -> bool {
        self.traces.get(epc).is_some_and(|trace| !trace.heard.is_empty())
    }

    /// Whether a reader listened at a slot.
    pub fn has_listened(&self, slot: u32) -> bool {
        self.listened.contains(&slot)
    }

    /// Where the books have a tag that was heard.
    pub fn home_of(&self, epc: &Epc) -> Option<u32> {
        self.traces.get(epc).and_then(|trace| trace.home)
    }

    /// The slot that a tag is taken to lie in, and how likely it does.
    pub fn accepted(&mut self, epc: &Epc) -> Option<(u32, f64)> {
        let accept = self.rules.accept;
        self.whereabouts(epc).likeliest().filter(|(_, probability)| *probability >= accept)
    }

    /// Tags that may lie in a slot, however unlikely: heard loudest near it, or booked there.
    pub fn tags_about(&self, slot: u32) -> BTreeSet<Epc> {
        let near = self.place(slot).into_iter().flat_map(|place| self.grid.around(place, CANDIDATES));
        let loudest = near.filter_map(|(near, _)| self.loudest_at.get(&near));
        loudest.chain(self.booked_at.get(&slot)).flatten().cloned().collect()
    }

    /// Slots around one that a reader must listen at to change what is known of it: within reach of the candidates of tags heard there.
    pub fn around(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        self.place(slot).into_iter().flat_map(|place| self.grid.around(place, CANDIDATES + REACH)).map(|(slot, _)| slot)
    }

    /// What is known of the readers by now.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Learns from the tags that are heard where the books have them.
    pub fn learn(&mut self) {
        if self.learnt_after == self.listened.len() {
            return;
        }
        let mut sample = Sample::new();
        for trace in self.traces.values() {
            let Some((home, place)) = trace.home.and_then(|home| Some((home, self.place(home)?))) else { continue };
            // One that is not heard at home may not be there.
            if !trace.heard.contains_key(&home) || trace.loudest().is_none_or(|loudest| !self.is_near(loudest, place)) {
                continue;
            }
            for (listening, there) in self.grid.around(place, REACH) {
                if self.listened.contains(&listening)
                    && let Some(bearing) = Bearing::between(there, place)
                {
                    sample.add(bearing, trace.heard.get(&listening).copied());
                }
            }
        }
        self.calibration = self.known.with(&sample);
        self.expected = Expectations::of(&self.calibration);
        self.learnt_after = self.listened.len();
        self.traces.values_mut().for_each(Trace::forget);
    }

    fn is_near(&self, slot: u32, place: Place) -> bool {
        self.place(slot).and_then(|there| Bearing::between(there, place)).is_some_and(|bearing| bearing.bays <= 1 && bearing.levels <= 1)
    }

    fn locate(&self, trace: &Trace) -> Whereabouts {
        let Some(loudest) = trace.loudest().and_then(|slot| self.place(slot)) else { return Whereabouts::default() };
        let home = trace.home.map(|home| (home, self.place(home)));
        let mut candidates: BTreeMap<u32, Option<Place>> =
            self.grid.around(loudest, CANDIDATES).map(|(slot, place)| (slot, Some(place))).collect();
        candidates.extend(home);
        let mut near: BTreeMap<u32, Place> = self.grid.around(loudest, CANDIDATES + REACH).collect();
        near.extend(home.and_then(|(_, place)| place).into_iter().flat_map(|place| self.grid.around(place, REACH)));
        near.extend(trace.heard.keys().filter_map(|slot| Some((*slot, self.place(*slot)?))));
        // Slots behind each other are listened at from the same place.
        let mut from: BTreeMap<Place, Option<f64>> = BTreeMap::new();
        for (slot, place) in near.iter().filter(|(slot, _)| self.listened.contains(slot)) {
            let level = from.entry(Place { depth: 1, ..*place }).or_default();
            *level = trace.heard.get(slot).copied().into_iter().chain(*level).reduce(f64::max);
        }
        let listenings: Vec<(Place, Option<f64>)> = from.into_iter().collect();
        let (at_home, other) = if home.is_some() { (self.rules.book_prior, 1.0 - self.rules.book_prior) } else { (0.0, 1.0) };
        let each = other * (1.0 - ELSEWHERE) / (candidates.len() - usize::from(home.is_some())).max(1) as f64;
        let far = (other * ELSEWHERE).ln() + CAUTION * self.expected.log_likelihood(&listenings, None, MIDDLE);
        let mut weights: Vec<(Option<u32>, f64)> = vec![(None, far)];
        // What was not heard speaks against a slot, never for it: by what was heard, the best come first, and most need no more than that.
        let log_prior = |slot: u32| if trace.home == Some(slot) { at_home } else { each }.ln() + self.log_seen(trace, slot);
        let mut order: Vec<(f64, u32, Option<Place>)> = candidates
            .into_iter()
            .map(|(slot, place)| (log_prior(slot) + CAUTION * self.expected.log_heard(&listenings, place), slot, place))
            .collect();
        order.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
        let mut best = far;
        for (at_most, slot, place) in order {
            let is_home = trace.home == Some(slot);
            if at_most < best - NOT_WORTH && !is_home {
                continue;
            }
            let in_the_middle = log_prior(slot) + CAUTION * self.expected.log_likelihood(&listenings, place, MIDDLE);
            // Where in the slot the tag is matters for the few that come into question, and for the books' one.
            let weight = if in_the_middle < best - NOT_WORTH && !is_home {
                in_the_middle
            } else {
                log_prior(slot) + CAUTION * self.expected.log_likelihood_anywhere(&listenings, place)
            };
            best = best.max(weight);
            weights.push((Some(slot), weight));
        }
        let most = weights.iter().map(|(_, weight)| *weight).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = weights.iter().map(|(_, weight)| (weight - most).exp()).sum();
        let probable = weights.iter().filter_map(|(slot, weight)| Some(((*slot)?, (weight - most).exp() / sum)));
        let mut slots: Vec<(u32, f64)> = probable.filter(|(_, probability)| *probability >= LEAST).collect();
        slots.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Whereabouts { slots }
    }

    /// What the cameras' word counts for, as a logarithm.
    fn log_seen(&self, trace: &Trace, slot: u32) -> f64 {
        match (trace.label_at, self.looked_at.get(&slot)) {
            (Some(at), _) if at == slot => SEEN.ln(),
            (_, Some(Look::Empty)) => -SEEN.ln(),
            (_, Some(Look::Labels)) => -OVERLOOKED.ln(),
            (_, None) => 0.0,
        }
    }

    /// What was heard around a place has to be thought over.
    fn forget_around(&mut self, place: Place) {
        for (slot, _) in self.grid.around(place, CANDIDATES + REACH) {
            for tags in [self.loudest_at.get(&slot), self.booked_at.get(&slot)].into_iter().flatten() {
                for epc in tags {
                    if let Some(trace) = self.traces.get_mut(epc) {
                        trace.forget();
                    }
                }
            }
        }
    }

    fn place(&self, slot: u32) -> Option<Place> {
        self.layout.slot(slot).place
    }
}
