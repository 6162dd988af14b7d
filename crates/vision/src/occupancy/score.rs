//! From evidence to a score and a verdict.

use super::evidence::{Evidence, VALUES};
use super::{Presence, Unsure};

/// The weights of [`Evidence::values`], in their order, and what is added: a logistic regression on 4,000 rendered
/// slots of the families for tuning (seeds 11, 12 and 13). `examples/occupancy_weights.rs` prints them.
const WEIGHTS: [f32; VALUES] = [31.86, 9.31, 3.34, 2.98, 4.74, -5.00, -2.81, -2.35, -3.73, -4.49, 1.70, -2.47, 1.19];
/// What is added.
const BIAS: f32 = -24.61;
/// Up to this score a slot is empty.
const EMPTY: f32 = 0.14;
/// The same where a load may show less: nobody drew the opening and what was found is beside it, or the camera looks from elsewhere.
const EMPTY_IN_DOUBT: f32 = 0.03;
/// From this score on it is occupied.
const OCCUPIED: f32 = 0.65;
/// With more than this share of the width blocked nothing is said: a load can stand behind what is there, and what is there is none.
const BLOCKED: f32 = 0.15;

/// Where less than this share of the width shows something that a load would hide, nothing is called empty.
const BEHIND: f32 = 0.4;

/// How much speaks for a load, 0 to 1.
pub(super) fn of(evidence: &Evidence, usual: &Evidence) -> f32 {
    let sum: f32 = evidence.values(usual).iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    1.0 / (1.0 + (-(sum + BIAS)).exp())
}

/// What a score says, given how much of the slot was seen, and whether from the usual place through the opening.
pub(super) fn verdict(score: f32, evidence: &Evidence, is_sure: bool) -> (Presence, Option<Unsure>) {
    let empty = if is_sure { EMPTY } else { EMPTY_IN_DOUBT };
    match score {
        _ if evidence.blocked > BLOCKED => (Presence::Unsure, Some(Unsure::ViewBlocked)),
        _ if score >= OCCUPIED => (Presence::Occupied, None),
        _ if score > empty => (Presence::Unsure, Some(Unsure::Between)),
        _ if evidence.behind < BEHIND => (Presence::Unsure, Some(Unsure::NothingBehind)),
        _ => (Presence::Empty, None),
    }
}
