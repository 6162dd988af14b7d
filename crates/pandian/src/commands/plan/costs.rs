//! What visiting costs, by each rule.

use std::collections::BTreeMap;

use pandian_domain::Layout;
use pandian_domain::lane::QueueIndex;
use pandian_domain::plan::{Crane, Itinerary, Pace, Plan, as_given, plan};
use pandian_domain::route::Effort;
use pandian_engine::site::Release;
use serde::Serialize;

use super::seconds::Spent;

/// By which rule locations are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
    /// In the order of the list.
    AsGiven,
    /// By code.
    Sorted,
    /// As planned.
    Routed,
}

/// What one rule costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Cost {
    pub(super) rule: Rule,
    pub(super) release: Release,
    #[serde(flatten)]
    pub(super) spent: Spent,
}

/// A plan, and what the same locations cost by other rules.
pub(super) struct Planned {
    pub(super) release: Release,
    /// By queue.
    pub(super) paces: Vec<Option<Pace>>,
    pub(super) plan: Plan,
    /// By the rules in their order; the plan's own are the last.
    pub(super) costs: [Cost; 3],
}

impl Planned {
    /// Plans the ways of all cranes over `slots`. Takes seconds where there are many.
    pub(super) fn compute(layout: &Layout, release: Release, paces: Vec<Option<Pace>>, slots: &[u32], seed: u64) -> Self {
        let cranes: Vec<Crane> = (0..).zip(layout.queues()).map(|(queue, spec)| Crane { queue, from: spec.home }).collect();
        let plan = plan(layout, &paces, &cranes, slots, seed, &mut Effort::kicks(u64::MAX));
        let mut by_code = slots.to_vec();
        by_code.sort_by(|a, b| layout.slot(*a).code.cmp(&layout.slot(*b).code));
        let unplanned = |slots: &[u32]| {
            let ways = by_queue(layout, &cranes, slots);
            let times = as_given(layout, &paces, &ways);
            let each = ways.iter().zip(&times).map(|((crane, _), times)| Spent::by(paces[crane.queue as usize].as_ref(), times));
            Spent::by_all(each)
        };
        let by_plan = |itinerary: &Itinerary| Spent::by(paces[itinerary.crane.queue as usize].as_ref(), &itinerary.times);
        let routed = Spent::by_all(plan.itineraries.iter().map(by_plan));
        let costs = [(Rule::AsGiven, unplanned(slots)), (Rule::Sorted, unplanned(&by_code)), (Rule::Routed, routed)];
        let costs = costs.map(|(rule, spent)| Cost { rule, release, spent });
        Self { release, paces, plan, costs }
    }
}

/// Every location with the crane that it belongs to.
fn by_queue(layout: &Layout, cranes: &[Crane], slots: &[u32]) -> Vec<(Crane, Vec<u32>)> {
    let mut ways: BTreeMap<QueueIndex, Vec<u32>> = BTreeMap::new();
    for slot in slots {
        ways.entry(layout.slot(*slot).queue).or_default().push(*slot);
    }
    ways.into_iter().filter_map(|(queue, slots)| Some((*cranes.get(queue as usize)?, slots))).collect()
}
