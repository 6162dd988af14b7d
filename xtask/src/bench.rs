//! `cargo xtask bench …`: every figure of the documents, measured side by side in one run.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Subcommand;
use serde_json::Value;

mod attribution;
mod celery;
mod codes;
mod engine;
mod makespan;
pub(crate) mod million;
mod occupancy;
mod rfid;
mod route;
mod sight;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// Stops a second, CPU a stop, memory and delays of the engine, beside peers in Python and the raw limit
    Engine {
        /// Fewer stops and one round: a look, not a measurement
        #[arg(long)]
        quick: bool,
        /// With so many cranes
        #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1000])]
        cranes: Vec<usize>,
    },
    /// Stops whose checks are Celery tasks, beside Celery's own client
    Celery {
        /// Fewer stops and one round: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// Routes above their lower bound, replanning, and simple rules, beside LKH, OR-Tools and PyVRP
    Route {
        /// Few small instances: a look, not a measurement
        #[arg(long)]
        quick: bool,
        /// Ours only
        #[arg(long)]
        alone: bool,
    },
    /// How long the reference warehouse is counted, in model time: in waves, in loops, sorted, routed, released early
    Makespan {
        /// Two lists of the smaller sizes, in a development build: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// Tags out of LLRP reports and EPCs to their URIs, beside sllurp, llrpkit and epcpy on the same bytes
    Rfid {
        /// One short round: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// Codes on photos, beside zxing-cpp, pyzbar and OpenCV; PANDIAN_PHOTOS names their folder, without it labels are drawn
    Codes {
        /// One round: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// Whose tag it is: precision and recall on simulated warehouses, and what stocktakes find of their misplaced units
    Attribution {
        /// From which the warehouses' own seeds are made
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Few warehouses: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// Empty or occupied: rates and AUC on rendered slots of families never used in tuning, beside simple methods
    Occupancy {
        /// From which the scenes are made; one never used in tuning
        #[arg(long, default_value_t = 2026)]
        seed: u64,
        /// Few scenes: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// What looking at pictures costs: from bytes to all answers, and beside the event loop
    Sight {
        /// Few pictures: a look, not a measurement
        #[arg(long)]
        quick: bool,
    },
    /// A stocktake of a million locations in virtual time
    Million {
        /// Locations
        #[arg(long, default_value_t = 1_000_000)]
        locations: u32,
    },
}

impl Bench {
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Engine { quick, cranes } => engine::run(quick, &cranes),
            Self::Celery { quick } => celery::run(quick),
            Self::Route { quick, alone } => route::run(quick, alone),
            Self::Makespan { quick } => makespan::run(quick),
            Self::Rfid { quick } => rfid::run(quick),
            Self::Codes { quick } => codes::run(quick),
            Self::Attribution { seed, quick } => attribution::run(seed, quick),
            Self::Occupancy { seed, quick } => occupancy::run(seed, quick),
            Self::Sight { quick } => sight::run(quick),
            Self::Million { locations } => million::run(locations),
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// A fresh folder below `target/bench`.
fn fresh(name: &str) -> std::io::Result<PathBuf> {
    let folder = root().join("target/bench").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs a command to its end; its output is shown only when it fails.
fn finish(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a program that prints one line of JSON.
fn measure(command: &mut Command) -> Result<Value, Box<dyn Error>> {
    let text = finish(command)?;
    let line = text.lines().last().ok_or_else(|| format!("{command:?} printed nothing"))?;
    Ok(serde_json::from_str(line)?)
}

fn number(value: &Value, field: &str) -> f64 {
    value[field].as_f64().unwrap_or(f64::NAN)
}

/// A Python environment with the packages of a folder of `bench`, made once.
fn python(folder: &str) -> Result<PathBuf, Box<dyn Error>> {
    let venv = root().join(format!("target/bench-venv-{folder}"));
    let requirements = root().join("bench").join(folder).join("requirements.txt");
    let python = venv.join("bin/python");
    let stamp = venv.join("requirements.txt");
    if fs::read(&stamp).ok() != fs::read(&requirements).ok() || !python.exists() {
        eprintln!("making a Python environment for bench/{folder} …");
        finish(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        finish(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements))?;
        fs::copy(&requirements, &stamp)?;
    }
    Ok(python)
}

/// Whether a program is at hand.
fn at_hand(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
        || Path::new("/usr/sbin").join(program).exists()
}

/// A server that is ended by its process id when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The neutral server: nginx with a constant reply, on a free port of this machine.
fn neutral_server() -> Result<(Server, String), Box<dyn Error>> {
    if !at_hand("nginx") {
        return Err("nginx is wanted as the neutral server: apt-get install nginx-light".into());
    }
    let folder = fresh("nginx")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let template = fs::read_to_string(root().join("bench/neutral/nginx.conf.in"))?;
    let configuration = folder.join("nginx.conf");
    fs::write(&configuration, template.replace("@PORT@", &port.to_string()).replace("@DIR@", &folder.display().to_string()))?;
    let server = Command::new("nginx").arg("-p").arg(&folder).arg("-c").arg(&configuration).stdin(Stdio::null()).spawn()?;
    let server = Server(server);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > deadline {
            return Err("nginx does not answer".into());
        }
        std::thread::yield_now();
    }
    Ok((server, format!("http://127.0.0.1:{port}/api/smart_check/execute_queue/")))
}

/// Builds an example of a package in release mode and gives its path.
fn example(package: &str, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    eprintln!("building {name} in release mode …");
    build(["--release", "-p", package, "--example", name])?;
    Ok(root().join("target/release/examples").join(name))
}

/// Builds the program, in release mode or for development, and gives its path.
fn program(is_release: bool) -> Result<PathBuf, Box<dyn Error>> {
    let (profile, mode) = if is_release { ("release", "release") } else { ("dev", "debug") };
    eprintln!("building pandian in {mode} mode …");
    build(["--profile", profile, "-p", "pandian", "--bin", "pandian"])?;
    Ok(root().join("target").join(mode).join("pandian"))
}

fn build(what: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<(), Box<dyn Error>> {
    finish(Command::new("cargo").current_dir(root()).args(["build", "--quiet"]).args(what)).map(drop)
}

/// Runs a program to its end and gives the most memory it ever had, in MB, and its last lines.
fn with_peak(command: &mut Command) -> Result<(f64, Vec<String>), Box<dyn Error>> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak: f64 = 0.0;
    let mut last = Vec::new();
    let stdout = child.stdout.take().ok_or("no output")?;
    for line in BufReader::new(stdout).lines() {
        // The mark only ever rises, so the reading at the last line is the peak but for what ending costs.
        peak = peak.max(peak_mb(&status).unwrap_or(0.0));
        last.push(line?);
        if last.len() > 50 {
            last.remove(0);
        }
    }
    let ended = child.wait()?;
    match ended.code() {
        Some(0 | 3) => Ok((peak, last)),
        _ => Err(format!("{command:?} ended with {ended}").into()),
    }
}

fn peak_mb(status: &Path) -> Option<f64> {
    let mut text = String::new();
    fs::File::open(status).ok()?.read_to_string(&mut text).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}
