//! Labels drawn with encoders of others.

use barcoders::sym::code128::Code128;
use barcoders::sym::ean13::EAN13;
use barcoders::sym::tf::TF;
use datamatrix::{DataMatrix, SymbolList};
use pandian_vision::Luma;
use qrcode::{Color, QrCode};

/// The wall behind the labels.
const WALL: u8 = 150;

/// Black and white modules, with their quiet zone not counted.
pub(crate) struct Label {
    across: usize,
    down: usize,
    modules: Vec<bool>,
    scale: u32,
    /// Modules of white around it.
    quiet: u32,
}

impl Label {
    fn bars(modules: Vec<u8>, scale: u32) -> Self {
        let (across, down) = (modules.len(), 30 * modules.len() / 100);
        let row: Vec<bool> = modules.into_iter().map(|module| module == 1).collect();
        Self { across, down, modules: row.repeat(down), scale, quiet: 12 }
    }

    /// Width and height in pixels, without the quiet zone.
    pub(crate) fn size(&self) -> [f32; 2] {
        [self.across, self.down].map(|modules| (modules as u32 * self.scale) as f32)
    }

    /// A picture with the label, its own upper left corner at that place.
    pub(crate) fn on(&self, width: u32, height: u32, left: u32, top: u32) -> Luma {
        let mut picture = Luma::new(width, height, vec![WALL; (width * height) as usize]).unwrap();
        self.draw(&mut picture, left, top);
        picture
    }

    /// Draws the label; what does not fit is cut off.
    pub(crate) fn draw(&self, picture: &mut Luma, left: u32, top: u32) {
        let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
        let (scale, quiet) = (i64::from(self.scale), i64::from(self.quiet));
        for y in -quiet * scale..(self.down as i64 + quiet) * scale {
            for x in -quiet * scale..(self.across as i64 + quiet) * scale {
                let (at_x, at_y) = (i64::from(left) + x, i64::from(top) + y);
                if !(0..width).contains(&at_x) || !(0..height).contains(&at_y) {
                    continue;
                }
                let (column, row) = (x.div_euclid(scale), y.div_euclid(scale));
                let is_inside = (0..self.across as i64).contains(&column) && (0..self.down as i64).contains(&row);
                let is_dark = is_inside && self.modules[row as usize * self.across + column as usize];
                picture.pixels_mut()[(at_y * width + at_x) as usize] = if is_dark { 20 } else { 235 };
            }
        }
    }
}

/// Code 128, character set B.
pub(crate) fn code128(text: &str, scale: u32) -> Label {
    Label::bars(Code128::new(format!("Ɓ{text}")).unwrap().encode(), scale)
}

/// EAN-13 of the first 12 digits.
pub(crate) fn ean13(digits: &str, scale: u32) -> Label {
    Label::bars(EAN13::new(digits).unwrap().encode(), scale)
}

/// Interleaved 2 of 5.
pub(crate) fn itf(digits: &str, scale: u32) -> Label {
    Label::bars(TF::interleaved(digits).unwrap().encode(), scale)
}

/// QR Code.
pub(crate) fn qr(text: &str, scale: u32) -> Label {
    let code = QrCode::new(text).unwrap();
    let modules = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Label { across: code.width(), down: code.width(), modules, scale, quiet: 4 }
}

/// Data Matrix.
pub(crate) fn data_matrix(bytes: &[u8], scale: u32) -> Label {
    let code = DataMatrix::encode(bytes, SymbolList::default()).unwrap();
    let bitmap = code.bitmap();
    let (across, down) = (bitmap.width(), bitmap.height());
    let mut modules = vec![false; across * down];
    bitmap.pixels().for_each(|(x, y)| modules[y * across + x] = true);
    Label { across, down, modules, scale, quiet: 2 }
}

/// The picture turned around a place of it, which comes to lie at another.
pub(crate) fn turned(picture: &Luma, around: [f32; 2], degrees: f32, to: [f32; 2]) -> Luma {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let mut pixels = Vec::with_capacity(picture.pixels().len());
    for y in 0..picture.height() {
        for x in 0..picture.width() {
            let (x, y) = (x as f32 + 0.5 - to[0], y as f32 + 0.5 - to[1]);
            let (from_x, from_y) = (cos * x + sin * y + around[0] - 0.5, cos * y - sin * x + around[1] - 0.5);
            pixels.push(between(picture, from_x, from_y));
        }
    }
    Luma::new(picture.width(), picture.height(), pixels).unwrap()
}

fn between(picture: &Luma, x: f32, y: f32) -> u8 {
    let at = |x: f32, y: f32| {
        let is_inside = x >= 0.0 && y >= 0.0 && x < picture.width() as f32 && y < picture.height() as f32;
        f32::from(if is_inside { picture.row(y as u32)[x as usize] } else { WALL })
    };
    let (left, top) = (x.floor(), y.floor());
    let (over_x, over_y) = (x - left, y - top);
    let upper = at(left, top) * (1.0 - over_x) + at(left + 1.0, top) * over_x;
    let lower = at(left, top + 1.0) * (1.0 - over_x) + at(left + 1.0, top + 1.0) * over_x;
    (upper * (1.0 - over_y) + lower * over_y).round() as u8
}

/// Every pixel the mean of the square around it.
pub(crate) fn blurred(picture: &Luma, radius: i64) -> Luma {
    let (width, height) = (i64::from(picture.width()), i64::from(picture.height()));
    let mean = |at: i64| {
        let (x, y) = (at % width, at / width);
        let square = (-radius..=radius).flat_map(|down| (-radius..=radius).map(move |across| (x + across, y + down)));
        let values = square.map(|(x, y)| u32::from(picture.row(y.clamp(0, height - 1) as u32)[x.clamp(0, width - 1) as usize]));
        (values.sum::<u32>() / ((2 * radius + 1) * (2 * radius + 1)) as u32) as u8
    };
    Luma::new(picture.width(), picture.height(), (0..width * height).map(mean).collect()).unwrap()
}
