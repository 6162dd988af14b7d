//! How soon cranes that share aisles can all be free at best.

use super::super::{Crane, FRONT, Leg, Pace, home, pace_of, seconds, times};
use super::{distinct, least_s};
use crate::layout::{Layout, Position};
use crate::route::{Effort, End, Point};
use crate::travel::{Axis, Kinematics};

/// Cranes that share aisles with each other, directly or by way of others, and what there is to do in these.
pub(super) struct Team {
    cranes: Vec<Crane>,
    legs: Vec<Leg>,
}

/// A crane of a team.
struct Member<'t> {
    crane: &'t Crane,
    pace: Pace,
    home: Option<Position>,
}

impl Team {
    /// The teams of aisles that are each shared by some cranes.
    pub(super) fn of(aisles: impl Iterator<Item = (Vec<Crane>, Leg)>) -> Vec<Self> {
        let mut teams: Vec<Self> = Vec::new();
        for (cranes, leg) in aisles {
            let (joined, apart): (Vec<Self>, Vec<Self>) =
                teams.into_iter().partition(|team| team.cranes.iter().any(|crane| cranes.contains(crane)));
            let mut all = Self { cranes, legs: vec![leg] };
            for team in joined {
                all.cranes.extend(team.cranes);
                all.legs.extend(team.legs);
            }
            all.cranes.sort_unstable_by_key(|crane| crane.queue);
            all.cranes.dedup_by_key(|crane| crane.queue);
            teams = apart;
            teams.push(all);
        }
        teams
    }

    pub(super) fn makespan_s(&self, layout: &Layout, paces: &[Option<Pace>], effort: &mut Effort<'_>) -> f64 {
        let mut members = Vec::with_capacity(self.cranes.len());
        for crane in &self.cranes {
            let Some(pace) = pace_of(paces, crane.queue) else { return 0.0 };
            members.push(Member { crane, pace, home: home(layout, &pace, crane.queue) });
        }
        let able = |aisle: u16| members.iter().filter(move |member| layout.queues()[member.crane.queue as usize].aisles.contains(&aisle));
        let mut standing_s = 0.0;
        let mut farthest_s = 0.0_f64;
        for leg in &self.legs {
            let dwell = able(leg.aisle).map(|member| member.pace.dwell.as_secs_f64() * leg.visits(layout, member.crane.queue) as f64);
            standing_s += dwell.fold(f64::INFINITY, f64::min);
            for slot in leg.slots() {
                let alone = able(leg.aisle).map(|member| times(layout, paces, *member.crane, &[*slot]).makespan_s());
                farthest_s = farthest_s.max(alone.fold(f64::INFINITY, f64::min));
            }
        }
        let places = distinct(layout, self.legs.iter().flat_map(Leg::slots));
        let free = members.iter().filter(|member| member.crane.from.is_none_or(|from| places.contains(&from))).count();
        let overhead_s = members.iter().map(|member| member.pace.overhead.as_secs_f64()).fold(f64::INFINITY, f64::min);
        let moves_s = overhead_s * places.len().saturating_sub(free) as f64;
        farthest_s.max((standing_s + moves_s + self.travel_s(layout, &members, effort)) / members.len() as f64)
    }

    /// Seconds of travel of all together that no plan can beat.
    fn travel_s(&self, layout: &Layout, members: &[Member<'_>], effort: &mut Effort<'_>) -> f64 {
        let fastest = fastest(members);
        let by_front = self.by_front_s(layout, members, fastest, effort);
        match (&self.legs[..], members) {
            ([leg], [one, other]) => by_front.max(side_by_side_s(layout, leg, [one, other], fastest, effort)),
            _ => by_front,
        }
    }

    /// Ways in an aisle that begin and end at its front are one such way. Others become so by the way from the front to where a crane
    /// stands (the farthest place, if nobody knows), or from its home to the front. Where a crane may end anywhere, its way is open:
    /// one such spares the way back, two are one way that is open at both ends, and however many there are, to and fro they are a
    /// closed way, so that they spare no more than half of it.
    fn by_front_s(&self, layout: &Layout, members: &[Member<'_>], fastest: Kinematics, effort: &mut Effort<'_>) -> f64 {
        let is_visited = |position: &Position| self.legs.iter().any(|leg| leg.aisle == position.aisle);
        let to_front = |position: Position| seconds(fastest, position.point, FRONT);
        let unknown = members.iter().filter(|member| member.crane.from.is_none()).count();
        let mut closed_s = 0.0;
        let mut farthest_s = 0.0_f64;
        // What so many open ends spare at most.
        let mut spared_s = vec![0.0_f64; members.iter().filter(|member| member.home.is_none()).count() + 1];
        for leg in &self.legs {
            let points = || leg.points(layout).into_iter().chain([FRONT]);
            farthest_s = points().map(|point| seconds(fastest, point, FRONT)).fold(farthest_s, f64::max);
            let mut least = |start, goal| least_s(points().collect(), start, goal, fastest, effort);
            let closed = least(Some(FRONT), End::At(FRONT));
            closed_s += closed;
            let spares = [closed - least(Some(FRONT), End::Open), closed - least(None, End::Open), closed / 2.0];
            for ends in (1..spared_s.len()).rev() {
                let with = (1..=ends).zip(spares).map(|(here, spares)| spared_s[ends - here] + spares);
                spared_s[ends] = with.fold(spared_s[ends], f64::max);
            }
        }
        let spared_s = spared_s.last().copied().unwrap_or(0.0);
        let mut starts: Vec<u16> =
            members.iter().filter_map(|member| member.crane.from).filter(is_visited).map(|from| from.aisle).collect();
        starts.sort_unstable();
        starts.dedup();
        let changes = self.legs.len().saturating_sub(starts.len() + unknown);
        let change_s = members.iter().map(|member| member.pace.aisle_change.as_secs_f64()).fold(f64::INFINITY, f64::min);
        let inside = members.iter().flat_map(|member| [member.crane.from, member.home]).flatten().filter(is_visited).map(to_front);
        let travel = closed_s - spared_s - inside.sum::<f64>() - unknown as f64 * farthest_s;
        travel.max(0.0) + changes as f64 * change_s
    }
}

/// Two ways in one aisle are one way with the move from the one's start to the other's; and with the one from home to home, a round.
fn side_by_side_s(layout: &Layout, leg: &Leg, members: [&Member<'_>; 2], fastest: Kinematics, effort: &mut Effort<'_>) -> f64 {
    let inside = |position: Position| if position.aisle == leg.aisle { position.point } else { FRONT };
    let [starts, homes] = [members.map(|member| member.crane.from.map(inside)), members.map(|member| member.home.map(inside))];
    let known = || starts.iter().chain(&homes).flatten().copied();
    let points = |more: &mut dyn Iterator<Item = Point>| leg.points(layout).into_iter().chain(more).collect::<Vec<Point>>();
    let with_starts = points(&mut starts.iter().flatten().copied());
    let [Some(one), Some(other)] = starts else {
        // Wherever they start, it is no farther than this.
        let joined = widest(&with_starts, fastest);
        return (least_s(with_starts, None, End::Open, fastest, effort) - joined).max(0.0);
    };
    let joined = seconds(fastest, one, other);
    let open = least_s(with_starts, None, End::Open, fastest, effort) - joined;
    let round = match homes {
        [Some(home), Some(back)] => {
            let joined = joined + seconds(fastest, home, back);
            // One that has nothing to do need not go home.
            let idle = seconds(fastest, one, home).max(seconds(fastest, other, back));
            least_s(points(&mut known()), Some(one), End::At(one), fastest, effort) - joined - idle
        }
        _ => 0.0,
    };
    open.max(round).max(0.0)
}

/// A crane that is at everything as good as the best of them.
fn fastest(members: &[Member<'_>]) -> Kinematics {
    let best = |axis: fn(&Kinematics) -> Axis| {
        members
            .iter()
            .map(|member| axis(&member.pace.kinematics))
            .reduce(|a, b| Axis { speed: a.speed.max(b.speed), acceleration: a.acceleration.max(b.acceleration) })
    };
    let usual = Kinematics::default();
    Kinematics { drive: best(|k| k.drive).unwrap_or(usual.drive), lift: best(|k| k.lift).unwrap_or(usual.lift) }
}

/// Seconds between opposite corners: no two points are farther apart.
fn widest(points: &[Point], kinematics: Kinematics) -> f64 {
    let corner =
        |best: fn(f64, f64) -> f64| points.iter().copied().reduce(|a, b| Point { x_m: best(a.x_m, b.x_m), y_m: best(a.y_m, b.y_m) });
    corner(f64::min).zip(corner(f64::max)).map_or(0.0, |(low, high)| seconds(kinematics, low, high))
}
