//! The light of a moment.

use super::SlotLook;
use super::canvas::Colour;
use super::dice::{Dice, Row};

/// The light in which a picture is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// How bright the surroundings are; 1 is an ordinary hall.
    pub level: f32,
    /// How bright the crane's own lamp is beside them.
    pub lamp: f32,
    /// Red, green and blue of the light; 1 each is white.
    pub tint: [f32; 3],
    /// How much brighter the picture's right edge is than its left one, and its lower one than its upper one, in shares.
    pub slope: [f32; 2],
}

impl Light {
    /// Daylight from windows in the roof.
    pub const DAY: Self = Self { level: 1.2, lamp: 0.25, tint: [0.97, 1.0, 1.05], slope: [0.2, -0.4] };
    /// The hall's own lamps.
    pub const HALL: Self = Self { level: 0.8, lamp: 0.4, tint: [1.0, 1.0, 0.96], slope: [0.0, -0.25] };
    /// Old sodium lamps.
    pub const WARM: Self = Self { level: 0.7, lamp: 0.3, tint: [1.12, 1.0, 0.72], slope: [-0.2, -0.2] };
    /// At night, with little but the crane's lamp.
    pub const DIM: Self = Self { level: 0.15, lamp: 0.55, tint: [1.0, 1.0, 1.03], slope: [0.1, 0.3] };
    /// A strong lamp on the crane.
    pub const BRIGHT: Self = Self { level: 0.6, lamp: 1.3, tint: [1.0, 1.0, 1.0], slope: [0.05, 0.1] };
    /// All of them.
    pub const PRESETS: [Self; 5] = [Self::DAY, Self::HALL, Self::WARM, Self::DIM, Self::BRIGHT];

    /// One of the presets, varied.
    pub fn any(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Row::Lamp);
        let preset = dice.pick(&Self::PRESETS);
        preset.varied(&mut dice)
    }

    /// The same another time.
    pub fn again(self, seed: u64) -> Self {
        self.varied(&mut Dice::new(seed, Row::Lamp))
    }

    fn varied(self, dice: &mut Dice) -> Self {
        let mut about = |value: f32, share: f32| value * dice.between(1.0 - share, 1.0 + share);
        let tint: Colour = self.tint.map(|value| about(value, 0.05));
        let (level, lamp) = (about(self.level, 0.3), about(self.lamp, 0.3));
        Self { level, lamp, tint, slope: self.slope.map(|value| value + dice.between(-0.3, 0.3)) }
    }

    pub(super) fn on(&self, look: &SlotLook) -> Lit {
        Lit { light: *self, far: -look.stand().0.2 }
    }
}

/// How brightly things in a slot are lit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lit {
    light: Light,
    /// From the lamp to the beam, in metres.
    far: f32,
}

impl Lit {
    /// At a depth of the rack: the lamp's light spreads, that of the hall hardly reaches in.
    pub(super) fn at(&self, depth: f32) -> f32 {
        let spread = self.far / (self.far + depth.max(-self.far * 0.9));
        let inside = 1.0 / (1.0 + 0.35 * depth.max(0.0));
        self.light.level * inside + self.light.lamp * spread * spread
    }
}
