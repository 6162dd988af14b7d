//! The rack around a slot: uprights, beams, what lies across them.

use super::canvas::{Canvas, Colour, Paint, mixed, part, rgb, scaled};
use super::dice::{Dice, Row};
use super::label::{self, Label, Symbology};
use super::light::Lit;
use super::space::{Face, V3, View};
use super::texture::Grain;
use super::{Scene, Size};

/// How the rack around a slot looks, and from where it is seen. Slots of one kind look alike but for their wear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlotLook {
    /// The seed of the kind: whatever slots of one kind have in common is drawn from it.
    pub kind: u64,
    /// The seed of this slot's own scratches and stains.
    pub wear: u64,
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) depth: f32,
    pub(super) beam: f32,
    pub(super) upright: f32,
    pub(super) deck: Deck,
    pub(super) steel: Colour,
    pub(super) post: Colour,
    /// Height of the camera over the beam, and distance from it.
    eye: [f32; 2],
    /// Metres of the rack that are seen beside and above the slot.
    margin: [f32; 2],
}

/// What lies across the beams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deck {
    Open,
    Mesh,
    Boards,
    Sheet,
}

impl SlotLook {
    /// A slot of a kind.
    pub fn new(kind: u64, wear: u64) -> Self {
        let mut dice = Dice::new(kind, Row::Look);
        let steels = [rgb(196, 98, 44), rgb(206, 128, 54), rgb(170, 66, 50), rgb(198, 166, 66), rgb(150, 154, 158), rgb(56, 92, 138)];
        let posts = [rgb(30, 70, 130), rgb(60, 66, 74), rgb(140, 146, 150), rgb(50, 84, 70), rgb(90, 96, 104)];
        let width = dice.between(1.05, 2.1);
        Self {
            kind,
            wear,
            width,
            height: dice.between(1.0, 1.7),
            depth: dice.between(1.0, 1.25),
            beam: dice.between(0.09, 0.14),
            upright: dice.between(0.08, 0.12),
            deck: dice.pick(&[Deck::Open, Deck::Open, Deck::Mesh, Deck::Boards, Deck::Sheet]),
            steel: dice.pick(&steels),
            post: dice.pick(&posts),
            eye: [dice.between(0.35, 0.85), dice.between(1.5, 2.4)],
            margin: [dice.between(0.1, 0.2), dice.between(0.12, 0.25)],
        }
    }

    /// Width, height and depth of the slot's inside, in metres.
    pub fn inside(&self) -> [f32; 3] {
        [self.width, self.height, self.depth]
    }

    /// The opening as a camera in its place sees it, in shares of the picture's width and height: left, top, right and bottom. The bottom
    /// is the upper edge of the carrying beam.
    pub fn opening(&self, size: Size) -> [f32; 4] {
        let scene = Scene { pose: super::CameraPose::default(), ..Scene::new(*self, super::Load::default(), size, 0) };
        let view = scene.view();
        let (width, height) = size.pixels();
        let share = |x: f32, y: f32| {
            let [x, y] = view.project(V3(x, y, 0.0)).unwrap_or_default();
            [(x / width as f32).clamp(0.0, 1.0), (y / height as f32).clamp(0.0, 1.0)]
        };
        let (top, bottom) = (share(-self.width / 2.0, self.height), share(self.width / 2.0, 0.0));
        [top[0], top[1], bottom[0], bottom[1]]
    }

    /// Whether things can stand anywhere between the beams.
    pub(super) fn is_decked(&self) -> bool {
        self.deck != Deck::Open
    }

    /// Where the camera is, and at what it looks.
    pub(super) fn stand(&self) -> (V3, V3) {
        let middle = (self.height - self.beam) / 2.0;
        (V3(0.0, self.eye[0].min(self.height * 0.7), -self.eye[1]), V3(0.0, middle * 0.95, 0.0))
    }

    /// Pixels a metre at a distance of one metre, so that the slot fills the picture.
    pub(super) fn focus(&self, width: f32, height: f32) -> f32 {
        let wide = self.width + 2.0 * self.margin[0];
        let high = self.height + 2.0 * self.beam + self.margin[1];
        self.eye[1] * (width / wide).min(height / high)
    }
}

/// What is behind the load: the rear beam, the rear uprights, the deck.
pub(super) fn paint_rear(canvas: &mut Canvas, view: &View, scene: &Scene, lit: &Lit) {
    let look = &scene.look;
    let mut dice = Dice::new(look.wear, Row::Wear);
    let half = look.width / 2.0;
    let rear = lit.at(look.depth);
    let post = Paint::new(look.post, Grain::Cloudy, 0.07, 1.3, dice.between(0.0, 9.0)).lit(rear);
    let steel = Paint::new(look.steel, Grain::Cloudy, 0.08, 1.1, dice.between(0.0, 9.0)).lit(rear);
    let far = look.depth;
    for side in [-1.0, 1.0] {
        // The frame's rear post and its bracing.
        let outer = side * (half + look.upright / 2.0);
        canvas.block(view, V3(outer - look.upright / 2.0, -1.2, far), V3(outer + look.upright / 2.0, look.height + 1.2, far + 0.08), &post);
        for step in 0..2_u8 {
            let y = -0.2 + f32::from(step) * 0.75;
            let bar = Face { corner: V3(outer, y + 0.05, 0.05), across: V3(0.0, 0.55, far - 0.05), down: V3(0.0, -0.04, 0.0) };
            canvas.face(view, &bar, &post.lit(0.8));
        }
    }
    for y in [0.0, look.height + look.beam] {
        canvas.block(view, V3(-half, y - look.beam, far), V3(half, y, far + 0.05), &steel);
    }
    paint_deck(canvas, view, look, lit, &mut dice);
    if let Some(text) = scene.markers.rear.as_ref().filter(|_| scene.load.is_empty()) {
        let side = 0.16_f32.min(look.height * 0.3);
        let face = Face::upright(-side / 2.0, side * 0.98, far - 0.01, side, side);
        label::paint_on(canvas, view, &face, &Label::new(text, Symbology::DataMatrix), rear);
    }
}

fn paint_deck(canvas: &mut Canvas, view: &View, look: &SlotLook, lit: &Lit, dice: &mut Dice) {
    let half = look.width / 2.0;
    let floor = Face::lying(-half, half, -0.004, 0.05, look.depth);
    let deep = floor.height();
    let (near, far) = (lit.at(0.0), lit.at(look.depth));
    // The lower slot's dark shows through the open ones.
    match look.deck {
        Deck::Open => {
            for _ in 0..2 {
                let x = dice.between(-half * 0.7, half * 0.7);
                let bar = Paint::new(look.steel, Grain::Cloudy, 0.08, 1.0, dice.between(0.0, 9.0)).shaded(far, near);
                canvas.face(view, &Face::lying(x - 0.03, x + 0.03, -0.01, 0.05, look.depth), &bar);
            }
        }
        Deck::Mesh => {
            let wire = scaled(rgb(150, 154, 158), 0.9);
            let pitch = 0.05;
            canvas.cover(view, &floor, |u, v| {
                let on = part(u / pitch) < 0.14 || part(v / (2.0 * pitch)) < 0.07;
                (scaled(wire, far + (near - far) * v / deep), if on { 1.0 } else { 0.0 })
            });
        }
        Deck::Boards => {
            let wood = Paint::new(rgb(176, 140, 96), Grain::Fibrous, 0.13, 0.8, dice.between(0.0, 9.0)).shaded(far, near).brush(deep);
            let boards = Grain::Cloudy.tile();
            let gap = dice.between(0.0, 0.03);
            canvas.cover(view, &floor, |u, v| {
                let board = v / 0.14;
                let shade = 0.9 + 0.2 * boards.at(f32::from(board as u8) * 0.37, 0.3) * 0.4;
                (scaled(wood.at(u, v), shade), if part(board) * 0.14 < gap { 0.0 } else { 1.0 })
            });
        }
        Deck::Sheet => {
            let sheet = Paint::new(rgb(140, 144, 146), Grain::Cloudy, 0.1, 0.9, dice.between(0.0, 9.0)).shaded(far, near);
            canvas.face(view, &floor, &sheet);
        }
    }
}

/// What is before the load: the beams that carry it and that above it, the uprights.
pub(super) fn paint_front(canvas: &mut Canvas, view: &View, scene: &Scene, lit: &Lit) {
    let look = &scene.look;
    let mut dice = Dice::new(look.wear ^ 1, Row::Wear);
    let half = look.width / 2.0;
    let near = lit.at(0.0);
    let steel = Paint::new(look.steel, Grain::Cloudy, 0.07, 0.9, dice.between(0.0, 9.0)).lit(near);
    let post = Paint::new(look.post, Grain::Cloudy, 0.07, 0.9, dice.between(0.0, 9.0)).lit(near);
    for y in [0.0, look.height + look.beam] {
        let face = canvas.block(view, V3(-half, y - look.beam, 0.0), V3(half, y, 0.05), &steel.shaded(1.05, 0.85));
        // The pressed groove of a box beam.
        canvas.face(view, &face.part(0.0, 0.55, 1.0, 0.1), &steel.lit(0.72));
        for _ in 0..dice.below(7) {
            let (x, wide) = (dice.fraction() * 0.95, dice.between(0.004, 0.03));
            let scratch = mixed(look.steel, rgb(120, 110, 100), dice.between(0.3, 0.9));
            let paint = Paint::new(scratch, Grain::Cloudy, 0.2, 0.3, x).lit(near);
            canvas.face(view, &face.part(x, dice.between(0.05, 0.5), wide, dice.between(0.03, 0.25)), &paint);
        }
    }
    for side in [-1.0, 1.0] {
        let middle = side * (half + look.upright / 2.0);
        let (left, right) = (middle - look.upright / 2.0, middle + look.upright / 2.0);
        let face = canvas.block(view, V3(left, -1.2, 0.0), V3(right, look.height + 1.2, 0.08), &post);
        // The rows of holes that beams hang in.
        let tall = look.height + 2.4;
        let holes = Paint::new(scaled(look.post, 0.2), Grain::Cloudy, 0.1, 0.5, 0.0).lit(near);
        for row in 0..(tall / 0.075) as u16 {
            let y = f32::from(row) * 0.075 / tall;
            for x in [0.2, 0.65] {
                canvas.face(view, &face.part(x, y, 0.15, 0.028 / tall), &holes);
            }
        }
    }
    let beam = Face::upright(-half, 0.0, -0.002, look.width, look.beam);
    if let Some(text) = &scene.markers.front {
        let high = look.beam * 0.94;
        let face = Face::upright(-half + look.width * 0.12, -look.beam * 0.03, -0.003, high, high);
        label::paint_on(canvas, view, &face, &Label::new(text, Symbology::DataMatrix), near);
    } else if dice.chance(0.6) {
        // A plain sign with the location's number.
        let sign = beam.part(dice.between(0.1, 0.75), 0.15, 0.12, 0.6);
        canvas.face(view, &sign, &Paint::new(rgb(236, 232, 214), Grain::Cloudy, 0.03, 0.5, 0.0).lit(near));
        for n in 0..6_u8 {
            let stroke = sign.part(0.1 + 0.14 * f32::from(n), 0.25, dice.between(0.04, 0.1), 0.5);
            canvas.face(view, &stroke, &Paint::new(rgb(30, 30, 34), Grain::Cloudy, 0.05, 0.5, 0.0).lit(near));
        }
    }
}
