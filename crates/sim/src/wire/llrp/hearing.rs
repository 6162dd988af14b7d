//! What the antennas hear while an AISpec runs: the world's reads, each at its time.

use std::sync::Arc;
use std::time::Duration;

use pandian_domain::Epc;

use super::LlrpService;
use crate::fault::flood;
use crate::radio::Heard;
use crate::seed::{hash_text, mix};
use crate::world::World;

/// The part of a pass in which tags answer; then those of sessions with a memory are silent, until the next pass.
const ANSWERING: f64 = 0.75;
/// How long a reader stays at a frequency.
const HOP_MS: u128 = 200;

/// A tag answers once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// When, since the ROSpec began.
    pub(super) at: Duration,
    pub(super) tag: Arc<Tag>,
    pub(super) antenna: u16,
    pub(super) rssi_dbm: f64,
    /// Place in the table of frequencies, from 1.
    pub(super) channel: u16,
    /// The phase of the answer: 0 to 4095 for 0 to 2π.
    pub(super) phase: u16,
}

/// What identifies a tag.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Tag {
    pub(super) epc: Vec<u8>,
    /// Its chip's own number, with the serial number in it.
    pub(super) tid: [u16; 6],
}

/// How an antenna is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setup {
    pub(super) antenna: u16,
    /// How much weaker than at the highest power tags answer, in dB.
    pub(super) weaker_by_db: f64,
    /// What is below is not heard, in dBm.
    pub(super) floor_dbm: f64,
}

/// One pass over the tags around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass<'a> {
    /// The slot that the crane stands at.
    pub(super) slot: u32,
    /// When it begins, since the ROSpec began, and how long it takes.
    pub(super) begins: Duration,
    pub(super) takes: Duration,
    /// Differs from pass to pass.
    pub(super) ordinal: u64,
    pub(super) antennas: &'a [Setup],
    /// Thousands of tags that are not there are heard, too.
    pub(super) flooded: bool,
}

impl LlrpService {
    /// The readings of a pass, in the order of their times.
    pub(super) fn listen(&self, world: &World, pass: &Pass<'_>) -> Vec<Reading> {
        let channels = self.spec.flavour.frequencies().len().max(1) as u128;
        let mut readings = Vec::new();
        // Each side of the aisle has an antenna of its own; with a radio model a tag may be heard by both.
        let slots = [Some(pass.slot), self.fleet.opposite(pass.slot)].into_iter().flatten().filter(|slot| self.faces(world, *slot));
        for slot in slots {
            let Some(setup) = self.setup(pass, world.antenna(slot)) else { continue };
            for heard in world.heard_at(slot, setup.weaker_by_db) {
                readings.extend(pass.readings(&heard, setup, channels));
            }
        }
        for mut heard in flood(pass.ordinal).take_while(|_| pass.flooded) {
            let Some(setup) = self.setup(pass, heard.antenna) else { continue };
            heard.rssi_dbm.iter_mut().for_each(|rssi_dbm| *rssi_dbm -= setup.weaker_by_db);
            readings.extend(pass.readings(&heard, setup, channels));
        }
        readings.sort_by_key(|reading| reading.at);
        readings
    }

    /// Whether the reader is on the side of a slot.
    fn faces(&self, world: &World, slot: u32) -> bool {
        self.spec.side.is_none_or(|side| world.layout().slot(slot).place.is_none_or(|place| place.side == side))
    }

    /// How the antenna of a side is used, if it is: a reader for one side has but one.
    fn setup<'a>(&self, pass: &Pass<'a>, of_side: u16) -> Option<&'a Setup> {
        let antenna = if self.spec.side.is_some() { 1 } else { of_side };
        pass.antennas.iter().find(|setup| setup.antenna == antenna)
    }
}

impl Pass<'_> {
    /// A tag's answers as far as they are heard, spread over the pass in their order.
    fn readings(&self, heard: &Heard, setup: &Setup, channels: u128) -> impl Iterator<Item = Reading> {
        let name = hash_text(heard.epc.as_str());
        let tag = Arc::new(Tag::new(&heard.epc));
        let step_s = self.takes.as_secs_f64() * ANSWERING / heard.rssi_dbm.len() as f64;
        let (begins, ordinal, Setup { antenna, floor_dbm, .. }) = (self.begins, self.ordinal, *setup);
        let reads = heard.rssi_dbm.clone().into_iter().enumerate();
        reads.filter(move |(_, rssi_dbm)| *rssi_dbm >= floor_dbm).map(move |(number, rssi_dbm)| {
            let chance = mix(mix(name ^ number as u64) ^ ordinal);
            let within_step = (chance >> 11) as f64 / (1_u64 << 53) as f64;
            let at = begins + Duration::from_secs_f64(step_s * (number as f64 + within_step));
            let hop = (at.as_millis() / HOP_MS).wrapping_add(ordinal.into());
            let channel = (hop % channels) as u16 + 1;
            Reading { at, tag: tag.clone(), antenna, rssi_dbm, channel, phase: (chance & 0xfff) as u16 }
        })
    }
}

impl Tag {
    fn new(epc: &Epc) -> Self {
        let digits = epc.as_str().as_bytes();
        let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
        let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, of| byte << 4 | digit(*of))).collect();
        let serial = hash_text(epc.as_str()).to_be_bytes();
        let word = |at: usize| u16::from_be_bytes([serial[at], serial[at + 1]]);
        // A class-1 tag by Impinj, Monza R6 with a serial number.
        Self { epc: bytes, tid: [0xE280, 0x1160, 0x2000, word(0), word(2), word(4)] }
    }
}
