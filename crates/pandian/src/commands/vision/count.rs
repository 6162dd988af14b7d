//! `pandian vision count`: what a detector of the user's finds on a picture. Advice, never a count of stock.

use std::time::Instant;

use pandian_vision::counter::{ChannelOrder, Coloured, Counted, Counter, CounterSettings, Found, PixelRange};
use pandian_vision::picture::Limits;
use serde::Serialize;

use super::codes::{bytes_of, corners, milliseconds};
use super::model;
use crate::cli::{ChannelsArg, RangeArg, VisionCountArgs};
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::{Lang, VisionWords};

/// What was found on a picture.
#[derive(Serialize)]
struct Told {
    file: String,
    model: String,
    count: usize,
    /// There were more candidates than are looked at: the count is too low.
    cut: bool,
    boxes: Vec<ToldBox>,
    ms: Times,
}

#[derive(Serialize)]
struct ToldBox {
    /// Top left, top right, bottom right and bottom left, in pixels.
    quad: [[f32; 2]; 4],
    score: f32,
    /// As the model numbers it.
    class: usize,
}

#[derive(Serialize)]
struct Times {
    load: f64,
    decode: f64,
    count: f64,
}

pub(super) fn count(args: &VisionCountArgs, lang: Lang) -> Result<Exit, Fault> {
    let settings = CounterSettings {
        score: args.score,
        overlap: args.overlap,
        classes: args.classes.clone(),
        channels: match args.channels {
            ChannelsArg::Rgb => ChannelOrder::Rgb,
            ChannelsArg::Bgr => ChannelOrder::Bgr,
        },
        range: match args.range {
            RangeArg::Unit => PixelRange::Unit,
            RangeArg::Byte => PixelRange::Byte,
        },
        ..CounterSettings::default()
    };
    let begun = Instant::now();
    let picture = bytes_of(&args.picture).and_then(|bytes| Ok(Coloured::decode(&bytes, &Limits::default())?));
    let picture = picture.map_err(|refusal| model::unusable(&args.picture, refusal.message))?;
    let decode = begun.elapsed();
    let begun = Instant::now();
    let counter = Counter::load(model::read(&args.model)?, settings).map_err(model::bad(&args.model))?;
    let load = begun.elapsed();
    let counted = counter.count(&picture).map_err(model::bad(&args.model))?;
    let times = Times { load: milliseconds(load), decode: milliseconds(decode), count: milliseconds(counted.took) };
    let told = Told::new(args, &counted, times);
    if args.json {
        say::line(serde_json::to_string(&told).map_err(|error| Fault::new(pandian_domain::Code::Internal, error.to_string()))?)?;
    } else {
        say::text(told.for_people(&lang.words().vision))?;
    }
    Ok(Exit::Done)
}

impl Told {
    fn new(args: &VisionCountArgs, counted: &Counted, ms: Times) -> Self {
        let told = |found: &Found| ToldBox { quad: corners(&found.quad), score: found.score, class: found.class };
        Self {
            file: args.picture.display().to_string(),
            model: args.model.display().to_string(),
            count: counted.boxes.len(),
            cut: counted.is_cut,
            boxes: counted.boxes.iter().map(told).collect(),
            ms,
        }
    }

    fn for_people(&self, words: &VisionWords) -> String {
        let mut lines = vec![(words.objects)(self.count)];
        for ToldBox { quad: [[left, top], _, [right, bottom], _], score, class } in &self.boxes {
            lines.push(format!("  {class:>3}  {score:.2}  {left:.0}, {top:.0} – {right:.0}, {bottom:.0}"));
        }
        if self.cut {
            lines.push(words.objects_cut.to_owned());
        }
        lines.push(format!("{:.0} + {:.0} + {:.0} ms\n", self.ms.load, self.ms.decode, self.ms.count));
        lines.join("\n")
    }
}
