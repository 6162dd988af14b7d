//! Routes: how far above their lower bound, in what time, beside simple rules and general solvers on the same instances.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::engine::{Goal, settle};
use super::{example, finish, fresh, python, root};

/// The whole aisle of the instances.
const AISLE: usize = 2240;
const STOPS: [usize; 9] = [10, 12, 20, 50, 100, 200, 500, 1000, AISLE];

const PEERS: [&str; 3] = ["lkh", "ortools", "pyvrp"];
/// Seconds after which a peer that has no route is ended.
const LIMIT_S: u32 = 120;

/// Which instance: all that a line of the table has in common, and its number there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
struct Which {
    crane: String,
    home: bool,
    stops: usize,
    number: u64,
}

impl Which {
    /// Whether another is an instance of the same line.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.crane, self.home, self.stops) == (&other.crane, other.home, other.stops)
    }
}

/// An instance as the example `route_bench` prints it.
#[derive(Debug, Deserialize)]
struct Instance {
    #[serde(flatten)]
    which: Which,
    ours: Ours,
    /// Seconds of travel by each simple rule: as given, sorted by code, bands, serpentine, nearest.
    rules: [f64; 5],
    replan: Replan,
}

#[derive(Debug, Deserialize)]
struct Ours {
    travel_s: f64,
    bound_s: f64,
    is_optimal: bool,
    ms: f64,
}

#[derive(Debug, Deserialize)]
struct Replan {
    ms: f64,
    gap: f64,
}

/// What a peer made of an instance, as `bench/route/peers.py` prints it.
#[derive(Debug, Deserialize)]
struct Turn {
    #[serde(flatten)]
    which: Which,
    peer: String,
    /// None where it was ended before it had a route.
    #[serde(flatten)]
    found: Option<Found>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Found {
    travel_s: f64,
    ms: f64,
}

/// What each peer made of each instance that it had a route for.
type Peers = HashMap<(Which, String), Found>;

/// A line of the table: the instances of one size, for one crane and one end.
struct Row<'a> {
    instances: &'a [Instance],
    peers: &'a Peers,
}

/// Mean, middle and most of some figures; no figures have none.
#[derive(Debug, Clone, Copy)]
struct Spread {
    mean: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let most = *figures.last()?;
        let mean = figures.iter().sum::<f64>() / figures.len() as f64;
        let median = f64::midpoint(figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
        Some(Self { mean, median, most })
    }
}

/// Per cent above.
fn above(seconds: f64, least_s: f64) -> f64 {
    // What is left of equal sums of rounded numbers is no difference.
    ((seconds / least_s - 1.0) * 1e8).round() / 1e6 + 0.0
}

impl Row<'_> {
    fn stops(&self) -> usize {
        self.instances[0].which.stops
    }

    /// Per cent above the bound.
    fn gap(&self) -> Option<Spread> {
        Spread::of(self.instances.iter().map(|instance| above(instance.ours.travel_s, instance.ours.bound_s)))
    }

    fn ms(&self) -> Option<Spread> {
        Spread::of(self.instances.iter().map(|instance| instance.ours.ms))
    }

    fn proved(&self) -> usize {
        self.instances.iter().filter(|instance| instance.ours.is_optimal).count()
    }

    fn replan_ms(&self) -> Option<Spread> {
        Spread::of(self.instances.iter().map(|instance| instance.replan.ms))
    }

    /// Instances for which a simple rule is shorter than our route.
    fn beaten(&self) -> usize {
        let is_beaten = |instance: &&Instance| instance.rules.iter().any(|rule| instance.ours.travel_s > rule * (1.0 + 1e-9));
        self.instances.iter().filter(is_beaten).count()
    }

    /// What a peer found, beside ours.
    fn found<'r>(&'r self, peer: &'r str) -> impl Iterator<Item = (&'r Ours, Found)> {
        let of = move |instance: &'r Instance| Some((&instance.ours, *self.peers.get(&(instance.which.clone(), peer.to_owned()))?));
        self.instances.iter().filter_map(of)
    }

    /// Per cent by which our routes are longer than LKH's.
    fn above_lkh(&self) -> Option<Spread> {
        Spread::of(self.found("lkh").map(|(ours, found)| above(ours.travel_s, found.travel_s)))
    }

    fn print(&self) {
        let first = &self.instances[0].which;
        let figures = |spread: Option<Spread>, text: fn(Spread) -> String| spread.map_or("–".to_owned(), text);
        let mut cells = vec![
            first.stops.to_string(),
            first.crane.clone(),
            if first.home { "home" } else { "open" }.to_owned(),
            figures(self.gap(), |gap| format!("{:.2} ({:.2})", gap.mean, gap.most)),
            format!("{}/{}", self.proved(), self.instances.len()),
            figures(self.ms(), |ms| format!("{:.1} ({:.1})", ms.median, ms.most)),
        ];
        for rule in 0..5 {
            let gap = Spread::of(self.instances.iter().map(|instance| above(instance.rules[rule], instance.ours.bound_s)));
            cells.push(figures(gap, |gap| if gap.mean < 20.0 { format!("{:.1}", gap.mean) } else { format!("{:.0}", gap.mean) }));
        }
        let gap = Spread::of(self.instances.iter().map(|instance| instance.replan.gap * 100.0));
        cells.push(figures(self.replan_ms(), |ms| format!("{:.1} ({:.1})", ms.median, ms.most)));
        cells.push(figures(gap, |gap| format!("{:.2}", gap.mean)));
        for peer in PEERS {
            let gap = Spread::of(self.found(peer).map(|(ours, found)| above(found.travel_s, ours.bound_s)));
            let ms = Spread::of(self.found(peer).map(|(_, found)| found.ms));
            let gap = figures(gap, |gap| format!("{:.2}", gap.mean));
            cells.push(ms.map_or(gap.clone(), |ms| format!("{gap}, {:.0} ms", ms.median)));
        }
        cells.push(figures(self.above_lkh(), |over| format!("{:+.2} ({:+.2})", over.mean, over.most)));
        println!("| {} |", cells.join(" | "));
    }
}

const HEADER: &str = "\
| stops | crane | end | gap | optimal | ms | given | sorted | bands | serpentine | nearest | replan ms | replan gap | LKH | OR-Tools | PyVRP | over LKH |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

pub(super) fn run(quick: bool, alone: bool) -> Result<(), Box<dyn Error>> {
    let bench = example("pandian-domain", "route_bench")?;
    let python = if alone { None } else { Some(python("route")?) };
    let folder = fresh("route")?;
    println!("Gaps in per cent above our lower bound: mean (most). Times in ms: median (longest). Rules and peers: mean gap.\n\n{HEADER}");
    let (mut instances, mut peers) = (Vec::new(), Peers::new());
    for stops in STOPS.into_iter().filter(|stops| !quick || *stops <= 200) {
        let wanted = if quick { 2 } else { ours_of(stops) };
        let text = finish(Command::new(&bench).args([stops.to_string(), wanted.to_string()]))?;
        let lines: Vec<(&str, Instance)> =
            text.lines().map(|line| Ok((line, serde_json::from_str(line)?))).collect::<Result<_, serde_json::Error>>()?;
        if let Some(python) = &python {
            let for_peers = lines.iter().filter(|(_, instance)| instance.which.number < peers_of(stops)).map(|(line, _)| *line);
            let file = folder.join(format!("{stops}.jsonl"));
            fs::write(&file, for_peers.collect::<Vec<_>>().join("\n"))?;
            peers.extend(turns(python, &file, if stops < AISLE { &PEERS } else { &PEERS[..1] })?);
        }
        let first = instances.len();
        instances.extend(lines.into_iter().map(|(_, instance)| instance));
        rows(&instances[first..], &peers).for_each(|row| row.print());
    }
    settle(&goals(&rows(&instances, &peers).collect::<Vec<_>>(), !alone))
}

/// How many instances of each size, crane and end. The whole aisle is always the same, but for the order in which it is given.
fn ours_of(stops: usize) -> u64 {
    if stops < AISLE { 20 } else { 5 }
}

/// The first of them are the peers' too, as many as can be waited for.
fn peers_of(stops: usize) -> u64 {
    match stops {
        ..1000 => 10,
        1000..AISLE => 3,
        _ => 1,
    }
}

/// The lines of the table.
fn rows<'a>(instances: &'a [Instance], peers: &'a Peers) -> impl Iterator<Item = Row<'a>> {
    instances.chunk_by(|a, b| a.which.is_beside(&b.which)).map(move |instances| Row { instances, peers })
}

/// Lets peers solve the instances of a file.
fn turns(python: &Path, file: &Path, peers: &[&str]) -> Result<Peers, Box<dyn Error>> {
    let mut command = Command::new(python);
    command.arg("-B").arg(root().join("bench/route/peers.py")).arg(file);
    let text = finish(command.args(["--peers", &peers.join(","), "--limit", &LIMIT_S.to_string()]))?;
    let turns = text.lines().map(serde_json::from_str).collect::<Result<Vec<Turn>, _>>()?;
    Ok(turns.into_iter().filter_map(|turn| Some(((turn.which, turn.peer), turn.found?))).collect())
}

/// Each goal over the lines it is about, by the worst of them; those that nothing was measured for are left out.
fn goals(rows: &[Row<'_>], with_peers: bool) -> Vec<Goal> {
    let worst = |stops: fn(usize) -> bool, figure: &dyn Fn(&Row<'_>) -> Option<f64>| {
        rows.iter().filter(|row| stops(row.stops())).filter_map(figure).max_by(f64::total_cmp)
    };
    let unproved = |row: &Row<'_>| Some((row.instances.len() - row.proved()) as f64);
    let mean_gap = |row: &Row<'_>| row.gap().map(|gap| gap.mean);
    let most_gap = |row: &Row<'_>| row.gap().map(|gap| gap.most);
    let ms = |row: &Row<'_>| row.ms().map(|ms| ms.median);
    let mut goals = vec![
        ("up to 12 stops: not proved optimal, instances", worst(|stops| stops <= 12, &unproved), 0.0),
        ("up to 12 stops: longest gap, %", worst(|stops| stops <= 12, &most_gap), 0.0),
        ("up to 100 stops: median ms", worst(|stops| stops <= 100, &ms), 50.0),
        ("up to 100 stops: mean gap, %", worst(|stops| stops <= 100, &mean_gap), 1.0),
        ("up to 100 stops: longest gap, %", worst(|stops| stops <= 100, &most_gap), 2.5),
        ("200 to 1000 stops: median ms", worst(|stops| (101..=1000).contains(&stops), &ms), 100.0),
        ("200 to 1000 stops: mean gap, %", worst(|stops| (101..=1000).contains(&stops), &mean_gap), 1.0),
        ("500 stops: median ms", worst(|stops| stops == 500, &ms), 100.0),
        ("500 stops: replanned in, median ms", worst(|stops| stops == 500, &|row| row.replan_ms().map(|ms| ms.median)), 5.0),
        ("the whole aisle: not proved optimal, instances", worst(|stops| stops == AISLE, &unproved), 0.0),
        ("a simple rule is shorter, instances", worst(|_| true, &|row| Some(row.beaten() as f64)), 0.0),
    ];
    if with_peers {
        let over = |row: &Row<'_>| row.above_lkh().map(|over| over.mean);
        goals.push(("up to 500 stops: mean over LKH, %", worst(|stops| stops <= 500, &over), 0.5));
    }
    goals.into_iter().filter_map(|(what, figure, wanted)| Some(Goal::at_most(what, figure?, wanted))).collect()
}
