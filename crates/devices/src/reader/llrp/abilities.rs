//! What a reader says that it can do. Pure.

use std::collections::BTreeMap;

use pandian_llrp::impinj;
use pandian_llrp::message::GetReaderCapabilitiesResponse;
use pandian_llrp::parameter::capabilities::{FrequencyInformation, LlrpFlags};
use pandian_llrp::{RawParameter, Version, zebra};

use crate::error::excerpt;

/// What a reader can do, out of its own tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Abilities {
    /// The version that it speaks.
    pub(super) version: Version,
    /// The maker's IANA private enterprise number; 0 where none is told.
    pub(super) manufacturer: u32,
    /// The maker's number for the model, or the model's name where it is told.
    pub(super) model: String,
    pub(super) firmware: String,
    /// Antennas that it can have; 0 where none is told.
    pub(super) antennas: u16,
    /// Transmit powers in the order of its table.
    pub(super) powers: Vec<Power>,
    /// The hop table, or the channel, that it sends on.
    pub(super) frequencies: Frequencies,
    /// The ids of its RF modes in the order of its table.
    pub(super) modes: Vec<u16>,
    /// Whether it warns before its report buffer is full.
    pub(super) warns_of_full_buffer: bool,
    /// Whose extensions are spoken.
    pub(super) dialect: Dialect,
}

/// One step of the transmit power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Power {
    /// What a request names it by.
    pub(super) index: u16,
    /// In hundredths of a dBm.
    pub(super) centi_dbm: i16,
}

/// What a transmitter's settings say of frequencies: one of the two, the other is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Frequencies {
    /// The id of the hop table.
    pub(super) hop_table: u16,
    /// The place in the table of fixed frequencies, from 1.
    pub(super) channel: u16,
}

/// Whose extensions of the standard are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Nobody's.
    Standard,
    /// Impinj's, after the reader has enabled them.
    Impinj,
    /// Zebra's.
    Zebra,
}

/// Which antennas are connected, as far as the reader told.
pub(super) type Connected = BTreeMap<u16, Presence>;

/// What the reader said of an antenna.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is connected.
    There,
    /// It has not been connected since the connection to the reader was made.
    Absent,
    /// It was, and is no longer: the reader hears less than it did.
    Lost,
}

impl Abilities {
    /// Out of the reply to GET_READER_CAPABILITIES.
    pub(super) fn read(reply: &GetReaderCapabilitiesResponse, version: Version) -> Self {
        let (general, band) = (reply.general.as_ref(), reply.regulatory.as_ref().and_then(|it| it.uhf_band.as_ref()));
        let powers = band.map(|band| &band.transmit_powers).into_iter().flatten();
        let manufacturer = general.map_or(0, |it| it.manufacturer);
        Self {
            version,
            manufacturer,
            model: general.map_or_else(String::new, |it| format!("model {}", it.model)),
            firmware: general.map_or_else(String::new, |it| excerpt(&it.firmware.to_str_lossy())),
            antennas: general.map_or(0, |it| it.max_antennas),
            powers: powers.map(|power| Power { index: power.index, centi_dbm: power.centi_dbm }).collect(),
            frequencies: band.map_or_else(Frequencies::default, |band| Frequencies::of(&band.frequencies)),
            // The command has 16 bits for an id of 32: one beyond cannot be asked for.
            modes: band.map(|band| band.rf_modes().filter_map(|mode| u16::try_from(mode.id).ok()).collect()).unwrap_or_default(),
            warns_of_full_buffer: reply.llrp.as_ref().is_some_and(|it| it.flags.contains(LlrpFlags::CAN_REPORT_BUFFER_FILL_WARNING)),
            dialect: if manufacturer == zebra::VENDOR { Dialect::Zebra } else { Dialect::Standard },
        }
    }

    /// Takes over what an Impinj reader says of itself beyond the standard.
    pub(super) fn read_impinj(&mut self, reply: &GetReaderCapabilitiesResponse) {
        if let Ok(Some(detailed)) = RawParameter::find::<impinj::DetailedVersion>(&reply.extensions) {
            self.model = excerpt(&detailed.model.to_str_lossy());
        }
    }

    /// The lowest and the highest transmit power.
    pub(super) fn power_range(&self) -> Option<[Power; 2]> {
        let by_power = |power: &&Power| power.centi_dbm;
        Some([*self.powers.iter().min_by_key(by_power)?, *self.powers.iter().max_by_key(by_power)?])
    }

    /// The mode where none is asked for: an automatic one of Impinj's, which have ids from 1000, or the first.
    pub(super) fn usual_mode(&self) -> Option<u16> {
        let automatic = self.modes.iter().find(|mode| self.manufacturer == impinj::VENDOR && **mode >= 1000);
        automatic.or(self.modes.first()).copied()
    }

    /// Maker, model and firmware.
    pub(super) fn name(&self) -> String {
        let maker = match self.manufacturer {
            impinj::VENDOR => "Impinj".to_owned(),
            zebra::VENDOR => "Zebra".to_owned(),
            0 => "a reader of an unnamed maker".to_owned(),
            number => format!("maker {number}"),
        };
        let model = if self.model.is_empty() { String::new() } else { format!(" {}", self.model) };
        let firmware = if self.firmware.is_empty() { String::new() } else { format!(", firmware {}", self.firmware) };
        format!("{maker}{model}{firmware}")
    }
}

impl Power {
    /// As people write it.
    pub(super) fn dbm(self) -> f64 {
        f64::from(self.centi_dbm) / 100.0
    }
}

impl Frequencies {
    fn of(told: &FrequencyInformation) -> Self {
        let fixed = told.fixed_table.as_ref().is_some_and(|table| !table.khz.is_empty());
        match told.hop_tables.first().filter(|_| told.hopping) {
            Some(table) => Self { hop_table: u16::from(table.id), channel: 0 },
            None => Self { hop_table: 0, channel: u16::from(fixed) },
        }
    }
}
