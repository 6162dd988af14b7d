//! Where places are in metres, and how long a crane travels between them.

use std::time::Duration;

use pandian_domain::Place;
use pandian_domain::travel::Kinematics;

/// The measures of one aisle's racks. Both sides share them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AisleGeometry {
    /// Distance from one bay (列) to the next, in metres.
    pub bay_width_m: f64,
    /// Distance from one level (层) to the next, in metres.
    pub level_height_m: f64,
}

impl Default for AisleGeometry {
    fn default() -> Self {
        Self { bay_width_m: 1.4, level_height_m: 1.6 }
    }
}

impl AisleGeometry {
    /// Metres along and up of a place, from bay 0 and level 0, where cranes start.
    pub fn point(&self, bay: u32, level: u32) -> (f64, f64) {
        (f64::from(bay) * self.bay_width_m, f64::from(level) * self.level_height_m)
    }
}

/// Every aisle's measures and what changing between aisles costs.
#[derive(Debug, Clone)]
pub(crate) struct Geometry {
    pub(crate) aisles: Vec<AisleGeometry>,
    /// Time from the front of one aisle to the front of another.
    pub(crate) aisle_change: Duration,
}

impl Geometry {
    /// Travel time between two places; from the front of the target's aisle (bay 0, level 0) where `from` is none.
    /// Whole milliseconds.
    pub(crate) fn travel(&self, kinematics: &Kinematics, from: Option<Place>, to: Place) -> Duration {
        let front = (0.0, 0.0);
        match from {
            None => kinematics.travel(front, self.point(to)),
            Some(from) if from.aisle == to.aisle => kinematics.travel(self.point(from), self.point(to)),
            Some(from) => kinematics.travel(self.point(from), front) + self.aisle_change + kinematics.travel(front, self.point(to)),
        }
    }

    fn point(&self, place: Place) -> (f64, f64) {
        self.aisles.get(usize::from(place.aisle)).copied().unwrap_or_default().point(place.bay, place.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pandian_domain::Side;
    use pandian_domain::travel::Axis;

    fn place(aisle: u16, side: Side, bay: u32, level: u32) -> Place {
        Place { aisle, side, bay, level, depth: 1 }
    }

    #[test]
    fn both_sides_share_a_point_and_another_aisle_is_reached_by_the_front() {
        let geometry =
            Geometry { aisles: vec![AisleGeometry { bay_width_m: 2.0, level_height_m: 1.0 }; 2], aisle_change: Duration::from_secs(30) };
        let crane = Kinematics { drive: Axis { speed: 2.0, acceleration: 0.5 }, lift: Axis { speed: 1.0, acceleration: 0.5 } };
        let (left, right) = (place(0, Side::Left, 10, 1), place(0, Side::Right, 10, 1));
        assert_eq!(geometry.travel(&crane, Some(left), right), Duration::ZERO);
        // 20 m at 2 m/s and 0.5 m/s²: 20/2 + 2/0.5.
        assert_eq!(geometry.travel(&crane, None, left), Duration::from_secs(14));
        let other = place(1, Side::Left, 10, 1);
        assert_eq!(geometry.travel(&crane, Some(left), other), Duration::from_secs(14 + 30 + 14));
    }
}
