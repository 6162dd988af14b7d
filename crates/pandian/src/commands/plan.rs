//! `pandian plan`: which crane would visit what, in which order, and how long that takes.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use pandian_domain::Code;
use pandian_domain::travel::learn::Learnt;
use pandian_engine::site::Release;

use super::open_existing;
use super::run::locations;
use crate::assemble::load;
use crate::cli::PlanArgs;
use crate::config::Warehouse;
use crate::draft::Draft;
use crate::fault::{Exit, Fault, code_of_write};
use crate::learnt::{apply, learnt};
use crate::say;
use crate::words::Lang;

mod costs;
mod figures;
mod panels;
mod seconds;
mod text;

use costs::Planned;
use figures::Figures;

pub(super) async fn plan(args: PlanArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let warehouse = load(&args.warehouse)?;
    let layout = &warehouse.layout;
    let asked = locations(&warehouse, args.locations.as_deref())?;
    let asked = asked.iter().filter_map(|code| layout.index_of(code.as_str()));
    let (left_out, slots): (Vec<u32>, Vec<u32>) = asked.partition(|slot| layout.barred(*slot).is_some());
    let learnt = match &args.data {
        Some(data) => Some(learnt(&open_existing(data).await?, &warehouse).await?),
        None => None,
    };
    let learnt = learnt.as_deref();
    let planned = both(&warehouse, learnt.unwrap_or_default(), slots.into(), args.seed).await?;
    let figures = Figures::of(&warehouse, learnt.unwrap_or_default(), &planned, &left_out, args.seed);
    if let Some(file) = &args.svg {
        let panels = panels::of(layout, &planned[0], &figures, words);
        write_picture(file, &crate::route_picture::draw(&panels, words))?;
    }
    if args.json {
        let json = serde_json::to_string(&figures).map_err(|error| Fault::new(Code::Internal, format!("the plan as JSON: {error}")))?;
        say::line(json)?;
    } else {
        say::text(text::of(&figures, learnt.is_some(), args.svg.as_deref(), words))?;
    }
    Ok(Exit::Done)
}

/// Plans for both ways of releasing a crane: first for the warehouse's own.
async fn both(warehouse: &Warehouse, learnt: &[Option<Learnt>], slots: Arc<[u32]>, seed: u64) -> Result<[Planned; 2], Fault> {
    let own = warehouse.settings.release;
    let other = match own {
        Release::AfterAcquisition => Release::AfterVerification,
        Release::AfterVerification => Release::AfterAcquisition,
    };
    let compute = |release| {
        let (layout, slots, mut paces) = (warehouse.layout.clone(), slots.clone(), warehouse.paces(release));
        apply(&mut paces, learnt);
        tokio::task::spawn_blocking(move || Planned::compute(&layout, release, paces, &slots, seed))
    };
    let (own, other) =
        tokio::try_join!(compute(own), compute(other)).map_err(|error| Fault::new(Code::Internal, format!("planning failed: {error}")))?;
    Ok([own, other])
}

fn write_picture(target: &Path, picture: &str) -> Result<(), Fault> {
    let draft = Draft::beside(target);
    let written: io::Result<()> = fs::write(&draft.path, picture).and_then(|()| draft.keep());
    written.map_err(|error| {
        let message = format!("cannot write the picture to {}: {error}", target.display());
        Fault::new(code_of_write(&error, Code::UsageInvalid), message)
    })
}
