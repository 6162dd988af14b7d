//! How a reader is tuned for an inventory: as asked for, and as the reader can. Pure.

use std::fmt::Display;
use std::time::Duration;

use super::abilities::{Abilities, Connected, Dialect, Power, Presence};
use super::settings::Search;

/// How a reader is to be tuned at a location.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tuning {
    /// None: all that are connected.
    pub(super) antennas: Option<Vec<u16>>,
    /// None: the reader's highest.
    pub(super) power_dbm: Option<f64>,
    pub(super) session: u8,
    pub(super) search: Option<Search>,
    /// None: an automatic one, or the first.
    pub(super) mode: Option<u16>,
    pub(super) population: u16,
    pub(super) dwell: Duration,
    pub(super) quiet: Option<Duration>,
}

/// The same in the reader's own terms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tuned {
    /// Empty: all, which the reader does not list.
    pub(super) antennas: Vec<u16>,
    /// None where the reader has no table of powers.
    pub(super) power: Option<Power>,
    /// None where the reader has no table of modes.
    pub(super) mode: Option<u16>,
    pub(super) session: u8,
    pub(super) search: Option<Search>,
    pub(super) population: u16,
}

/// Why a reader cannot be tuned so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("`power_dbm` is {wanted}, and the reader sends with {lowest} to {highest} dBm")]
    Power { wanted: f64, lowest: f64, highest: f64 },
    #[error("`power_dbm` cannot be set: the reader tells no transmit powers")]
    NoPowers,
    #[error("`mode` is {wanted}, and the reader has {known}")]
    Mode { wanted: u16, known: String },
    #[error("`antennas` has {antenna}, and the reader has {most}")]
    Antenna { antenna: u16, most: u16 },
    #[error("search = \"dual-target\" is an extension of Impinj and Zebra readers, and {why}")]
    Search { why: &'static str },
    #[error("antenna {} not connected", listed(.0))]
    Disconnected(Vec<u16>),
    #[error("the reader says that none of its antennas is connected")]
    NoneConnected,
}

impl Tuning {
    /// Fits it to a reader.
    pub(super) fn fit(&self, abilities: &Abilities, connected: &Connected) -> Result<Tuned, Unfit> {
        let antennas = self.fit_antennas(abilities, connected)?;
        let is_dual = self.search == Some(Search::DualTarget);
        if is_dual && abilities.dialect == Dialect::Standard {
            let is_known = [pandian_llrp::impinj::VENDOR, pandian_llrp::zebra::VENDOR].contains(&abilities.manufacturer);
            let why = if is_known { "its extensions are off" } else { "this one is of another maker" };
            return Err(Unfit::Search { why });
        }
        Ok(Tuned {
            antennas,
            power: self.fit_power(abilities)?,
            mode: self.fit_mode(abilities)?,
            session: self.session,
            search: self.search,
            population: self.population,
        })
    }

    fn fit_antennas(&self, abilities: &Abilities, connected: &Connected) -> Result<Vec<u16>, Unfit> {
        let wanted = match &self.antennas {
            // One that was lost is wanted still: without it a side of the aisle might be silent.
            None => connected.iter().filter(|(_, presence)| **presence != Presence::Absent).map(|(antenna, _)| *antenna).collect(),
            Some(wanted) => wanted.clone(),
        };
        if wanted.is_empty() && !connected.is_empty() {
            return Err(Unfit::NoneConnected);
        }
        if let Some(&antenna) = wanted.iter().find(|antenna| abilities.antennas > 0 && **antenna > abilities.antennas) {
            return Err(Unfit::Antenna { antenna, most: abilities.antennas });
        }
        // An antenna that the reader says nothing of may be there.
        let is_missing = |antenna: &u16| connected.get(antenna).is_some_and(|presence| *presence != Presence::There);
        let missing: Vec<u16> = wanted.iter().copied().filter(is_missing).collect();
        if missing.is_empty() { Ok(wanted) } else { Err(Unfit::Disconnected(missing)) }
    }

    fn fit_power(&self, abilities: &Abilities) -> Result<Option<Power>, Unfit> {
        let Some([lowest, highest]) = abilities.power_range() else {
            return if self.power_dbm.is_some() { Err(Unfit::NoPowers) } else { Ok(None) };
        };
        let Some(wanted) = self.power_dbm else { return Ok(Some(highest)) };
        let unfit = Unfit::Power { wanted, lowest: lowest.dbm(), highest: highest.dbm() };
        // Within the bounds of the settings, so it fits 16 bits.
        let centi_dbm = (wanted * 100.0).round() as i16;
        if centi_dbm > highest.centi_dbm {
            return Err(unfit);
        }
        let below = abilities.powers.iter().filter(|power| power.centi_dbm <= centi_dbm);
        below.max_by_key(|power| power.centi_dbm).copied().map(Some).ok_or(unfit)
    }

    fn fit_mode(&self, abilities: &Abilities) -> Result<Option<u16>, Unfit> {
        match self.mode {
            Some(wanted) if !abilities.modes.contains(&wanted) => {
                let known = if abilities.modes.is_empty() { "none to choose from".to_owned() } else { listed(&abilities.modes) };
                Err(Unfit::Mode { wanted, known })
            }
            Some(wanted) => Ok(Some(wanted)),
            None => Ok(abilities.usual_mode()),
        }
    }
}

/// Numbers with commas between.
pub(super) fn listed<T: Display>(numbers: &[T]) -> String {
    numbers.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::llrp::abilities::Frequencies;
    use pandian_llrp::Version;

    fn tuning() -> Tuning {
        Tuning {
            antennas: None,
            power_dbm: None,
            session: 1,
            search: None,
            mode: None,
            population: 32,
            dwell: Duration::from_secs(2),
            quiet: None,
        }
    }

    /// Indices with gaps, steps in no order, one power twice.
    fn strange() -> Abilities {
        let powers = [(7, 2000), (3, 1575), (90, 3000), (4, -500), (12, 2000)];
        Abilities {
            version: Version::V1_0_1,
            manufacturer: 1,
            model: "model 2".to_owned(),
            firmware: "3".to_owned(),
            antennas: 4,
            powers: powers.into_iter().map(|(index, centi_dbm)| Power { index, centi_dbm }).collect(),
            frequencies: Frequencies { hop_table: 2, channel: 0 },
            modes: vec![5, 1000, 1001],
            warns_of_full_buffer: false,
            dialect: Dialect::Standard,
        }
    }

    fn power(wanted: Option<f64>) -> Result<f64, String> {
        let tuned = Tuning { power_dbm: wanted, ..tuning() }.fit(&strange(), &Connected::new());
        tuned.map(|tuned| tuned.power.unwrap().dbm()).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn power_is_the_step_below_whatever_the_table_looks_like() {
        assert_eq!(power(None), Ok(30.0));
        for (wanted, dbm) in [(30.0, 30.0), (29.99, 20.0), (20.0, 20.0), (15.75, 15.75), (15.7, -5.0), (-5.0, -5.0)] {
            assert_eq!(power(Some(wanted)), Ok(dbm), "{wanted}");
        }
        let none = Abilities { powers: Vec::new(), ..strange() };
        assert_eq!(tuning().fit(&none, &Connected::new()).unwrap().power, None);
    }

    #[test]
    fn power_beyond_the_table_is_refused_with_its_range() {
        for wanted in [30.01, 60.0, -5.01] {
            assert_eq!(power(Some(wanted)), Err(format!("`power_dbm` is {wanted}, and the reader sends with -5 to 30 dBm")));
        }
    }

    #[test]
    fn antennas_are_those_asked_for_that_are_connected_or_all() {
        let connected = Connected::from([(1, Presence::There), (2, Presence::Absent), (3, Presence::There)]);
        let fit = |wanted: &[u16]| {
            let antennas = (!wanted.is_empty()).then(|| wanted.to_vec());
            let tuned = Tuning { antennas, ..tuning() }.fit(&strange(), &connected);
            tuned.map(|tuned| tuned.antennas).map_err(|unfit| unfit.to_string())
        };
        assert_eq!(fit(&[]), Ok(vec![1, 3]));
        assert_eq!(fit(&[3, 1]), Ok(vec![3, 1]));
        assert_eq!(fit(&[4]), Ok(vec![4]), "nothing was told of it");
        assert_eq!(fit(&[3, 2]), Err("antenna 2 not connected".to_owned()));
        assert_eq!(fit(&[5]), Err("`antennas` has 5, and the reader has 4".to_owned()));
        assert_eq!(tuning().fit(&strange(), &Connected::new()).unwrap().antennas, Vec::<u16>::new());
        assert_eq!(tuning().fit(&strange(), &Connected::from([(1, Presence::Absent)])), Err(Unfit::NoneConnected));
        let lost = Connected::from([(1, Presence::There), (2, Presence::Absent), (3, Presence::Lost)]);
        assert_eq!(tuning().fit(&strange(), &lost), Err(Unfit::Disconnected(vec![3])), "it was there");
    }

    #[test]
    fn a_mode_is_one_of_the_readers() {
        let fit = |mode, manufacturer| {
            let abilities = Abilities { manufacturer, ..strange() };
            Tuning { mode, ..tuning() }.fit(&abilities, &Connected::new()).map(|tuned| tuned.mode).map_err(|unfit| unfit.to_string())
        };
        assert_eq!(fit(None, 1), Ok(Some(5)));
        assert_eq!(fit(None, 25882), Ok(Some(1000)));
        assert_eq!(fit(Some(1001), 1), Ok(Some(1001)));
        assert_eq!(fit(Some(6), 1), Err("`mode` is 6, and the reader has 5, 1000, 1001".to_owned()));
    }

    #[test]
    fn dual_target_needs_a_vendor_that_has_it() {
        let fit = |manufacturer, dialect| {
            let abilities = Abilities { manufacturer, dialect, ..strange() };
            let dual = Tuning { search: Some(Search::DualTarget), ..tuning() };
            dual.fit(&abilities, &Connected::new()).map(drop).map_err(|unfit| unfit.to_string())
        };
        assert!(fit(1, Dialect::Standard).unwrap_err().ends_with("this one is of another maker"));
        assert!(fit(25882, Dialect::Standard).unwrap_err().ends_with("its extensions are off"));
        assert_eq!(fit(25882, Dialect::Impinj), Ok(()));
        assert_eq!(fit(161, Dialect::Zebra), Ok(()));
    }
}
