//! How loud tags are heard from where, learnt from those whose slot is known.

use serde::{Deserialize, Serialize};

use super::bearing::{BEARINGS, Bearing, REACH, Rack};

/// What is to be expected of a tag at one bearing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Median level of those heard, in dBm.
    pub median_dbm: f64,
    /// How much levels differ from it, as a standard deviation in dB; what tags differ from each other is part of it.
    pub spread_db: f64,
    /// How many were heard; of what is shipped, what its word counts for.
    pub heard: f64,
    /// How many were not.
    pub missed: f64,
}

impl Cell {
    /// The share of the tags that is heard; never quite none or all.
    pub fn hear_rate(&self) -> f64 {
        ((self.heard + 0.2) / (self.heard + self.missed + 0.4)).clamp(LEAST_HEARD, MOST_HEARD)
    }
}

/// Even beside the antenna a tag may be silent: a dead tag, metal, a collision.
const MOST_HEARD: f64 = 0.98;
/// Even at the end of the reach a tag may be heard: a reflection.
const LEAST_HEARD: f64 = 0.003;
/// What is shipped, or was learnt before, counts for no more observations than so many.
const REMEMBERED: f64 = 60.0;
/// A cell is shifted by what the slots before the antenna have shown, however few.
const SHIFT_AFTER: f64 = 3.0;

/// What is to be expected at every bearing.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    cells: Vec<Cell>,
}

/// One line of a calibration that is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationLine {
    /// From where.
    #[serde(flatten)]
    pub bearing: Bearing,
    /// What was learnt.
    #[serde(flatten)]
    pub cell: Cell,
}

/// Medians that are shipped, in dB below the slot before the antenna, by bays and levels. An antenna one metre from the rack, slots of
/// 1.4 m by 1.6 m.
const BELOW: [[f64; 4]; 4] = [[0.0, 11.0, 21.0, 28.0], [9.0, 15.0, 23.0, 29.0], [18.0, 21.0, 26.0, 31.0], [25.0, 27.0, 30.0, 34.0]];
/// The shipped median before the antenna, and the level below which no tag is heard, in dBm.
const BEFORE: f64 = -52.0;
const DEAF_BELOW: f64 = -76.0;
/// What racks other than the faced one, and slots behind another, are shipped with, in dB.
const OPPOSITE: f64 = 22.0;
const BEHIND: f64 = 16.0;
const DEEP: f64 = 7.0;
/// The shipped spread.
const SPREAD: f64 = 6.0;

impl Default for Calibration {
    /// What is shipped, for a reader that nothing was learnt of yet.
    fn default() -> Self {
        Self { cells: Bearing::all().map(shipped).collect() }
    }
}

fn shipped(bearing: Bearing) -> Cell {
    let rack = match bearing.rack {
        Rack::Faced => 0.0,
        Rack::Opposite => OPPOSITE,
        Rack::Behind => BEHIND,
    };
    let deep = if bearing.deep { DEEP } else { 0.0 };
    let mean = BEFORE - BELOW[usize::from(bearing.bays)][usize::from(bearing.levels)] - rack - deep;
    // Only what is above the threshold is heard: so much of a normal distribution, whose median is higher then.
    let rate = logistic((mean - DEAF_BELOW) / SPREAD);
    let heard = 10.0 * rate;
    Cell { median_dbm: mean.max(DEAF_BELOW + 2.0), spread_db: SPREAD, heard, missed: 10.0 - heard }
}

/// The normal distribution function, as near as it matters here.
pub(super) fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * z).exp())
}

impl Calibration {
    /// What is to be expected at a bearing.
    pub fn cell(&self, bearing: Bearing) -> Cell {
        self.cells[bearing.index()]
    }

    /// As it is written down: rounded to hundredths.
    pub fn lines(&self) -> Vec<CalibrationLine> {
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        let line = |(bearing, cell): (Bearing, &Cell)| {
            let (median_dbm, spread_db) = (rounded(cell.median_dbm), rounded(cell.spread_db));
            CalibrationLine { bearing, cell: Cell { median_dbm, spread_db, heard: rounded(cell.heard), missed: rounded(cell.missed) } }
        };
        Bearing::all().zip(&self.cells).map(line).collect()
    }

    /// From what was written down. What is missing there, or out of range, is as shipped.
    pub fn from_lines(lines: &[CalibrationLine]) -> Self {
        let mut calibration = Self::default();
        for CalibrationLine { bearing, cell } in lines {
            let fits = (-120.0..=0.0).contains(&cell.median_dbm)
                && (0.5..=30.0).contains(&cell.spread_db)
                && cell.heard.is_finite()
                && cell.missed.is_finite()
                && cell.heard >= 0.0
                && cell.missed >= 0.0;
            let known = u32::from(bearing.bays) <= REACH && u32::from(bearing.levels) <= REACH;
            if let Some(known) = calibration.cells.get_mut(bearing.index()).filter(|_| known && fits) {
                *known = *cell;
            }
        }
        calibration
    }

    /// What was known before, and what was seen now.
    pub(super) fn with(&self, seen: &Sample) -> Self {
        let before = Bearing { bays: 0, levels: 0, rack: Rack::Faced, deep: false };
        let own = &seen.levels[before.index()];
        let shift = match median(own) {
            Some(median) => (median - self.cell(before).median_dbm) * own.len() as f64 / (own.len() as f64 + SHIFT_AFTER),
            None => 0.0,
        };
        let cells = Bearing::all().map(|bearing| {
            let known = self.cell(bearing);
            let (levels, missed) = (&seen.levels[bearing.index()], seen.missed[bearing.index()]);
            blended(known, shift, levels, missed)
        });
        Self { cells: cells.collect() }
    }
}

fn blended(known: Cell, shift: f64, levels: &[f64], missed: f64) -> Cell {
    let count = levels.len() as f64;
    let counted = known.heard + known.missed;
    let weight = if counted > REMEMBERED { REMEMBERED / counted } else { 1.0 };
    let (known_heard, known_missed) = (known.heard * weight, known.missed * weight);
    let moved = known.median_dbm + shift;
    let Some(median) = median(levels) else {
        return Cell { median_dbm: moved, heard: known_heard, missed: known_missed + missed, ..known };
    };
    let share = count / (count + known_heard.max(1.0));
    let deviations: Vec<f64> = levels.iter().map(|level| (level - median).abs()).collect();
    // The median deviation of a normal distribution is so much of its standard deviation.
    let spread = self::median(&deviations).unwrap_or(0.0) / 0.6745;
    Cell {
        median_dbm: moved + share * (median - moved),
        spread_db: known.spread_db + share * (spread - known.spread_db),
        heard: known_heard + count,
        missed: known_missed + missed,
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    let middle = sorted.len() / 2;
    (!sorted.is_empty()).then(|| *sorted.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// What was seen of tags whose slot is known, by bearing.
#[derive(Debug)]
pub(super) struct Sample {
    levels: Vec<Vec<f64>>,
    missed: Vec<f64>,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self { levels: vec![Vec::new(); BEARINGS], missed: vec![0.0; BEARINGS] }
    }

    /// A tag at that bearing was heard at that level, or not at all.
    pub(super) fn add(&mut self, bearing: Bearing, level: Option<f64>) {
        match level {
            Some(level) => self.levels[bearing.index()].push(level),
            None => self.missed[bearing.index()] += 1.0,
        }
    }
}
