//! Stops whose two checks are Celery tasks, beside Celery's own client and the workers' own ceiling: same broker, same backends, same
//! workers, in turn.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use pandian_celery::stand::{Rabbit, Redis, WorkerSpec, Workers};
use serde_json::Value;

use super::engine::{Goal, Measured, settle};
use super::{example, fresh, measure, python, root};

/// A pair of workers, one task at a time each, and where they store their results.
struct Pair {
    /// What their queues end in.
    ending: &'static str,
    backend: String,
    _workers: [Workers; 2],
}

/// Broker and workers; everything ends with it.
struct Stand {
    rabbit: Rabbit,
    _redis: Redis,
    redis: Pair,
    rpc: Pair,
}

impl Stand {
    async fn start(python: &Path) -> Self {
        let (rabbit, redis) = tokio::join!(Rabbit::start(), Redis::start());
        let url = redis.url();
        let through_redis = Pair::start(&rabbit, python, "", url).await;
        let through_rpc = Pair::start(&rabbit, python, "_rpc", "rpc://".to_owned()).await;
        Self { rabbit, _redis: redis, redis: through_redis, rpc: through_rpc }
    }

    /// A Python program of `bench/celery`, as a client of a pair of workers.
    fn client(&self, python: &Path, script: &str, pair: &Pair, stops: usize) -> Command {
        let mut command = Command::new(python);
        command.arg("-B").arg(root().join("bench/celery").join(script));
        command.env("CELERY_BROKER_URL", self.rabbit.url()).env("CELERY_RESULT_BACKEND", &pair.backend).env("PAIR", pair.ending);
        command.args(["--stops", &stops.to_string()]);
        command
    }

    /// The engine, as a client of a pair of workers.
    fn ours(&self, bench: &Path, pair: &Pair, is_durable: bool, stops: usize) -> Result<Value, Box<dyn Error>> {
        let cranes = 100;
        let mut command = Command::new(bench);
        command.args(["celery", "--broker", &self.rabbit.url(), "--backend", &pair.backend, "--pair", pair.ending]);
        command.args(["--cranes", &cranes.to_string(), "--stops", &(stops / cranes).to_string()]);
        if is_durable {
            command.arg("--journal").arg(fresh("journal")?);
        }
        measure(&mut command)
    }

    fn plain(&self, python: &Path, pair: &Pair, cranes: usize, cranes_are: &str, stops: usize) -> Result<Value, Box<dyn Error>> {
        let mut command = self.client(python, "plain_client.py", pair, (stops / cranes).max(1));
        measure(command.args(["--cranes", &cranes.to_string(), "--cranes-are", cranes_are]))
    }
}

impl Pair {
    async fn start(rabbit: &Rabbit, python: &Path, ending: &'static str, backend: String) -> Self {
        let folder = root().join("bench/celery");
        let spec = |queue: &str| WorkerSpec {
            python: Some(python.into()),
            env: vec![("PAIR".to_owned(), ending.into())],
            ..WorkerSpec::new(&folder, "bench_tasks", &rabbit.url(), &backend, &format!("{queue}{ending}"))
        };
        let (rfid, capture) = (spec("rfid"), spec("capture"));
        let workers = tokio::join!(Workers::start(&rfid), Workers::start(&capture));
        Self { ending, backend, _workers: workers.into() }
    }
}

/// What is measured in each round, as the table names it.
const ROWS: [&str; 9] = [
    "the workers alone, queued beforehand",
    "pandian, Redis, not kept",
    "pandian, Redis, durable",
    "pandian, rpc, durable",
    "plain client, Redis, one crane after the other",
    "plain client, Redis, 10 cranes in threads",
    "plain client, Redis, 100 cranes in greenlets",
    "plain client, rpc, 10 cranes in greenlets",
    "plain client, rpc, 100 cranes in greenlets",
];

pub(super) fn run(quick: bool) -> Result<(), Box<dyn Error>> {
    let python = python("peers")?;
    let bench = example("pandian", "engine_bench")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let stand = runtime.block_on(Stand::start(&python));
    let (stops, rounds) = if quick { (200, 1) } else { (1000, 3) };
    let mut found: [Vec<Value>; ROWS.len()] = Default::default();
    for _ in 0..rounds {
        let (redis, rpc) = (&stand.redis, &stand.rpc);
        let round = [
            measure(&mut stand.client(&python, "queue_beforehand.py", redis, stops))?,
            stand.ours(&bench, redis, false, stops)?,
            stand.ours(&bench, redis, true, stops)?,
            stand.ours(&bench, rpc, true, stops)?,
            // Half a second a stop: fewer of them say as much.
            stand.plain(&python, redis, 1, "threads", stops.min(40))?,
            stand.plain(&python, redis, 10, "threads", stops)?,
            stand.plain(&python, redis, 100, "gevent", stops)?,
            stand.plain(&python, rpc, 10, "gevent", stops)?,
            stand.plain(&python, rpc, 100, "gevent", stops)?,
        ];
        for (row, value) in found.iter_mut().zip(round) {
            row.push(value);
        }
    }
    println!("{stops} stops, two tasks each; the best of {rounds} rounds, run in turn\n");
    println!("| | stops/s | the client's CPU a stop |\n|---|---|---|");
    let measured: Vec<Measured> = found.iter().map(|rounds| Measured::best(rounds)).collect();
    for (name, row) in ROWS.iter().zip(&measured) {
        let cpu = if row.cpu_us > 0.0 { format!("{:.0} µs", row.cpu_us) } else { "–".to_owned() };
        println!("| {name} | {:.0} | {cpu} |", row.checks_per_s);
    }
    settle(&goals(&measured))
}

fn goals(measured: &[Measured]) -> Vec<Goal> {
    let rate = |row: usize| measured[row].checks_per_s;
    let best = |rows: std::ops::Range<usize>| rows.max_by(|a, b| rate(*a).total_cmp(&rate(*b))).unwrap_or_default();
    let (plain_redis, plain_best) = (best(4..7), best(4..9));
    // The plain client keeps nothing either.
    let ours = rate(1);
    vec![
        Goal::at_least("stops/s over the plain client's with Redis, its best", ours / rate(plain_redis), 3.0),
        Goal::at_least("stops/s over the plain client's with its best settings", ours / rate(plain_best), 1.0),
        Goal::at_least("durable: stops/s over the plain client's with its best settings", rate(2) / rate(plain_best), 1.0),
        Goal::at_least("stops/s over the workers' own ceiling", ours / rate(0), 0.95),
        Goal::at_most("CPU a stop over the plain client's with Redis", measured[1].cpu_us / measured[plain_redis].cpu_us, 0.1),
    ]
}
