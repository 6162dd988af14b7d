//! Labels: codes on paper.

use barcoders::sym::code128::Code128;
use datamatrix::{DataMatrix, SymbolList};
use qrcode::{EcLevel, QrCode};

use super::canvas::{Canvas, rgb, scaled};
use super::dice::{Dice, Row};
use super::space::{Face, View};

/// How a label's text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// GS1-128: the text is 18 digits, and the symbol says `(00)` and these.
    Gs1,
    /// Code 128.
    Code128,
    /// QR code, with the lower medium of its four levels of correction.
    Qr,
    /// Data Matrix.
    DataMatrix,
}

/// A label.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// What it says.
    pub text: String,
    /// How.
    pub symbology: Symbology,
    /// How large its modules are on the picture, in pixels, as far as the label fits on its unit.
    pub module_px: f32,
    /// How far it is turned, clockwise in degrees.
    pub turn: f32,
}

impl Label {
    /// A straight label with modules of 2.5 pixels.
    pub fn new(text: &str, symbology: Symbology) -> Self {
        Self { text: text.to_owned(), symbology, module_px: 2.5, turn: 0.0 }
    }

    /// The usual label of a unit: GS1-128 of a serial shipping container code, else Code 128, or QR where that cannot hold the text.
    pub fn of(text: &str) -> Self {
        let is_sscc = text.len() == 18 && text.bytes().all(|digit| digit.is_ascii_digit());
        let is_plain = text.len() <= 30 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let symbology = match (is_sscc, is_plain) {
            (true, _) => Symbology::Gs1,
            (_, true) => Symbology::Code128,
            _ => Symbology::Qr,
        };
        let mut dice = Dice::new(crate::seed::hash_text(text), Row::Symbol);
        Self { turn: dice.normal().clamp(-2.0, 2.0), ..Self::new(text, symbology) }
    }

    /// Its modules; none where the text cannot be encoded that way.
    fn symbol(&self) -> Option<Symbol> {
        match self.symbology {
            // barcoders: Ć begins with set C, Ɓ with set B, Ź is FNC1.
            Symbology::Gs1 => {
                let is_sscc = self.text.len() == 18 && self.text.bytes().all(|digit| digit.is_ascii_digit());
                bars(&format!("\u{106}\u{179}00{}", self.text)).filter(|_| is_sscc)
            }
            Symbology::Code128 => bars(&format!("\u{181}{}", self.text)),
            Symbology::Qr => {
                let code = QrCode::with_error_correction_level(self.text.as_bytes(), EcLevel::M).ok()?;
                let dark: Vec<bool> = code.to_colors().into_iter().map(|colour| colour == qrcode::Color::Dark).collect();
                Some(Symbol { width: code.width(), height: dark.len() / code.width().max(1), dark, quiet: 4.0, stretch: 1.0 })
            }
            Symbology::DataMatrix => {
                let code = DataMatrix::encode(self.text.as_bytes(), SymbolList::default().enforce_square()).ok()?;
                let map = code.bitmap();
                let (width, height) = (map.width(), map.height());
                let mut dark = vec![false; width * height];
                map.pixels().for_each(|(x, y)| dark[y * width + x] = true);
                Some(Symbol { width, height, dark, quiet: 2.0, stretch: 1.0 })
            }
        }
    }
}

/// A code: its modules, row by row.
struct Symbol {
    width: usize,
    height: usize,
    dark: Vec<bool>,
    /// White around it, in modules.
    quiet: f32,
    /// How many modules high a row is.
    stretch: f32,
}

fn bars(text: &str) -> Option<Symbol> {
    let dark: Vec<bool> = Code128::new(text).ok()?.encode().into_iter().map(|module| module == 1).collect();
    let stretch = dark.len() as f32 * 0.28;
    Some(Symbol { width: dark.len(), height: 1, dark, quiet: 10.0, stretch })
}

impl Symbol {
    /// In modules, the white around it included.
    fn span(&self) -> [f32; 2] {
        [self.width as f32 + 2.0 * self.quiet, self.height as f32 * self.stretch + 2.0 * self.quiet.min(4.0)]
    }

    /// Whether it is dark at a place in modules from its upper left corner, the white around it included.
    #[inline]
    fn is_dark(&self, x: f32, y: f32) -> bool {
        let (x, y) = (x - self.quiet, (y - self.quiet.min(4.0)) / self.stretch);
        x >= 0.0 && y >= 0.0 && (x as usize) < self.width && (y as usize) < self.height && self.dark[y as usize * self.width + x as usize]
    }
}

/// Sticks a unit's label on a face, at shares of the room that it leaves there.
pub(super) fn stick(canvas: &mut Canvas, view: &View, front: &Face, label: &Label, place: [f32; 2], lit: f32) {
    let Some(symbol) = label.symbol() else { return };
    let [wide, high] = symbol.span();
    // Metres of a module: as large as asked for, or as the face allows.
    let pixels = view.focus / view.distance(front.at(0.5, 0.5)).max(0.1);
    let module = (label.module_px / pixels).min(front.width() * 0.96 / wide).min(front.height() * 0.94 / high);
    let (width, height) = (module * wide, module * high);
    let (across, down) = (front.across.unit(), front.down.unit());
    let corner = front.corner + across * ((front.width() - width) * place[0]) + down * ((front.height() - height) * place[1]);
    let (sin, cos) = label.turn.to_radians().sin_cos();
    let face = Face { corner, across: (across * cos + down * sin) * width, down: (down * cos - across * sin) * height };
    paint_symbol(canvas, view, &face, &symbol, lit);
}

/// Fills a face with a label.
pub(super) fn paint_on(canvas: &mut Canvas, view: &View, face: &Face, label: &Label, lit: f32) {
    if let Some(symbol) = label.symbol() {
        paint_symbol(canvas, view, face, &symbol, lit);
    }
}

fn paint_symbol(canvas: &mut Canvas, view: &View, face: &Face, symbol: &Symbol, lit: f32) {
    let (paper, ink) = (scaled(rgb(240, 240, 236), lit), scaled(rgb(28, 28, 30), lit));
    let [wide, high] = symbol.span();
    let (along, below) = (wide / face.width().max(1e-6), high / face.height().max(1e-6));
    // How many modules a pixel is wide; it sees all of them.
    let pixel = view.distance(face.at(0.5, 0.5)) / view.focus;
    let (step_x, step_y) = (pixel * along, pixel * below);
    let rows: &[f32] = if symbol.height == 1 { &[0.0] } else { &[-0.34, 0.0, 0.34] };
    canvas.cover(view, face, |u, v| {
        let (x, y) = (u * along, v * below);
        let (mut dark, mut count) = (0.0, 0.0);
        for row in rows {
            for column in [-0.4, -0.2, 0.0, 0.2, 0.4] {
                dark += f32::from(u8::from(symbol.is_dark(x + column * step_x, y + row * step_y)));
                count += 1.0;
            }
        }
        let share: f32 = dark / count;
        (std::array::from_fn(|n| paper[n] + (ink[n] - paper[n]) * share), 1.0)
    });
}
