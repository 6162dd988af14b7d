//! Which spots are the quickest to reach from a spot: a tree of boxes, as fast on clusters and lines as on a full rack.

use super::Point;
use super::spots::{SpotIndex, Spots, seconds};

/// Boxes within boxes, down to a few spots each. Spots can be taken out one by one.
#[derive(Debug)]
pub(super) struct Nearby<'a> {
    spots: &'a Spots,
    boxes: Vec<Boxed>,
    /// The spots, those of one box side by side.
    order: Vec<SpotIndex>,
    leaf_of: Vec<u32>,
    taken: Vec<bool>,
}

#[derive(Debug)]
struct Boxed {
    low: Point,
    high: Point,
    parent: Option<u32>,
    /// Spots in it that were not taken out.
    remaining: u32,
    content: Content,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    /// This range of `order`.
    Spots(u32, u32),
    Halves(u32, u32),
}

/// As many spots are not worth a further split.
const FEW: usize = 6;

impl<'a> Nearby<'a> {
    pub(super) fn new(spots: &'a Spots) -> Self {
        let mut nearby =
            Self { spots, boxes: Vec::new(), order: Vec::new(), leaf_of: vec![0; spots.len()], taken: vec![false; spots.len()] };
        let mut order: Vec<SpotIndex> = (0..spots.len() as SpotIndex).collect();
        if !order.is_empty() {
            nearby.enclose(&mut order, 0, None);
        }
        nearby.order = order;
        nearby
    }

    /// Makes the box of some spots, which begin at `first` in the whole order, and the boxes in it.
    fn enclose(&mut self, some: &mut [SpotIndex], first: u32, parent: Option<u32>) -> u32 {
        let (mut low, mut high) = (self.spots.at(some[0]), self.spots.at(some[0]));
        for point in some.iter().map(|spot| self.spots.at(*spot)) {
            low = Point { x_m: low.x_m.min(point.x_m), y_m: low.y_m.min(point.y_m) };
            high = Point { x_m: high.x_m.max(point.x_m), y_m: high.y_m.max(point.y_m) };
        }
        let index = self.boxes.len() as u32;
        let content = Content::Spots(first, first + some.len() as u32);
        self.boxes.push(Boxed { low, high, parent, remaining: some.len() as u32, content });
        if some.len() <= FEW {
            for spot in some {
                self.leaf_of[*spot as usize] = index;
            }
            return index;
        }
        let kinematics = self.spots.kinematics();
        let wide = kinematics.drive.seconds(high.x_m - low.x_m) > kinematics.lift.seconds(high.y_m - low.y_m);
        let half = some.len() / 2;
        let spots = self.spots;
        let along = |spot: SpotIndex| if wide { spots.at(spot).x_m } else { spots.at(spot).y_m };
        some.select_nth_unstable_by(half, |a, b| along(*a).total_cmp(&along(*b)).then(a.cmp(b)));
        let (lower, upper) = some.split_at_mut(half);
        let lower = self.enclose(lower, first, Some(index));
        let upper = self.enclose(upper, first + half as u32, Some(index));
        self.boxes[index as usize].content = Content::Halves(lower, upper);
        index
    }

    /// Takes a spot out: it is no longer found.
    pub(super) fn take(&mut self, spot: SpotIndex) {
        if std::mem::replace(&mut self.taken[spot as usize], true) {
            return;
        }
        let mut inside = Some(self.leaf_of[spot as usize]);
        while let Some(index) = inside {
            self.boxes[index as usize].remaining -= 1;
            inside = self.boxes[index as usize].parent;
        }
    }

    /// The spots nearest to a spot, itself left out, at most `count`, the nearest first; among equals the lower number.
    pub(super) fn nearest(&self, spot: SpotIndex, count: usize, found: &mut Vec<(f64, SpotIndex)>) {
        found.clear();
        if !self.boxes.is_empty() && count > 0 {
            self.look(0, spot, self.spots.at(spot), count, found);
        }
    }

    fn look(&self, index: u32, spot: SpotIndex, from: Point, count: usize, found: &mut Vec<(f64, SpotIndex)>) {
        match self.boxes[index as usize].content {
            Content::Spots(first, last) => {
                for &other in &self.order[first as usize..last as usize] {
                    if other == spot || self.taken[other as usize] {
                        continue;
                    }
                    let entry = (self.spots.seconds(spot, other), other);
                    let place = found.partition_point(|known| (known.0, known.1) < entry);
                    if place < count {
                        found.truncate(count - 1);
                        found.insert(place, entry);
                    }
                }
            }
            Content::Halves(lower, upper) => {
                let (to_lower, to_upper) = (self.distance(lower, from), self.distance(upper, from));
                let ordered =
                    if to_upper < to_lower { [(to_upper, upper), (to_lower, lower)] } else { [(to_lower, lower), (to_upper, upper)] };
                for (distance, half) in ordered {
                    // An equal distance may still bring a lower number.
                    let worth = found.len() < count || found.last().is_some_and(|last| distance <= last.0);
                    if worth && self.boxes[half as usize].remaining > 0 {
                        self.look(half, spot, from, count, found);
                    }
                }
            }
        }
    }

    /// Seconds to the nearest point of a box.
    fn distance(&self, index: u32, from: Point) -> f64 {
        let inside = &self.boxes[index as usize];
        let nearest = Point { x_m: from.x_m.clamp(inside.low.x_m, inside.high.x_m), y_m: from.y_m.clamp(inside.low.y_m, inside.high.y_m) };
        seconds(self.spots.kinematics(), from, nearest)
    }
}
