//! What is behind the rack: it changes on its own between any two pictures.

use super::Scene;
use super::canvas::{Canvas, Paint, rgb, scaled};
use super::dice::{Dice, Row};
use super::goods::{self, Bed};
use super::light::{Light, Lit};
use super::load::{Kind, Load};
use super::space::{Face, V3, View};
use super::texture::Grain;

/// Fills the picture with it.
pub(super) fn paint(canvas: &mut Canvas, view: &View, scene: &Scene) {
    let mut dice = Dice::new(scene.behind, Row::Behind);
    // What the hall is like is the slot's; what stands and moves there is the moment's.
    let mut hall = Dice::new(scene.look.kind, Row::Behind);
    let is_back_to_back = hall.chance(0.6);
    let wall_colour = hall.pick(&[rgb(150, 152, 150), rgb(110, 114, 118), rgb(176, 170, 158), rgb(70, 74, 80), rgb(36, 38, 42)]);
    let bright = scene.light.level * dice.between(0.35, 1.5);
    wall(canvas, view, scene, wall_colour, bright, &mut dice);
    lamps(canvas, view, scene, bright, &mut dice);
    if !is_back_to_back && dice.chance(0.3) {
        person(canvas, view, scene.look.depth + dice.between(1.0, 2.2), bright, &mut dice);
    }
    let far = scene.look.depth + if is_back_to_back { hall.between(0.15, 0.4) } else { hall.between(2.6, 3.6) };
    let light = Light { level: bright * 1.6, lamp: scene.light.lamp * 0.8, ..scene.light };
    next_rack(canvas, view, scene, far, &light.on(&scene.look), &mut hall, &mut dice);
}

fn wall(canvas: &mut Canvas, view: &View, scene: &Scene, colour: [f32; 3], bright: f32, dice: &mut Dice) {
    let far = scene.look.depth + 6.0;
    let paint = Paint::new(scaled(colour, bright * 0.5), Grain::Cloudy, 0.15, 4.0, dice.between(0.0, 9.0));
    canvas.face(view, &Face::upright(-14.0, 9.0, far, 28.0, 18.0), &paint.shaded(dice.between(0.7, 1.4), dice.between(0.4, 1.0)));
    // The floor of the hall, or the dark of the levels below.
    let floor = Paint::new(scaled(rgb(120, 120, 116), bright * 0.3), Grain::Cloudy, 0.2, 3.0, dice.between(0.0, 9.0));
    canvas.face(view, &Face::lying(-14.0, 14.0, -1.4, 0.2, far), &floor);
}

/// Windows, lamps and doors far away.
fn lamps(canvas: &mut Canvas, view: &View, scene: &Scene, bright: f32, dice: &mut Dice) {
    let far = scene.look.depth + 5.8;
    for _ in 0..dice.below(4) {
        let (wide, high) = if dice.chance(0.5) {
            (dice.between(0.6, 2.0), dice.between(0.05, 0.15))
        } else {
            (dice.between(0.4, 1.4), dice.between(0.4, 1.5))
        };
        let face = Face::upright(dice.between(-4.0, 3.0), dice.between(0.0, 3.5), far, wide, high);
        let glow = dice.between(0.4, 1.0) * bright.max(0.25) * 1.6;
        canvas.cover(view, &face, |_, _| ([glow; 3], 1.0));
    }
}

fn person(canvas: &mut Canvas, view: &View, far: f32, bright: f32, dice: &mut Dice) {
    let x = dice.between(-1.0, 1.0);
    let vest = dice.pick(&[rgb(240, 130, 20), rgb(220, 230, 40), rgb(40, 60, 110), rgb(90, 90, 96)]);
    // From the feet to the head: half of the width, and where it ends above the floor of the hall.
    let parts = [(0.16, 0.85, rgb(40, 44, 60)), (0.24, 1.45, vest), (0.07, 1.52, rgb(196, 150, 124)), (0.11, 1.76, rgb(230, 200, 60))];
    let mut low = -1.3 + dice.between(0.0, 0.9);
    let floor = low;
    for (half, end, colour) in parts {
        let high = floor + end;
        let face = Face::upright(x - half, high, far, 2.0 * half, high - low);
        let tall = face.height();
        canvas.cover(view, &face, |u, v| {
            let (across, down) = (u / half - 1.0, (2.0 * v / tall - 1.0).abs());
            let is_in = across.abs().powi(2) + down.powi(6) < 1.0;
            (scaled(colour, bright * (0.9 - 0.3 * across)), if is_in { 1.0 } else { 0.0 })
        });
        low = high - 0.02;
    }
}

/// The rack behind: its beams and uprights stay, its goods come and go.
fn next_rack(canvas: &mut Canvas, view: &View, scene: &Scene, far: f32, lit: &Lit, hall: &mut Dice, dice: &mut Dice) {
    let look = &scene.look;
    let deep = look.depth;
    let (level, bay) = (look.height + look.beam, look.width + look.upright);
    let shift = hall.between(-0.5, 0.5) * bay;
    let steel = Paint::new(look.steel, Grain::Cloudy, 0.08, 1.1, 0.3);
    let post = Paint::new(look.post, Grain::Cloudy, 0.08, 1.1, 0.6);
    let nearness = -look.stand().0.2 / (far - look.stand().0.2);
    let reach = if far > look.depth + 1.0 { 3_i8 } else { 2 };
    for row in [-1_i8, 0, 1] {
        let floor = f32::from(row) * level;
        let rear = steel.lit(lit.at(far + deep));
        canvas.block(view, V3(-6.0, floor - look.beam, far + deep), V3(6.0, floor, far + deep + 0.05), &rear);
        let shelf = Paint::new(rgb(130, 112, 88), Grain::Fibrous, 0.15, 0.9, 0.2).shaded(lit.at(far + deep), lit.at(far));
        if look.is_decked() {
            canvas.face(view, &Face::lying(-6.0, 6.0, floor - 0.005, far, far + deep), &shelf.lit(0.7));
        }
        canvas.block(view, V3(-6.0, floor - look.beam, far), V3(6.0, floor, far + 0.05), &steel.lit(lit.at(far)));
        for column in -reach..=reach {
            if dice.chance(0.35) {
                continue;
            }
            let left = shift + (f32::from(column) - 0.5) * bay;
            let high = look.height - look.beam - 0.05;
            let bed = Bed { left: left + 0.08, right: left + bay - 0.1, floor, front: far, deep, high };
            let mut load = Load::drawn(dice.pick(&Kind::ALL), dice.bits());
            for unit in &mut load.units {
                // Farther away, they are smaller; most face the other aisle.
                unit.labels.retain(|_| dice.chance(0.35));
                unit.labels.iter_mut().for_each(|label| label.module_px *= nearness);
            }
            let room = (bed.right - bed.left) / load.units.len().max(1) as f32;
            for (n, unit) in load.units.iter().enumerate() {
                let left = bed.left + room * n as f32;
                let part = Bed { left, right: left + room, ..bed };
                if [left, left + room].iter().any(|x| view.sees(V3(*x, floor + 0.2, far), canvas.width, canvas.height)) {
                    goods::paint_unit(canvas, view, unit, &part, lit, !look.is_decked());
                }
            }
        }
    }
    for column in -reach..=reach {
        let x = shift + (f32::from(column) - 0.5) * bay;
        canvas.block(view, V3(x - 0.05, -3.0, far), V3(x + 0.05, 4.0, far + 0.08), &post.lit(lit.at(far)));
    }
}
