//! The fit: speeds, accelerations and overhead that come nearest to most of the moves.
//!
//! Seconds are `overhead + max(drive(dx), lift(dy))`. A coarse grid of rates gives starts; from the best of them, Gauss-Newton steps
//! with damping (Levenberg, Marquardt) go downhill. What is minimised is Tukey's biweight of the deviations, by a scale that follows
//! their median: far deviations do not count at all, however far they are. What the moves leave open stays near what is configured.

use super::{LEAST_RATE, MOST_RATE, MOST_SECONDS, Move};
use crate::travel::{Axis, Kinematics};

/// What is guessed, as natural logarithms: drive speed, drive acceleration, lift speed, lift acceleration, overhead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    logs: [f64; PARTS],
    drive: Axis,
    lift: Axis,
    overhead_s: f64,
}

const PARTS: usize = 5;
const OVERHEAD: usize = 4;
/// Less than this is no overhead. Above 0, so that it has a logarithm.
const LEAST_OVERHEAD_S: f64 = 1e-4;

impl Guess {
    pub(super) fn new(kinematics: Kinematics, overhead_s: f64) -> Self {
        let Kinematics { drive, lift } = kinematics;
        let logs = [drive.speed, drive.acceleration, lift.speed, lift.acceleration, overhead_s.max(LEAST_OVERHEAD_S)].map(f64::ln);
        Self { logs, drive, lift, overhead_s }
    }

    fn of(logs: [f64; PARTS]) -> Self {
        let [speed, acceleration, lift_speed, lift_acceleration, overhead_s] = logs.map(f64::exp);
        let rate = |rate: f64| rate.clamp(LEAST_RATE, MOST_RATE);
        let drive = Axis { speed: rate(speed), acceleration: rate(acceleration) };
        let lift = Axis { speed: rate(lift_speed), acceleration: rate(lift_acceleration) };
        Self::new(Kinematics { drive, lift }, if overhead_s <= LEAST_OVERHEAD_S { 0.0 } else { overhead_s.min(MOST_SECONDS) })
    }

    pub(super) fn kinematics(&self) -> Kinematics {
        Kinematics { drive: self.drive, lift: self.lift }
    }

    pub(super) fn overhead_s(&self) -> f64 {
        self.overhead_s
    }

    /// Seconds that a move takes by this guess.
    pub(super) fn seconds(&self, of: &Move) -> f64 {
        self.overhead_s + self.drive.seconds(of.dx_m).max(self.lift.seconds(of.dy_m))
    }

    /// By how many seconds a move takes longer for each part's logarithm.
    fn slopes(&self, of: &Move, free: [bool; 2]) -> [f64; PARTS] {
        let (drive, lift) = (self.drive.seconds(of.dx_m), self.lift.seconds(of.dy_m));
        let mut slopes = [0.0, 0.0, 0.0, 0.0, self.overhead_s.max(LEAST_OVERHEAD_S)];
        let (first, axis, metres, seconds) = if drive >= lift { (0, self.drive, of.dx_m, drive) } else { (2, self.lift, of.dy_m, lift) };
        if free[first / 2] {
            let ramps = axis.speed / axis.acceleration;
            let at_speed = metres - axis.speed * ramps;
            (slopes[first], slopes[first + 1]) = if at_speed >= 0.0 { (-at_speed / axis.speed, -ramps) } else { (0.0, -seconds / 2.0) };
        }
        slopes
    }
}

/// The best guess, and how far the moves are from it.
#[derive(Debug)]
pub(super) struct Fit {
    /// The best guess.
    pub(super) guess: Guess,
    free: [bool; 2],
    configured: Guess,
    moves: Vec<Move>,
    /// A usual time, in seconds.
    usual_s: f64,
    /// Standard deviation of the moves that are no outliers.
    scale: f64,
}

/// Deviations of more standard deviations do not count.
const CUT: f64 = 4.685;
/// Standard deviation of a normal distribution by the median of its deviations.
const BY_MEDIAN: f64 = 1.4826;
/// Standard deviations are taken to be no less. At first far more: else a part of the moves that some guess fits exactly would make
/// outliers of all others.
const FIRST_SCALE: f64 = 0.05;
const LEAST_SCALE: f64 = 0.01;
/// Deviations of more are all as bad when points of the grid are compared.
const FAR: f64 = 0.25;
/// Standard deviations of what one would expect without any move: rates about twice or half the configured ones, seconds of overhead.
/// They weigh next to nothing where the moves say otherwise. What those leave open (a speed that none reaches, acceleration or overhead where all
/// are short) they settle, so that moves unlike those measured are not predicted out of thin air.
const EXPECTED_LOG: f64 = 0.7;
const EXPECTED_OVERHEAD_S: f64 = 3.0;
/// The grid is judged by so many moves.
const ON_GRID: usize = 200;
/// A way downhill ends after so many steps at the latest.
const STEPS: usize = 100;

impl Fit {
    /// Fits to moves; axes that are not free keep the configured rates.
    pub(super) fn new(configured: Guess, free: [bool; 2], moves: Vec<Move>) -> Self {
        let usual_s = median(moves.iter().map(|of| of.seconds).collect());
        let mut fit = Self { guess: configured, free, configured, moves, usual_s, scale: f64::INFINITY };
        let ways: Vec<Guess> = fit.starts().into_iter().map(|start| fit.downhill(fit.downhill(start, FIRST_SCALE), LEAST_SCALE)).collect();
        let scales = ways.iter().map(|guess| fit.scale_of(&fit.deviations(guess), LEAST_SCALE));
        let scale = scales.fold(f64::INFINITY, f64::min);
        let loss = |guess: &Guess| fit.loss(guess, &fit.deviations(guess), scale);
        if let Some(best) = ways.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))) {
            fit.guess = *best;
        }
        fit.scale = fit.scale_of(&fit.deviations(&fit.guess), LEAST_SCALE);
        fit
    }

    /// How far a move is from a guess, compared with what is usual here: above 1 it is an outlier.
    pub(super) fn strangeness(&self, guess: &Guess, of: &Move) -> f64 {
        self.deviation(guess, of).abs() / (CUT * self.scale)
    }

    /// By how much a guess is off: for long moves about a part of their time, for short ones about seconds. Either noise is then the same
    /// for all.
    fn deviation(&self, guess: &Guess, of: &Move) -> f64 {
        ((guess.seconds(of) + self.usual_s) / (of.seconds + self.usual_s)).ln()
    }

    fn deviations(&self, guess: &Guess) -> Vec<f64> {
        self.moves.iter().map(|of| self.deviation(guess, of)).collect()
    }

    fn scale_of(&self, deviations: &[f64], least: f64) -> f64 {
        let median = median(deviations.iter().map(|deviation| deviation.abs()).collect());
        // Few moves lie nearer to what was fitted to them than others will.
        let few = 1.0 + PARTS as f64 / (deviations.len() - PARTS) as f64;
        (BY_MEDIAN * few * median).max(least)
    }

    /// The best of a grid of rates with each speed, and with the overhead that suits them. From a speed that no move reaches no way leads
    /// down to one that is reached, so that every speed is worth a try.
    fn starts(&self) -> Vec<Guess> {
        let step = self.moves.len().div_ceil(ON_GRID);
        let some: Vec<&Move> = self.moves.iter().step_by(step).collect();
        let seconds = |axes: Vec<Axis>, metres: fn(&Move) -> f64| -> Vec<(Axis, Vec<f64>)> {
            axes.into_iter().map(|axis| (axis, some.iter().map(|of| axis.seconds(metres(of))).collect())).collect()
        };
        let drives = seconds(grid(self.configured.drive, self.free[0]), |of| of.dx_m);
        let lifts = seconds(grid(self.configured.lift, self.free[1]), |of| of.dy_m);
        let mut starts = Vec::with_capacity(drives.len() * lifts.len());
        for (drive, driving) in &drives {
            for (lift, lifting) in &lifts {
                let moving = || driving.iter().zip(lifting).map(|(drive, lift)| drive.max(*lift));
                let rest = some.iter().zip(moving()).map(|(of, moving)| of.seconds - moving).collect();
                let overhead_s = median(rest).max(0.0);
                let off = some.iter().zip(moving()).map(|(of, moving)| (overhead_s + moving - of.seconds) / (of.seconds + self.usual_s));
                let guess = Guess::new(Kinematics { drive: *drive, lift: *lift }, overhead_s.max(0.05));
                starts.push((misfit(off), guess));
            }
        }
        starts.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut best: Vec<Guess> = Vec::new();
        for (_, guess) in starts {
            let has = |speed: fn(&Guess) -> f64| best.iter().any(|other| speed(other) == speed(&guess));
            if !(has(|guess| guess.drive.speed) && has(|guess| guess.lift.speed)) {
                best.push(guess);
            }
        }
        best
    }

    /// Steps to a smaller loss until none leads further.
    fn downhill(&self, start: Guess, least_scale: f64) -> Guess {
        let mut here = start;
        let mut damping = 1e-2;
        for _ in 0..STEPS {
            let deviations = self.deviations(&here);
            let scale = self.scale_of(&deviations, least_scale);
            let (mut curvature, slope) = self.normal_equations(&here, &deviations, scale);
            (0..PARTS).for_each(|part| curvature[part][part] *= 1.0 + damping);
            let step = solve(curvature, slope).map(|part| part.clamp(-1.0, 1.0));
            let there = Guess::of(std::array::from_fn(|part| here.logs[part] - step[part]));
            let loss = self.loss(&here, &deviations, scale);
            let gain = loss - self.loss(&there, &self.deviations(&there), scale);
            // Not so where it is no number.
            if gain > 0.0 {
                here = there;
                damping = (damping / 8.0).max(1e-9);
            } else {
                damping *= 8.0;
            }
            if damping > 1e8 || (gain > 0.0 && gain < 1e-7 * loss) {
                break;
            }
        }
        here
    }

    /// Sum of Tukey's biweights, half the squared standard deviations where they are small, and what leaving the configured rates costs.
    fn loss(&self, guess: &Guess, deviations: &[f64], scale: f64) -> f64 {
        let biweight = |deviation: &f64| {
            let near = (1.0 - (deviation / (CUT * scale)).powi(2)).max(0.0);
            CUT * CUT / 6.0 * (1.0 - near * near * near)
        };
        let unlikely: f64 = self.unlikely(guess).iter().map(|(off, _)| off * off / 2.0).sum();
        deviations.iter().map(biweight).sum::<f64>() + unlikely
    }

    /// How many standard deviations each part of a guess is off from what one would expect without any move, and by how many more for its
    /// logarithm.
    fn unlikely(&self, guess: &Guess) -> [(f64, f64); PARTS] {
        std::array::from_fn(|part| match part {
            OVERHEAD => (guess.overhead_s / EXPECTED_OVERHEAD_S, guess.overhead_s.max(LEAST_OVERHEAD_S) / EXPECTED_OVERHEAD_S),
            rate => ((guess.logs[rate] - self.configured.logs[rate]) / EXPECTED_LOG, 1.0 / EXPECTED_LOG),
        })
    }

    /// Curvature and slope of the loss about a guess.
    fn normal_equations(&self, guess: &Guess, deviations: &[f64], scale: f64) -> ([[f64; PARTS]; PARTS], [f64; PARTS]) {
        let mut curvature = [[0.0; PARTS]; PARTS];
        let mut slope = [0.0; PARTS];
        for (part, (off, more)) in self.unlikely(guess).into_iter().enumerate() {
            (curvature[part][part], slope[part]) = (more * more, more * off);
        }
        for (of, deviation) in self.moves.iter().zip(deviations) {
            let near = (1.0 - (deviation / (CUT * scale)).powi(2)).max(0.0);
            let weight = near * near / (scale * scale);
            if weight > 0.0 {
                let per_second = 1.0 / (guess.seconds(of) + self.usual_s);
                let slopes = guess.slopes(of, self.free).map(|slope| slope * per_second);
                for row in 0..PARTS {
                    slope[row] += weight * slopes[row] * deviation;
                    (0..PARTS).for_each(|column| curvature[row][column] += weight * slopes[row] * slopes[column]);
                }
            }
        }
        (curvature, slope)
    }
}

/// Rates to start from: the configured ones, and such as cranes have.
fn grid(configured: Axis, free: bool) -> Vec<Axis> {
    const SPEEDS: [f64; 5] = [0.25, 0.6, 1.4, 3.0, 7.0];
    const ACCELERATIONS: [f64; 4] = [0.1, 0.3, 0.8, 2.0];
    let any = SPEEDS.into_iter().flat_map(|speed| ACCELERATIONS.map(|acceleration| Axis { speed, acceleration }));
    std::iter::once(configured).chain(any.filter(|_| free)).collect()
}

/// The mean of the deviations, none of them counted as more than [`FAR`].
fn misfit(deviations: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = deviations.len().max(1);
    deviations.map(|deviation| deviation.abs().min(FAR)).sum::<f64>() / count as f64
}

/// The middle one of some values; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    let index = values.len() / 2;
    if index >= values.len() { 0.0 } else { *values.select_nth_unstable_by(index, f64::total_cmp).1 }
}

/// Solves equations with a positive definite matrix.
fn solve(mut matrix: [[f64; PARTS]; PARTS], mut right: [f64; PARTS]) -> [f64; PARTS] {
    for pivot in 0..PARTS {
        for row in pivot + 1..PARTS {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            (pivot..PARTS).for_each(|column| matrix[row][column] -= factor * matrix[pivot][column]);
            right[row] -= factor * right[pivot];
        }
    }
    for row in (0..PARTS).rev() {
        let known: f64 = (row + 1..PARTS).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}
