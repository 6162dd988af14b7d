//! A stocktake of a million locations: simulated devices, virtual time, a picture at every hundredth.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Instant;

use super::{fresh, program, with_peak};

/// The goal for the run and for its report, in MB.
const GOAL_MB: f64 = 500.0;

pub(crate) fn run(locations: u32) -> Result<(), Box<dyn Error>> {
    let pandian = program(true)?;
    let folder = fresh("million")?;
    fs::write(folder.join("warehouse.toml"), warehouse(locations))?;
    let data = folder.join("data");

    let begun = Instant::now();
    let (run_mb, lines) =
        with_peak(Command::new(&pandian).args(["--lang", "en", "run", "--all", "--virtual", "--data"]).arg(&data).arg(&folder))?;
    let run_s = begun.elapsed().as_secs_f64();
    for line in lines.iter().rev().take(3).rev() {
        println!("  {line}");
    }
    let begun = Instant::now();
    let (report_mb, lines) = with_peak(Command::new(&pandian).args(["report", "--format", "csv", "--data"]).arg(&data))?;
    let report_s = begun.elapsed().as_secs_f64();
    drop(lines);
    let begun = Instant::now();
    let (verify_mb, _) = with_peak(Command::new(&pandian).args(["verify", "--data"]).arg(&data))?;
    let verify_s = begun.elapsed().as_secs_f64();
    println!(
        "{locations} locations: run {run_s:.0} s, {run_mb:.0} MB; report {report_s:.0} s, {report_mb:.0} MB; verify {verify_s:.0} s, {verify_mb:.0} MB"
    );
    let peak = run_mb.max(report_mb);
    println!("goal: {} {peak:.0} MB (goal ≤ {GOAL_MB:.0})", if peak <= GOAL_MB { "✓" } else { "✗" });
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Ten aisles with a crane each.
fn warehouse(locations: u32) -> String {
    const AISLES: u32 = 10;
    const LEVELS: u32 = 20;
    let bays = locations / AISLES / LEVELS / 2;
    let mut text = "name = \"a million\"\n[book]\nsimulated = true\n[simulation]\nseed = 7\npicture_every = 100\n".to_owned();
    for n in 1..=AISLES {
        text.push_str(&format!(
            "[[aisle]]\nid = \"A{n:02}\"\nbays = {bays}\nlevels = {LEVELS}\ncode = \"{{aisle}}-{{side}}-{{bay:04}}-{{level:02}}\"\n\
             [[crane]]\nid = \"C{n}\"\naisles = [\"A{n:02}\"]\ndevice = {{ kind = \"sim\" }}\nreader = {{ kind = \"sim\" }}\ncamera = {{ kind = \"sim\" }}\n"
        ));
    }
    text
}
