//! Labels for tests: text drawn with a round pen.

use pandian_vision::{Luma, Point};

/// The strokes of a character, as points on a grid of 4 × 6; a stroke is a line through them.
fn strokes(character: char) -> &'static [&'static [[f32; 2]]] {
    match character {
        '0' => &[&[[1.2, 0.0], [2.8, 0.0], [4.0, 1.5], [4.0, 4.5], [2.8, 6.0], [1.2, 6.0], [0.0, 4.5], [0.0, 1.5], [1.2, 0.0]]],
        '1' => &[&[[0.8, 1.4], [2.4, 0.0], [2.4, 6.0]]],
        '2' => &[&[[0.0, 1.4], [0.9, 0.2], [2.0, 0.0], [3.2, 0.2], [4.0, 1.5], [3.6, 2.7], [0.0, 6.0], [4.0, 6.0]]],
        '3' => &[&[[0.2, 0.0], [3.8, 0.0], [1.9, 2.4], [3.2, 2.7], [4.0, 4.1], [3.2, 5.6], [2.0, 6.0], [0.8, 5.7], [0.0, 4.8]]],
        '4' => &[&[[3.0, 6.0], [3.0, 0.0], [0.0, 4.2], [4.0, 4.2]]],
        '5' => &[&[[3.7, 0.0], [0.6, 0.0], [0.3, 2.7], [1.8, 2.2], [3.3, 2.7], [4.0, 4.1], [3.2, 5.6], [1.8, 6.0], [0.0, 5.1]]],
        '6' => &[&[
            [3.4, 0.3],
            [2.2, 0.0],
            [0.8, 1.0],
            [0.1, 3.4],
            [0.5, 5.2],
            [2.0, 6.0],
            [3.5, 5.2],
            [4.0, 4.0],
            [3.3, 2.7],
            [2.0, 2.4],
            [0.3, 3.6],
        ]],
        '7' => &[&[[0.0, 0.0], [4.0, 0.0], [1.5, 6.0]]],
        '8' => &[
            &[[2.0, 0.0], [3.4, 0.6], [3.5, 2.0], [2.0, 2.8], [0.5, 2.0], [0.6, 0.6], [2.0, 0.0]],
            &[[2.0, 2.8], [3.8, 3.7], [3.7, 5.3], [2.0, 6.0], [0.3, 5.3], [0.2, 3.7], [2.0, 2.8]],
        ],
        '9' => &[&[
            [0.6, 5.7],
            [1.8, 6.0],
            [3.2, 5.0],
            [3.9, 2.6],
            [3.5, 0.8],
            [2.0, 0.0],
            [0.5, 0.8],
            [0.0, 2.0],
            [0.7, 3.3],
            [2.0, 3.6],
            [3.7, 2.4],
        ]],
        'H' => &[&[[0.0, 0.0], [0.0, 6.0]], &[[4.0, 0.0], [4.0, 6.0]], &[[0.0, 3.0], [4.0, 3.0]]],
        'L' => &[&[[0.0, 0.0], [0.0, 6.0], [3.6, 6.0]]],
        'U' => &[&[[0.0, 0.0], [0.0, 4.4], [0.8, 5.7], [2.0, 6.0], [3.2, 5.7], [4.0, 4.4], [4.0, 0.0]]],
        '-' => &[&[[0.8, 3.4], [3.2, 3.4]]],
        _ => &[],
    }
}

/// Where a text is drawn: its top left corner, the height of its characters in pixels, and how far it is turned clockwise, in degrees.
pub(crate) struct Place {
    pub(crate) at: Point,
    pub(crate) height: f32,
    pub(crate) degrees: f32,
}

/// Draws a text in black.
pub(crate) fn write(picture: &mut Luma, text: &str, place: &Place) {
    let unit = place.height / 6.0;
    let (sin, cos) = place.degrees.to_radians().sin_cos();
    for (index, character) in text.chars().enumerate() {
        let on_picture = |[x, y]: [f32; 2]| {
            let (x, y) = ((x + index as f32 * 5.8) * unit, y * unit);
            Point { x: place.at.x + x * cos - y * sin, y: place.at.y + x * sin + y * cos }
        };
        for stroke in strokes(character) {
            for ends in stroke.windows(2) {
                line(picture, on_picture(ends[0]), on_picture(ends[1]), unit * 0.42);
            }
        }
    }
}

fn line(picture: &mut Luma, from: Point, to: Point, pen: f32) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let span =
        |a: f32, b: f32, most: f32| ((a.min(b) - pen - 1.0).clamp(0.0, most) as usize, (a.max(b) + pen + 2.0).clamp(0.0, most) as usize);
    let ((left, right), (top, bottom)) = (span(from.x, to.x, width), span(from.y, to.y, height));
    let (along, down) = (to.x - from.x, to.y - from.y);
    for y in top..bottom {
        for x in left..right {
            let (px, py) = (x as f32 + 0.5 - from.x, y as f32 + 0.5 - from.y);
            let share = ((px * along + py * down) / (along * along + down * down).max(1e-6)).clamp(0.0, 1.0);
            let distance = (px - share * along).hypot(py - share * down);
            let gray = (255.0 * (distance - pen + 0.5).clamp(0.0, 1.0)) as u8;
            let pixel = &mut picture.pixels_mut()[y * width as usize + x];
            *pixel = (*pixel).min(gray.max(20));
        }
    }
}
