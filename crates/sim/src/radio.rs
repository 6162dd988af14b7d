//! What a reader hears: without a [`RadioSettings`] the tags of its own slot, with one those of the neighbours too, by physics.

use pandian_domain::{Epc, TagRead};

pub(crate) mod field;
mod geometry;
mod law;
pub mod settings;

pub use settings::{Pattern, RadioSettings, Tails};

/// One tag during one inventory, read by read.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The tag.
    pub epc: Epc,
    /// The antenna that hears it, from 1.
    pub antenna: u16,
    /// The signal of each read in dBm, in their order; never empty.
    pub rssi_dbm: Vec<f64>,
}

impl Heard {
    /// As a reader tells it that sums up.
    pub fn summed_up(self) -> TagRead {
        let count = self.rssi_dbm.len() as u32;
        let mut strongest_dbm = self.rssi_dbm;
        strongest_dbm.sort_unstable_by(|a, b| b.total_cmp(a));
        strongest_dbm.truncate(TagRead::STRONGEST);
        let rssi_dbm = strongest_dbm.first().copied();
        TagRead { antenna: Some(self.antenna), rssi_dbm, count, strongest_dbm, ..TagRead::of(self.epc) }
    }
}
