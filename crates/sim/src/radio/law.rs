//! How signals fall on their way: the part without chance.

use super::geometry::Ray;
use super::settings::{Pattern, RadioSettings};

/// What a pattern falls by at half the beam width, in dB: half the power.
const HALF_POWER_DB: f64 = 3.0103;

/// The mean signal of a usual tag at the end of a ray, in dBm.
pub(super) fn signal_dbm(settings: &RadioSettings, ray: &Ray) -> f64 {
    let back_db = if ray.through_back { settings.back_rack_db } else { 0.0 };
    settings.link_dbm
        - path_loss_db(settings, ray.length_m)
        - off_axis_db(settings, ray.angle_deg)
        - settings.load_db_per_m * ray.inside_m
        - back_db
}

/// The chance that a read at that signal succeeds: a logistic of one dB around the sensitivity.
pub(super) fn read_chance(settings: &RadioSettings, signal_dbm: f64) -> f64 {
    1.0 / (1.0 + (settings.sensitivity_dbm - signal_dbm).exp())
}

/// Compared with one metre.
fn path_loss_db(settings: &RadioSettings, length_m: f64) -> f64 {
    let near_m = settings.breakpoint.map_or(length_m, |breakpoint| length_m.min(breakpoint.0));
    10.0 * (settings.path_loss_exponent * near_m.log10() + settings.far_exponent * (length_m / near_m).log10())
}

/// Compared with the antenna's axis.
fn off_axis_db(settings: &RadioSettings, angle_deg: f64) -> f64 {
    if angle_deg >= 90.0 {
        return settings.front_to_back_db;
    }
    let half_deg = settings.beam_width_deg / 2.0;
    let falls_by = match settings.pattern {
        Pattern::Cosine => angle_deg.to_radians().cos().ln() / half_deg.to_radians().cos().ln(),
        Pattern::Gaussian => (angle_deg / half_deg).powi(2),
        Pattern::FlatTop => (angle_deg / half_deg).powi(4),
    };
    (HALF_POWER_DB * falls_by).min(settings.front_to_back_db)
}

#[cfg(test)]
mod tests {
    use pandian_devices::settings::Length;

    use super::*;

    #[test]
    fn every_pattern_has_half_its_power_at_half_the_beam_width_and_ends_at_the_front_to_back_ratio() {
        for pattern in [Pattern::Cosine, Pattern::Gaussian, Pattern::FlatTop] {
            for beam_width_deg in [10.0, 70.0, 150.0] {
                let settings = RadioSettings { pattern, beam_width_deg, front_to_back_db: 20.0, ..RadioSettings::default() };
                assert_eq!(off_axis_db(&settings, 0.0), 0.0);
                assert!((off_axis_db(&settings, beam_width_deg / 2.0) - HALF_POWER_DB).abs() < 1e-9);
                assert_eq!(off_axis_db(&settings, 90.0), 20.0);
                assert_eq!(off_axis_db(&settings, 180.0), 20.0);
                let losses: Vec<f64> = (0..=180).map(|angle| off_axis_db(&settings, angle.into())).collect();
                assert!(losses.is_sorted(), "{losses:?}");
            }
        }
    }

    #[test]
    fn twice_the_distance_costs_6_db_in_free_space_and_more_beyond_a_break_point() {
        let free = RadioSettings::default();
        assert!((path_loss_db(&free, 4.0) - path_loss_db(&free, 2.0) - 6.02).abs() < 0.01);
        let broken = RadioSettings { breakpoint: Some(Length(2.0)), far_exponent: 4.0, ..free.clone() };
        assert_eq!(path_loss_db(&broken, 2.0), path_loss_db(&free, 2.0));
        assert!((path_loss_db(&broken, 4.0) - path_loss_db(&broken, 2.0) - 12.04).abs() < 0.01);
    }

    #[test]
    fn every_second_read_succeeds_at_the_sensitivity() {
        let settings = RadioSettings::default();
        assert_eq!(read_chance(&settings, settings.sensitivity_dbm), 0.5);
        assert!(read_chance(&settings, settings.sensitivity_dbm + 6.0) > 0.99);
        assert!(read_chance(&settings, settings.sensitivity_dbm - 6.0) < 0.01);
    }
}
