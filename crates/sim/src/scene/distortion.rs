//! What spoils a picture.

use super::canvas::{Canvas, Paint, mixed, rgb, scaled};
use super::dice::{Dice, Row};
use super::space::{Face, V3, View};
use super::texture::Grain;
use super::{CameraPose, Scene};

/// What spoils a picture. Some families are for tuning a judge; the others are held out: it is only scored on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Nothing beyond the usual.
    Plain,
    /// Over- or underexposed, another contrast, another white.
    Exposure,
    /// A noisy sensor.
    Noise,
    /// The crane stopped beside its place, by at most a hundredth of the picture's width; rolled by at most a degree.
    Shift,
    /// Slightly out of focus.
    Blur,
    /// Much brighter or darker behind the rack than it ever was on a reference.
    Behind,
    /// Dust, stains and scraps on the beam and the deck.
    Dirt,
    /// A cable or a strap hangs into the opening.
    Cable,
    /// Held out: a lamp shines into the lens.
    Glare,
    /// Held out: a shadow with hard edges lies over the slot.
    HardShadow,
    /// Held out: the camera still swings.
    MotionBlur,
    /// Held out: the camera was knocked and looks from elsewhere.
    Perspective,
    /// Held out: compressed until it hurts.
    LowQuality,
    /// Held out: something stands before a part of the picture.
    Occlusion,
}

impl Family {
    /// Those that a judge may be tuned on.
    pub const TUNING: [Self; 8] =
        [Self::Plain, Self::Exposure, Self::Noise, Self::Shift, Self::Blur, Self::Behind, Self::Dirt, Self::Cable];
    /// Those that it is scored on.
    pub const HELD_OUT: [Self; 6] = [Self::Glare, Self::HardShadow, Self::MotionBlur, Self::Perspective, Self::LowQuality, Self::Occlusion];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Exposure => "exposure",
            Self::Noise => "noise",
            Self::Shift => "shift",
            Self::Blur => "blur",
            Self::Behind => "behind",
            Self::Dirt => "dirt",
            Self::Cable => "cable",
            Self::Glare => "glare",
            Self::HardShadow => "hard shadow",
            Self::MotionBlur => "motion blur",
            Self::Perspective => "perspective",
            Self::LowQuality => "low quality",
            Self::Occlusion => "occlusion",
        }
    }
}

/// One thing that spoils a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distortion {
    /// What.
    pub family: Family,
    /// How much: 0 is hardly any, 1 is as much as a person can mostly see through.
    pub strength: f32,
    /// Where, which way, which shape.
    pub seed: u64,
}

impl Distortion {
    /// One of a strength that the seed draws.
    pub fn drawn(family: Family, seed: u64) -> Self {
        let strength = Dice::new(seed, Row::Distortion).between(0.1, 1.0);
        Self { family, strength, seed }
    }

    /// Its own chance.
    pub(super) fn dice(&self) -> Dice {
        Dice::new(self.seed ^ 0x5eed, Row::Distortion)
    }
}

/// Where the camera really is.
pub(super) fn pose(scene: &Scene) -> CameraPose {
    let mut pose = scene.pose;
    for distortion in &scene.distortions {
        let (mut dice, strength) = (distortion.dice(), distortion.strength);
        let mut sign = || if dice.chance(0.5) { 1.0 } else { -1.0 };
        match distortion.family {
            Family::Shift => {
                let [width, ..] = scene.look.inside();
                // A hundredth of what is seen.
                let most = width * 0.0105 * strength;
                let (sideways, upward, roll) = (sign() * most, sign() * most * 0.6, sign() * strength);
                pose.moved = [pose.moved[0] + sideways, pose.moved[1] + upward, pose.moved[2]];
                pose.roll += roll;
            }
            Family::Perspective => {
                let by = [sign(), sign(), sign(), sign(), sign()];
                let far = -scene.look.stand().0.2;
                let most = [0.04, 0.03, 0.04].map(|share| share * far * strength);
                pose.moved = std::array::from_fn(|n| pose.moved[n] + by[n] * most[n]);
                pose.yaw += by[3] * 1.2 * strength;
                pose.pitch += by[4] * 0.8 * strength;
                pose.roll += by[3] * by[4] * strength;
            }
            _ => {}
        }
    }
    pose
}

/// What is painted over the scene.
pub(super) fn paint(canvas: &mut Canvas, view: &View, scene: &Scene) {
    for distortion in &scene.distortions {
        match distortion.family {
            Family::Dirt => dirt(canvas, view, scene, distortion),
            Family::Cable => cable(canvas, view, scene, distortion),
            Family::HardShadow => hard_shadow(canvas, distortion),
            Family::Occlusion => occlusion(canvas, distortion),
            Family::Glare => glare(canvas, distortion),
            _ => {}
        }
    }
}

fn dirt(canvas: &mut Canvas, view: &View, scene: &Scene, distortion: &Distortion) {
    let (mut dice, look) = (distortion.dice(), &scene.look);
    let near = scene.light.on(look).at(0.0);
    let half = look.width / 2.0;
    for _ in 0..3 + (distortion.strength * 12.0) as usize {
        let (x, size) = (dice.between(-half, half), dice.between(0.02, 0.02 + 0.12 * distortion.strength));
        let colour = dice.pick(&[rgb(90, 80, 70), rgb(150, 144, 134), rgb(60, 56, 52), rgb(190, 186, 176)]);
        let cover = dice.between(0.2, 0.75);
        let face = if dice.chance(0.5) {
            Face::upright(x, -dice.between(0.0, look.beam * 0.6), -0.004, size, size * 0.4)
        } else {
            let front = dice.between(0.0, 0.5);
            Face::lying(x, x + size, 0.002, front, front + size)
        };
        let (wide, high, offset, ragged) = (face.width(), face.height(), dice.between(0.0, 9.0), Grain::Cloudy.tile());
        canvas.cover(view, &face, |u, v| {
            let round = 1.0 - (2.0 * u / wide - 1.0).powi(2) - (2.0 * v / high - 1.0).powi(2);
            let cloud = round + 0.35 * ragged.at(offset + u * 2.0, v * 2.0);
            (scaled(colour, near), cover * (cloud * 3.0).clamp(0.0, 1.0))
        });
    }
    // A scrap of film or paper that lies flat.
    if dice.chance(0.4 * distortion.strength) {
        let (x, front) = (dice.between(-half, half * 0.8), dice.between(0.02, 0.5));
        let scrap = Paint::new(dice.pick(&[rgb(220, 218, 210), rgb(180, 146, 104)]), Grain::Creased, 0.15, 0.4, dice.fraction()).lit(near);
        canvas.face(view, &Face::lying(x, x + dice.between(0.05, 0.15), 0.003, front, front + dice.between(0.05, 0.1)), &scrap);
    }
}

/// Hangs from the beam above, before the load or within the slot.
fn cable(canvas: &mut Canvas, view: &View, scene: &Scene, distortion: &Distortion) {
    let (mut dice, look) = (distortion.dice(), &scene.look);
    let near = scene.light.on(look).at(0.0);
    let half = look.width / 2.0;
    let (x, wide) = (dice.between(-half * 0.9, half * 0.9), dice.between(0.006, 0.012 + 0.03 * distortion.strength));
    let colour = dice.pick(&[rgb(24, 24, 26), rgb(230, 120, 30), rgb(60, 90, 160), rgb(200, 200, 200)]);
    let (long, sway, z) =
        (look.height * dice.between(0.25, 0.6 + 0.5 * distortion.strength), dice.between(-0.25, 0.25), dice.between(-0.05, 0.1));
    let paint = Paint::new(colour, Grain::Cloudy, 0.1, 0.4, 0.0).lit(near);
    let (mut from, steps) = (V3(x, look.height, z), 10_u8);
    for step in 1..=steps {
        let share = f32::from(step) / f32::from(steps);
        let to = V3(x + sway * share * share, look.height - long * share, z);
        canvas.face(view, &Face { corner: from, across: V3(wide, 0.0, 0.0), down: to - from + V3(0.0, -0.002, 0.0) }, &paint);
        from = to;
    }
}

/// One or two dark shapes with straight edges: the mast, a beam, the crane's own fork before a lamp.
fn hard_shadow(canvas: &mut Canvas, distortion: &Distortion) {
    let mut dice = distortion.dice();
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let dark = 1.0 - (0.3 + 0.4 * distortion.strength);
    for _ in 0..1 + dice.below(2) {
        let wide = dice.between(0.1, 0.2 + 0.35 * distortion.strength);
        let (at, lean) = (dice.between(0.0, 1.0), dice.between(-0.5, 0.5));
        let corners = if dice.chance(0.6) {
            [[at, -0.1], [at + wide, -0.1], [at + wide + lean, 1.1], [at + lean, 1.1]]
        } else {
            [[-0.1, at], [1.1, at + lean * 0.4], [1.1, at + wide + lean * 0.4], [-0.1, at + wide]]
        };
        canvas.shape(&corners.map(|[x, y]| [x * width, y * height]), |below, _, _| scaled(below, dark));
    }
}

/// Near the camera and out of focus: a fork's arm, a cable's carrier, a hanging label, a strip of plastic.
fn occlusion(canvas: &mut Canvas, distortion: &Distortion) {
    let mut dice = distortion.dice();
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let colour = scaled(dice.pick(&[rgb(26, 26, 28), rgb(70, 72, 76), rgb(200, 160, 30), rgb(150, 150, 148)]), dice.between(0.4, 1.0));
    let wide = 0.05 + 0.17 * distortion.strength * dice.between(0.6, 1.0);
    let (at, lean) = (dice.between(0.0, 1.0 - wide), dice.between(-0.2, 0.2));
    let corners = match dice.below(4) {
        0 => [[at, -0.1], [at + wide, -0.1], [at + wide + lean, 1.1], [at + lean, 1.1]],
        1 => [[-0.1, at * 0.5], [1.1, at * 0.5 + lean], [1.1, at * 0.5 + lean + wide], [-0.1, at * 0.5 + wide]],
        2 => [[-0.1, -0.1], [0.1 + wide, -0.1], [0.1 + wide * 1.6, 0.2 + wide], [-0.1, 0.4 + wide]],
        _ => [[at, -0.1], [at + wide * 1.3, -0.1], [at + wide * 1.3 + lean, 0.55], [at + lean, 0.55]],
    };
    // Rims of growing cover make the edges soft.
    let middle = corners.iter().fold([0.0, 0.0], |sum, corner| [sum[0] + corner[0] / 4.0, sum[1] + corner[1] / 4.0]);
    for (rim, cover) in [(1.06, 0.3), (1.03, 0.4), (1.0, 0.6), (0.97, 0.8), (0.94, 1.0)] {
        let corners = corners.map(|[x, y]| [(middle[0] + (x - middle[0]) * rim) * width, (middle[1] + (y - middle[1]) * rim) * height]);
        canvas.shape(&corners, |below, _, _| mixed(below, colour, cover));
    }
}

/// A lamp's halo, its streaks, and the veil that it lays over all.
fn glare(canvas: &mut Canvas, distortion: &Distortion) {
    let mut dice = distortion.dice();
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    let (x, y) = (dice.between(0.0, 1.0) * width, dice.between(0.0, 1.0) * height);
    let mean = canvas.mean().max(0.05);
    let (veil, glow) = (mean * (0.1 + 0.5 * distortion.strength), mean * (3.0 + 5.0 * distortion.strength));
    let reach = width * (0.04 + 0.1 * distortion.strength);
    let (tilt, tint) = (dice.between(0.0, std::f32::consts::PI), [1.0, 0.97, dice.between(0.8, 1.0)]);
    let (sin, cos) = tilt.sin_cos();
    let all = [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]];
    canvas.shape(&all, |below, at_x, at_y| {
        let (dx, dy) = (at_x - x, at_y - y);
        let away = (dx * dx + dy * dy) / (reach * reach);
        let streak = reach * 0.5 / (reach * 0.5 + 12.0 * (dx * sin - dy * cos).abs()) / (1.0 + away * 0.08);
        let light = veil / (1.0 + away * 0.01) + glow / (1.0 + away * away) + mean * 1.2 * streak * distortion.strength;
        std::array::from_fn(|n| below[n] + light * tint[n])
    });
}
