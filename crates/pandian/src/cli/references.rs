//! `pandian references`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DataArg;

/// `references`
#[derive(Debug, Subcommand)]
pub enum ReferencesCommand {
    /// List them, with what became of them
    List(ListReferencesArgs),
    /// Put pictures on record that are there as files
    Add(AddReferencesArgs),
    /// Send the crane to empty locations and take a picture of each
    Take(TakeReferencesArgs),
    /// Write a reference's picture to a file
    Show(ShowReferenceArgs),
    /// Say that references show their slot empty and as it is: pictures are held against them from now on
    Accept(DecideArgs),
    /// Say that references do not, or no longer; they stay on record
    Reject {
        /// Which, and who.
        #[command(flatten)]
        decide: DecideArgs,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// `references list`
#[derive(Debug, Args)]
pub struct ListReferencesArgs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Where they are.
    #[command(flatten)]
    pub data: DataArg,
}

/// What pictures show empty.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SubjectArgs {
    /// They show this location
    #[arg(long)]
    pub location: Option<String>,
    /// They show a slot of this kind ([[vision.slot]]; \"slot\" where nothing is configured)
    #[arg(long)]
    pub kind: Option<String>,
}

/// In which light pictures were taken.
#[derive(Debug, Args)]
pub struct LightArg {
    /// In which light; of each light the newest accepted picture is used
    #[arg(long, value_parser = light, default_value = "day")]
    pub light: String,
}

/// A part of a reference's name.
fn light(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains('/') && !text.chars().any(char::is_control);
    if is_name { Ok(text.to_owned()) } else { Err("a name without / is wanted".to_owned()) }
}

/// `references add`
#[derive(Debug, Args)]
pub struct AddReferencesArgs {
    /// The pictures: JPEG, PNG, BMP, WebP or GIF
    #[arg(required = true)]
    pub pictures: Vec<PathBuf>,
    /// What they show.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// warehouse.toml, or the folder it is in: location and kind must be its own, and the pictures fit by its limits
    #[arg(long, value_name = "WAREHOUSE")]
    pub warehouse: Option<PathBuf>,
    /// In which light.
    #[command(flatten)]
    pub light: LightArg,
    /// Where to keep them.
    #[command(flatten)]
    pub data: DataArg,
}

/// `references take`
#[derive(Debug, Args)]
pub struct TakeReferencesArgs {
    /// warehouse.toml, or the folder it is in
    pub warehouse: PathBuf,
    /// Locations, each of them empty
    #[arg(required = true)]
    pub locations: Vec<String>,
    /// They stand for all slots of this kind, which they must be of; unless given, each for itself
    #[arg(long)]
    pub kind: Option<String>,
    /// In which light.
    #[command(flatten)]
    pub light: LightArg,
    /// Where to keep them.
    #[command(flatten)]
    pub data: DataArg,
}

/// `references show`
#[derive(Debug, Args)]
pub struct ShowReferenceArgs {
    /// Which: LOCATION/LIGHT/VERSION or kind:KIND/LIGHT/VERSION
    pub reference: String,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where it is.
    #[command(flatten)]
    pub data: DataArg,
}

/// `references accept` and `reject`
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// Which: LOCATION/LIGHT/VERSION or kind:KIND/LIGHT/VERSION
    #[arg(required = true)]
    pub references: Vec<String>,
    /// Who decides
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    pub by: Option<String>,
    /// Where they are.
    #[command(flatten)]
    pub data: DataArg,
}
