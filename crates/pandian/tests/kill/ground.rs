//! A small warehouse whose devices are simulated in another process, and what is done with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::program::{self, Running, Simulator, pandian};
use super::records::Counted;

const CRANES: usize = 4;
const BAYS: usize = 5;
const LEVELS: usize = 3;
/// How many locations the warehouse has.
pub(crate) const LOCATIONS: usize = CRANES * BAYS * LEVELS;
/// Stands for the simulator's address until it has one.
const STAND_IN: &str = "127.0.0.1:1";

/// The warehouse, its simulator, and room for data directories.
pub(crate) struct Ground {
    folder: TempDir,
    _simulator: Simulator,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("warehouse.toml");
        std::fs::write(&file, warehouse(STAND_IN)).unwrap();
        let simulator = Simulator::start(folder.path());
        std::fs::write(&file, warehouse(&simulator.address)).unwrap();
        Self { folder, _simulator: simulator }
    }

    /// A data directory.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `pandian run … --json` on a data directory; the warehouse is named unless it is to be resumed.
    pub(crate) fn command(&self, data: &str, arguments: &[&str]) -> Command {
        let mut command = pandian(["run", "--json", "--data", self.data(data).to_str().unwrap()]);
        if arguments.contains(&"--all") {
            command.arg(self.folder.path());
        }
        command.args(arguments);
        command
    }

    /// Starts a stocktake of everything.
    pub(crate) fn run(&self, data: &str) -> Running {
        Running::start(&mut self.command(data, &["--all"]))
    }

    /// Takes a stocktake up again.
    pub(crate) fn resume(&self, data: &str, id: &str) -> Running {
        Running::start(&mut self.command(data, &["--resume", id]))
    }

    fn listed(&self, data: &str) -> Vec<Value> {
        // Killed before it began, it has left nothing, or no database yet.
        let data = self.data(data);
        let listed = program::run(["ctl", "--json", "--data", data.to_str().unwrap(), "list"]);
        if listed.code() == Some(0) { listed.events() } else { Vec::new() }
    }

    /// The id of the one stocktake that was begun in a data directory; none if none was.
    pub(crate) fn unfinished(&self, data: &str) -> Option<String> {
        let listed = self.listed(data);
        assert!(listed.len() <= 1, "{listed:?}");
        Some(listed.first()?["stocktake"].as_str().unwrap().to_owned())
    }

    /// How the one stocktake of a data directory stands.
    pub(crate) fn state(&self, data: &str) -> String {
        self.listed(data).first().map_or_else(String::new, |stocktake| stocktake["state"].as_str().unwrap().to_owned())
    }

    /// What the report says of each location; none is in it twice.
    pub(crate) fn counted(&self, data: &str) -> BTreeMap<String, Counted> {
        let data = self.data(data);
        let report = program::run(["report", "--format", "csv", "--data", data.to_str().unwrap()]);
        assert_eq!(report.code(), Some(0), "{}", report.stderr);
        assert_eq!(report.lines.len(), 1 + LOCATIONS, "{:#?}", report.lines);
        let counted: BTreeMap<_, _> = report.lines[1..].iter().map(|line| Counted::of_row(line)).collect();
        assert_eq!(counted.len(), LOCATIONS, "{:#?}", report.lines);
        counted
    }

    /// Lets the program check chain and evidence, and that a head is part of the chain.
    pub(crate) fn verify(&self, data: &str, head: &str) {
        let data = self.data(data);
        let verified = program::run(["verify", "--json", "--head", head, "--data", data.to_str().unwrap()]);
        assert_eq!(verified.code(), Some(0), "{verified:?}");
        assert_eq!(verified.events()[0]["good"], true, "{verified:?}");
    }
}

fn warehouse(address: &str) -> String {
    let mut text = "name = \"Kill\"\n\n[book]\nsimulated = true\n\n[simulation]\nseed = 7\nspeed = 25.0\ndifferences = 0.2\n".to_owned();
    for n in 1..=CRANES {
        text += &format!(
            "\n[[aisle]]\nid = \"A{n}\"\nbays = {BAYS}\nlevels = {LEVELS}\nsides = [\"L\"]\ncode = \"{{aisle}}-{{bay:02}}-{{level:02}}\"\n\n\
             [[crane]]\nid = \"C{n}\"\naisles = [\"A{n}\"]\n\
             device = {{ kind = \"http\", url = \"http://{address}/cranes/C{n}/execute_queue/\" }}\n\
             reader = {{ kind = \"http\", url = \"http://{address}/readers/{{crane}}/inventory?location={{location}}\" }}\n\
             camera = {{ kind = \"http\", url = \"http://{address}/cameras/{{crane}}/capture?location={{location}}\", \
             compare_url = \"http://{address}/cameras/{{crane}}/compare?location={{location}}\" }}\n"
        );
    }
    text
}
