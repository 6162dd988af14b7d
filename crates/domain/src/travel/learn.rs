//! What a crane can do, learnt from how long its moves took.
//!
//! Configured speeds are those of the data sheet. Loads, wear, a controller that answers late and a park order before each move make a
//! crane slower than that; its own moves say how much. They are measured in service, so some of them say nothing about the crane: it
//! waited for another one, a person opened a gate. The fit takes such moves for what they are as long as they are few.

use super::Kinematics;
use crate::route::{LEAST_RATE, MOST_METRES, MOST_RATE};

mod fit;
#[cfg(test)]
mod tests;

use fit::{Fit, Guess};

/// One move of a crane within an aisle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// Metres along the aisle; the direction does not matter.
    pub dx_m: f64,
    /// Metres up or down.
    pub dy_m: f64,
    /// Measured seconds from the order to the arrival.
    pub seconds: f64,
}

/// What a crane's moves say of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learnt {
    /// How it drives and lifts. What the moves do not show is as configured: the rates of an axis on which all moves are alike, and about
    /// so the rates that no move depends on. For moves like those it was learnt from, the times are right.
    pub kinematics: Kinematics,
    /// Seconds that each move takes besides, whatever the distance.
    pub overhead_s: f64,
    /// How many moves it was learnt from, those that only measure the errors among them.
    pub moves: usize,
    /// How far predicted times are off on average, as a part of the average time: 0.02 is 2 %. Measured on a fourth of the moves, which
    /// the fit did not see. Moves that both these and the configured kinematics miss by far are left out, at most a third.
    pub error: f64,
    /// The same of the configured kinematics, on the same moves.
    pub configured_error: f64,
}

impl Learnt {
    /// Whether planning had better use this than what is configured: that is off by more than 1 %, and this by a fifth less at least.
    /// The fewer moves the errors were measured on, the more chance is in them, and the clearer the difference has to be.
    pub fn is_better(&self) -> bool {
        let chance = 1.0 / ((self.moves / HELD_OUT) as f64).sqrt();
        self.configured_error > 0.01 && self.error <= 0.8 * (1.0 - chance) * self.configured_error
    }
}

/// Fewer moves show nothing.
const FEWEST: usize = 30;
/// More moves show nothing new.
const MOST: usize = 2_000;
/// A move that takes longer is none.
const MOST_SECONDS: f64 = 3_600.0;
/// One move in as many is held out, to measure the errors on.
const HELD_OUT: usize = 4;
/// Metres by which the moves of an axis must differ, the shortest and the longest few apart.
const LEAST_SPREAD_M: f64 = 0.01;

/// Learns from moves, oldest first or in any other order. A fifth of them may be delayed by whatever it be.
///
/// None where they are too few (30 are wanted), or alike on both axes, and where the configured kinematics are none that a
/// [`Problem`](crate::route::Problem) accepts. Moves whose measures are no positive, finite numbers in reason do not count. The same
/// moves give the same result; beyond 2,000 every so many are left out, evenly.
pub fn learn(configured: Kinematics, moves: &[Move]) -> Option<Learnt> {
    let rates = [configured.drive.speed, configured.drive.acceleration, configured.lift.speed, configured.lift.acceleration];
    if rates.iter().any(|rate| !(LEAST_RATE..=MOST_RATE).contains(rate)) {
        return None;
    }
    let moves = sample(moves.iter().filter_map(usable).collect());
    let free = [spread(moves.iter().map(|m| m.dx_m)), spread(moves.iter().map(|m| m.dy_m))].map(|metres| metres >= LEAST_SPREAD_M);
    if moves.len() < FEWEST || free == [false, false] {
        return None;
    }
    let seen = moves.iter().enumerate().filter(|(index, _)| index % HELD_OUT != HELD_OUT - 1).map(|(_, seen)| *seen).collect();
    let fit = Fit::new(Guess::new(configured, 0.0), free, seen);
    let (error, configured_error) = errors(&fit, configured, moves.iter().skip(HELD_OUT - 1).step_by(HELD_OUT));
    Some(Learnt { kinematics: fit.guess.kinematics(), overhead_s: fit.guess.overhead_s(), moves: moves.len(), error, configured_error })
}

fn usable(measured: &Move) -> Option<Move> {
    let (dx_m, dy_m, seconds) = (measured.dx_m.abs(), measured.dy_m.abs(), measured.seconds);
    let is_usable = dx_m <= MOST_METRES && dy_m <= MOST_METRES && dx_m + dy_m > 0.0 && seconds > 0.0 && seconds <= MOST_SECONDS;
    is_usable.then_some(Move { dx_m, dy_m, seconds })
}

/// So many of them as are worth the time, evenly spread.
fn sample(moves: Vec<Move>) -> Vec<Move> {
    let count = moves.len();
    if count <= MOST { moves } else { (0..MOST).map(|index| moves[index * count / MOST]).collect() }
}

/// How far values are apart, without a twentieth of them at either end.
fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let end = values.len() / 20;
    match values.get(end..values.len() - end) {
        Some([first, .., last]) => last - first,
        _ => 0.0,
    }
}

/// How far the predictions are off on moves that the fit did not see.
fn errors<'m>(fit: &Fit, configured: Kinematics, held_out: impl Iterator<Item = &'m Move>) -> (f64, f64) {
    let configured = Guess::new(configured, 0.0);
    // Nearest to either prediction first: what is far from both is a wait, and no prediction's error.
    let mut moves: Vec<(f64, &Move)> =
        held_out.map(|held| (fit.strangeness(&fit.guess, held).min(fit.strangeness(&configured, held)), held)).collect();
    moves.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let count = moves.partition_point(|(strangeness, _)| *strangeness <= 1.0).max(moves.len() - moves.len() / 3);
    let whole: f64 = moves[..count].iter().map(|(_, held)| held.seconds).sum();
    let off = |guess: &Guess| moves[..count].iter().map(|(_, held)| (guess.seconds(held) - held.seconds).abs()).sum::<f64>() / whole;
    (off(&fit.guess), off(&configured))
}
