//! Judging the scenes, and what comes of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pandian_domain::statistics::wilson;
use pandian_sim::scene::{Kind, Scene};
use pandian_vision::occupancy::{Framing, Presence, Reference, References, Unsure};
use pandian_vision::picture::{Limits, decode};
use pandian_vision::{Luma, Region};
use serde_json::{Value, json};

use crate::draw::{self, Drawn, Group};
use crate::{Order, Told, simple};

/// The methods that have an AUC, in this order.
const METHODS: [&str; 4] = ["pandian", "difference", "ssim", "phash"];

/// What became of one scene.
struct Judged {
    kind: Option<Kind>,
    family: &'static str,
    verdict: Presence,
    unsure: Option<Unsure>,
    scores: [f64; METHODS.len()],
    rendering: Duration,
    decoding: Duration,
    judging: Duration,
}

/// A reference, for the judge and for the simple methods.
struct Prepared {
    reference: Reference,
    opening: Luma,
    hash: u64,
}

/// Judges all scenes, on as many threads as there are cores.
pub(crate) fn run(order: &Order) -> Value {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |first: usize| {
        (first..draw::groups(order)).step_by(threads).flat_map(|number| judged(order, &draw::group(order, number))).collect()
    };
    let all: Vec<Judged> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|first| scope.spawn(move || -> Vec<Judged> { part(first) })).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    told(order, &all)
}

fn judged(order: &Order, group: &Group) -> Vec<Judged> {
    let [left, top, right, bottom] = group.look.opening(order.size);
    let opening = Region { left, top, right, bottom };
    let framing = match order.told {
        Told::OpeningAndBeam => Framing::drawn(opening, Some(bottom)),
        Told::Opening => Framing::drawn(opening, None),
        Told::Nothing => Framing::default(),
    };
    let pictures: Vec<Luma> = group.references.iter().map(photograph).collect();
    let framing = framing.found_on(&pictures);
    let prepared: Vec<Prepared> = pictures
        .iter()
        .map(|picture| {
            let cut = picture.crop(&opening);
            Prepared { reference: Reference::prepare(picture, &framing), hash: simple::hash(&cut), opening: cut }
        })
        .collect();
    let references = References::of(&prepared.iter().map(|one| &one.reference).collect::<Vec<_>>());
    group.scenes.iter().map(|drawn| judged_one(drawn, &opening, &prepared, &references)).collect()
}

fn judged_one(drawn: &Drawn, opening: &Region, prepared: &[Prepared], references: &References) -> Judged {
    let begun = Instant::now();
    let bytes = drawn.scene.render();
    let rendered = Instant::now();
    let picture = decode(&bytes, &Limits::default()).unwrap();
    let decoded = Instant::now();
    let found = references.judge(&picture, None);
    let judging = decoded.elapsed();
    let cut = picture.crop(opening);
    let hash = simple::hash(&cut);
    let least = |of: &dyn Fn(&Prepared) -> f64| prepared.iter().map(of).fold(f64::INFINITY, f64::min);
    let scores = [
        f64::from(found.score),
        least(&|one| simple::difference(&cut, &one.opening)),
        least(&|one| simple::dissimilarity(&cut, &one.opening)),
        least(&|one| simple::distance(hash, one.hash)),
    ];
    Judged {
        kind: drawn.kind,
        family: drawn.family.name(),
        verdict: found.verdict,
        unsure: found.unsure,
        scores,
        rendering: rendered - begun,
        decoding: decoded - rendered,
        judging,
    }
}

fn photograph(scene: &Scene) -> Luma {
    decode(&scene.render(), &Limits::default()).unwrap()
}

fn told(order: &Order, all: &[Judged]) -> Value {
    let by = |name: &dyn Fn(&Judged) -> &'static str| {
        let mut rows: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        all.iter().for_each(|one| rows.entry(name(one)).or_default().push(one));
        let row = |(name, some): (&str, Vec<&Judged>)| {
            let mut row = tally(&some);
            row["name"] = json!(name);
            row
        };
        rows.into_iter().map(row).collect::<Vec<Value>>()
    };
    let mut auc = json!({});
    for (n, name) in METHODS.iter().enumerate() {
        auc[name] = json!(area(all, n));
    }
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for reason in all.iter().filter_map(|one| one.unsure) {
        *reasons.entry(format!("{reason:?}")).or_default() += 1;
    }
    json!({
        "families": if order.is_held_out { "held-out" } else { "tuning" },
        "seed": order.seed,
        "scenes": order.scenes,
        "references": order.references,
        "size": [order.size.width, order.size.height],
        "auc": auc,
        "all": tally(&all.iter().collect::<Vec<_>>()),
        "kinds": by(&|one| one.kind.map_or("empty", Kind::name)),
        "families_scored": by(&|one| one.family),
        "unsure": reasons,
        "ms": {
            "render": milliseconds(all, |one| one.rendering),
            "decode": milliseconds(all, |one| one.decoding),
            "judge": milliseconds(all, |one| one.judging),
        },
    })
}

fn tally(some: &[&Judged]) -> Value {
    let count = |is_it: &dyn Fn(&Judged) -> bool| some.iter().filter(|one| is_it(one)).count();
    let occupied = count(&|one| one.kind.is_some());
    let empty = some.len() - occupied;
    json!({
        "occupied": occupied,
        "empty": empty,
        "false_accept": share(count(&|one| one.kind.is_some() && one.verdict == Presence::Empty), occupied),
        "false_reject": share(count(&|one| one.kind.is_none() && one.verdict == Presence::Occupied), empty),
        "abstained": share(count(&|one| one.verdict == Presence::Unsure), some.len()),
    })
}

/// A share with its interval of 95 %, in percent; nothing where there is nothing to count.
fn share(count: usize, of: usize) -> Value {
    if of == 0 {
        return Value::Null;
    }
    let [low, high] = wilson(count as u64, of as u64);
    let percent = |share: f64| (share * 10_000.0).round() / 100.0;
    json!({ "count": count, "percent": percent(count as f64 / of as f64), "low": percent(low), "high": percent(high) })
}

/// How often an occupied slot scores above an empty one: the area under the curve of all thresholds; ties count half.
fn area(all: &[Judged], method: usize) -> f64 {
    let mut scores: Vec<(f64, bool)> = all.iter().map(|one| (one.scores[method], one.kind.is_some())).collect();
    scores.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut below, mut sum) = (0.0, 0.0);
    for tied in scores.chunk_by(|one, other| one.0 == other.0) {
        let occupied = tied.iter().filter(|one| one.1).count() as f64;
        let empty = tied.len() as f64 - occupied;
        sum += occupied * (below + empty / 2.0);
        below += empty;
    }
    let occupied = scores.len() as f64 - below;
    (sum / (below * occupied).max(1.0) * 1e5).round() / 1e5
}

fn milliseconds(all: &[Judged], of: impl Fn(&Judged) -> Duration) -> Value {
    let mut times: Vec<f64> = all.iter().map(|one| of(one).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    json!({ "mean": round(mean), "p95": round(times[(times.len() - 1) * 95 / 100]) })
}

/// The same as tables.
pub(crate) fn print(told: &Value) {
    println!("{} scenes a side, families {}, seed {}, {} references", told["scenes"], told["families"], told["seed"], told["references"]);
    println!("AUC: {}", told["auc"]);
    println!("ms: {}", told["ms"]);
    println!("unsure: {}", told["unsure"]);
    println!("\n| | occupied | false accept | empty | false reject | abstained |\n|---|---|---|---|---|---|");
    let mut all = told["all"].clone();
    all["name"] = json!("all");
    let rows = ["kinds", "families_scored"].into_iter().flat_map(|table| told[table].as_array().into_iter().flatten());
    for row in std::iter::once(&all).chain(rows) {
        let shown = |field: &str| {
            let share = &row[field];
            if share.is_null() { "–".to_owned() } else { format!("{} % ({}–{})", share["percent"], share["low"], share["high"]) }
        };
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            row["name"].as_str().unwrap_or_default(),
            row["occupied"],
            shown("false_accept"),
            row["empty"],
            shown("false_reject"),
            shown("abstained"),
        );
    }
}
