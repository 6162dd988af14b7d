//! Empty or occupied, judged on rendered slots whose families of distortion were never used in tuning, beside simple methods.

use std::error::Error;
use std::process::Command;

use serde_json::Value;

use super::engine::{Goal, settle};
use super::{example, measure, number};

/// Scenes a side.
const SCENES: usize = 3_000;
const QUICK: usize = 120;

/// The methods that have an AUC, by the example's names.
const METHODS: [(&str, &str); 4] =
    [("pandian", "pandian, against four references"), ("difference", "absolute difference"), ("ssim", "SSIM"), ("phash", "pHash")];

pub(super) fn run(seed: u64, quick: bool) -> Result<(), Box<dyn Error>> {
    let scenes = if quick { QUICK } else { SCENES };
    let mut score = Command::new(example("pandian-sim", "occupancy_scenes")?);
    score.args(["--families", "held-out", "--json", "--seed", &seed.to_string(), "--scenes", &scenes.to_string()]);
    let found = measure(&mut score)?;
    print(&found);
    let all = |field: &str| number(&found["all"][field], "percent");
    settle(&[
        Goal::at_least("AUC of empty against occupied", number(&found["auc"], "pandian"), 0.99),
        Goal::at_most("abstained, %", all("abstained"), 5.0),
        Goal::at_most("false accept: occupied called empty, %", all("false_accept"), 0.5),
        Goal::at_most("false reject: empty called occupied, %", all("false_reject"), 2.0),
    ])
}

fn print(found: &Value) {
    let [scenes, seed, width, height] = [&found["scenes"], &found["seed"], &found["size"][0], &found["size"][1]];
    println!("seed {seed}, {scenes} scenes a side of {width} × {height} pixels, families of distortion never used in tuning\n");
    println!("| method | AUC |\n|---|---|");
    for (field, name) in METHODS {
        println!("| {name} | {:.3} |", number(&found["auc"], field));
    }
    for (table, head) in [("kinds", "load"), ("families_scored", "distortion")] {
        println!("\n| {head} | false accept | false reject | abstained |\n|---|---|---|---|");
        for row in found[table].as_array().into_iter().flatten() {
            println!("{}", shown(row["name"].as_str().unwrap_or_default(), row));
        }
    }
    println!("{}", shown("**all**", &found["all"]));
    let reasons = found["unsure"].as_object().into_iter().flatten().map(|(reason, count)| format!("{reason} {count}"));
    println!("\nunsure: {}", reasons.collect::<Vec<_>>().join(", "));
    let ms = |what: &str| format!("{what} {} (p95 {})", found["ms"][what]["mean"], found["ms"][what]["p95"]);
    println!("ms a picture, mean: {}, {}, {}", ms("render"), ms("decode"), ms("judge"));
}

/// Shares in percent, each with its Wilson interval of 95 %.
fn shown(name: &str, row: &Value) -> String {
    let share = |field: &str| match &row[field] {
        Value::Null => "–".to_owned(),
        share => {
            let of = |part: &str| number(share, part);
            format!("{} ({:.2} %, {:.2}–{:.2})", share["count"], of("percent"), of("low"), of("high"))
        }
    };
    format!("| {name} | {} | {} | {} |", share("false_accept"), share("false_reject"), share("abstained"))
}
