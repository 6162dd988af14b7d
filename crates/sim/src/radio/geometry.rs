//! Where tags are, as an antenna sees them.

use std::ops::RangeInclusive;

use pandian_domain::layout::Aisle;
use pandian_domain::{Place, Side};

use crate::racks::Racks;

/// From the front of a slot to the front of the one behind it, in metres.
const SLOT_DEPTH_M: f64 = 1.2;
/// Between two racks that stand back to back, in metres.
const BACK_GAP_M: f64 = 0.2;
/// Which part of a slot's width and height the tags are spread over, around its middle.
const SPREAD: f64 = 0.6;
/// How far behind the front of its slot a tag is, in metres.
const BEHIND_FRONT_M: [f64; 2] = [0.1, 1.0];
/// Bay width and level height where there is no aisle to say them, in metres.
const USUAL_SLOT_M: [f64; 2] = [1.4, 1.6];

/// Where a rack stands, seen from an antenna that is aimed at another, or at this one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rack {
    /// The antenna is aimed at it.
    Served,
    /// Across the aisle. The antennas ride in the middle, so its face is as near.
    Opposite,
    /// Back to back with the served one; its face is so far behind the served face, in metres.
    Behind { face_m: f64 },
}

/// A slot seen from an antenna that stands before a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) slot: u32,
    rack: Rack,
    /// From the antenna's axis to the middle of the slot, in metres along and up.
    across_m: [f64; 2],
    /// Its width and height, in metres.
    size_m: [f64; 2],
    /// From the face of its rack to the front of the slot, in metres.
    front_m: f64,
}

/// The straight way from an antenna to a tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ray {
    pub(super) length_m: f64,
    /// Angle off the antenna's axis, in degrees.
    pub(super) angle_deg: f64,
    /// How much of the way leads through racks, in metres.
    pub(super) inside_m: f64,
    /// Whether it leads through the back of the served rack.
    pub(super) through_back: bool,
}

impl Cell {
    /// A slot without a place: nothing is known to lie beside it.
    fn alone(slot: u32) -> Self {
        Self { slot, rack: Rack::Served, across_m: [0.0; 2], size_m: USUAL_SLOT_M, front_m: 0.0 }
    }

    /// The way to a tag of the slot: where in the slot it is say three numbers in 0..1, along, up and inwards.
    pub(super) fn ray(&self, standoff_m: f64, within: [f64; 3]) -> Ray {
        let across = |axis: usize| self.across_m[axis] + (within[axis] - 0.5) * SPREAD * self.size_m[axis];
        let [nearest, furthest] = BEHIND_FRONT_M;
        let depth_m = self.front_m + nearest + within[2] * (furthest - nearest);
        let ahead_m = match self.rack {
            Rack::Served => standoff_m + depth_m,
            Rack::Opposite => -standoff_m - depth_m,
            Rack::Behind { face_m } => standoff_m + face_m - depth_m,
        };
        let length_m = across(0).hypot(across(1)).hypot(ahead_m);
        Ray {
            length_m,
            angle_deg: (ahead_m / length_m).clamp(-1.0, 1.0).acos().to_degrees(),
            inside_m: length_m * (1.0 - standoff_m / ahead_m.abs()),
            through_back: matches!(self.rack, Rack::Behind { .. }),
        }
    }
}

/// The slots with their middle within reach of an antenna before a slot, and that slot itself.
pub(super) fn cells(racks: &Racks, served: u32, standoff_m: f64, reach_m: f64, back_rack: bool) -> Vec<Cell> {
    let layout = racks.layout();
    let aisle_of = |aisle: u16| layout.aisles().get(usize::from(aisle));
    let Some((stand, aisle)) = layout.slot(served).place.and_then(|place| Some((place, aisle_of(place.aisle)?))) else {
        return vec![Cell::alone(served)];
    };
    let mut cells = Vec::new();
    let mut add = |number: u16, other: &Aisle, rack: &dyn Fn(Place) -> Option<Rack>| {
        let axis = aisle.point(stand.bay, stand.level);
        for (slot, place) in racks.of_bays(number, bays_within(other, axis.x_m, reach_m)) {
            let Some(rack) = rack(place) else { continue };
            let middle = other.point(place.bay, place.level);
            let cell = Cell {
                slot,
                rack,
                across_m: [middle.x_m - axis.x_m, middle.y_m - axis.y_m],
                size_m: [other.bay_width_m, other.level_height_m],
                front_m: f64::from(place.depth.max(1) - 1) * SLOT_DEPTH_M,
            };
            if slot == served || cell.ray(standoff_m, [0.5; 3]).length_m <= reach_m {
                cells.push(cell);
            }
        }
    };
    add(stand.aisle, aisle, &|place| Some(if place.side == stand.side { Rack::Served } else { Rack::Opposite }));
    let behind = match stand.side {
        _ if !back_rack => None,
        Side::Left => stand.aisle.checked_sub(1),
        Side::Right => stand.aisle.checked_add(1),
    };
    if let Some((number, other)) = behind.and_then(|number| Some((number, aisle_of(number)?))) {
        let face_m = f64::from(aisle.depth.max(1)) * SLOT_DEPTH_M + BACK_GAP_M + f64::from(other.depth.max(1)) * SLOT_DEPTH_M;
        add(number, other, &|place| (place.side != stand.side).then_some(Rack::Behind { face_m }));
    }
    cells
}

/// The bays with their middle so near to a point of the aisle.
fn bays_within(aisle: &Aisle, x_m: f64, reach_m: f64) -> RangeInclusive<u32> {
    // Casts of what is out of range, or no number, end at the range's ends.
    let bay = |x_m: f64| x_m / aisle.bay_width_m;
    bay(x_m - reach_m).ceil() as u32..=bay(x_m + reach_m).floor() as u32
}
