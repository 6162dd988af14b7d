//! The tags around an antenna, with the part of chance.

use std::sync::Arc;

use pandian_domain::{Epc, Place, Side};

use super::Heard;
use super::geometry::{self, Cell};
use super::law;
use super::settings::{RadioSettings, Tails};
use crate::racks::Racks;
use crate::seed::{Draw, Seed, hash_text, mix};

/// How often a reader asks a tag during one inventory.
const READS: u64 = 20;
/// A tag so far below the sensitivity is not asked at all, in dB: in twenty thousand inventories it would be read once.
const HOPELESS_DB: f64 = 13.0;

/// The radio field of a world. Every signal is a pure function of the seed, the tag, its slot and the antenna's position.
#[derive(Debug)]
pub(crate) struct Field {
    settings: RadioSettings,
    seed: Seed,
    racks: Arc<Racks>,
}

impl Field {
    pub(crate) fn new(settings: RadioSettings, seed: Seed, racks: Arc<Racks>) -> Self {
        Self { settings, seed, racks }
    }

    /// What is heard before a slot, the strongest first, where all signals are weaker by so many dB than at full power; `tags_in` says what
    /// lies in the slots.
    pub(crate) fn heard(&self, slot: u32, weaker_by_db: f64, tags_in: impl Fn(u32) -> Vec<Epc>) -> Vec<Heard> {
        let RadioSettings { standoff, reach, back_rack, .. } = self.settings;
        let place = self.racks.layout().slot(slot).place;
        let (antenna, stand) = (antenna(place), stand(slot, place));
        let mut heard: Vec<(f64, Heard)> = Vec::new();
        for cell in geometry::cells(&self.racks, slot, standoff.0, reach.0, back_rack) {
            for epc in tags_in(cell.slot) {
                // A tag that is booked twice answers once.
                if let Some(rssi_dbm) =
                    self.reads(&cell, stand, &epc, weaker_by_db).filter(|_| heard.iter().all(|(_, known)| known.epc != epc))
                {
                    let strongest = rssi_dbm.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    heard.push((strongest, Heard { epc, antenna, rssi_dbm }));
                }
            }
        }
        heard.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        heard.into_iter().map(|(_, heard)| heard).collect()
    }

    /// The reads of a tag; none if there are none.
    fn reads(&self, cell: &Cell, stand: u64, epc: &Epc, weaker_by_db: f64) -> Option<Vec<f64>> {
        let tag = hash_text(epc.as_str());
        let signal_dbm = self.signal_dbm(cell, stand, tag) - weaker_by_db;
        if signal_dbm < self.settings.sensitivity_dbm - HOPELESS_DB || self.seed.fraction(Draw::TagUnread, tag) < self.settings.unread {
            return None;
        }
        let read = |number: u64| {
            let of = mix(tag ^ stand) ^ number;
            let signal_dbm = signal_dbm + self.settings.read_noise_db * self.seed.normal(Draw::ReadNoise, of);
            let succeeds = self.seed.fraction(Draw::Read, of) < law::read_chance(&self.settings, signal_dbm);
            // Readers tell hundredths of a dB at best.
            succeeds.then(|| (signal_dbm * 100.0).round() / 100.0)
        };
        let reads: Vec<f64> = (0..READS).filter_map(read).collect();
        (!reads.is_empty()).then_some(reads)
    }

    /// The signal of a tag for an antenna position, but for the noise of single reads.
    fn signal_dbm(&self, cell: &Cell, stand: u64, tag: u64) -> f64 {
        let settings = &self.settings;
        let lies = self.seed.bits(Draw::TagOffset, tag ^ mix(cell.slot.into()));
        let part = |shift: u32| ((lies >> shift) & 0x1f_ffff) as f64 / f64::from(0x20_0000);
        let ray = cell.ray(settings.standoff.0, [part(0), part(21), part(42)]);
        let shadow = match settings.shadowing_tails {
            Tails::Normal => self.seed.normal(Draw::Shadowing, tag ^ stand),
            Tails::Laplace => self.seed.laplace(Draw::Shadowing, tag ^ stand),
        };
        law::signal_dbm(settings, &ray) + settings.tag_spread_db * self.seed.normal(Draw::TagStrength, tag) + settings.shadowing_db * shadow
    }
}

/// The antenna that serves a place, from 1: one for each side.
pub(crate) fn antenna(place: Option<Place>) -> u16 {
    place.map_or(1, |place| if place.side == Side::Left { 1 } else { 2 })
}

/// A name for an antenna's position. Slots behind each other are served from the same.
fn stand(slot: u32, place: Option<Place>) -> u64 {
    let Some(Place { aisle, bay, level, .. }) = place else { return mix(slot.into()) };
    mix(mix(u64::from(aisle) << 32 | u64::from(bay)) ^ (u64::from(level) << 2 | u64::from(antenna(place))))
}
