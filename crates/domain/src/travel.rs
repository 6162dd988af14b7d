//! How long a stacker crane needs from one slot to another: it drives and lifts at the same time.

use std::time::Duration;

pub mod learn;

/// One axis: a trapezoidal speed profile with equal acceleration and deceleration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Highest speed in metres per second, above 0.
    pub speed: f64,
    /// Acceleration in metres per second squared, above 0.
    pub acceleration: f64,
}

impl Axis {
    /// Seconds for `distance` metres: `d/v + v/a` where full speed is reached (`d ≥ v²/a`), else `2·√(d/a)`.
    pub fn seconds(self, distance: f64) -> f64 {
        let distance = distance.abs();
        if distance >= self.speed * self.speed / self.acceleration {
            distance / self.speed + self.speed / self.acceleration
        } else {
            2.0 * (distance / self.acceleration).sqrt()
        }
    }
}

/// What a crane can do on both axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kinematics {
    /// Along the aisle.
    pub drive: Axis,
    /// Up and down.
    pub lift: Axis,
}

impl Kinematics {
    /// Seconds between two points, metres along and up: the slower axis decides.
    pub fn seconds(self, from: (f64, f64), to: (f64, f64)) -> f64 {
        self.drive.seconds(to.0 - from.0).max(self.lift.seconds(to.1 - from.1))
    }

    /// Travel time between two points, metres along and up, rounded up to whole milliseconds (what a crane's
    /// controller and a timer can keep).
    pub fn travel(self, from: (f64, f64), to: (f64, f64)) -> Duration {
        // A hair below the next millisecond is noise of the arithmetic, not time.
        Duration::from_millis((self.seconds(from, to) * 1000.0 - 1e-6).ceil().max(0.0) as u64)
    }
}

impl Default for Kinematics {
    /// 160 m/min along, 60 m/min up, 0.5 m/s² both: a common unit-load crane.
    fn default() -> Self {
        Self { drive: Axis { speed: 160.0 / 60.0, acceleration: 0.5 }, lift: Axis { speed: 1.0, acceleration: 0.5 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_axis_decides_and_short_moves_never_reach_full_speed() {
        let crane = Kinematics { drive: Axis { speed: 2.0, acceleration: 0.5 }, lift: Axis { speed: 1.0, acceleration: 0.5 } };
        assert_eq!(crane.travel((0.0, 0.0), (20.0, 0.0)), Duration::from_secs(14));
        assert_eq!(crane.travel((0.0, 0.0), (2.0, 0.0)), Duration::from_secs(4));
        assert_eq!(crane.travel((0.0, 0.0), (2.0, 10.0)), Duration::from_secs(12));
        assert_eq!(crane.travel((3.0, 4.0), (3.0, 4.0)), Duration::ZERO);
    }
}
