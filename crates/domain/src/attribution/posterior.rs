//! How well what was heard of a tag fits to a slot.

use super::bearing::{Bearing, REACH, Rack};
use super::calibration::{Calibration, Cell, logistic};
use crate::location::Place;

/// How much tags differ from each other, as a standard deviation in dB: what a tag is louder or fainter than others everywhere.
const OFFSET_DB: f64 = 4.0;
/// How much it matters where in its slot a tag is: a variance, in dB².
const WITHIN_DB2: f64 = 8.0;
/// What is left of a cell's spread without the tags' own differences and their places within the slot is at least this.
const LEAST_SPREAD_DB: f64 = 2.5;
/// A level that is so many spreads off says no more than one that is even further off: an echo, a piece of metal.
const FAR_OFF: f64 = 3.5;
/// A tag out of reach: it is hardly ever heard, and faintly.
const FAR: Cell = Cell { median_dbm: -76.0, spread_db: 5.0, heard: 0.0, missed: 0.0 };
const FAR_HEARD: f64 = 0.002;

/// What is to be expected where a cell was measured, as logarithms and variances: made once for many tags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    median_dbm: f64,
    variance: f64,
    log_heard: f64,
    /// How far above the threshold the median tag is, in spreads without the tags' differences.
    margin: f64,
    spread: f64,
}

impl Expected {
    fn at(cell: Cell, rate: f64) -> Self {
        let variance = (cell.spread_db * cell.spread_db - OFFSET_DB * OFFSET_DB - WITHIN_DB2).max(LEAST_SPREAD_DB * LEAST_SPREAD_DB);
        let spread = variance.sqrt();
        // Over all tags a share of `rate` is heard: so far is the threshold below the median tag.
        let over_tags = (variance + OFFSET_DB * OFFSET_DB).sqrt();
        let margin = (rate / (1.0 - rate)).ln() / 1.702 * over_tags / spread;
        Self { median_dbm: cell.median_dbm, variance, log_heard: rate.ln(), margin, spread }
    }

    fn far() -> Self {
        Self::at(FAR, FAR_HEARD)
    }

    /// Logarithm of the chance that a tag is missed that is louder than others by so much.
    fn log_missed(&self, offset_db: f64) -> f64 {
        (1.0 - logistic(self.margin + offset_db / self.spread)).max(0.01).ln()
    }
}

/// Where in its slot a tag is, in thirds of a bay and of a level.
pub(super) type Within = (i8, i8);

/// In the middle.
pub(super) const MIDDLE: Within = (0, 0);
/// Towards each side of the slot, and in its middle.
const ANYWHERE: [Within; 5] = [MIDDLE, (-1, 0), (1, 0), (0, -1), (0, 1)];

/// Steps of the table: thirds of bays and levels.
const THIRDS: usize = 3 * REACH as usize + 2;

/// Everything that is to be expected, by thirds of bays and levels, rack and depth.
#[derive(Debug)]
pub(super) struct Expectations {
    cells: Vec<Expected>,
    far: Expected,
}

impl Expectations {
    pub(super) fn of(calibration: &Calibration) -> Self {
        let mut cells = Vec::with_capacity(THIRDS * THIRDS * 6);
        for bays in 0..THIRDS {
            for levels in 0..THIRDS {
                for rack in Rack::ALL {
                    for deep in [false, true] {
                        let (cell, rate) = between_cells(calibration, bays, levels, rack, deep);
                        cells.push(Expected::at(cell, rate));
                    }
                }
            }
        }
        Self { cells, far: Expected::far() }
    }

    fn between(&self, listening: Place, tag: Option<Place>, within: Within) -> Option<&Expected> {
        let tag = tag?;
        let bearing = Bearing::between(listening, tag)?;
        let thirds =
            |tag: u32, listening: u32, within: i8| (3 * (i64::from(tag) - i64::from(listening)) + i64::from(within)).unsigned_abs();
        let (bays, levels) = (thirds(tag.bay, listening.bay, within.0) as usize, thirds(tag.level, listening.level, within.1) as usize);
        self.cells.get(((bays * THIRDS + levels) * 3 + bearing.rack as usize) * 2 + usize::from(bearing.deep))
    }

    /// By how much the level that is to be expected at a listening differs between two places of a tag, or one and none near, in dB; less
    /// where it would hardly be heard from either.
    pub(super) fn difference(&self, listening: Place, first: Place, second: Option<Place>) -> f64 {
        let at = |place| self.between(listening, place, MIDDLE).unwrap_or(&self.far);
        let (a, b) = (at(Some(first)), at(second));
        let heard = a.log_heard.exp().max(b.log_heard.exp());
        heard * (a.median_dbm - b.median_dbm).abs().min(20.0)
    }

    /// Logarithm of how likely it is to hear a tag at these levels, and not at the other places, if it is there; none: out of reach of
    /// them all.
    ///
    /// What a tag is louder or fainter than others is unknown. For the levels it is integrated out, with a normal prior; for the misses
    /// its estimate from the levels is taken, which the prior shrinks.
    pub(super) fn log_likelihood(&self, listenings: &[(Place, Option<f64>)], tag: Option<Place>, within: Within) -> f64 {
        let (heard, offset) = self.heard(listenings, tag, within);
        // That a tag out of reach is missed says next to nothing.
        let missed = listenings.iter().filter(|(_, level)| level.is_none()).filter_map(|(place, _)| self.between(*place, tag, within));
        heard + missed.map(|expected| expected.log_missed(offset)).sum::<f64>()
    }

    /// The same where nobody knows in which part of its slot the tag is.
    pub(super) fn log_likelihood_anywhere(&self, listenings: &[(Place, Option<f64>)], tag: Option<Place>) -> f64 {
        let each = ANYWHERE.map(|within| self.log_likelihood(listenings, tag, within));
        let best = each.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        best + (each.iter().map(|log| (log - best).exp()).sum::<f64>() / each.len() as f64).ln()
    }

    /// The part of it that is of what was heard: it can only be less with what was not.
    pub(super) fn log_heard(&self, listenings: &[(Place, Option<f64>)], tag: Option<Place>) -> f64 {
        self.heard(listenings, tag, MIDDLE).0
    }

    /// The part of what was heard, and by how much the tag seems to be louder than others.
    fn heard(&self, listenings: &[(Place, Option<f64>)], tag: Option<Place>, within: Within) -> (f64, f64) {
        let (mut squares, mut weighted, mut weights, mut logs) = (0.0, 0.0, 0.0, 0.0);
        for (place, level) in listenings {
            let Some(level) = level else { continue };
            let expected = self.between(*place, tag, within).unwrap_or(&self.far);
            let limit = FAR_OFF * expected.spread + OFFSET_DB;
            let residual = (level - expected.median_dbm).clamp(-limit, limit);
            squares += residual * residual / expected.variance;
            weighted += residual / expected.variance;
            weights += 1.0 / expected.variance;
            logs += expected.log_heard - 0.5 * expected.variance.ln();
        }
        let precision = 1.0 / (OFFSET_DB * OFFSET_DB) + weights;
        let offset = weighted / precision;
        (logs - 0.5 * (squares - weighted * weighted / precision) - 0.5 * (precision * OFFSET_DB * OFFSET_DB).ln(), offset)
    }
}

/// Between the four cells around it; beyond the last as in the last.
fn between_cells(calibration: &Calibration, bays: usize, levels: usize, rack: Rack, deep: bool) -> (Cell, f64) {
    let last = REACH as usize;
    let at =
        |bays: usize, levels: usize| calibration.cell(Bearing { bays: bays.min(last) as u8, levels: levels.min(last) as u8, rack, deep });
    let (across, up) = ((bays % 3) as f64 / 3.0, (levels % 3) as f64 / 3.0);
    let mix = |of: fn(&Cell) -> f64| {
        let row = |level: usize| of(&at(bays / 3, level)) * (1.0 - across) + of(&at(bays / 3 + 1, level)) * across;
        row(levels / 3) * (1.0 - up) + row(levels / 3 + 1) * up
    };
    let odds = mix(|cell| (cell.hear_rate() / (1.0 - cell.hear_rate())).ln());
    let cell = Cell { median_dbm: mix(|cell| cell.median_dbm), spread_db: mix(|cell| cell.spread_db), heard: 0.0, missed: 0.0 };
    (cell, 1.0 / (1.0 + (-odds).exp()))
}
