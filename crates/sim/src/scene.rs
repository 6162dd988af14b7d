//! Pictures of storage slots, as a camera on the mast of a stacker crane takes them: rendered in plain Rust, the same for the same scene.
//!
//! A [`Scene`] says what is there: the rack's look, the load with its labels, what is behind the rack at that moment, the light, where the
//! camera is, and what spoils the picture. [`Scene::render`] makes the photograph of it.
//!
//! Labels are encoded by `barcoders` (Code 128), `qrcode` and `datamatrix`. What these cannot encode is left off the label.

use bytes::Bytes;

mod behind;
mod canvas;
mod develop;
mod dice;
mod distortion;
mod goods;
mod label;
mod light;
mod load;
mod rack;
mod space;
mod texture;

pub use distortion::{Distortion, Family};
pub use label::{Label, Symbology};
pub use light::Light;
pub use load::{Kind, Load, Unit};
pub use rack::SlotLook;

use canvas::Canvas;
use dice::{Dice, Row};
use space::{V3, View};

/// Width and height of a picture in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// In pixels, at least [`Size::LEAST`].
    pub width: u16,
    /// In pixels, at least [`Size::LEAST`].
    pub height: u16,
}

impl Size {
    /// What a width or a height is raised to where it is smaller.
    pub const LEAST: u16 = 32;
    /// The size of most tests.
    pub const VGA: Self = Self { width: 640, height: 480 };

    /// A size.
    pub fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    fn pixels(self) -> (usize, usize) {
        (self.width.max(Self::LEAST).into(), self.height.max(Self::LEAST).into())
    }
}

/// Where the camera is, against where it was when its place was set up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CameraPose {
    /// Moved to the right, up and ahead, in metres.
    pub moved: [f32; 3],
    /// Turned to the right, in degrees.
    pub yaw: f32,
    /// Turned down, in degrees.
    pub pitch: f32,
    /// Turned clockwise about its own axis, in degrees.
    pub roll: f32,
}

impl CameraPose {
    /// Where a crane stops a second time: some millimetres beside the first.
    pub fn jitter(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Row::Pose);
        let mut about = |most: f32| dice.normal().clamp(-2.0, 2.0) * most / 2.0;
        Self { moved: [about(0.006), about(0.004), about(0.004)], yaw: about(0.1), pitch: about(0.1), roll: about(0.15) }
    }
}

/// Markers on the beams: codes that name the location.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beams {
    /// A Data Matrix on the front beam.
    pub front: Option<String>,
    /// A Data Matrix on a flap at the rear that any load pushes over: it is to be seen only where the slot is empty.
    pub rear: Option<String>,
}

/// What a picture shows, and how it is taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The rack around the slot.
    pub look: SlotLook,
    /// What stands in it.
    pub load: Load,
    /// The markers.
    pub markers: Beams,
    /// What is behind the rack at that moment.
    pub behind: u64,
    /// The light at that moment.
    pub light: Light,
    /// Where the camera is.
    pub pose: CameraPose,
    /// What spoils the picture, in that order.
    pub distortions: Vec<Distortion>,
    /// The sensor's noise and the small differences of two photographs of one thing.
    pub grain: u64,
    /// How large the picture is.
    pub size: Size,
}

impl Scene {
    /// A slot as its camera sees it on an ordinary day. `picture` varies whatever two pictures of the same slot differ in: what is behind,
    /// the light, some millimetres of the camera's place, noise.
    pub fn new(look: SlotLook, load: Load, size: Size, picture: u64) -> Self {
        Self {
            look,
            load,
            markers: Beams::default(),
            behind: picture,
            light: Light::any(picture),
            pose: CameraPose::jitter(picture),
            distortions: Vec::new(),
            grain: picture,
            size,
        }
    }

    /// The photograph, a JPEG in colour.
    pub fn render(&self) -> Bytes {
        develop::jpeg(self.paint(), self)
    }

    /// The same before it is a JPEG: gray, row by row from the top left, as many bytes as the size has pixels.
    pub fn render_luma(&self) -> Vec<u8> {
        develop::luma(self.paint(), self)
    }

    /// From the rear to the front.
    fn paint(&self) -> Canvas {
        let (width, height) = self.size.pixels();
        let mut canvas = Canvas::new(width, height);
        let view = self.view();
        let light = self.light.on(&self.look);
        behind::paint(&mut canvas, &view, self);
        rack::paint_rear(&mut canvas, &view, self, &light);
        goods::paint_load(&mut canvas, &view, self, &light);
        rack::paint_front(&mut canvas, &view, self, &light);
        distortion::paint(&mut canvas, &view, self);
        canvas
    }

    fn view(&self) -> View {
        let pose = distortion::pose(self);
        let (width, height) = self.size.pixels();
        let (eye, target) = self.look.stand();
        let focus = self.look.focus(width as f32, height as f32);
        let eye = V3(eye.0 + pose.moved[0], eye.1 + pose.moved[1], eye.2 + pose.moved[2]);
        let ahead = target - eye + V3(pose.moved[0], pose.moved[1], 0.0);
        let far = ahead.length();
        let target = eye + ahead + V3(pose.yaw.to_radians().tan() * far, -pose.pitch.to_radians().tan() * far, 0.0);
        View::new(eye, target, pose.roll.to_radians(), focus, [width as f32 / 2.0, height as f32 / 2.0])
    }
}
