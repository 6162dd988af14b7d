//! What cameras see: slots as scenes, with the labels that units really bear and views that are blocked.

use std::sync::Arc;

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};
use pandian_domain::{BookLine, Epc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::picture::Condition;
use crate::scene::{Beams, CameraPose, Distortion, Family, Light, Load, Scene, Size, SlotLook};
use crate::seed::{Draw, hash_text, mix};
use crate::settings::{SettingsError, check_share};
use crate::world::World;

/// The `[simulation.camera]` table: what cameras see, and how large the pictures of HTTP cameras are.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CameraSettings {
    /// Width and height of the pictures, in pixels: 160 × 120 to 4096 × 3072.
    pub size: [u16; 2],
    /// Share of the units that bear another unit's label, 0 to 1.
    pub mislabelled: f64,
    /// Share of the units that bear no label, 0 to 1.
    pub unlabelled: f64,
    /// Share of the locations whose view is blocked: something hangs before the camera. 0 to 1.
    pub blocked: f64,
    /// Whether the beams bear markers that name the location.
    pub markers: bool,
    /// The light of a picture is one of these, a little different each time; at least one.
    pub lights: Vec<Lamp>,
    /// Which racks look alike.
    pub looks: Looks,
}

/// Where the light comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lamp {
    /// Daylight from windows in the roof.
    Day,
    /// The hall's own lamps.
    Hall,
    /// Old sodium lamps.
    Warm,
    /// Little but the crane's lamp.
    Dim,
    /// A strong lamp on the crane.
    Bright,
}

/// Which racks look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Looks {
    /// All of them.
    Same,
    /// Those of one level.
    ByLevel,
}

impl Lamp {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Day, Self::Hall, Self::Warm, Self::Dim, Self::Bright];

    /// As a scene has it.
    pub fn light(self) -> Light {
        match self {
            Self::Day => Light::DAY,
            Self::Hall => Light::HALL,
            Self::Warm => Light::WARM,
            Self::Dim => Light::DIM,
            Self::Bright => Light::BRIGHT,
        }
    }
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self {
            size: [960, 540],
            mislabelled: 0.0,
            unlabelled: 0.0,
            blocked: 0.0,
            markers: false,
            lights: Lamp::ALL.to_vec(),
            looks: Looks::Same,
        }
    }
}

impl CameraSettings {
    /// Checks the ranges.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let [width, height] = self.size;
        if !(160..=4096).contains(&width) || !(120..=3072).contains(&height) {
            return Err(SettingsError::new("camera.size", format!("{width} × {height} is not from 160 × 120 to 4096 × 3072")));
        }
        if self.lights.is_empty() {
            return Err(SettingsError::new("camera.lights", "at least one light is needed"));
        }
        check_share("camera.mislabelled", self.mislabelled)?;
        check_share("camera.unlabelled", self.unlabelled)?;
        check_share("camera.blocked", self.blocked)
    }
}

/// What is really to be seen at a slot. For demonstrations and benchmarks only: no verdict may come from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneTruth {
    /// Something stands there.
    pub occupied: bool,
    /// What is written on the labels that its units really bear, unit by unit; units without a label are left out.
    pub labels: Vec<String>,
    /// A unit bears another unit's label.
    pub wrong: bool,
    /// Something hangs before the camera.
    pub blocked: bool,
}

/// A unit that stands in a slot.
#[derive(Debug)]
pub(crate) struct Unit {
    /// What tells it from all others wherever it stands: its handling unit, else its tag, else its item.
    name: Arc<str>,
    /// What is written on its label; none without one.
    label: Option<Arc<str>>,
    /// The label is another unit's.
    wrong: bool,
}

/// How often a unit for a wrong label is looked for in other slots.
const TRIES: u64 = 8;

/// What the bars of a blocked view are: as much as hides a slot, however each of them lies.
const BARS: u64 = 4;
const BAR: f32 = 2.5;

impl World {
    /// What is really to be seen at a slot. For demonstrations and benchmarks only: no verdict may come from here.
    pub fn scene_truth(&self, slot: u32) -> SceneTruth {
        let units = self.units(slot);
        SceneTruth {
            occupied: !units.is_empty(),
            wrong: units.iter().any(|unit| unit.wrong),
            labels: units.into_iter().filter_map(|unit| Some(unit.label?.as_ref().to_owned())).collect(),
            blocked: self.is_blocked(slot),
        }
    }

    /// What a camera that stands before a slot has before it. `exposure` varies whatever two pictures of one slot differ in: the light, what
    /// is behind the rack, some millimetres of the camera's place, noise. The same slot and exposure are the same picture.
    pub fn scene(&self, slot: u32, exposure: u64) -> Scene {
        let units = self.units(slot);
        let load = Load::of(units.iter().map(|unit| (hash_text(&unit.name), unit.label.as_deref())));
        let picture = self.seed.bits(Draw::Exposure, u64::from(slot) ^ mix(exposure));
        let lights = &self.settings().camera.lights;
        let light = lights.get((picture >> 32) as usize % lights.len().max(1)).map_or(Light::HALL, |lamp| lamp.light());
        let mut scene = Scene { light: light.again(picture), ..self.slot_scene(slot, load, picture) };
        if self.is_blocked(slot) {
            block(&mut scene, self.seed.bits(Draw::ViewBlocked, slot.into()));
        }
        scene
    }

    /// The same slot with nothing in it and nothing before the camera, in that light: what a reference shows.
    pub fn empty_scene(&self, slot: u32, light: Light, exposure: u64) -> Scene {
        let picture = self.seed.bits(Draw::Exposure, mix(u64::from(slot) ^ mix(exposure)));
        Scene { light: light.again(picture), ..self.slot_scene(slot, Load::default(), picture) }
    }

    /// What a camera has before it whose crane stands at no slot: nothing that could be taken for one.
    pub(crate) fn no_scene(&self, exposure: u64) -> Scene {
        let mut scene = self.empty_scene(0, Light::HALL, exposure);
        block(&mut scene, self.seed.bits(Draw::ViewBlocked, u64::MAX));
        scene
    }

    fn slot_scene(&self, slot: u32, load: Load, picture: u64) -> Scene {
        let camera = &self.settings().camera;
        let place = self.layout().slot(slot).place;
        let kind = match camera.looks {
            Looks::Same => 0,
            Looks::ByLevel => place.map_or(0, |place| u64::from(place.level)),
        };
        let look = SlotLook::new(self.seed.bits(Draw::SlotLook, kind), self.seed.bits(Draw::SlotLook, mix(slot.into())));
        let [width, height] = camera.size;
        let markers = if camera.markers { self.markers(slot) } else { Beams::default() };
        Scene { markers, ..Scene::new(look, load, Size::new(width, height), picture) }
    }

    /// The texts of a slot's markers: in front the location's code, at the rear the same with `@rear` behind it.
    pub fn markers(&self, slot: u32) -> Beams {
        let code = self.code(slot);
        Beams { front: Some(code.to_string()), rear: Some(format!("{code}@rear")) }
    }

    fn is_blocked(&self, slot: u32) -> bool {
        self.seed.fraction(Draw::ViewBlocked, slot.into()) < self.settings().camera.blocked
    }

    /// The units in a slot: lines of one handling unit are one.
    fn units(&self, slot: u32) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        for BookLine { handling_unit, epc, item, .. } in self.contents(slot) {
            let name = handling_unit.clone().or(epc.as_ref().map(|epc| Epc::as_str(epc).into())).unwrap_or(item);
            if units.iter().all(|known| known.name != name) {
                units.push(self.labelled(name, handling_unit));
            }
        }
        units
    }

    /// A unit with the label that it really bears. Only handling units have one.
    fn labelled(&self, name: Arc<str>, own: Option<Arc<str>>) -> Unit {
        let (camera, identity) = (&self.settings().camera, hash_text(&name));
        let lost = || self.seed.fraction(Draw::Unlabelled, identity) < camera.unlabelled;
        let Some(own) = own.filter(|_| !lost()) else { return Unit { name, label: None, wrong: false } };
        if self.seed.fraction(Draw::Mislabelled, identity) >= camera.mislabelled {
            return Unit { name, label: Some(own), wrong: false };
        }
        Unit { name, label: Some(self.other_label(identity, &own)), wrong: true }
    }

    /// A label that is not the unit's own: every second one is that of a unit booked elsewhere, the others nobody knows.
    fn other_label(&self, identity: u64, own: &str) -> Arc<str> {
        let booked = |attempt| {
            let slot = self.seed.below(Draw::OtherLabel, identity ^ attempt, self.size().into()) as u32;
            let is_other = |line: &BookLine| line.handling_unit.as_deref().is_some_and(|label| label != own);
            self.booked(slot)?.into_iter().find(is_other)?.handling_unit
        };
        let known = self.seed.bits(Draw::Mislabelled, identity) & 1 == 0;
        (0..TRIES).filter(|_| known).find_map(booked).unwrap_or_else(|| self.drawn().unknown_label(identity))
    }
}

/// Hangs something before the camera.
fn block(scene: &mut Scene, seed: u64) {
    let bar = |n| Distortion { family: Family::Occlusion, strength: BAR, seed: mix(seed ^ n) };
    scene.distortions.extend((0..BARS).map(bar));
}

/// Takes the picture of a scene, of which that becomes; by a camera that stands still or travels.
pub(crate) fn taken(mut scene: Scene, condition: Condition, is_still: bool) -> Bytes {
    let mut add = |family, strength| scene.distortions.push(Distortion { family, strength, seed: scene.grain });
    if !is_still {
        add(Family::MotionBlur, 6.0);
        add(Family::Blur, 2.0);
    }
    match condition {
        Condition::Fit => {}
        Condition::Black => return black(&scene),
        Condition::Blurred => add(Family::Blur, 12.0),
        Condition::Moved => scene.pose = CameraPose { moved: [0.3, 0.12, 0.0], yaw: 5.0, pitch: -2.0, roll: 8.0 },
    }
    scene.render()
}

/// What the sensor tells without any light: noise, so that no two such pictures are the same.
fn black(scene: &Scene) -> Bytes {
    let Size { width, height } = scene.size;
    // Coarse, as it comes out of the camera's own denoising.
    let noise = |x: u16, y: u16| (mix(scene.grain ^ u64::from(x / 8) << 16 ^ u64::from(y / 8)) % 16) as u8;
    let pixels: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| noise(x, y))).collect();
    let mut bytes = Vec::new();
    // It cannot fail into memory; should it, there is no picture and its reader complains.
    match Encoder::new(&mut bytes, 90).encode(&pixels, width, height, ColorType::Luma) {
        Ok(()) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}
