//! Surfaces: grain of things, drawn once and laid over them.

use std::sync::OnceLock;

use super::dice::{Dice, Row};

/// The side of a tile, a power of two.
const SIDE: usize = 256;

/// What a surface is like, near by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Clouds of all sizes: dirt, concrete, paper.
    Cloudy,
    /// Long fibres along `across`: wood, brushed metal.
    Fibrous,
    /// Creases at any angle: film, cloth.
    Creased,
}

struct Tiles {
    cloudy: Box<[f32; SIDE * SIDE]>,
    fibrous: Box<[f32; SIDE * SIDE]>,
    creased: Box<[f32; SIDE * SIDE]>,
}

fn tiles() -> &'static Tiles {
    static TILES: OnceLock<Tiles> = OnceLock::new();
    TILES.get_or_init(|| {
        let mut dice = Dice::new(7, Row::Texture);
        let cloudy = sum(&mut dice, &[(4, 4, 1.0), (8, 8, 0.8), (16, 16, 0.6), (64, 64, 0.5), (128, 128, 0.5)]);
        let fibrous = sum(&mut dice, &[(2, 32, 0.7), (4, 64, 0.8), (8, 128, 0.6), (4, 8, 0.5)]);
        let folds = sum(&mut dice, &[(6, 5, 1.0), (12, 10, 0.7), (24, 20, 0.4)]);
        let mut creased = folds;
        creased.iter_mut().for_each(|value| *value = (1.0 - value.abs().min(2.0)).powi(3));
        level(&mut creased);
        Tiles { cloudy, fibrous, creased }
    })
}

/// One of the tiles at hand.
#[derive(Clone, Copy)]
pub(super) struct Tile(&'static [f32; SIDE * SIDE]);

impl Grain {
    pub(super) fn tile(self) -> Tile {
        let tiles = tiles();
        Tile(match self {
            Self::Cloudy => &tiles.cloudy,
            Self::Fibrous => &tiles.fibrous,
            Self::Creased => &tiles.creased,
        })
    }
}

impl Tile {
    /// Its brightness at a place in tiles, about -2 to 2.
    #[inline]
    pub(super) fn at(self, x: f32, y: f32) -> f32 {
        let place = |value: f32| (value * SIDE as f32) as i32 as usize & (SIDE - 1);
        self.0[place(y) * SIDE + place(x)]
    }
}

/// Lattices of chance, each with so many points a side and so much weight, added up; mean 0 and deviation 1.
fn sum(dice: &mut Dice, layers: &[(usize, usize, f32)]) -> Box<[f32; SIDE * SIDE]> {
    let mut tile = Box::new([0.0; SIDE * SIDE]);
    for &(wide, high, weight) in layers {
        let points: Vec<f32> = (0..wide * high).map(|_| dice.normal()).collect();
        for y in 0..SIDE {
            let (row, next, down) = between(y, high);
            for x in 0..SIDE {
                let (column, beside, along) = between(x, wide);
                let at = |row: usize, column: usize| points[row * wide + column];
                let above = at(row, column) + (at(row, beside) - at(row, column)) * along;
                let below = at(next, column) + (at(next, beside) - at(next, column)) * along;
                tile[y * SIDE + x] += weight * (above + (below - above) * down);
            }
        }
    }
    level(&mut tile);
    tile
}

/// The points of a lattice on either side, and how far it is to the second one, eased.
fn between(place: usize, points: usize) -> (usize, usize, f32) {
    let exact = place as f32 / SIDE as f32 * points as f32;
    let share = exact.fract();
    (exact as usize % points, (exact as usize + 1) % points, share * share * (3.0 - 2.0 * share))
}

fn level(tile: &mut [f32; SIDE * SIDE]) {
    let count = tile.len() as f32;
    let mean = tile.iter().sum::<f32>() / count;
    let deviation = (tile.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt().max(1e-6);
    tile.iter_mut().for_each(|value| *value = ((*value - mean) / deviation).clamp(-2.5, 2.5));
}
