//! The scenes of a run: which slots, what stands there, what spoils the picture.

use std::fs;
use std::io::Write;
use std::path::Path;

use pandian_sim::scene::{Distortion, Family, Kind, Light, Load, Scene, SlotLook};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::Order;

/// Scenes a side that share a kind of slot and its references.
const SHARE: usize = 4;

/// One scene and what is true of it.
pub(crate) struct Drawn {
    pub(crate) scene: Scene,
    /// None: the slot is empty.
    pub(crate) kind: Option<Kind>,
    pub(crate) family: Family,
}

/// A kind of slot: pictures of it empty, and the scenes to be judged.
pub(crate) struct Group {
    pub(crate) look: SlotLook,
    pub(crate) references: Vec<Scene>,
    pub(crate) scenes: Vec<Drawn>,
}

/// How many groups there are.
pub(crate) fn groups(order: &Order) -> usize {
    order.scenes.div_ceil(SHARE)
}

/// A group by its number.
pub(crate) fn group(order: &Order, number: usize) -> Group {
    let set = if order.is_held_out { 0x6865_6c64 } else { 0x7475_6e65 };
    let mut chance = StdRng::seed_from_u64(order.seed.wrapping_mul(1_000_003).wrapping_add(number as u64) ^ (set << 32));
    let look = SlotLook::new(chance.random(), chance.random());
    // References under lights as different as a person would choose them, each on its own day.
    let first: usize = chance.random_range(0..Light::PRESETS.len());
    let references = (0..order.references)
        .map(|n| {
            let light = Light::PRESETS[(first + n) % Light::PRESETS.len()].again(chance.random());
            Scene { light, ..Scene::new(look, Load::default(), order.size, chance.random()) }
        })
        .collect();
    // References are of this slot, or of another one of its kind.
    let has_own = chance.random_bool(0.5);
    let before = number * SHARE;
    let count = SHARE.min(order.scenes - before);
    let mut scenes = Vec::with_capacity(2 * count);
    for n in before..before + count {
        for is_occupied in [false, true] {
            let look = if has_own { look } else { SlotLook::new(look.kind, chance.random()) };
            let kind = is_occupied.then(|| Kind::ALL[n % Kind::ALL.len()]);
            let load = kind.map(|kind| Load::drawn(kind, chance.random())).unwrap_or_default();
            // One family on with each round of the kinds, so that each meets each.
            let family = order.families[(n % Kind::ALL.len() + n / Kind::ALL.len()) % order.families.len()];
            let mut scene = Scene::new(look, load, order.size, chance.random());
            scene.distortions.push(Distortion::drawn(family, chance.random()));
            scenes.push(Drawn { scene, kind, family });
        }
    }
    Group { look, references, scenes }
}

/// Writes the pictures and what is true of them.
pub(crate) fn write(order: &Order, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut truths = fs::File::create(folder.join("truths.csv"))?;
    writeln!(truths, "picture,references,occupied,kind,family,strength,left,top,right,bottom")?;
    for number in 0..groups(order) {
        let group = group(order, number);
        let names: Vec<String> = (0..group.references.len()).map(|n| format!("g{number:04}-reference-{n}.jpg")).collect();
        for (name, scene) in names.iter().zip(&group.references) {
            fs::write(folder.join(name), scene.render())?;
        }
        let [left, top, right, bottom] = group.look.opening(order.size);
        for (n, drawn) in group.scenes.iter().enumerate() {
            let name = format!("g{number:04}-{n:02}.jpg");
            fs::write(folder.join(&name), drawn.scene.render())?;
            let strength = drawn.scene.distortions.first().map_or(0.0, |distortion| distortion.strength);
            writeln!(
                truths,
                "{name},{},{},{},{},{strength:.3},{left:.4},{top:.4},{right:.4},{bottom:.4}",
                names.join(" "),
                drawn.kind.is_some(),
                drawn.kind.map_or("empty", Kind::name),
                drawn.family.name(),
            )?;
        }
    }
    Ok(())
}
