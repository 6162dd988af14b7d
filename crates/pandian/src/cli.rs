//! The command line's grammar.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pandian_epc::Scheme;
use pandian_sim::SimulationSettings;

mod references;
mod vision;

pub use references::{
    AddReferencesArgs, DecideArgs, LightArg, ListReferencesArgs, ReferencesCommand, ShowReferenceArgs, SubjectArgs, TakeReferencesArgs,
};
pub use vision::{
    ChannelsArg, Opening, RangeArg, VisionBenchArgs, VisionCodesArgs, VisionCommand, VisionCompareArgs, VisionCountArgs, VisionOcrArgs,
    WantedFormats,
};

/// Counts the stock of an automated warehouse in the rack.
#[derive(Debug, Parser)]
#[command(name = "pandian", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Language of messages and reports; from the locale if not given
    #[arg(long, global = true, value_enum, display_order = 900)]
    pub lang: Option<LangArg>,
    /// What to log to standard error (tracing's filter syntax)
    #[arg(long, global = true, display_order = 901, env = "PANDIAN_LOG", default_value = "error", hide_env_values = true)]
    pub log: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A language to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    /// 中文
    Zh,
    /// English
    En,
}

/// A factor that the simulator takes.
fn speed(text: &str) -> Result<f64, String> {
    let settings = SimulationSettings { speed: text.parse().map_err(|_| "a number is wanted")?, ..SimulationSettings::default() };
    settings.check().map_err(|error| error.wanted)?;
    Ok(settings.speed)
}

/// A time of a day at most.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a number from 0 to 86400 is wanted".to_owned())
}

/// What chance is drawn from.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {} is wanted", u64::MAX))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Count a seeded warehouse on simulated devices, over real sockets
    Demo(DemoArgs),
    /// Run a stocktake, or take one up again
    Run(RunArgs),
    /// Plan in which order the cranes visit locations, and say how long that takes
    Plan(PlanArgs),
    /// Control a running stocktake
    Ctl(CtlArgs),
    /// Serve simulated devices at the addresses that a warehouse's configuration names
    Sim(SimArgs),
    /// Try every device and say what is wrong
    Devices(DevicesArgs),
    /// Take a list of book stock into the data directory
    Import(ImportArgs),
    /// Pictures of empty slots that others are held against: take, accept, reject
    #[command(subcommand)]
    References(ReferencesCommand),
    /// Report a stocktake
    Report(ReportArgs),
    /// Check the record chain and every piece of evidence
    Verify(VerifyArgs),
    /// Check a configuration, or print its schema
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Read and write EPCs: what tags hold, URIs, GS1 element strings
    #[command(subcommand)]
    Epc(EpcCommand),
    /// Look into what RFID readers send
    #[command(subcommand)]
    Llrp(LlrpCommand),
    /// See what is on pictures
    #[command(subcommand)]
    Vision(VisionCommand),
    /// Explain an error code
    Explain {
        /// The code, such as device-timeout; without one, all codes are listed
        code: Option<String>,
    },
    /// Print shell completions
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where records and evidence are kept.
#[derive(Debug, Clone, Args)]
pub struct DataArg {
    /// Data directory: records, evidence, control socket
    #[arg(long, value_name = "DIR", default_value = "pandian-data")]
    pub data: PathBuf,
}

/// `demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Exit when the count is done
    #[arg(long)]
    pub once: bool,
    /// Seed of the warehouse
    #[arg(long, default_value_t = 2026, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
    /// Cranes, one to an aisle
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub cranes: u16,
    /// How many times faster than real the warehouse moves
    #[arg(long, default_value_t = 60.0, allow_negative_numbers = true, value_parser = speed)]
    pub speed: f64,
    /// Where the demonstration keeps its files; made anew each time
    #[arg(long, value_name = "DIR", default_value = "pandian-demo")]
    pub data: PathBuf,
    /// One event a line instead of progress
    #[arg(long)]
    pub json: bool,
}

/// `run`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub struct RunArgs {
    /// warehouse.toml, or the folder it is in
    #[arg(value_name = "WAREHOUSE", required_unless_present = "resume")]
    pub warehouse: Option<PathBuf>,
    /// Locations to count: a CSV or XLSX file, or - for standard input
    #[arg(long, value_name = "FILE|-", group = "which")]
    pub locations: Option<PathBuf>,
    /// Count every location
    #[arg(long, group = "which")]
    pub all: bool,
    /// In which order cranes visit; as the warehouse's configuration has it if not given
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub order: Option<OrderArg>,
    /// Take this stocktake up again (the first characters of its id suffice)
    #[arg(long, value_name = "ID", group = "which")]
    pub resume: Option<String>,
    /// Where to keep what is counted.
    #[command(flatten)]
    pub data: DataArg,
    /// One event a line on standard output
    #[arg(long)]
    pub json: bool,
    /// Run in virtual time: simulated devices only, no waiting
    #[arg(long, conflicts_with = "resume")]
    pub r#virtual: bool,
}

/// `plan`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct PlanArgs {
    /// warehouse.toml, or the folder it is in
    pub warehouse: PathBuf,
    /// Locations to visit: a CSV or XLSX file, or - for standard input
    #[arg(long, value_name = "FILE|-", group = "what")]
    pub locations: Option<PathBuf>,
    /// Visit every location
    #[arg(long, group = "what")]
    pub all: bool,
    /// The plan as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Draw the cranes' ways into this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Data directory: how cranes move is learnt from what they did there
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Seed of the search; the same one gives the same plan
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub seed: u64,
}

/// In which order cranes visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// The shortest way that is found
    Planned,
    /// As the locations were given
    Given,
}

/// `ctl`
#[derive(Debug, Args)]
pub struct CtlArgs {
    /// Data directory of the running stocktake
    #[arg(long, global = true, value_name = "DIR", default_value = "pandian-data")]
    pub data: PathBuf,
    /// The answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: CtlCommand,
}

/// What can be done to a running stocktake.
#[derive(Debug, Subcommand)]
pub enum CtlCommand {
    /// List the stocktakes of the data directory
    List,
    /// Show how far a stocktake is
    Status {
        /// The stocktake
        id: String,
    },
    /// Send no crane to another location
    Pause {
        /// The stocktake
        id: String,
    },
    /// Go on after a pause
    Resume {
        /// The stocktake
        id: String,
    },
    /// End a stocktake
    Cancel {
        /// The stocktake
        id: String,
    },
    /// Take a crane out of work, or put it back
    #[command(subcommand)]
    Crane(CraneCommand),
    /// Count further locations too
    Add {
        /// The stocktake
        id: String,
        /// Locations
        #[arg(required = true)]
        locations: Vec<String>,
    },
    /// Do not count these locations
    Drop {
        /// The stocktake
        id: String,
        /// Locations
        #[arg(required = true)]
        locations: Vec<String>,
    },
}

/// What can be done to a crane.
#[derive(Debug, Subcommand)]
pub enum CraneCommand {
    /// Out of work: its stop is broken off and waits again
    Out {
        /// The crane, or one lane
        crane: String,
        /// Hand its queue to cranes that can serve it
        #[arg(long)]
        hand_on: bool,
    },
    /// Lent to production: it ends its stop, and takes no other until it is back
    Lend {
        /// The crane, or one lane
        crane: String,
        /// Hand its queue to cranes that can serve it
        #[arg(long)]
        hand_on: bool,
    },
    /// Back to work
    In {
        /// The crane, or one lane
        crane: String,
    },
}

/// `sim`
#[derive(Debug, Args)]
pub struct SimArgs {
    /// warehouse.toml, or the folder it is in
    pub warehouse: PathBuf,
    /// Serve here instead of where the configuration's addresses say
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// How many times faster than real the warehouse moves; the configuration's own factor if not given
    #[arg(long, allow_negative_numbers = true, value_parser = speed)]
    pub speed: Option<f64>,
    /// Write the planted differences here as CSV, and go on
    #[arg(long, value_name = "FILE")]
    pub planted: Option<PathBuf>,
}

/// `devices`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct DevicesArgs {
    /// warehouse.toml, or the folder it is in
    #[arg(required = true)]
    pub warehouse: Option<PathBuf>,
    /// One JSON object a device and line
    #[arg(long)]
    pub json: bool,
    /// What to do with one device.
    #[command(subcommand)]
    pub command: Option<DevicesCommand>,
}

/// What can be done with one device.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// Show the tags that a reader hears, as it hears them
    Listen(ListenArgs),
}

/// `devices listen`
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// A crane whose reader it is (C1, or C1/L and C1/R for the sides of its aisle), or the address of an LLRP reader
    /// (llrp://HOST[:PORT] or HOST[:PORT])
    pub reader: String,
    /// warehouse.toml that has the crane, or the folder it is in
    #[arg(long, value_name = "WAREHOUSE")]
    pub warehouse: Option<PathBuf>,
    /// End after so many seconds
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// One JSON object for each tag heard, instead of a table
    #[arg(long)]
    pub json: bool,
}

/// `import`
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// warehouse.toml, or the folder it is in
    pub warehouse: PathBuf,
    /// Book stock: a CSV or XLSX file, or - for standard input
    #[arg(long, value_name = "FILE|-")]
    pub book: PathBuf,
    /// Where to keep it.
    #[command(flatten)]
    pub data: DataArg,
}

/// `report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The stocktake; the newest if not given
    pub id: Option<String>,
    /// Where its data is.
    #[command(flatten)]
    pub data: DataArg,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Terminal)]
    pub format: ReportFormat,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// On the terminal: every location, also where nothing differs
    #[arg(long)]
    pub full: bool,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For reading
    Terminal,
    /// One line a location
    Csv,
    /// One object
    Json,
    /// A workbook (needs --output)
    Xlsx,
}

/// `verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Which data directory.
    #[command(flatten)]
    pub data: DataArg,
    /// A head printed earlier: proves that nothing before it was cut off or rewritten
    #[arg(long, value_name = "HASH")]
    pub head: Option<pandian_domain::Digest>,
    /// The result as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration
    Check {
        /// warehouse.toml, or the folder it is in
        warehouse: PathBuf,
    },
    /// Print the configuration's JSON Schema
    Schema,
}

/// `epc`
#[derive(Debug, Subcommand)]
pub enum EpcCommand {
    /// Decode EPCs in hex, one a line on standard input
    Decode {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Encode tag URIs, pure identity URIs and GS1 element strings, one a line on standard input
    Encode(EpcEncodeArgs),
}

/// `epc encode`. Tag URIs say all of it themselves.
#[derive(Debug, Args)]
pub struct EpcEncodeArgs {
    /// Scheme of pure identity URIs and element strings, such as sgtin-96; the shortest that holds them if not given
    #[arg(long)]
    pub scheme: Option<Scheme>,
    /// Filter value of pure identity URIs and element strings
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub filter: u8,
    /// Digits of the company prefix in element strings; without, they become a + scheme, which needs none
    #[arg(long, value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(6..=12))]
    pub prefix_digits: Option<u8>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `llrp`
#[derive(Debug, Subcommand)]
pub enum LlrpCommand {
    /// Decode frames in hex, one a line on standard input, as one JSON object a line
    Decode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_is_not_taken_up_in_virtual_time() {
        assert!(Cli::try_parse_from(["pandian", "run", "--resume", "x"]).is_ok());
        let error = Cli::try_parse_from(["pandian", "run", "--resume", "x", "--virtual"]).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
    }
}
