//! The engine beside its peers, interleaved so that a noisy machine is noisy for all.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{at_hand, example, finish, fresh, measure, neutral_server, number, python, root};

/// One program at one number of cranes: the best of its rounds, and how it scattered.
pub(super) struct Measured {
    pub(super) checks_per_s: f64,
    pub(super) cpu_us: f64,
}

impl Measured {
    /// The round with the most checks a second: what disturbs a round only ever slows it.
    pub(super) fn best(rounds: &[Value]) -> Self {
        let rate = |round: &Value| number(round, "checks_per_s");
        let best = rounds.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)));
        let cpu = rounds.iter().map(|round| number(round, "cpu_us_per_check")).fold(f64::INFINITY, f64::min);
        Self { checks_per_s: best.map_or(f64::NAN, rate), cpu_us: cpu }
    }
}

/// Whether a goal was reached, and with what.
pub(super) struct Goal {
    what: String,
    reached: bool,
}

impl Goal {
    pub(super) fn at_least(what: &str, value: f64, wanted: f64) -> Self {
        Self { what: format!("{what} {value:.2} (goal ≥ {wanted})"), reached: value >= wanted }
    }

    pub(super) fn at_most(what: &str, value: f64, wanted: f64) -> Self {
        Self { what: format!("{what} {value:.2} (goal ≤ {wanted})"), reached: value <= wanted }
    }
}

/// Prints the goals; an error if one was missed.
pub(super) fn settle(goals: &[Goal]) -> Result<(), Box<dyn Error>> {
    println!("\ngoals:");
    for goal in goals {
        println!("  {} {}", if goal.reached { "✓" } else { "✗" }, goal.what);
    }
    match goals.iter().filter(|goal| !goal.reached).count() {
        0 => Ok(()),
        missed => Err(format!("{missed} of {} goals were missed in this run", goals.len()).into()),
    }
}

pub(super) fn run(quick: bool, cranes: &[usize]) -> Result<(), Box<dyn Error>> {
    let bench = example("pandian", "engine_bench")?;
    let python = python("peers")?;
    let (_nginx, url) = neutral_server()?;
    let rounds = if quick { 1 } else { 3 };
    let mut goals = Vec::new();

    println!("| cranes | wrk | pandian, not kept | pandian, durable | asyncio | waves | Celery |");
    println!("|---|---|---|---|---|---|---|");
    for &cranes in cranes {
        let stops = |total: usize| (total / cranes).max(2).to_string();
        // As many stops for ours as for asyncio, and enough a crane that connecting is not what is measured.
        let scale = if quick { 4 } else { 1 };
        let total = match cranes {
            0..10 => 5_000,
            10..1000 => 40_000,
            _ => 100_000,
        } / scale;
        let mut found: Vec<Vec<Value>> = vec![Vec::new(); 5];
        for round in 0..rounds {
            found[0].push(wrk(&url, cranes)?);
            found[1].push(measure(&mut ours(&bench, &url, cranes, &stops(total)))?);
            let folder = fresh("journal")?;
            found[2].push(measure(ours(&bench, &url, cranes, &stops(total / 2)).arg("--journal").arg(&folder))?);
            found[3].push(measure(&mut peer(&python, "asyncio_peer.py", &url, cranes, &stops(total)))?);
            if round == 0 && cranes <= 100 {
                found[4].push(measure(&mut peer(&python, "waves_peer.py", &url, cranes, &stops(2_000 / scale)))?);
            }
        }
        let celery = celery(&python, &url, cranes, quick)?;
        let [wrk, free, durable, asyncio, waves] = [0, 1, 2, 3, 4].map(|which| Measured::best(&found[which]));
        let cell = |measured: &Measured| {
            if measured.checks_per_s.is_nan() {
                "–".to_owned()
            } else {
                format!("{:.0}/s, {:.0} µs", measured.checks_per_s, measured.cpu_us)
            }
        };
        let celery_cell = celery.as_ref().map_or("–".to_owned(), cell);
        println!(
            "| {cranes} | {:.0}/s | {} | {} | {} | {} | {celery_cell} |",
            wrk.checks_per_s,
            cell(&free),
            cell(&durable),
            cell(&asyncio),
            cell(&waves),
        );
        if cranes >= 10 {
            goals.extend(goals_at(cranes, &wrk, &free, &durable, &asyncio, celery.as_ref()));
        }
    }

    println!();
    for (name, value, goal) in single(&bench, &url, quick)? {
        println!("{name}: {value}");
        goals.extend(goal);
    }
    settle(&goals)
}

fn goals_at(
    cranes: usize,
    wrk: &Measured,
    free: &Measured,
    durable: &Measured,
    asyncio: &Measured,
    celery: Option<&Measured>,
) -> Vec<Goal> {
    let at_least = |what: &str, value, wanted| Goal::at_least(&format!("{cranes} cranes: {what}"), value, wanted);
    let mut goals = vec![
        at_least("not kept, checks/s over asyncio's", free.checks_per_s / asyncio.checks_per_s, 5.0),
        Goal::at_most(&format!("{cranes} cranes: not kept, CPU a check over asyncio's"), free.cpu_us / asyncio.cpu_us, 0.2),
        at_least("not kept, checks/s over wrk's requests/s", free.checks_per_s / wrk.checks_per_s, 0.35),
    ];
    if cranes >= 100 {
        goals.push(at_least("durable, checks/s over asyncio's", durable.checks_per_s / asyncio.checks_per_s, 1.0));
    }
    if let Some(celery) = celery {
        let wanted = if cranes >= 100 { 15.0 } else { 8.0 };
        goals.push(at_least("durable, checks/s over Celery's", durable.checks_per_s / celery.checks_per_s, wanted));
    }
    goals
}

fn ours(bench: &Path, url: &str, cranes: usize, stops: &str) -> Command {
    let mut command = Command::new(bench);
    command.args(["throughput", "--url", url, "--cranes", &cranes.to_string(), "--stops", stops]);
    command
}

fn peer(python: &Path, script: &str, url: &str, cranes: usize, stops: &str) -> Command {
    let mut command = Command::new(python);
    command.arg("-B").arg(root().join("bench/peers").join(script));
    command.args(["--url", url, "--cranes", &cranes.to_string(), "--stops", stops, "--travel-is-server"]);
    command
}

fn wrk(url: &str, cranes: usize) -> Result<Value, Box<dyn Error>> {
    if !at_hand("wrk") {
        return Err("wrk is wanted as the raw limit: apt-get install wrk".into());
    }
    let connections = format!("-c{cranes}");
    let script = root().join("bench/neutral/post.lua");
    let text = finish(Command::new("wrk").args(["-t1", &connections, "-d2s", "-s"]).arg(script).arg(url))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).ok_or("wrk printed no rate")?;
    Ok(json!({ "checks_per_s": line.trim().parse::<f64>()?, "cpu_us_per_check": 0.0 }))
}

/// Celery from 10 cranes up, where RabbitMQ is at hand.
fn celery(python: &Path, url: &str, cranes: usize, quick: bool) -> Result<Option<Measured>, Box<dyn Error>> {
    if cranes < 10 {
        return Ok(None);
    }
    if !Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() {
        eprintln!("without Celery: RabbitMQ is not at hand (apt-get install rabbitmq-server)");
        return Ok(None);
    }
    let stops = (if quick { 400 } else { 2000 } / cranes).max(1);
    let measured = measure(&mut peer(python, "celery_stand.py", url, cranes, &stops.to_string()))?;
    Ok(Some(Measured::best(&[measured])))
}

type Single = (String, String, Option<Goal>);

/// Memory at 10,000 cranes, the delay from arrival to the checks, and the run at a tenth of real times.
fn single(bench: &Path, url: &str, quick: bool) -> Result<Vec<Single>, Box<dyn Error>> {
    let many = measure(&mut ours(bench, url, 10_000, "5"))?;
    let peak = number(&many, "peak_mb");
    let folder = fresh("journal")?;
    let stops = if quick { "1" } else { "3" };
    let arrivals =
        measure(Command::new(bench).args(["arrivals", "--cranes", "1000", "--stops", stops, "--rate", "100", "--journal"]).arg(&folder))?;
    let p99 = number(&arrivals, "p99_ms");
    let folder = fresh("journal")?;
    let stops = if quick { "5" } else { "50" };
    let paced =
        measure(Command::new(bench).args(["paced", "--cranes", "8", "--stops", stops, "--scale", "0.1", "--journal"]).arg(&folder))?;
    let ratio = number(&paced, "ratio");
    let goal = |what: String, reached| Some(Goal { what, reached });
    Ok(vec![
        (
            "10,000 cranes in one process".into(),
            format!("{peak:.0} MB"),
            goal(format!("10,000 cranes: {peak:.0} MB (goal ≤ 300)"), peak <= 300.0),
        ),
        (
            "arrival → both checks begun, 1,000 cranes, 100 arrivals a second, durable".into(),
            format!("p50 {:.2} ms, p99 {p99:.2} ms, longest {:.2} ms", number(&arrivals, "p50_ms"), number(&arrivals, "max_ms")),
            goal(format!("arrival → both checks begun: p99 {p99:.2} ms (goal ≤ 5)"), p99 <= 5.0),
        ),
        (
            "8 cranes at a tenth of real times, durable, over the ideal".into(),
            format!("{ratio:.4} ({:.2} s, ideal {:.2} s)", number(&paced, "seconds"), number(&paced, "ideal_seconds")),
            goal(format!("over the ideal: {ratio:.4} (goal ≤ 1.01)"), ratio <= 1.01),
        ),
    ])
}
