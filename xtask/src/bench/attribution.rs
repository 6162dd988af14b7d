//! Whose tag it is: tags attributed to locations on simulated warehouses, and stocktakes that find what is misplaced there.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use serde_json::Value;

use super::engine::{Goal, settle};
use super::{example, fresh, measure, number, program, root, with_peak};

/// The law of radio that the shipped calibration was not made from: the one that is scored.
const SCORED: &str = "crowded";
/// Each scene that has goals: distance of the antenna (m), shadowing (dB), share of the slots that is visited; precision and recall to be
/// reached, in percent.
const SCENES: [(f64, f64, f64, f64, f64); 3] = [(1.0, 4.0, 1.0, 98.0, 97.0), (1.0, 4.0, 0.25, 97.0, 93.0), (1.5, 5.0, 1.0, 97.0, 93.0)];

/// The stocktake: a random quarter of two aisles, each with a crane of its own.
const AISLES: usize = 2;
const BAYS: usize = 40;
const LEVELS: usize = 14;
const SHARE: f64 = 0.25;
/// The share of the slots that differ from the books; a third of these for the sake of a misplaced unit, which concerns two slots.
const DIFFERENCES: f64 = 0.06;

/// One way of counting, as the table names it: with a camera, and the budget for listening.
const WAYS: [(&str, bool, f64); 3] =
    [("tags and pictures", true, 0.1), ("tags alone", false, 0.1), ("tags alone, no stops at neighbours", false, 0.0)];

pub(super) fn run(seed: u64, quick: bool) -> Result<(), Box<dyn Error>> {
    let mut goals = scenes(seed, if quick { 1 } else { 5 })?;
    goals.extend(stocktakes(seed, if quick { 2 } else { 10 })?);
    settle(&goals)
}

/// Tags attributed to slots, without a stocktake around it.
fn scenes(seed: u64, worlds: u64) -> Result<Vec<Goal>, Box<dyn Error>> {
    let scored = measure(Command::new(example("pandian-sim", "attribution_scenes")?).args([seed.to_string(), worlds.to_string()]))?;
    println!("seed {seed}, {worlds} warehouses a row; precision, recall\n");
    println!("| law | antenna, shadowing, visited | tags | ours | ambiguous | all reads | loudest | misplaced tags alone |");
    println!("|---|---|---|---|---|---|---|---|");
    let rows: Vec<&Value> = scored["scenes"].as_array().into_iter().flatten().collect();
    for row in &rows {
        let law = row["law"].as_str().unwrap_or_default();
        let law = if law == SCORED { law.to_owned() } else { format!("{law} (tuned on)") };
        let pair = |of: &str| format!("{:.3}, {:.3}", number(&row[of], "precision"), number(&row[of], "recall"));
        println!(
            "| {law} | {} | {} | **{}** | {:.1} % | {} | {} | {} of {} |",
            scene_name(row),
            row["there"],
            pair("ours"),
            number(row, "ambiguous") * 100.0,
            pair("all_reads"),
            pair("loudest"),
            pair("misplaced"),
            row["misplaced_there"],
        );
    }
    let mut goals = Vec::new();
    for (standoff, shadowing, visited, precision, recall) in SCENES {
        let is_it = |row: &&&Value| {
            row["law"] == SCORED
                && [("standoff_m", standoff), ("shadowing_db", shadowing), ("visited", visited)]
                    .into_iter()
                    .all(|(field, wanted)| number(row, field) == wanted)
        };
        let row = rows.iter().find(is_it).ok_or("a scene is missing")?;
        let name = |what: &str| format!("{}: {what}", scene_name(row));
        goals.push(percent(&name("precision"), number(&row["ours"], "precision"), precision));
        goals.push(percent(&name("recall"), number(&row["ours"], "recall"), recall));
    }
    Ok(goals)
}

fn scene_name(row: &Value) -> String {
    let visited = if number(row, "visited") < 1.0 { "a quarter" } else { "all" };
    format!("{:.1} m, {:.0} dB, {visited}", number(row, "standoff_m"), number(row, "shadowing_db"))
}

fn percent(what: &str, share: f64, wanted: f64) -> Goal {
    Goal::at_least(&format!("{what}, %"), share * 100.0, wanted)
}

/// What the stocktakes of one way came to together.
#[derive(Default)]
struct Sums {
    requested: f64,
    listened: f64,
    /// The most that one of them listened, as a share of its budget.
    most_of_budget: f64,
    ambiguous: f64,
    makespan_s: f64,
    misplaced: Found,
    unknown: Found,
    /// How many misplaced units were missed, by what was said of the slot that they lie in.
    missed: BTreeMap<String, usize>,
    /// How many units were told to lie where they do not: by whether they lie at home.
    wrong: BTreeMap<String, usize>,
}

/// Units in visited slots: how many there are, how many of them were told; how many were told at all, and how many rightly.
#[derive(Default)]
struct Found {
    there: f64,
    found: f64,
    told: f64,
    right: f64,
}

impl Found {
    fn add(&mut self, audit: &Value) {
        self.there += number(audit, "there");
        self.found += number(audit, "found");
        self.told += number(audit, "told");
        self.right += number(audit, "right");
    }

    fn recall(&self) -> f64 {
        self.found / self.there
    }

    fn precision(&self) -> f64 {
        self.right / self.told
    }

    fn shown(&self) -> String {
        format!("{} of {} ({:.3}) | {} of {} ({:.3})", self.found, self.there, self.recall(), self.right, self.told, self.precision())
    }
}

impl Sums {
    fn add(&mut self, audit: &Value) {
        self.requested += number(audit, "requested");
        self.listened += number(audit, "listened");
        self.most_of_budget = self.most_of_budget.max(number(audit, "listened") / number(audit, "budget").max(1.0));
        self.ambiguous += number(audit, "ambiguous");
        self.makespan_s += number(audit, "makespan_s");
        self.misplaced.add(&audit["misplaced"]);
        self.unknown.add(&audit["unknown"]);
        for unit in audit["missed"].as_array().into_iter().flatten() {
            let said = if unit["heard_at_stops"] == 0 { "heard nowhere" } else { unit["there"].as_str().unwrap_or_default() };
            *self.missed.entry(said.to_owned()).or_default() += 1;
        }
        for unit in audit["wrong"].as_array().into_iter().flatten() {
            let lies = if unit["lies_at"] == unit["belongs_at"] { "lie at home" } else { "lie elsewhere" };
            *self.wrong.entry(lies.to_owned()).or_default() += 1;
        }
    }
}

/// Stocktakes by the program itself, in virtual time.
fn stocktakes(seed: u64, worlds: u64) -> Result<Vec<Goal>, Box<dyn Error>> {
    let (pandian, audit) = (program(true)?, example("pandian", "attribution_audit")?);
    let (law, all) = (scored_law()?, fresh("attribution")?);
    let mut sums = WAYS.map(|_| Sums::default());
    for world in 0..worlds {
        let seed = seed.wrapping_mul(1000).wrapping_add(world);
        for ((way, has_camera, listen_budget), sum) in WAYS.into_iter().zip(&mut sums) {
            let folder = all.join(format!("{seed}, {way}"));
            fs::create_dir_all(&folder)?;
            let warehouse = warehouse(&folder, seed, has_camera, listen_budget, &law)?;
            let (list, data) = (folder.join("list.csv"), folder.join("data"));
            fs::write(&list, draw(seed).join("\n"))?;
            let mut count = Command::new(&pandian);
            count.args(["run", "--virtual", "--json", "--locations"]).arg(&list).arg("--data").arg(&data).arg(&warehouse);
            with_peak(&mut count)?;
            let audit = measure(Command::new(&audit).arg(&warehouse).arg(&data))?;
            fs::write(folder.join("audit.json"), format!("{audit:#}"))?;
            sum.add(&audit);
        }
    }
    print(&sums, worlds);
    let mut goals = Vec::new();
    for ((name, has_camera, listen_budget), sum) in WAYS.iter().zip(&sums) {
        // What is unclear is looked at, too: that is how stops are made. Without a camera the figures stand for themselves.
        if *has_camera {
            goals.push(percent(&format!("{name}: misplaced units found"), sum.misplaced.recall(), 95.0));
            goals.push(percent(&format!("{name}: told rightly"), sum.misplaced.precision(), 98.0));
        }
        if *listen_budget > 0.0 {
            goals.push(Goal::at_most(&format!("{name}: most stops at neighbours over the budget for them"), sum.most_of_budget, 1.0));
        }
    }
    Ok(goals)
}

/// A random share of the locations, in random order.
fn draw(seed: u64) -> Vec<String> {
    let all = 2 * AISLES * BAYS * LEVELS;
    let mut random = StdRng::seed_from_u64(seed);
    let code = |index: usize| {
        let (side, rest) = (["L", "R"][index % 2], index / 2);
        format!("A{}-{side}-{:02}-{:02}", rest / (BAYS * LEVELS) + 1, rest % BAYS + 1, rest / BAYS % LEVELS + 1)
    };
    sample(&mut random, all, (all as f64 * SHARE) as usize).into_iter().map(code).collect()
}

fn warehouse(folder: &Path, seed: u64, has_camera: bool, listen_budget: f64, law: &str) -> Result<PathBuf, Box<dyn Error>> {
    let mut text = format!(
        "name = \"Attribution\"\n[book]\nsimulated = true\n[attribution]\nlisten_budget = {listen_budget:?}\n\
         [simulation]\nseed = {seed}\ndifferences = {DIFFERENCES}\nmisplaced_within = 3\npicture_every = 0\n{law}"
    );
    let camera = if has_camera { "camera = { kind = \"sim\" }\n" } else { "" };
    for n in 1..=AISLES {
        write!(
            text,
            "[[aisle]]\nid = \"A{n}\"\nbays = {BAYS}\nlevels = {LEVELS}\nbay_width = \"1.4m\"\nlevel_height = \"1.6m\"\n\
             code = \"{{aisle}}-{{side}}-{{bay:02}}-{{level:02}}\"\n\
             [[crane]]\nid = \"C{n}\"\naisles = [\"A{n}\"]\ndevice = {{ kind = \"sim\" }}\nreader = {{ kind = \"sim\" }}\n{camera}"
        )?;
    }
    let file = folder.join("warehouse.toml");
    fs::write(&file, text)?;
    Ok(file)
}

/// The table of the law that is scored, as the page on the simulator has it; a test there holds it against the program's.
fn scored_law() -> Result<String, Box<dyn Error>> {
    let page = fs::read_to_string(root().join("docs/simulator.md"))?;
    let law = page.split("```").filter_map(|block| block.strip_prefix("toml\n")).filter(|block| block.starts_with("[simulation.radio]"));
    Ok(law.last().ok_or("docs/simulator.md shows no law of radio")?.to_owned())
}

fn print(sums: &[Sums], worlds: u64) {
    let slots = 2 * AISLES * BAYS * LEVELS;
    println!("\n{worlds} stocktakes a row, each of a random quarter of {slots} locations; law {SCORED}, 1.0 m, 4 dB\n");
    println!("| counted by | misplaced units found (recall) | told rightly (precision) | unknown units found | told rightly |");
    println!("|---|---|---|---|---|");
    for ((name, ..), sum) in WAYS.iter().zip(sums) {
        println!("| {name} | {} | {} |", sum.misplaced.shown(), sum.unknown.shown());
    }
    println!("\n| counted by | asked for | stops at neighbours | most of the budget used | ambiguous | model time of a stocktake |");
    println!("|---|---|---|---|---|---|");
    for ((name, ..), sum) in WAYS.iter().zip(sums) {
        println!(
            "| {name} | {} | {} ({:.1} %) | {:.0} % | {:.1} % | {:.0} s |",
            sum.requested,
            sum.listened,
            sum.listened / sum.requested * 100.0,
            sum.most_of_budget * 100.0,
            sum.ambiguous / sum.requested * 100.0,
            sum.makespan_s / worlds as f64,
        );
    }
    let counts = |counts: &BTreeMap<String, usize>| {
        let shown: Vec<String> = counts.iter().map(|(what, count)| format!("{count} × {what}")).collect();
        if shown.is_empty() { "none".to_owned() } else { shown.join("; ") }
    };
    println!("\n| counted by | misplaced units missed, by what was said of their location | told wrongly |\n|---|---|---|");
    for ((name, ..), sum) in WAYS.iter().zip(sums) {
        println!("| {name} | {} | {} |", counts(&sum.missed), counts(&sum.wrong));
    }
    println!("\nevery unit of these in audit.json of the folders below target/bench/attribution");
}
