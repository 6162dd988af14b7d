//! From light to a photograph: lens, sensor, and the camera's own processing.

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::Scene;
use super::canvas::{Canvas, Colour};
use super::dice::{Dice, Row};
use super::distortion::Family;

/// Steps of the table that turns light into bytes.
const STEPS: usize = 4096;
/// A row of noise is read from this many draws.
const DRAWS: usize = 8192;

/// What the camera does with the light.
struct Development {
    /// Times so much light.
    gain: f32,
    gamma: f32,
    /// Deviation of the noise without light, and how it grows with light.
    noise: [f32; 2],
    /// How much darker the corners are.
    vignette: f32,
    /// How much brighter the right and the lower edge are.
    slope: [f32; 2],
    white: Colour,
    quality: u8,
}

impl Development {
    fn of(canvas: &Canvas, scene: &Scene) -> Self {
        let mut dice = Dice::new(scene.grain, Row::Grain);
        // The camera exposes for a middle gray, but not all the way.
        let mean = canvas.mean().max(1e-3);
        let dark = (0.16 / mean).clamp(0.3, 12.0);
        let mut development = Self {
            gain: dark.powf(0.85) * dice.between(-0.5, 0.5).exp2(),
            gamma: dice.between(2.05, 2.35),
            noise: [0.0025, 0.006],
            vignette: dice.between(0.12, 0.35),
            slope: scene.light.slope,
            white: scene.light.tint.map(|tint| tint.powf(0.5)),
            quality: 74 + dice.below(18) as u8,
        };
        development.noise = development.noise.map(|noise| noise * dark.powf(0.4).max(0.6));
        for distortion in &scene.distortions {
            let (mut dice, strength) = (distortion.dice(), distortion.strength);
            match distortion.family {
                Family::Exposure => {
                    development.gain *= (if dice.chance(0.5) { 1.2 } else { -1.6 } * strength).exp2();
                    development.gamma *= 1.0 + dice.between(-0.25, 0.25) * strength;
                    development.white = development.white.map(|white| white * (1.0 + dice.between(-0.12, 0.12) * strength));
                }
                Family::Noise => development.noise = development.noise.map(|noise| noise * (1.0 + 6.0 * strength)),
                Family::LowQuality => development.quality = (26.0 - 19.0 * strength) as u8,
                _ => {}
            }
        }
        development
    }
}

/// The photograph as a JPEG.
pub(super) fn jpeg(canvas: Canvas, scene: &Scene) -> Bytes {
    let (width, height) = (canvas.width as u16, canvas.height as u16);
    let (pixels, quality) = developed(canvas, scene);
    let mut bytes = Vec::with_capacity(pixels.len() / 12);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // It cannot fail into memory, and the size fits into 16 bits; should it, the picture is cut short and its reader complains.
    match encoder.encode(&pixels, width, height, ColorType::Rgb) {
        Ok(()) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}

/// The photograph in gray, as JPEG weighs its colours.
pub(super) fn luma(canvas: Canvas, scene: &Scene) -> Vec<u8> {
    let (pixels, _) = developed(canvas, scene);
    let gray = |pixel: &[u8; 3]| (0.299 * f32::from(pixel[0]) + 0.587 * f32::from(pixel[1]) + 0.114 * f32::from(pixel[2])).round() as u8;
    pixels.as_chunks().0.iter().map(gray).collect()
}

fn developed(canvas: Canvas, scene: &Scene) -> (Vec<u8>, u8) {
    let development = Development::of(&canvas, scene);
    let (width, height) = (canvas.width, canvas.height);
    let seen = through_lens(canvas, scene);
    (exposed(&seen, width, height, &development, scene.grain), development.quality)
}

/// Nothing is quite sharp: the lens, its focus, and what moved while the shutter was open.
fn through_lens(mut canvas: Canvas, scene: &Scene) -> Vec<Colour> {
    let mut dice = Dice::new(scene.grain ^ 1, Row::Grain);
    let (width, height) = (canvas.width, canvas.height);
    let fine = width as f32 / 640.0;
    // The lens resolves about what the sensor does, whatever its pixels.
    let mut sigma = dice.between(0.45, 0.65);
    let mut motion = None;
    for distortion in &scene.distortions {
        match distortion.family {
            Family::Blur => sigma += 1.3 * distortion.strength * fine,
            Family::MotionBlur => {
                let mut dice = distortion.dice();
                // A crane swings along the aisle, less up and down.
                let turn = if dice.chance(0.7) { dice.between(-0.2, 0.2) } else { dice.between(1.2, 1.9) };
                motion = Some((fine * (2.0 + 8.0 * distortion.strength), turn));
            }
            _ => {}
        }
    }
    let kernel = Kernel::gauss(sigma);
    kernel.along_rows(&mut canvas.pixels, width);
    let pixels = kernel.along_columns(&canvas.pixels, width, height);
    match motion {
        Some((length, turn)) => moved(&pixels, width, height, length, turn),
        None => pixels,
    }
}

/// Weights from the middle outwards.
struct Kernel(Vec<f32>);

impl Kernel {
    fn gauss(sigma: f32) -> Self {
        let reach = (sigma * 2.5).ceil().max(1.0) as usize;
        let weights: Vec<f32> = (0..=reach).map(|n| (-0.5 * (n as f32 / sigma).powi(2)).exp()).collect();
        let all = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
        Self(weights.into_iter().map(|weight| weight / all).collect())
    }

    /// Each row on its own, in place.
    fn along_rows(&self, pixels: &mut [Colour], width: usize) {
        let reach = self.0.len() - 1;
        // A row with its first and last pixel repeated, so that no weight falls beside it.
        let mut wider = vec![[0.0; 3]; width + 2 * reach];
        for row in pixels.chunks_exact_mut(width) {
            wider[..reach].fill(row[0]);
            wider[reach..reach + width].copy_from_slice(row);
            wider[reach + width..].fill(row[width - 1]);
            let (row, wider) = (row.as_flattened_mut(), wider.as_flattened());
            let shifted = |by: usize| &wider[3 * by..3 * by + 3 * width];
            row.iter_mut().zip(shifted(reach)).for_each(|(value, from)| *value = from * self.0[0]);
            for (n, weight) in self.0.iter().enumerate().skip(1) {
                add(row, shifted(reach - n), shifted(reach + n), *weight);
            }
        }
    }

    fn along_columns(&self, pixels: &[Colour], width: usize, height: usize) -> Vec<Colour> {
        let mut out = vec![[0.0; 3]; pixels.len()];
        let row = |y: usize| pixels[y * width..(y + 1) * width].as_flattened();
        for (y, to) in out.chunks_exact_mut(width).enumerate() {
            let to = to.as_flattened_mut();
            to.iter_mut().zip(row(y)).for_each(|(value, from)| *value = from * self.0[0]);
            for (n, weight) in self.0.iter().enumerate().skip(1) {
                add(to, row(y.saturating_sub(n)), row((y + n).min(height - 1)), *weight);
            }
        }
        out
    }
}

fn add(to: &mut [f32], one: &[f32], other: &[f32], weight: f32) {
    for ((value, one), other) in to.iter_mut().zip(one).zip(other) {
        *value += weight * (one + other);
    }
}

/// The mean of the picture along a way.
fn moved(pixels: &[Colour], width: usize, height: usize, length: f32, turn: f32) -> Vec<Colour> {
    let steps = length.ceil().max(2.0) as i32;
    let (sin, cos) = turn.sin_cos();
    let mut out = vec![[0.0; 3]; pixels.len()];
    let share = 1.0 / steps as f32;
    for step in 0..steps {
        let along = (step as f32 + 0.5) * share * length - length / 2.0;
        let (dx, dy) = ((along * cos).round() as isize, (along * sin).round() as isize);
        for (y, to) in out.chunks_exact_mut(width).enumerate() {
            let from_y = y.saturating_add_signed(dy).min(height - 1);
            let from = &pixels[from_y * width..(from_y + 1) * width];
            for (x, pixel) in to.iter_mut().enumerate() {
                let seen = from[x.saturating_add_signed(dx).min(width - 1)];
                (0..3).for_each(|c| pixel[c] += share * seen[c]);
            }
        }
    }
    out
}

/// Light becomes bytes: vignette, gain, noise, white, gamma.
fn exposed(pixels: &[Colour], width: usize, height: usize, development: &Development, grain: u64) -> Vec<u8> {
    let table: Vec<u8> = (0..=STEPS).map(|n| (255.0 * (n as f32 / STEPS as f32).powf(1.0 / development.gamma)).round() as u8).collect();
    let mut dice = Dice::new(grain ^ 2, Row::Grain);
    let noise: Vec<f32> = (0..DRAWS).map(|_| dice.normal()).collect();
    let [still, lively] = development.noise;
    let mut out = vec![0; pixels.len() * 3];
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let round = development.vignette / (middle_x * middle_x + middle_y * middle_y);
    for (y, (row, bytes)) in pixels.chunks_exact(width).zip(out.chunks_exact_mut(width * 3)).enumerate() {
        let down = (y as f32 - middle_y).powi(2);
        let across = development.slope[0] / width as f32;
        let even = 1.0 + development.slope[1] * (y as f32 - middle_y) / height as f32 - across * middle_x;
        // Each row begins elsewhere, and strides through the draws in an order of its own.
        let bits = dice.bits() as usize;
        let (mut at, stride) = (bits, (bits >> 20) % 97 * 2 + 1);
        for (x, (pixel, bytes)) in row.iter().zip(bytes.as_chunks_mut::<3>().0).enumerate() {
            let gain = development.gain * (even + across * x as f32) * (1.0 - round * ((x as f32 - middle_x).powi(2) + down));
            at = at.wrapping_add(stride);
            let bright = pixel[1] * gain;
            let deviation = still + lively * bright.max(0.0).sqrt();
            let shared = noise[at % DRAWS] * deviation;
            for (channel, byte) in bytes.iter_mut().enumerate() {
                let own = noise[(at + 1237 * (channel + 1)) % DRAWS] * deviation * 0.5;
                let light = pixel[channel] * gain * development.white[channel] + shared + own;
                *byte = table[(light.clamp(0.0, 1.0) * STEPS as f32) as usize];
            }
        }
    }
    out
}
