//! How well the judge of occupancy does on rendered slots it has not seen: `cargo xtask bench occupancy` prints what this tells.
//!
//! `cargo run --release -p pandian-sim --example occupancy_scenes -- --families tuning --seed 1 --scenes 400` scores; with `--out DIR` it
//! writes the pictures, their references and `truths.csv` instead. A judge is tuned on the families `tuning` alone: pictures of the
//! families `held-out` are written only with `--yes-held-out`, for people who want to see what it is scored on.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be set up ends")]

mod draw;
mod score;
mod simple;

use std::path::PathBuf;

use pandian_sim::scene::{Family, Size};

/// What is asked for.
pub(crate) struct Order {
    pub(crate) families: &'static [Family],
    pub(crate) is_held_out: bool,
    pub(crate) seed: u64,
    /// So many empty slots and as many occupied ones.
    pub(crate) scenes: usize,
    pub(crate) references: usize,
    pub(crate) size: Size,
    /// What the judge is told of the slot's place on the pictures.
    pub(crate) told: Told,
    pub(crate) out: Option<PathBuf>,
    pub(crate) is_json: bool,
}

/// What the judge is told of the slot's place; the rest it has to find itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    OpeningAndBeam,
    Opening,
    Nothing,
}

fn main() {
    let order = order(std::env::args().skip(1)).unwrap_or_else(|wrong| {
        eprintln!("{wrong}");
        std::process::exit(2)
    });
    match &order.out {
        Some(folder) => draw::write(&order, folder).unwrap(),
        None => {
            let told = score::run(&order);
            if order.is_json { println!("{told}") } else { score::print(&told) }
        }
    }
}

fn order(mut arguments: impl Iterator<Item = String>) -> Result<Order, String> {
    let mut order = Order {
        families: &Family::TUNING,
        is_held_out: false,
        seed: 1,
        scenes: 300,
        references: 4,
        size: Size::VGA,
        told: Told::OpeningAndBeam,
        out: None,
        is_json: false,
    };
    let mut may_be_seen = false;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
        match argument.as_str() {
            "--families" => match value()?.as_str() {
                "tuning" => order.families = &Family::TUNING,
                "held-out" => (order.families, order.is_held_out) = (&Family::HELD_OUT, true),
                other => return Err(format!("families are tuning or held-out, not {other}")),
            },
            "--seed" => order.seed = number(value()?)?,
            "--scenes" => order.scenes = number(value()?)?.max(1) as usize,
            "--references" => order.references = number(value()?)?.max(1) as usize,
            "--size" => {
                let text = value()?;
                let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
                let (width, height) = sides.ok_or_else(|| format!("{text} is no size like 640x480"))?;
                order.size = Size::new(width, height);
            }
            "--out" => order.out = Some(value()?.into()),
            "--no-beam" => order.told = Told::Opening,
            "--no-opening" => order.told = Told::Nothing,
            "--json" => order.is_json = true,
            "--yes-held-out" => may_be_seen = true,
            other => return Err(format!("{other} is unknown")),
        }
    }
    if order.is_held_out && order.out.is_some() && !may_be_seen {
        return Err("pictures of the held-out families are not for tuning: say --yes-held-out to see them all the same".to_owned());
    }
    Ok(order)
}
