//! The `[simulation.radio]` table.

use pandian_devices::settings::Length;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::settings::SettingsError;

/// How the signals of tags travel. The defaults are free space at 1.0 m from the racks.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RadioSettings {
    /// From the antenna to the face of the rack that it is aimed at, straight ahead. Up to 10 m.
    pub standoff: Length,
    /// Tags further away than this are never heard. Up to 20 m.
    pub reach: Length,
    /// The signal of a tag 1 m straight ahead with nothing in between, in dBm.
    pub link_dbm: f64,
    /// The signal at which every second read succeeds, in dBm.
    pub sensitivity_dbm: f64,
    /// A signal falls by ten times this for each tenfold distance, in dB: 2 in free space. 1 to 6.
    pub path_loss_exponent: f64,
    /// Where a second slope begins; none: there is only one.
    pub breakpoint: Option<Length>,
    /// The exponent beyond the break point. 1 to 6.
    pub far_exponent: f64,
    /// How the antenna's gain falls off its axis.
    pub pattern: Pattern,
    /// The angle between the directions where the gain is half of the highest, in degrees. 10 to 150.
    pub beam_width_deg: f64,
    /// How much less a signal is heard from behind the antenna than from ahead, in dB. 0 to 60.
    pub front_to_back_db: f64,
    /// What each metre of goods and rack in the way takes, in dB. 0 to 30.
    pub load_db_per_m: f64,
    /// Whether the right rack of an aisle stands back to back with the left rack of the next.
    pub back_rack: bool,
    /// What the posts and bracing between two such racks take, in dB. 0 to 60.
    pub back_rack_db: f64,
    /// How much tags differ in strength: standard deviation over the tags, in dB. 0 to 20.
    pub tag_spread_db: f64,
    /// How much metal and goods change a signal from place to place: standard deviation over pairs of tag and antenna position, in dB.
    /// 0 to 20.
    pub shadowing_db: f64,
    /// How shadowing is distributed.
    pub shadowing_tails: Tails,
    /// How much the reads of one inventory differ: standard deviation, in dB. 0 to 10.
    pub read_noise_db: f64,
    /// Share of the tags that are never read: dead, or on metal. 0 to 1.
    pub unread: f64,
}

/// How an antenna's gain falls off its axis. All fall by 3 dB at half the beam width, and nowhere by more than `front_to_back_db`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// A power of the angle's cosine: a patch antenna.
    Cosine,
    /// In dB with the square of the angle.
    Gaussian,
    /// In dB with the fourth power of the angle: even within the beam, steep at its edge.
    FlatTop,
}

/// A distribution of shadowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tails {
    /// Normal.
    Normal,
    /// Laplace: far-off values are more frequent.
    Laplace,
}

impl Default for RadioSettings {
    fn default() -> Self {
        Self {
            standoff: Length(1.0),
            reach: Length(5.5),
            link_dbm: -47.0,
            sensitivity_dbm: -66.0,
            path_loss_exponent: 2.0,
            breakpoint: None,
            far_exponent: 4.0,
            pattern: Pattern::Cosine,
            beam_width_deg: 70.0,
            front_to_back_db: 22.0,
            load_db_per_m: 6.0,
            back_rack: true,
            back_rack_db: 6.0,
            tag_spread_db: 4.0,
            shadowing_db: 4.0,
            shadowing_tails: Tails::Normal,
            read_noise_db: 0.7,
            unread: 0.003,
        }
    }
}

impl RadioSettings {
    /// Another law than the default one, with about as many strays: a crowded aisle where signals fall faster, and faster still
    /// beyond a few metres, behind a Gaussian beam, with outliers among the shadows and other tags. What is tuned in free space is to
    /// be tried here.
    pub fn crowded() -> Self {
        Self {
            link_dbm: -45.2,
            path_loss_exponent: 2.6,
            breakpoint: Some(Length(3.0)),
            far_exponent: 3.5,
            pattern: Pattern::Gaussian,
            beam_width_deg: 72.0,
            front_to_back_db: 23.0,
            load_db_per_m: 6.5,
            back_rack_db: 2.0,
            tag_spread_db: 3.0,
            shadowing_tails: Tails::Laplace,
            ..Self::default()
        }
    }

    /// Checks the ranges.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let within = |field: &str, value: f64, [least, most]: [f64; 2], unit: &str| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(SettingsError::new(format!("radio.{field}"), format!("{value}{unit} is not from {least}{unit} to {most}{unit}")))
        };
        within("standoff", self.standoff.0, [0.1, 10.0], "m")?;
        within("reach", self.reach.0, [0.5, 20.0], "m")?;
        if self.reach < self.standoff {
            return Err(SettingsError::new("radio.reach", "the antenna reaches no rack: `reach` is at least `standoff`"));
        }
        within("link_dbm", self.link_dbm, [-120.0, 30.0], "")?;
        within("sensitivity_dbm", self.sensitivity_dbm, [-120.0, 30.0], "")?;
        within("path_loss_exponent", self.path_loss_exponent, [1.0, 6.0], "")?;
        within("far_exponent", self.far_exponent, [1.0, 6.0], "")?;
        within("beam_width_deg", self.beam_width_deg, [10.0, 150.0], "")?;
        within("front_to_back_db", self.front_to_back_db, [0.0, 60.0], "")?;
        within("load_db_per_m", self.load_db_per_m, [0.0, 30.0], "")?;
        within("back_rack_db", self.back_rack_db, [0.0, 60.0], "")?;
        within("tag_spread_db", self.tag_spread_db, [0.0, 20.0], "")?;
        within("shadowing_db", self.shadowing_db, [0.0, 20.0], "")?;
        within("read_noise_db", self.read_noise_db, [0.0, 10.0], "")?;
        within("unread", self.unread, [0.0, 1.0], "")
    }
}
