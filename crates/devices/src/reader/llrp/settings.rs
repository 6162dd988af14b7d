//! The settings of a reader of kind `llrp`, and what they mean at a location.

use std::time::Duration;

use pandian_domain::{LocationCode, Place, Side};
use schemars::JsonSchema;
use serde::Deserialize;

use super::address::ReaderAddress;
use super::antennas::{AntennaList, Antennas};
use super::tuning::Tuning;
use crate::settings::Period;
use crate::tls::TlsSettings;

/// Settings of a tag reader of kind `llrp`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlrpReaderSettings {
    /// Where the reader is: `host`, `host:port` or `[IPv6]:port`. The port is 5084 unless given, with TLS 5085.
    pub address: ReaderAddress,
    /// Encryption, and how the reader is recognised. Without it the connection is plain.
    pub tls: Option<TlsSettings>,
    /// The antennas to read with, from 1: a list, or one for either side of the aisle as `{ L = [1], R = [2] }`. All connected ones
    /// unless given.
    pub antennas: Option<Antennas>,
    /// Transmit power in dBm, rounded down to a step that the reader has. Its highest unless given.
    pub power_dbm: Option<f64>,
    /// The session of the inventory, 0 to 3: 1 unless given.
    #[serde(default = "session")]
    #[schemars(range(max = 3))]
    pub session: u8,
    /// Which tags answer, and how often: by the extensions of Impinj and Zebra. As the reader likes unless given.
    pub search: Option<Search>,
    /// The RF mode, by its id in the reader's own table. Unless given an automatic one, or the first.
    pub mode: Option<u16>,
    /// How many tags are expected around a location: 32 unless given.
    #[serde(default = "population")]
    #[schemars(range(min = 1))]
    pub population: u16,
    /// How long one inventory takes at most: 2s unless given.
    #[serde(default = "dwell")]
    pub dwell: Period,
    /// An inventory ends early once no tag was heard for so long. Never early unless given.
    pub quiet: Option<Period>,
    /// Whether the extensions of a vendor that is known are used: `auto` unless given.
    #[serde(default)]
    pub vendor: VendorExtensions,
    /// How often the reader shows that it is alive: 5s unless given. After three silent periods the connection is made anew.
    #[serde(default = "keepalive")]
    pub keepalive: Period,
    /// Whether tags of other locations are heard too, so that tags have to be attributed to theirs: true unless given.
    #[serde(default = "strays")]
    pub strays: bool,
    /// What differs at some locations. Of each setting the first entry counts that matches the location and has it.
    #[serde(default)]
    pub at: Vec<Elsewhere>,
}

/// Which tags answer, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// Each once for the session.
    SingleTarget,
    /// Each again and again.
    DualTarget,
    /// As the reader likes.
    ReaderSelected,
}

/// Whether a vendor's extensions are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VendorExtensions {
    /// Those of Impinj and Zebra readers.
    #[default]
    Auto,
    /// None.
    Off,
}

/// Settings that differ at some locations: those that match everything that is given of `locations`, `side` and `levels`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// The codes of the locations.
    pub locations: Option<Vec<String>>,
    /// The side of the aisle.
    pub side: Option<SideLetter>,
    /// The lowest and the highest level.
    pub levels: Option<[u32; 2]>,
    /// The antennas to read with there.
    pub antennas: Option<AntennaList>,
    /// Transmit power there, in dBm.
    pub power_dbm: Option<f64>,
    /// The session there.
    #[schemars(range(max = 3))]
    pub session: Option<u8>,
    /// The RF mode there, by its id in the reader's own table.
    pub mode: Option<u16>,
    /// How long an inventory takes there at most.
    pub dwell: Option<Period>,
    /// The quiet time there; 0s is none.
    pub quiet: Option<Period>,
}

/// A side of the aisle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SideLetter {
    /// Left.
    L,
    /// Right.
    R,
}

fn session() -> u8 {
    1
}

fn population() -> u16 {
    32
}

fn dwell() -> Period {
    Period::from_millis(2000)
}

fn keepalive() -> Period {
    Period::from_millis(5000)
}

fn strays() -> bool {
    true
}

/// The bounds of durations. A quiet time has 16 bits of milliseconds on the wire.
const DWELL: [Period; 2] = [Period::from_millis(50), Period::from_millis(600_000)];
const QUIET: [Period; 2] = [Period::from_millis(10), Period::from_millis(65_000)];
const KEEPALIVE: [Period; 2] = [Period::from_millis(200), Period::from_millis(300_000)];

impl Elsewhere {
    fn matches(&self, location: &LocationCode, place: Option<Place>) -> bool {
        let side = |side: SideLetter| place.is_some_and(|place| place.side == side.side());
        let levels = |[from, to]: [u32; 2]| place.is_some_and(|place| (from..=to).contains(&place.level));
        self.locations.as_ref().is_none_or(|codes| codes.iter().any(|code| code == location.as_str()))
            && self.side.is_none_or(side)
            && self.levels.is_none_or(levels)
    }
}

impl SideLetter {
    fn side(self) -> Side {
        match self {
            Self::L => Side::Left,
            Self::R => Side::Right,
        }
    }
}

impl LlrpReaderSettings {
    /// How the reader is tuned at a location.
    pub(super) fn tuning(&self, location: &LocationCode, place: Option<Place>) -> Tuning {
        self.tuned(place.map(|place| place.side), |elsewhere| elsewhere.matches(location, place))
    }

    /// How the reader is tuned where no location is named: with the antennas of both sides, and nothing that differs.
    pub(super) fn usual_tuning(&self) -> Tuning {
        self.tuned(None, |_| false)
    }

    /// How the reader may be tuned anywhere: on either side, and by each entry of `at`.
    pub(super) fn every_tuning(&self) -> impl Iterator<Item = Tuning> {
        let usual = [Side::Left, Side::Right].map(|side| self.tuned(Some(side), |_| false));
        usual
            .into_iter()
            .chain(self.at.iter().map(|elsewhere| self.tuned(elsewhere.side.map(SideLetter::side), |it| std::ptr::eq(it, elsewhere))))
    }

    fn tuned(&self, side: Option<Side>, applies: impl Fn(&Elsewhere) -> bool) -> Tuning {
        fn first<'a, T>(
            entries: &'a [Elsewhere],
            applies: impl Fn(&Elsewhere) -> bool,
            pick: impl Fn(&'a Elsewhere) -> Option<T>,
        ) -> Option<T> {
            entries.iter().filter(|entry| applies(entry)).find_map(pick)
        }
        let at = &self.at;
        let antennas = first(at, &applies, |entry| entry.antennas.as_ref().map(|list| list.as_slice().to_vec()));
        Tuning {
            antennas: antennas.or_else(|| self.antennas.as_ref().map(|antennas| antennas.of(side))),
            power_dbm: first(at, &applies, |entry| entry.power_dbm).or(self.power_dbm),
            session: first(at, &applies, |entry| entry.session).unwrap_or(self.session),
            search: self.search,
            mode: first(at, &applies, |entry| entry.mode).or(self.mode),
            population: self.population,
            dwell: first(at, &applies, |entry| entry.dwell).unwrap_or(self.dwell).0,
            quiet: first(at, &applies, |entry| entry.quiet).or(self.quiet).map(|quiet| quiet.0).filter(|quiet| !quiet.is_zero()),
        }
    }

    /// The longest that an inventory may take anywhere.
    pub(super) fn longest_dwell(&self) -> Duration {
        self.at.iter().filter_map(|entry| entry.dwell).fold(self.dwell, Period::max).0
    }

    /// What no single field can tell.
    pub(super) fn check_all(&self) -> Result<(), String> {
        if let Some(tls) = &self.tls {
            tls.check()?;
        }
        within("keepalive", self.keepalive, KEEPALIVE)?;
        if self.population == 0 {
            return Err("`population` is how many tags are expected, 1 or more".to_owned());
        }
        self.check_values("", self.power_dbm, Some(self.session), Some(self.dwell), self.quiet)?;
        for (n, entry) in self.at.iter().enumerate() {
            let place = format!("at[{n}].");
            if entry.locations.is_none() && entry.side.is_none() && entry.levels.is_none() {
                return Err(format!("`{place}locations`, `{place}side` or `{place}levels` says where it holds; one of them is wanted"));
            }
            if entry.locations.as_ref().is_some_and(Vec::is_empty) {
                return Err(format!("`{place}locations` names no location: the entry would hold nowhere"));
            }
            if entry.levels.is_some_and(|[from, to]| from > to || from == 0) {
                return Err(format!("`{place}levels` is the lowest and the highest level, from 1: [1, 3]"));
            }
            self.check_values(&place, entry.power_dbm, entry.session, entry.dwell, entry.quiet.filter(|quiet| !quiet.0.is_zero()))?;
        }
        self.every_tuning().try_for_each(|tuning| match tuning.quiet {
            Some(quiet) if quiet >= tuning.dwell => {
                Err(format!("`quiet` ({}) is to end an inventory before its `dwell` ({}) is over", Period(quiet), Period(tuning.dwell)))
            }
            _ => Ok(()),
        })
    }

    fn check_values(
        &self,
        place: &str,
        power: Option<f64>,
        session: Option<u8>,
        dwell: Option<Period>,
        quiet: Option<Period>,
    ) -> Result<(), String> {
        if power.is_some_and(|dbm| !(-50.0..=60.0).contains(&dbm)) {
            return Err(format!("`{place}power_dbm` is a transmit power in dBm, such as 27.5"));
        }
        match session {
            Some(0 | 1) | None => {}
            Some(session @ (2 | 3)) if self.search != Some(Search::DualTarget) => {
                return Err(format!(
                    "`{place}session` {session} silences every tag after its first read, for as long as the reader sends and seconds longer: the next \
                     stop would hear nothing. Use 0 or 1, or add search = \"dual-target\""
                ));
            }
            Some(2 | 3) => {}
            Some(_) => return Err(format!("`{place}session` is 0, 1, 2 or 3")),
        }
        dwell.map_or(Ok(()), |dwell| within(&format!("{place}dwell"), dwell, DWELL))?;
        quiet.map_or(Ok(()), |quiet| within(&format!("{place}quiet"), quiet, QUIET))
    }
}

fn within(setting: &str, value: Period, [least, most]: [Period; 2]) -> Result<(), String> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(format!("`{setting}` is {value}; it is at least {least} and at most {most}")) }
}
