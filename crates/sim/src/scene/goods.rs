//! The load: each kind of unit as boxes, cylinders and sacks.

use super::Scene;
use super::canvas::{Canvas, Colour, Paint, mixed, part, rgb, scaled};
use super::dice::{Dice, Row};
use super::label;
use super::light::Lit;
use super::load::{Kind, Load, Unit};
use super::space::{Face, V3, View};
use super::texture::Grain;

/// Where a unit can stand: between two x, at a height, from a depth on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bed {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) floor: f32,
    pub(super) front: f32,
    pub(super) deep: f32,
    pub(super) high: f32,
}

/// What is at hand while a unit is painted.
struct Easel<'a> {
    canvas: &'a mut Canvas,
    view: &'a View,
    lit: &'a Lit,
    dice: Dice,
}

/// Paints a scene's load, what stands at the rear first.
pub(super) fn paint_load(canvas: &mut Canvas, view: &View, scene: &Scene, lit: &Lit) {
    let [width, height, deep] = scene.look.inside();
    let shown = &scene.load.units[..scene.load.units.len().min(Load::UNITS)];
    let room = width / shown.len().max(1) as f32;
    let is_open = !scene.look.is_decked();
    for (n, unit) in shown.iter().enumerate() {
        let left = -width / 2.0 + n as f32 * room;
        let bed = Bed { left: left + 0.02, right: left + room - 0.02, floor: 0.0, front: 0.0, deep, high: height - scene.look.beam - 0.05 };
        paint_unit(canvas, view, unit, &bed, lit, is_open);
    }
}

/// Paints a unit with its labels. On an open rack, what has no pallet lies on a sheet.
pub(super) fn paint_unit(canvas: &mut Canvas, view: &View, unit: &Unit, bed: &Bed, lit: &Lit, is_open: bool) {
    let mut easel = Easel { canvas, view, lit, dice: Dice::new(unit.seed, Row::Unit) };
    let mut bed = *bed;
    if is_open && matches!(unit.kind, Kind::LooseCarton | Kind::Crates | Kind::FlatCartons) {
        let sheet = easel.paint(rgb(168, 136, 96), Grain::Fibrous, 0.12, 0.8);
        let thick = 0.018;
        let low = V3(bed.left, bed.floor, bed.front + 0.01);
        easel.block(low, V3(bed.right, bed.floor + thick, bed.front + bed.deep), &sheet);
        bed = Bed { floor: bed.floor + thick, ..bed };
    }
    let front = match unit.kind {
        Kind::PalletOfCartons => easel.pallet_of_cartons(&bed, false),
        Kind::WrappedPallet => easel.pallet_of_cartons(&bed, true),
        Kind::LooseCarton => easel.loose_carton(&bed),
        Kind::Drums => easel.drums(&bed),
        Kind::EmptyPallet => easel.empty_pallet(&bed),
        Kind::Crates => easel.crates(&bed),
        Kind::BigBag => easel.big_bag(&bed),
        Kind::FlatCartons => easel.flat_cartons(&bed),
    };
    let near = lit.at(front.corner.2);
    let labels = &unit.labels[..unit.labels.len().min(Unit::LABELS)];
    for (n, label) in labels.iter().enumerate() {
        let share = 1.0 / labels.len() as f32;
        let part = front.part(0.0, share * n as f32, 1.0, share);
        let place = [easel.dice.about(0.1, 0.9), easel.dice.about(0.1, 0.9)];
        label::stick(easel.canvas, view, &part, label, place, near);
    }
}

impl Easel<'_> {
    fn paint(&mut self, colour: Colour, grain: Grain, depth: f32, scale: f32) -> Paint {
        Paint::new(colour, grain, depth, scale, self.dice.between(0.0, 9.0))
    }

    fn block(&mut self, low: V3, high: V3, paint: &Paint) -> Face {
        let lit = self.lit.at(low.2);
        self.canvas.block(self.view, low, high, &paint.lit(lit))
    }

    fn face(&mut self, face: &Face, paint: &Paint) {
        let lit = self.lit.at(face.corner.2);
        self.canvas.face(self.view, face, &paint.lit(lit));
    }

    /// The shadow of what stands on the floor, softer farther out.
    fn shadow(&mut self, left: f32, right: f32, floor: f32, front: f32, rear: f32) {
        let soft = 0.07;
        let face = Face::lying(left - soft, right + soft, floor + 0.001, front - soft.min(front.max(0.0)), rear + soft);
        let (wide, deep) = (face.width(), face.height());
        let ramp = |at: f32, all: f32| (at.min(all - at) / soft).clamp(0.0, 1.0);
        self.canvas.cover(self.view, &face, |u, v| ([0.0; 3], 0.65 * ramp(u, wide) * ramp(v, deep).max(0.35)));
    }

    /// A place of that width and depth: left edge and front.
    fn place(&mut self, bed: &Bed, wide: f32, front: [f32; 2]) -> (f32, f32) {
        let slack = (bed.right - bed.left - wide).max(0.0);
        (bed.left + self.dice.about(0.0, 1.0) * slack, bed.front + self.dice.between(front[0], front[1]))
    }

    /// A pallet: three blocks or a plastic one. Gives where goods stand on it.
    fn pallet(&mut self, bed: &Bed, left: f32, front: f32, wide: f32, deep: f32) -> Bed {
        let woods = [rgb(186, 148, 100), rgb(158, 124, 86), rgb(120, 100, 80), rgb(140, 130, 116), rgb(40, 84, 150), rgb(60, 62, 66)];
        let colour = self.dice.pick(&woods);
        let wood = self.paint(colour, Grain::Fibrous, 0.16, 0.6);
        let (board, tall) = (0.022, self.dice.between(0.125, 0.15));
        let (right, rear) = (left + wide, front + deep);
        self.shadow(left, right, bed.floor, front, rear);
        let block = if wide > 1.0 { 0.145 } else { 0.1 };
        // What is between the blocks lies in the dark.
        let hollow = Face::upright(left + 0.02, bed.floor + tall, front + 0.25, wide - 0.04, tall);
        let dim = self.lit.at(front + 0.25);
        self.canvas.cover(self.view, &hollow, |_, v| (scaled(colour, 0.13 * dim * (0.5 + v / tall)), 0.93));
        self.block(V3(left, bed.floor, front), V3(right, bed.floor + board, rear), &wood.lit(0.92));
        for n in 0..3_u8 {
            let x = left + (wide - block) * f32::from(n) / 2.0;
            let low = V3(x, bed.floor + board, front + 0.005);
            self.block(low, V3(x + block, bed.floor + tall - board, front + 0.15), &wood.lit(0.85).shaded(0.75, 1.0));
        }
        self.block(V3(left, bed.floor + tall - board, front), V3(right, bed.floor + tall, rear), &wood);
        // The gaps between the boards on top.
        let top = Face::lying(left, right, bed.floor + tall + 0.001, front, rear);
        let near = self.lit.at(front);
        self.canvas.cover(self.view, &top, |u, _| {
            let board = part(u / 0.135);
            (scaled(colour, 0.25 * near), if board < 0.2 { 0.8 } else { 0.0 })
        });
        Bed { left, right, floor: bed.floor + tall, front, deep, high: bed.high - tall }
    }

    /// The usual sizes of pallets, as far as they fit.
    fn pallet_width(&mut self, bed: &Bed) -> f32 {
        let room = bed.right - bed.left - 0.03;
        if room > 1.2 && self.dice.chance(0.5) { 1.2 } else { room.min(0.8) }
    }

    fn loaded_pallet(&mut self, bed: &Bed) -> Bed {
        let wide = self.pallet_width(bed);
        let (left, front) = self.place(bed, wide, [-0.05, 0.1]);
        let deep = (if wide > 1.0 { 0.8 } else { 1.2_f32 }).min(bed.front + bed.deep - front);
        self.pallet(bed, left, front, wide, deep)
    }

    fn empty_pallet(&mut self, bed: &Bed) -> Face {
        let top = self.loaded_pallet(bed);
        Face::upright(top.left, top.floor, top.front - 0.001, top.right - top.left, 0.1)
    }

    fn pallet_of_cartons(&mut self, bed: &Bed, is_wrapped: bool) -> Face {
        let bed = self.loaded_pallet(bed);
        let wide = bed.right - bed.left - self.dice.between(0.0, 0.08);
        let high = bed.high * self.dice.between(0.3, 0.98);
        let (columns, rows) = (2 + self.dice.below(3), ((high / self.dice.between(0.16, 0.36)) as usize).clamp(1, 8));
        let (box_wide, box_high) = (wide / columns as f32, high / rows as f32);
        let boards = [rgb(190, 150, 104), rgb(172, 134, 90), rgb(204, 170, 126), rgb(222, 216, 204), rgb(150, 118, 84)];
        let card = self.dice.pick(&boards);
        let body = self.paint(card, Grain::Cloudy, 0.05, 0.9);
        let (left, front) = (bed.left + (bed.right - bed.left - wide) / 2.0, bed.front + self.dice.between(0.0, 0.04));
        let missing = if self.dice.chance(0.3) { 1 + self.dice.below(columns) } else { 0 };
        let whole = if missing > 0 && rows > 1 { high - box_high } else { high };
        let rear = bed.front + bed.deep;
        self.block(V3(left, bed.floor, front + 0.005), V3(left + wide, bed.floor + whole, rear), &body);
        let tape = self.dice.chance(0.6);
        for row in 0..rows {
            for column in 0..columns {
                let is_top = row + 1 == rows && rows > 1;
                if is_top && column < missing && missing < columns {
                    continue;
                }
                let (x, y) = (left + box_wide * column as f32, bed.floor + box_high * row as f32);
                let z = front + self.dice.between(0.0, 0.015);
                let tone = self.dice.between(0.9, 1.08);
                let edges = [1.0, if row == 0 { 0.8 } else { 0.92 }];
                let paint = Paint { offset: self.dice.between(0.0, 9.0), ..body }.lit(tone).shaded(edges[0], edges[1]);
                let (low, high) = (V3(x + 0.004, y + 0.003, z), V3(x + box_wide - 0.004, y + box_high - 0.003, rear - 0.3));
                let face = if is_top { self.block(low, high, &paint) } else { self.front(low, high, &paint) };
                if tape {
                    self.face(
                        &face.part(0.0, 0.46, 1.0, 0.09),
                        &Paint::new(mixed(card, rgb(214, 190, 150), 0.6), Grain::Creased, 0.1, 0.7, 0.0),
                    );
                }
            }
        }
        let face = Face::upright(left, bed.floor + whole, front - 0.004, wide, whole);
        if is_wrapped {
            self.film(&Face::upright(left, bed.floor + high, front - 0.003, wide, high + 0.05));
        }
        face.part(0.03, 0.1, 0.94, 0.85)
    }

    /// Only the front of a box.
    fn front(&mut self, low: V3, high: V3, paint: &Paint) -> Face {
        let face = Face::upright(low.0, high.1, low.2, high.0 - low.0, high.1 - low.1);
        self.face(&face, paint);
        face
    }

    /// Stretched film over a face: milky, with bright creases.
    fn film(&mut self, face: &Face) {
        let near = self.lit.at(face.corner.2);
        let (offset, milky, tilt) = (self.dice.between(0.0, 9.0), self.dice.between(0.12, 0.4), self.dice.between(-0.4, 0.4));
        let shade = if self.dice.chance(0.12) { rgb(30, 30, 34) } else { rgb(226, 230, 234) };
        let creases = Grain::Creased.tile();
        self.canvas.cover(self.view, face, |u, v| {
            let crease = creases.at(offset + u / 2.6 + v * tilt, offset + v / 0.7);
            let band = 0.08 * f32::from(u8::from(part(v / 0.31 + u * tilt) < 0.5));
            (scaled(shade, near * (0.85 + 0.09 * crease)), (milky + band + 0.07 * crease).clamp(0.0, 0.9))
        });
    }

    fn carton(&mut self, left: f32, front: f32, floor: f32, size: [f32; 3]) -> Face {
        let boards = [rgb(188, 148, 102), rgb(170, 132, 88), rgb(206, 174, 132), rgb(226, 222, 212), rgb(120, 92, 66)];
        let card = self.dice.pick(&boards);
        let body = self.paint(card, Grain::Cloudy, 0.05, 0.8).shaded(1.0, 0.88);
        let [wide, high, deep] = size;
        self.shadow(left, left + wide, floor, front, front + deep);
        let face = self.block(V3(left, floor, front), V3(left + wide, floor + high, front + deep), &body);
        if self.dice.chance(0.7) {
            let tape = Paint::new(mixed(card, rgb(214, 190, 150), 0.5), Grain::Creased, 0.08, 0.7, 0.0);
            self.face(&face.part(0.46, 0.0, 0.08, self.dice.clone().between(0.2, 1.0)), &tape);
        }
        if self.dice.chance(0.4) {
            let print = scaled(card, 0.35);
            let (x, y) = (self.dice.between(0.05, 0.6), self.dice.between(0.1, 0.5));
            self.face(&face.part(x, y, 0.25, 0.3), &Paint::new(print, Grain::Cloudy, 0.2, 0.2, 0.0));
        }
        face
    }

    fn loose_carton(&mut self, bed: &Bed) -> Face {
        let room = bed.right - bed.left;
        let wide = self.dice.between(0.32, 0.75).min(room);
        let high = self.dice.between(0.2, 0.6).min(bed.high);
        let (left, front) = self.place(bed, wide, [0.02, 0.35]);
        let deep = self.dice.between(0.3, 0.6);
        let turned = self.carton(left, front, bed.floor, [wide, high, deep]);
        Face { corner: turned.corner - V3(0.0, 0.0, 0.002), ..turned }.part(0.04, 0.05, 0.92, 0.9)
    }

    fn flat_cartons(&mut self, bed: &Bed) -> Face {
        let count = 2 + self.dice.below(3);
        let mut faces: Vec<(f32, f32, [f32; 3])> = (0..count)
            .map(|_| {
                let wide = self.dice.between(0.22, 0.55).min(bed.right - bed.left);
                let size = [wide, self.dice.between(0.05, 0.14), self.dice.between(0.25, 0.45)];
                let (left, front) = self.place(bed, wide, [0.02, 0.5]);
                (left, front, size)
            })
            .collect();
        faces.sort_by(|one, other| other.1.total_cmp(&one.1));
        let mut last = None;
        for (left, front, size) in faces {
            last = Some(self.carton(left, front, bed.floor, size));
        }
        let face = last.unwrap_or(Face::upright(bed.left, bed.floor + 0.1, bed.front, 0.3, 0.1));
        Face { corner: face.corner - V3(0.0, 0.0, 0.002), ..face }
    }

    fn crates(&mut self, bed: &Bed) -> Face {
        let colours = [rgb(40, 90, 170), rgb(190, 40, 40), rgb(120, 124, 128), rgb(40, 120, 70), rgb(220, 190, 60), rgb(56, 58, 62)];
        let colour = self.dice.pick(&colours);
        let wide = self.dice.pick(&[0.4_f32, 0.6]).min(bed.right - bed.left);
        let columns = (((bed.right - bed.left) / wide) as usize).clamp(1, 1 + self.dice.below(2));
        let high = self.dice.between(0.14, 0.33);
        let most = ((bed.high / high) as usize).clamp(1, 5);
        let (left, front) = self.place(bed, wide * columns as f32, [0.02, 0.3]);
        let mut found = None;
        for column in 0..columns {
            let rows = 1 + self.dice.below(most);
            let x = left + wide * column as f32;
            self.shadow(x, x + wide, bed.floor, front, front + 0.4);
            for row in 0..rows {
                let z = front + self.dice.between(0.0, 0.02);
                let body = self.paint(colour, Grain::Cloudy, 0.04, 0.9).shaded(1.0, 0.8);
                let floor = bed.floor + high * row as f32;
                let face = self.block(V3(x + 0.01, floor, z), V3(x + wide - 0.01, floor + high - 0.012, z + 0.4), &body);
                self.face(&face.part(-0.015, 0.0, 1.03, 0.1), &body.lit(1.15));
                for rib in 0..5_u8 {
                    self.face(&face.part(0.06 + 0.21 * f32::from(rib), 0.12, 0.03, 0.85), &body.lit(1.12));
                }
                self.face(&face.part(0.38, 0.18, 0.24, 0.16), &body.lit(0.12));
                found.get_or_insert(Face { corner: face.corner - V3(0.0, 0.0, 0.003), ..face }.part(0.05, 0.4, 0.9, 0.56));
            }
        }
        found.unwrap_or(Face::upright(left, bed.floor + high, front, wide, high))
    }

    fn drums(&mut self, bed: &Bed) -> Face {
        let bed = self.loaded_pallet(bed);
        let radius: f32 = ((bed.right - bed.left) / 2.0).min(0.29);
        let count = if bed.right - bed.left > 4.0 * radius - 0.02 || self.dice.chance(0.3) { 2 } else { 1 };
        let radius = radius.min((bed.right - bed.left) / (2.0 * f32::from(count as u8)));
        let high = self.dice.between(0.55, 0.9).min(bed.high * 0.95);
        let colours = [rgb(30, 70, 140), rgb(30, 30, 34), rgb(160, 30, 30), rgb(190, 196, 200), rgb(34, 100, 60), rgb(210, 150, 40)];
        let colour = self.dice.pick(&colours);
        let slack = bed.right - bed.left - 2.0 * radius * count as f32;
        let mut left = bed.left + slack.max(0.0) * self.dice.fraction();
        let mut found = None;
        for _ in 0..count {
            let face = self.drum(V3(left + radius, bed.floor, bed.front + radius + 0.03), radius, high, colour);
            found.get_or_insert(face);
            left += 2.0 * radius;
        }
        found.unwrap_or(Face::upright(bed.left, bed.floor + high, bed.front, 0.3, high))
    }

    /// A standing cylinder: what is seen of it lies on the plane through its axis as the camera sees it there.
    fn drum(&mut self, foot: V3, radius: f32, high: f32, colour: Colour) -> Face {
        let eye = self.view.eye;
        let (far, top) = (foot.2 - eye.2, foot.1 + high);
        let seen = move |y: f32, ahead: f32| eye.1 + (y - eye.1) * far / (far - ahead);
        let ends = [seen(foot.1, radius), seen(foot.1, -radius), seen(top, radius), seen(top, -radius)];
        let (low, crest) = (ends.iter().copied().fold(f32::INFINITY, f32::min), ends.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        let face = Face::upright(foot.0 - radius, crest, foot.2, 2.0 * radius, crest - low);
        let brush = self.paint(colour, Grain::Cloudy, 0.05, 1.1).brush(high);
        let (lit, gloss) = (self.lit.at(foot.2 - radius), self.dice.between(0.1, 0.5));
        self.canvas.cover(self.view, &face, |u, v| {
            let across = u / radius - 1.0;
            let ahead = radius * (1.0 - across * across).max(0.0).sqrt();
            let y = crest - v;
            let (bottom, brim) = (seen(foot.1, ahead), seen(top, ahead));
            if y < bottom {
                return (colour, 0.0);
            }
            if y > brim {
                // The lid, where the camera looks down on it.
                let is_lid = eye.1 > top && y < seen(top, -ahead);
                return (scaled(colour, lit * 1.15), if is_lid { 1.0 } else { 0.0 });
            }
            let share = (y - bottom) / (brim - bottom).max(1e-3);
            let hoop = [0.02, 0.34, 0.67, 0.97].iter().any(|at| (share - at).abs() < 0.018);
            let round = 0.35 + 0.65 * (1.0 - across * across).max(0.0).sqrt();
            let shine = gloss * (-((across + 0.35) * 6.0).powi(2)).exp();
            let body = scaled(brush.at(u, v), lit * round * if hoop { 0.75 } else { 1.0 });
            (mixed(body, [lit; 3], shine * 0.5), 1.0)
        });
        Face::upright(foot.0 - radius * 0.7, top - high * 0.37, foot.2 - radius * 0.98, radius * 1.4, high * 0.27)
    }

    fn big_bag(&mut self, bed: &Bed) -> Face {
        let bed = self.loaded_pallet(bed);
        let (wide, high) = (bed.right - bed.left, bed.high * self.dice.between(0.5, 0.92));
        let cloth = self.dice.pick(&[rgb(226, 224, 214), rgb(206, 204, 196), rgb(232, 228, 206), rgb(90, 92, 96)]);
        let paint = self.paint(cloth, Grain::Creased, 0.1, 1.2);
        let z = bed.front + 0.06;
        let lit = self.lit.at(z);
        for side in [0.14, 0.78] {
            let loop_ = Face::upright(bed.left + wide * side, bed.floor + high * 1.1, z + 0.2, wide * 0.08, high * 0.18);
            self.canvas.face(self.view, &loop_, &paint.lit(lit * 0.7));
        }
        let brush = paint.brush(high);
        let (slump, seam) = (self.dice.between(0.03, 0.1), self.dice.between(0.3, 0.7));
        let face = Face::upright(bed.left, bed.floor + high, z, wide, high);
        self.canvas.cover(self.view, &face, |u, v| {
            let (x, y) = (u / wide * 2.0 - 1.0, v / high);
            // Narrow on top and at the foot, round at the shoulders.
            let bulge = 1.0
                - slump * (2.0 * y - 1.1).powi(2)
                - 0.35 * (1.0 - y / 0.16).max(0.0).powi(2)
                - 0.1 * ((y - 0.94) / 0.06).max(0.0).powi(2);
            if x.abs() > bulge {
                return (cloth, 0.0);
            }
            let round = 0.55 + 0.45 * (1.0 - (x / bulge).powi(4)).max(0.0).sqrt();
            let stitch = if (x - seam).abs() < 0.012 || (y - 0.5).abs() < 0.006 { 0.85 } else { 1.0 };
            (scaled(brush.at(u, v), lit * round * stitch * (1.05 - 0.25 * y)), 1.0)
        });
        Face { corner: face.corner - V3(0.0, 0.0, 0.002), ..face }.part(0.15, 0.25, 0.7, 0.55)
    }
}
