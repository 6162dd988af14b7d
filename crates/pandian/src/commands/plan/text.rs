//! The plan for people.

use std::path::Path;

use pandian_engine::site::Release;

use super::costs::{Cost, Rule};
use super::figures::{CraneFigures, Figures, How, KinematicsFigures, Lesson, Source};
use super::seconds::{Seconds, Spent};
use crate::columns::columns;
use crate::show::short;
use crate::words::Words;

/// At most so many of the locations that are left out are named.
const MOST_LEFT_OUT: usize = 20;

/// What stands where a figure is not known.
pub(super) const UNKNOWN: &str = "–";

/// Everything that is said of a plan, ended by a line break; also how cranes move, where that was to be learnt.
pub(super) fn of(figures: &Figures<'_>, with_kinematics: bool, picture: Option<&Path>, words: &Words) -> String {
    let released = (words.plan.release)(figures.release);
    let mut parts = vec![format!("{}\n", (words.plan.title)(figures.warehouse, figures.planned, released, figures.seed))];
    if figures.planned > 0 {
        parts.push(cranes(figures, with_kinematics, words));
        parts.push(rules(figures, words));
    }
    if !figures.left_out.is_empty() {
        parts.push(left_out(figures, words));
    }
    if let Some(picture) = picture {
        parts.push(format!("{}\n", (words.plan.picture)(&picture.display().to_string())));
    }
    parts.join("\n")
}

/// A part of a whole, in hundredths of it.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

/// How good a way is: by which part it is longer than its bound, or that it is proved the shortest.
fn quality(gap: Option<f64>, is_optimal: bool, words: &Words) -> String {
    match (gap, is_optimal) {
        (_, true) => words.plan.optimal.to_owned(),
        (Some(gap), false) => percent(gap),
        (None, false) => UNKNOWN.to_owned(),
    }
}

fn time(seconds: Seconds) -> String {
    match seconds {
        Seconds { known, is_whole: true } => short(known),
        Seconds { known, is_whole: false } if known > 0.0 => format!("≥ {}", short(known)),
        _ => UNKNOWN.to_owned(),
    }
}

/// The table of the cranes, and what is to be said of some.
fn cranes(figures: &Figures<'_>, with_kinematics: bool, words: &Words) -> String {
    // Where each visit is one stop there is nothing to tell apart.
    let with_visits = figures.cranes.iter().any(|crane| crane.visits != crane.stops);
    let row = |name: &str, [stops, visits]: [usize; 2], spent: Spent, bound_s: Option<f64>, quality: String| {
        let mut row = vec![name.to_owned(), stops.to_string()];
        row.extend(with_visits.then(|| visits.to_string()));
        row.extend([spent.travel_s, spent.dwell_s, spent.makespan_s].map(time));
        row.extend([bound_s.map_or_else(|| UNKNOWN.to_owned(), short), quality]);
        row
    };
    let mut head: Vec<String> = [words.crane, words.plan.stops].map(str::to_owned).into();
    head.extend(with_visits.then(|| words.plan.visits.to_owned()));
    head.extend([words.plan.travel, words.plan.standing, words.plan.free_after, words.plan.bound, words.plan.gap].map(str::to_owned));
    let mut rows = vec![head];
    rows.extend(figures.cranes.iter().map(|crane| {
        let quality = quality(crane.gap, crane.how == How::Optimal, words);
        row(crane.crane.as_str(), [crane.stops, crane.visits], crane.spent, crane.bound_s, quality)
    }));
    if figures.cranes.len() > 1 {
        let visits = figures.cranes.iter().map(|crane| crane.visits).sum();
        let quality = quality(figures.gap, figures.optimal, words);
        rows.push(row(words.plan.all, [figures.planned, visits], figures.spent, figures.bound_s, quality));
    }
    let mut text = columns(&rows, 1);
    if let Some(done_s) = figures.done_s.whole() {
        text.push_str(&(words.plan.done)(&short(done_s)));
        text.push('\n');
    }
    let remarks = figures.cranes.iter().filter_map(|crane| remark(crane, words));
    let moves = figures.cranes.iter().filter(|_| with_kinematics).filter_map(|crane| moves(crane, words));
    for line in remarks.chain(moves) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Why a crane's order is not planned, or its time not known.
fn remark(crane: &CraneFigures<'_>, words: &Words) -> Option<String> {
    let name = crane.crane.as_str();
    match crane.how {
        How::GivenOpaque => Some((words.plan.kept_opaque)(name)),
        How::GivenDispatched => Some((words.plan.kept_dispatched)(name)),
        How::Optimal | How::WithinBound => (crane.unknown_moves > 0).then(|| (words.plan.partly_opaque)(name, crane.unknown_moves)),
    }
}

/// How a crane is expected to move, and how far that is off.
fn moves(crane: &CraneFigures<'_>, words: &Words) -> Option<String> {
    let name = crane.crane.as_str();
    let KinematicsFigures { source, lesson, .. } = crane.kinematics.as_ref()?;
    let Some(Lesson { moves, error, configured_error }) = lesson else { return Some((words.plan.nothing_learnt)(name)) };
    let say = match source {
        Source::Learnt => words.plan.moves_as_learnt,
        Source::Configured => words.plan.moves_as_configured,
    };
    Some(say(name, *moves, &percent(*error), &percent(*configured_error)))
}

/// The table of what each rule costs.
fn rules(figures: &Figures<'_>, words: &Words) -> String {
    let head = [words.plan.rule, words.plan.released, words.plan.free_after, words.plan.travel, words.plan.standing, words.plan.sooner];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let by_rule = |rule| match rule {
        Rule::AsGiven => words.plan.as_given,
        Rule::Sorted => words.plan.sorted,
        Rule::Routed => words.plan.routed,
    };
    let is_slowest = |cost: &&Cost| cost.rule == Rule::AsGiven && cost.release == Release::AfterVerification;
    let slowest_s = figures.rules.iter().find(is_slowest).and_then(|cost| cost.spent.makespan_s.whole());
    rows.extend(figures.rules.iter().map(|cost| {
        let sooner =
            slowest_s.zip(cost.spent.makespan_s.whole().filter(|seconds| *seconds > 0.0)).map(|(slowest_s, seconds)| slowest_s / seconds);
        vec![
            by_rule(cost.rule).to_owned(),
            (words.plan.release)(cost.release).to_owned(),
            time(cost.spent.makespan_s),
            time(cost.spent.travel_s),
            time(cost.spent.dwell_s),
            sooner.map_or_else(|| UNKNOWN.to_owned(), |times| format!("{times:.1} ×")),
        ]
    }));
    columns(&rows, 2)
}

/// What no crane visits, and why.
fn left_out(figures: &Figures<'_>, words: &Words) -> String {
    let mut text = format!("{}\n", (words.plan.left_out)(figures.left_out.len()));
    let rows = figures
        .left_out
        .iter()
        .take(MOST_LEFT_OUT)
        .map(|left| vec![format!("  {}", left.location), (words.reason)(left.barred.reason()).to_owned(), left.note.to_owned()]);
    text.push_str(&columns(&rows.collect::<Vec<_>>(), 3));
    if figures.left_out.len() > MOST_LEFT_OUT {
        text.push_str(&format!("  {}\n", (words.and_more)(figures.left_out.len() - MOST_LEFT_OUT)));
    }
    text
}
