//! From evidence to a score and a verdict.

use super::evidence::{Evidence, VALUES};
use super::{Presence, Unsure};

/// The weights of [`Evidence::values`], in their order, and what is added: a logistic regression on rendered slots of the families for
/// tuning. `examples/occupancy_weights.rs` prints them.
const WEIGHTS: [f32; VALUES] = [29.10, 9.21, 0.0, 3.04, 3.98, -7.11, -2.70, -3.24, -4.30, -2.87, 0.0, -1.67, 1.92];
/// What is added.
const BIAS: f32 = -19.00;
/// Up to this score a slot is empty.
const EMPTY: f32 = 0.2;
/// From this score on it is occupied.
const OCCUPIED: f32 = 0.6;
/// With more than this share of the width blocked no slot is called empty: something can stand there.
const BLOCKED: f32 = 0.15;
/// With more than this share blocked nothing is said.
const VIEW_BLOCKED: f32 = 0.4;

/// How much speaks for a load, 0 to 1.
pub(super) fn of(evidence: &Evidence, usual: &Evidence) -> f32 {
    let sum: f32 = evidence.values(usual).iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    1.0 / (1.0 + (-(sum + BIAS)).exp())
}

/// What a score says, given how much of the slot was seen.
pub(super) fn verdict(score: f32, evidence: &Evidence) -> (Presence, Option<Unsure>) {
    match score {
        _ if evidence.blocked > VIEW_BLOCKED => (Presence::Unsure, Some(Unsure::ViewBlocked)),
        _ if score >= OCCUPIED => (Presence::Occupied, None),
        _ if score > EMPTY => (Presence::Unsure, Some(Unsure::Between)),
        _ if evidence.blocked > BLOCKED => (Presence::Unsure, Some(Unsure::ViewBlocked)),
        _ => (Presence::Empty, None),
    }
}
