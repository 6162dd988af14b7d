//! `pandian vision`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use pandian_vision::Region;
use pandian_vision::codes::Format;

use super::seconds;

/// `vision`
#[derive(Debug, Subcommand)]
pub enum VisionCommand {
    /// Read the codes on pictures: JPEG, PNG, BMP, WebP and GIF
    Codes(VisionCodesArgs),
    /// Hold a picture against pictures of the empty slot, and its labels against what is expected
    Compare(VisionCompareArgs),
    /// Read a folder of photos with expectations, and count what was read right
    Bench(VisionBenchArgs),
    /// Count what a detector of your own finds on a picture: advice, never a count of stock (feature onnx)
    Count(VisionCountArgs),
    /// Read what is printed on labels with PP-OCR models (feature onnx)
    Ocr(VisionOcrArgs),
}

/// `vision codes`
#[derive(Debug, Args)]
pub struct VisionCodesArgs {
    /// The pictures
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// Symbologies to look for, with commas between them; ITF is short and easily seen where there is none
    #[arg(long, value_name = "all|FORMAT,…", default_value = "all", value_parser = wanted_formats)]
    pub formats: WantedFormats,
    /// Seconds of computing for a picture; what was begun by then is finished
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub budget: Duration,
    /// One JSON object a picture and line
    #[arg(long)]
    pub json: bool,
}

/// The symbologies that are looked for.
#[derive(Debug, Clone)]
pub struct WantedFormats(Vec<Format>);

impl WantedFormats {
    /// As the reader takes them.
    pub fn wanted(&self) -> Vec<Format> {
        self.0.clone()
    }
}

fn wanted_formats(text: &str) -> Result<WantedFormats, String> {
    if text == "all" {
        return Ok(WantedFormats(Format::ALL.to_vec()));
    }
    let known = || Format::ALL.map(Format::name).join(", ");
    let format = |name: &str| Format::of_name(name).ok_or_else(|| format!("`{name}` is none of all, {}", known()));
    text.split(',').map(format).collect::<Result<_, _>>().map(WantedFormats)
}

/// `vision compare`
#[derive(Debug, Args)]
pub struct VisionCompareArgs {
    /// The picture
    pub picture: PathBuf,
    /// Pictures of the empty slot, or of its like
    #[arg(long, required = true, num_args = 1.., value_name = "R…")]
    pub reference: Vec<PathBuf>,
    /// An earlier picture of the same slot: has anything changed?
    #[arg(long, value_name = "FILE")]
    pub before: Option<PathBuf>,
    /// A label that is expected; once for each
    #[arg(long, value_name = "TEXT")]
    pub expect: Vec<String>,
    /// What the marker at the rear of the slot says: seen, it proves that the slot is empty
    #[arg(long, value_name = "TEXT")]
    pub rear_marker: Option<String>,
    /// Left, upper, right and lower edge of the opening, as shares of the picture; found on the references unless given
    #[arg(long, value_name = "L,T,R,B", value_parser = opening)]
    pub opening: Option<Opening>,
    /// The upper edge of the beam that carries the load, as a share of the picture's height; found on the references unless given
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub beam: Option<f32>,
    /// Symbologies to look for, with commas between them
    #[arg(long, value_name = "all|FORMAT,…", default_value = "all", value_parser = wanted_formats)]
    pub formats: WantedFormats,
    /// Where to write the difference mask, a PNG
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// A part of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Opening(pub Region);

fn opening(text: &str) -> Result<Opening, String> {
    let edges: Vec<f32> = text.split(',').filter_map(|edge| edge.trim().parse().ok()).collect();
    let region = <[f32; 4]>::try_from(edges).ok().map(|[left, top, right, bottom]| Region { left, top, right, bottom });
    let sound = region.filter(|region| region.is_sound() && text.split(',').count() == 4);
    sound.map(Opening).ok_or_else(|| "four numbers from 0 to 1 are wanted: left,top,right,bottom".to_owned())
}

fn share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "a number from 0 to 1 is wanted".to_owned())
}

/// `vision bench`
#[derive(Debug, Args)]
pub struct VisionBenchArgs {
    /// With photos.csv (file,text,format,set; an empty text is a photo without a code), or with X.txt beside X.png anywhere below
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Seconds of computing for a picture; what was begun by then is finished
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub budget: Duration,
    /// One JSON object a photo and line, then one with all sets
    #[arg(long)]
    pub json: bool,
}

/// `vision count`
#[derive(Debug, Args)]
pub struct VisionCountArgs {
    /// The picture
    pub picture: PathBuf,
    /// The detector: an ONNX model of the families YOLOX, YOLOv5 or YOLOv8
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// From this score on a box counts, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    pub score: f32,
    /// Boxes that share more than this of their common area are one, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub overlap: f32,
    /// Classes that count, as the model numbers them, with commas between them; all of them unless given
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',')]
    pub classes: Vec<usize>,
    /// The order of colours that the model was trained with
    #[arg(long, value_enum, default_value_t = ChannelsArg::Rgb)]
    pub channels: ChannelsArg,
    /// The numbers for a pixel that the model was trained with
    #[arg(long, value_enum, default_value_t = RangeArg::Unit)]
    pub range: RangeArg,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// The order of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChannelsArg {
    /// Red, green, blue
    Rgb,
    /// Blue, green, red
    Bgr,
}

/// The numbers for a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RangeArg {
    /// From 0 to 1
    Unit,
    /// From 0 to 255
    Byte,
}

/// `vision ocr`
#[derive(Debug, Args)]
pub struct VisionOcrArgs {
    /// The picture
    pub picture: PathBuf,
    /// Folder with PP-OCR models: det.onnx, rec.onnx and, unless the second one names its characters, keys.txt
    #[arg(long, value_name = "DIR")]
    pub models: PathBuf,
    /// Left, upper, right and lower edge of where labels are, as shares of the picture; the whole picture unless given
    #[arg(long, value_name = "L,T,R,B", value_parser = opening)]
    pub region: Option<Opening>,
    /// Lines that are read with less confidence are left out, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    pub confidence: f32,
    /// Seconds for the picture; what was begun by then is finished
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub budget: Duration,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}
