//! What the picture of a plan shows: a panel for each aisle that a crane visits.

use pandian_domain::layout::{Layout, Position};
use pandian_domain::plan::{Itinerary, Order};
use pandian_domain::route::Point;

use super::costs::Planned;
use super::figures::{CraneFigures, Figures, How};
use super::text::{UNKNOWN, percent};
use crate::lists::shown;
use crate::route_picture::{Mark, Panel};
use crate::show::short;
use crate::words::Words;

/// The front of an aisle, where cranes come in and leave.
const FRONT: Point = Point { x_m: 0.0, y_m: 0.0 };

/// The panels of all cranes, each crane's in the order of its way. What has no coordinates is on none.
pub(super) fn of<'l>(layout: &'l Layout, planned: &Planned, figures: &Figures<'_>, words: &Words) -> Vec<Panel<'l>> {
    let cranes = planned.plan.itineraries.iter().zip(&figures.cranes);
    cranes.flat_map(|(itinerary, figures)| of_crane(layout, planned, itinerary, figures, words)).collect()
}

fn of_crane<'l>(layout: &'l Layout, planned: &Planned, itinerary: &Itinerary, figures: &CraneFigures<'_>, words: &Words) -> Vec<Panel<'l>> {
    let queue = itinerary.crane.queue as usize;
    let aisle_of = |slot: u32| layout.position(slot).map(|position| position.aisle);
    let runs: Vec<&[u32]> = itinerary.slots.chunk_by(|a, b| aisle_of(*a) == aisle_of(*b)).collect();
    let home = layout.queues()[queue].home.filter(|_| planned.paces[queue].is_some_and(|pace| pace.returns_home));
    let mut panels = Vec::new();
    let mut at = itinerary.crane.from;
    for (index, run) in runs.iter().enumerate() {
        if let Some(here) = layout.position(run[0]) {
            let aisle = &layout.aisles()[usize::from(here.aisle)];
            let next = runs.get(index + 1).map_or(home, |next| layout.position(next[0]));
            // From and to other aisles it goes by the front.
            let within = |other: Position| if other.aisle == here.aisle { other.point } else { FRONT };
            let stops: Vec<Mark<'_>> = run.iter().filter_map(|slot| mark(layout, *slot)).collect();
            let way = at.map(within).into_iter().chain(stops.iter().map(|stop| stop.at)).chain(next.map(within));
            panels.push(Panel {
                title: format!("{} · {} · {}", shown(figures.crane.as_str()), shown(&aisle.id), (words.plan.stops_here)(run.len())),
                note: panels.is_empty().then(|| of_whole(figures, words)),
                aisle,
                way: if itinerary.order == Order::GivenDispatched { Vec::new() } else { way.collect() },
                stops,
            });
        }
        at = run.last().and_then(|slot| layout.position(*slot));
    }
    panels
}

/// What is said of a crane's whole way.
fn of_whole(figures: &CraneFigures<'_>, words: &Words) -> String {
    let Some(travel_s) = figures.spent.travel_s.whole() else { return words.plan.time_unknown.to_owned() };
    let quality = match figures.gap {
        _ if figures.how == How::Optimal => words.plan.optimal.to_owned(),
        Some(gap) => format!("{} {}", words.plan.gap, percent(gap)),
        None => UNKNOWN.to_owned(),
    };
    format!("{} {} · {quality}", words.plan.travel, short(travel_s))
}

fn mark(layout: &Layout, slot: u32) -> Option<Mark<'_>> {
    let (place, position, code) = (layout.slot(slot).place?, layout.position(slot)?, layout.slot(slot).code.as_str());
    Some(Mark { at: position.point, side: place.side, depth: place.depth, code })
}
