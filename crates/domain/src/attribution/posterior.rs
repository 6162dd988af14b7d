//! How well what was heard of a tag fits to a slot.

use super::bearing::Bearing;
use super::calibration::{Calibration, Cell, logistic};
use crate::location::Place;

/// How much tags differ from each other, as a standard deviation in dB: what a tag is louder or fainter than others everywhere.
const OFFSET_DB: f64 = 4.0;
/// What is left of a cell's spread without the tags' own differences is at least this.
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
    pub(super) fn of(cell: Cell) -> Self {
        Self::at(cell, cell.hear_rate())
    }

    fn at(cell: Cell, rate: f64) -> Self {
        let variance = (cell.spread_db * cell.spread_db - OFFSET_DB * OFFSET_DB).max(LEAST_SPREAD_DB * LEAST_SPREAD_DB);
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

/// Everything that is to be expected, by bearing.
#[derive(Debug)]
pub(super) struct Expectations {
    cells: Vec<Expected>,
    far: Expected,
}

impl Expectations {
    pub(super) fn of(calibration: &Calibration) -> Self {
        Self { cells: Bearing::all().map(|bearing| Expected::of(calibration.cell(bearing))).collect(), far: Expected::far() }
    }

    fn between(&self, listening: Place, tag: Option<Place>) -> &Expected {
        let bearing = tag.and_then(|tag| Bearing::between(listening, tag));
        bearing.map_or(&self.far, |bearing| &self.cells[bearing.index()])
    }

    /// By how much the level that is to be expected at a listening differs between two places of a tag, or one and none near, in dB; less
    /// where it would hardly be heard from either.
    pub(super) fn difference(&self, listening: Place, first: Place, second: Option<Place>) -> f64 {
        let (a, b) = (self.between(listening, Some(first)), self.between(listening, second));
        let heard = a.log_heard.exp().max(b.log_heard.exp());
        heard * (a.median_dbm - b.median_dbm).abs().min(20.0)
    }

    /// Logarithm of how likely it is to hear a tag at these levels, and not at the other places, if it is there; none: out of reach of
    /// them all.
    ///
    /// What a tag is louder or fainter than others is unknown. For the levels it is integrated out, with a normal prior; for the misses
    /// its estimate from the levels is taken, which the prior shrinks.
    pub(super) fn log_likelihood(&self, listenings: &[(Place, Option<f64>)], tag: Option<Place>) -> f64 {
        let (mut squares, mut weighted, mut weights, mut logs) = (0.0, 0.0, 0.0, 0.0);
        for (place, level) in listenings {
            let Some(level) = level else { continue };
            let expected = self.between(*place, tag);
            let limit = FAR_OFF * expected.variance.sqrt() + OFFSET_DB;
            let residual = (level - expected.median_dbm).clamp(-limit, limit);
            squares += residual * residual / expected.variance;
            weighted += residual / expected.variance;
            weights += 1.0 / expected.variance;
            logs += expected.log_heard - 0.5 * expected.variance.ln();
        }
        let precision = 1.0 / (OFFSET_DB * OFFSET_DB) + weights;
        let offset = weighted / precision;
        let levels = logs - 0.5 * (squares - weighted * weighted / precision) - 0.5 * (precision * OFFSET_DB * OFFSET_DB).ln();
        let missed = listenings.iter().filter(|(_, level)| level.is_none());
        levels + missed.map(|(place, _)| self.between(*place, tag).log_missed(offset)).sum::<f64>()
    }
}
