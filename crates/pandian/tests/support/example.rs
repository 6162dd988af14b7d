//! A copy of `examples/scenario`, so that tests change and fill their own.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The copy, gone when dropped.
pub(crate) struct Scenario {
    _temporary: TempDir,
    pub(crate) folder: PathBuf,
}

impl Scenario {
    /// Where the example's crane is.
    const ADDRESS: &str = "127.0.0.1:8011";

    /// Copies what is in the example's folder, as it is in the repository.
    pub(crate) fn copy() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("scenario");
        std::fs::create_dir(&folder).unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenario");
        for name in ["warehouse.toml", "book.csv", "stock.py", "rfid.py", "camera.py"] {
            std::fs::copy(example.join(name), folder.join(name)).unwrap();
        }
        Self { _temporary: temporary, folder }
    }

    /// What it takes until all six checks of the three stops have started and have nothing to wait for.
    pub(crate) fn interpreters_start_within(&self) -> Duration {
        let begun = Instant::now();
        let checks: Vec<_> =
            ["1号", "8号", "10号"].into_iter().flat_map(|location| [("rfid.py", location), ("camera.py", location)]).collect();
        let started = checks.into_iter().map(|(program, location)| {
            let mut command = Command::new("python3");
            command.args([program, location]).current_dir(&self.folder).env("RFID_SECONDS", "0").env("CAPTURE_SECONDS", "0");
            command.stdout(Stdio::null()).spawn().unwrap()
        });
        for mut check in started.collect::<Vec<_>>() {
            assert!(check.wait().unwrap().success());
        }
        begun.elapsed()
    }

    /// Writes into the configuration where the crane is really.
    pub(crate) fn crane_is_at(&self, address: &str) {
        let file = self.folder.join("warehouse.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(Self::ADDRESS));
        std::fs::write(file, text.replace(Self::ADDRESS, address)).unwrap();
    }
}
