//! The picture while it is painted: light, not yet a photograph.

use super::space::{Face, V3, View};
use super::texture::{Grain, Tile};

/// Red, green and blue, in shares of the light that a white surface gives back.
pub(super) type Colour = [f32; 3];

/// A colour as it is written for screens.
pub(super) fn rgb(red: u8, green: u8, blue: u8) -> Colour {
    [red, green, blue].map(|value| (f32::from(value) / 255.0).powf(2.2))
}

pub(super) fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|value| value * by)
}

pub(super) fn mixed(from: Colour, to: Colour, share: f32) -> Colour {
    std::array::from_fn(|n| from[n] + (to[n] - from[n]) * share)
}

/// How far a small number is above the whole one below it. Faster than the standard way on the least of processors.
#[inline]
pub(super) fn part(value: f32) -> f32 {
    let rest = value - value as i32 as f32;
    if rest < 0.0 { rest + 1.0 } else { rest }
}

/// The picture while it is painted, from the rear to the front.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Colour>,
}

/// What is in one row of a shape: pixels from `start` to `end`, and how much of the first and the last one is within.
struct Span {
    start: usize,
    end: usize,
    left: f32,
    right: f32,
}

/// How a surface looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) colour: Colour,
    pub(super) grain: Grain,
    /// How much the grain shows, in shares of the colour.
    pub(super) depth: f32,
    /// Metres of a tile of grain.
    pub(super) scale: f32,
    /// Where in the tile it begins, so that no two surfaces are alike.
    pub(super) offset: f32,
    /// Brightness at its upper and its lower edge.
    pub(super) shade: [f32; 2],
}

impl Paint {
    pub(super) fn new(colour: Colour, grain: Grain, depth: f32, scale: f32, offset: f32) -> Self {
        Self { colour, grain, depth, scale, offset, shade: [1.0, 1.0] }
    }

    pub(super) fn lit(self, by: f32) -> Self {
        Self { colour: scaled(self.colour, by), ..self }
    }

    pub(super) fn shaded(self, top: f32, bottom: f32) -> Self {
        Self { shade: [top, bottom], ..self }
    }

    /// Ready to paint a face of that height.
    pub(super) fn brush(&self, height: f32) -> Brush {
        let [top, bottom] = self.shade;
        Brush {
            colour: self.colour,
            tile: self.grain.tile(),
            depth: self.depth,
            per_metre: 1.0 / self.scale,
            from: [self.offset, self.offset * 1.7],
            top,
            fall: (bottom - top) / height.max(1e-6),
        }
    }
}

/// A paint about to be laid on a face.
pub(super) struct Brush {
    colour: Colour,
    tile: Tile,
    depth: f32,
    per_metre: f32,
    from: [f32; 2],
    top: f32,
    fall: f32,
}

impl Brush {
    /// Its colour at a place in metres from the upper left corner.
    #[inline]
    pub(super) fn at(&self, u: f32, v: f32) -> Colour {
        let grain = self.tile.at(self.from[0] + u * self.per_metre, self.from[1] + v * self.per_metre);
        scaled(self.colour, (1.0 + self.depth * grain).max(0.05) * (self.top + self.fall * v))
    }
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// How bright it is on average.
    pub(super) fn mean(&self) -> f32 {
        let seen = self.pixels.iter().step_by(7);
        let count = seen.len().max(1) as f32;
        seen.map(|pixel| 0.3 * pixel[0] + 0.6 * pixel[1] + 0.1 * pixel[2]).sum::<f32>() / count
    }

    /// Paints a face with one look.
    pub(super) fn face(&mut self, view: &View, face: &Face, paint: &Paint) {
        let brush = paint.brush(face.height());
        self.cover(view, face, |u, v| (brush.at(u, v), 1.0));
    }

    /// Paints a face: `colour` gives the colour at metres along its edges, and how much it covers.
    pub(super) fn cover(&mut self, view: &View, face: &Face, colour: impl Fn(f32, f32) -> (Colour, f32)) {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(across, down)| view.project(face.at(across, down)));
        let [Some(a), Some(b), Some(c), Some(d)] = corners else { return };
        let mapping = view.mapping(face);
        let width = self.width;
        self.spans(&[a, b, c, d], |row, pixels, span| {
            let (mut sums, steps) = mapping.row(span.start as f32 + 0.5, row as f32 + 0.5);
            for x in span.start..span.end {
                let depth = 1.0 / sums[2];
                let (found, cover) = colour(sums[0] * depth, sums[1] * depth);
                let cover = cover * span.cover(x);
                let pixel = &mut pixels[row * width + x];
                if cover >= 0.999 {
                    *pixel = found;
                } else {
                    *pixel = mixed(*pixel, found, cover);
                }
                sums = [sums[0] + steps[0], sums[1] + steps[1], sums[2] + steps[2]];
            }
        });
    }

    /// Paints a convex shape of the picture itself.
    pub(super) fn shape(&mut self, corners: &[[f32; 2]], colour: impl Fn(Colour, f32, f32) -> Colour) {
        let width = self.width;
        self.spans(corners, |row, pixels, span| {
            for x in span.start..span.end {
                let pixel = &mut pixels[row * width + x];
                *pixel = mixed(*pixel, colour(*pixel, x as f32 + 0.5, row as f32 + 0.5), span.cover(x));
            }
        });
    }

    /// A box: the faces that the camera sees of it, each with its brightness. The front is painted by the caller where it is special.
    pub(super) fn block(&mut self, view: &View, low: V3, high: V3, paint: &Paint) -> Face {
        let (wide, tall, deep) = (high.0 - low.0, high.1 - low.1, high.2 - low.2);
        if view.eye.1 > high.1 {
            self.face(view, &Face::lying(low.0, high.0, high.1, low.2, high.2), &paint.lit(1.12).shaded(0.85, 1.0));
        }
        if view.eye.0 > high.0 {
            self.face(view, &Face::along(high.0, high.1, low.2, high.2, tall), &paint.lit(0.62));
        } else if view.eye.0 < low.0 {
            let face = Face { corner: V3(low.0, high.1, high.2), across: V3(0.0, 0.0, -deep), down: V3(0.0, -tall, 0.0) };
            self.face(view, &face, &paint.lit(0.62));
        }
        let front = Face::upright(low.0, high.1, low.2, wide, tall);
        self.face(view, &front, paint);
        front
    }

    /// Walks over the rows of a convex shape.
    fn spans(&mut self, corners: &[[f32; 2]], mut paint: impl FnMut(usize, &mut [Colour], &Span)) {
        let low = corners.iter().map(|corner| corner[1]).fold(f32::INFINITY, f32::min);
        let high = corners.iter().map(|corner| corner[1]).fold(f32::NEG_INFINITY, f32::max);
        if !low.is_finite() || !high.is_finite() || high < 0.0 || low > self.height as f32 {
            return;
        }
        let rows = (low - 0.5).ceil().max(0.0) as usize..((high - 0.5).ceil().max(0.0) as usize).min(self.height);
        for row in rows {
            let y = row as f32 + 0.5;
            let (mut left, mut right) = (f32::INFINITY, f32::NEG_INFINITY);
            for (n, from) in corners.iter().enumerate() {
                let to = corners[(n + 1) % corners.len()];
                if (from[1] <= y) != (to[1] <= y) {
                    let x = from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]);
                    (left, right) = (left.min(x), right.max(x));
                }
            }
            let (left, right) = (left.max(0.0), right.min(self.width as f32));
            if left < right {
                let span = Span { start: left as usize, end: (right.ceil() as usize).min(self.width), left, right };
                paint(row, &mut self.pixels, &span);
            }
        }
    }
}

impl Span {
    #[inline]
    fn cover(&self, x: usize) -> f32 {
        let x = x as f32;
        ((x + 1.0).min(self.right) - x.max(self.left)).clamp(0.0, 1.0)
    }
}
