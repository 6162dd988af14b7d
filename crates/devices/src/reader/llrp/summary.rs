//! What a reader is and can do, and whether it can do what it is asked for, in one line. Pure.

use std::collections::BTreeSet;

use pandian_llrp::Version;

use super::abilities::{Abilities, Connected, Dialect, Presence};
use super::settings::LlrpReaderSettings;
use super::trouble::Trouble;
use super::tuning::listed;

/// The line.
///
/// # Errors
/// What of the settings the reader cannot do.
pub(super) fn of(abilities: &Abilities, connected: &Connected, settings: &LlrpReaderSettings) -> Result<String, Trouble> {
    let (mut powers, mut modes) = (BTreeSet::new(), BTreeSet::new());
    for tuning in settings.every_tuning() {
        let tuned = tuning.fit(abilities, connected)?;
        powers.extend(tuned.power.map(|power| power.centi_dbm));
        modes.extend(tuned.mode);
    }
    let version = match abilities.version {
        Version::V1_0_1 => "1.0.1",
        Version::V1_1 => "1.1",
        Version::V2_0 => "2.0",
    };
    let mut parts = vec![abilities.name(), format!("LLRP {version}"), antennas(abilities, connected)];
    if let Some([lowest, highest]) = abilities.power_range() {
        let used: Vec<f64> = powers.iter().map(|power| f64::from(*power) / 100.0).collect();
        parts.push(format!("{} to {} dBm, sends with {}", lowest.dbm(), highest.dbm(), listed(&used)));
    }
    if !abilities.modes.is_empty() {
        let used: Vec<u16> = modes.into_iter().collect();
        parts.push(format!("modes {}, reads with {}", listed(&abilities.modes), listed(&used)));
    }
    match abilities.dialect {
        Dialect::Standard => {}
        Dialect::Impinj => parts.push("Impinj's extensions".to_owned()),
        Dialect::Zebra => parts.push("Zebra's extensions".to_owned()),
    }
    Ok(parts.join("; "))
}

fn antennas(abilities: &Abilities, connected: &Connected) -> String {
    let there: Vec<u16> = connected.iter().filter(|(_, presence)| **presence == Presence::There).map(|(antenna, _)| *antenna).collect();
    let most = if abilities.antennas > 0 { format!(" of {}", abilities.antennas) } else { String::new() };
    match (connected.is_empty(), there.is_empty()) {
        (true, _) => format!("antennas: it does not tell which{most} are connected"),
        (false, true) => format!("antennas: none{most} connected"),
        (false, false) => format!("antennas {}{most} connected", listed(&there)),
    }
}
