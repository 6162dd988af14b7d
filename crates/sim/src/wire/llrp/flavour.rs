//! Whose reader it resembles, and what that one can do.

use pandian_llrp::message::{GetReaderCapabilities, GetReaderCapabilitiesResponse, ReaderCapabilitiesRequest};
use pandian_llrp::parameter::air_protocol::{
    C1g2LlrpCapabilities, C1g2RfModeTable, C1g2RfModeTableEntry, ForwardLinkModulation, Modulation, RfModeFlags, SpectralMask,
};
use pandian_llrp::parameter::capabilities::{
    AirProtocol, CommunicationsStandard, DeviceFlags, FixedFrequencyTable, FrequencyHopTable, FrequencyInformation,
    GeneralDeviceCapabilities, GpioCapabilities, LlrpCapabilities, LlrpFlags, PerAntennaAirProtocol, ReceiveSensitivityTableEntry,
    RegulatoryCapabilities, TransmitPowerLevelTableEntry, UhfBandCapabilities,
};
use pandian_llrp::parameter::status::LlrpStatus;
use pandian_llrp::wire::Parameter;
use pandian_llrp::{RawParameter, Version, impinj, zebra};
use schemars::JsonSchema;
use serde::Deserialize;

use super::status::{Wrong, known_only};
use super::{LlrpReaderSpec, antennas};

/// The most ROSpecs at a time.
pub(super) const ROSPECS: usize = 16;
/// The most specs in an ROSpec.
pub(super) const SPECS: usize = 16;
/// The most inventory parameter specs in an AISpec.
pub(super) const INVENTORY_PARAMETER_SPECS: usize = 4;
/// The most AccessSpecs at a time.
pub(super) const ACCESS_SPECS: usize = 16;
/// The only hop table, where there is hopping.
pub(super) const HOP_TABLE: u8 = 1;
/// What a reader can just hear at its best sensitivity, in dBm.
pub(super) const FLOOR_DBM: f64 = -80.0;

/// Whose reader it resembles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flavour {
    /// Nobody's: the standard in its versions 1.0.1 and 1.1, European frequencies to choose from.
    #[default]
    Generic,
    /// Impinj's: version 1.0.1, American frequencies hopped over, and Impinj's extensions once a client has enabled them.
    Impinj,
    /// Zebra's: version 1.0.1, American frequencies hopped over, Zebra's extensions, and reports without a tag in them.
    Zebra,
}

/// An RF mode: id, divide ratio is 64/3, modulation, mask, data rate, shortest and longest Tari.
type Mode = (u32, bool, Modulation, SpectralMask, u32, u32, u32);

impl Flavour {
    /// The highest version that it speaks.
    pub(super) fn version(self) -> Version {
        if self == Self::Generic { Version::V1_1 } else { Version::V1_0_1 }
    }

    /// The vendor whose parameters it takes.
    pub(super) fn vendor(self) -> Option<u32> {
        match self {
            Self::Generic => None,
            Self::Impinj => Some(impinj::VENDOR),
            Self::Zebra => Some(zebra::VENDOR),
        }
    }

    /// What it can send with, weakest first, in hundredths of a dBm. The index of the first one is 1.
    fn powers(self) -> impl Iterator<Item = i16> {
        let (least, most, step) = match self {
            Self::Generic => (1_000, 3_000, 100),
            Self::Impinj => (1_000, 3_000, 25),
            Self::Zebra => (1_000, 3_000, 10),
        };
        (least..=most).step_by(step)
    }

    /// The index of the highest power.
    pub(super) fn highest_power(self) -> u16 {
        u16::try_from(self.powers().count()).unwrap_or(u16::MAX)
    }

    /// How much weaker than at the highest power tags answer, in dB; none if there is no such index.
    pub(super) fn weaker_by_db(self, power: u16) -> Option<f64> {
        let at = |index: u16| self.powers().nth(usize::from(index.checked_sub(1)?));
        Some(f64::from(at(self.highest_power())? - at(power)?) / 100.0)
    }

    /// The sensitivities in dB above the best one. The index of the first one is 1.
    fn sensitivities(self) -> impl Iterator<Item = i16> {
        std::iter::once(0).chain((10..=50).filter(move |_| self == Self::Impinj))
    }

    /// The weakest signal that is heard at a sensitivity, in dBm; none if there is no such index.
    pub(super) fn floor_dbm(self, sensitivity: u16) -> Option<f64> {
        self.sensitivities().nth(usize::from(sensitivity.checked_sub(1)?)).map(|above| FLOOR_DBM + f64::from(above))
    }

    /// Whether it hops from frequency to frequency.
    pub(super) fn hops(self) -> bool {
        self != Self::Generic
    }

    /// Its frequencies in kHz, in the order of the table.
    pub(super) fn frequencies(self) -> Vec<u32> {
        if self.hops() {
            // Fifty channels, each visited once before any comes again: 21 and 50 have no common divisor.
            (0..50).map(|place| 902_750 + 500 * (place * 21 % 50)).collect()
        } else {
            vec![865_700, 866_300, 866_900, 867_500]
        }
    }

    fn modes(self) -> &'static [Mode] {
        use Modulation::{Fm0, Miller2, Miller4, Miller8};
        use SpectralMask::{Dense, Multi, Single, Unknown};
        match self {
            Self::Generic => &[
                (0, false, Fm0, Single, 40_000, 25_000, 25_000),
                (1, true, Miller4, Dense, 64_000, 25_000, 25_000),
                (2, true, Miller8, Dense, 32_000, 25_000, 25_000),
            ],
            Self::Impinj => &[
                (0, true, Fm0, Multi, 640_000, 6_250, 6_250),
                (1, true, Miller2, Multi, 320_000, 6_250, 6_250),
                (2, true, Miller4, Dense, 68_570, 20_000, 20_000),
                (3, true, Miller8, Dense, 21_330, 20_000, 20_000),
                (4, true, Miller4, Multi, 170_670, 7_140, 7_140),
                (1000, true, Fm0, Unknown, 40_000, 6_250, 6_250),
                (1002, true, Fm0, Unknown, 40_000, 6_250, 6_250),
            ],
            Self::Zebra => &[
                (0, false, Fm0, Single, 40_000, 12_500, 25_000),
                (1, true, Miller2, Multi, 128_000, 12_500, 25_000),
                (21, true, Miller4, Dense, 64_000, 25_000, 25_000),
                (23, true, Fm0, Unknown, 640_000, 6_250, 6_250),
            ],
        }
    }

    /// Whether there is such an RF mode.
    pub(super) fn has_mode(self, mode: u16) -> bool {
        self.modes().iter().any(|(id, ..)| *id == u32::from(mode))
    }

    /// The model's name and its firmware's version.
    fn model(self) -> (u32, &'static str) {
        match self {
            Self::Generic => (1, "1.0.0"),
            Self::Impinj => (2_001_002, "5.14.0.240"),
            Self::Zebra => (96_008, "3.10.30.0"),
        }
    }
}

/// Answers GET_READER_CAPABILITIES.
pub(super) fn capabilities(
    spec: &LlrpReaderSpec,
    vendor: Option<u32>,
    asked: &GetReaderCapabilities,
) -> Result<GetReaderCapabilitiesResponse, Wrong> {
    use ReaderCapabilitiesRequest::{AirProtocol, All, GeneralDevice, Llrp, Regulatory};
    known_only(&asked.extensions, vendor)?;
    if matches!(asked.requested, ReaderCapabilitiesRequest::Unlisted(_)) {
        return Err(Wrong::invalid(0, "no such part of the capabilities"));
    }
    let wants = |part| asked.requested == All || asked.requested == part;
    Ok(GetReaderCapabilitiesResponse {
        status: LlrpStatus::success(),
        general: wants(GeneralDevice).then(|| general(spec)),
        llrp: wants(Llrp).then(llrp),
        regulatory: wants(Regulatory).then(|| regulatory(spec.flavour)),
        air_protocol: wants(AirProtocol).then(C1g2LlrpCapabilities::default),
        extensions: if asked.extensions.is_empty() { Vec::new() } else { extensions(spec, &asked.extensions) },
    })
}

fn general(spec: &LlrpReaderSpec) -> GeneralDeviceCapabilities {
    let (model, firmware) = spec.flavour.model();
    let antennas = antennas(spec);
    let protocols = |antenna| PerAntennaAirProtocol { antenna, protocols: vec![AirProtocol::EpcGlobalClass1Gen2] };
    GeneralDeviceCapabilities {
        max_antennas: antennas,
        flags: DeviceFlags::NONE.with(DeviceFlags::HAS_UTC_CLOCK, spec.started_at.is_some()),
        manufacturer: spec.flavour.vendor().unwrap_or_default(),
        model,
        firmware: firmware.into(),
        receive_sensitivities: (1..)
            .zip(spec.flavour.sensitivities())
            .map(|(index, sensitivity_db)| ReceiveSensitivityTableEntry { index, sensitivity_db })
            .collect(),
        gpio: GpioCapabilities::default(),
        air_protocols: (1..=antennas).map(protocols).collect(),
        ..GeneralDeviceCapabilities::default()
    }
}

fn llrp() -> LlrpCapabilities {
    LlrpCapabilities {
        flags: LlrpFlags::SUPPORTS_EVENT_AND_REPORT_HOLDING,
        max_rospecs: ROSPECS as u32,
        max_specs_per_rospec: SPECS as u32,
        max_inventory_parameter_specs_per_aispec: INVENTORY_PARAMETER_SPECS as u32,
        max_access_specs: ACCESS_SPECS as u32,
        max_op_specs_per_access_spec: 8,
        ..LlrpCapabilities::default()
    }
}

fn regulatory(flavour: Flavour) -> RegulatoryCapabilities {
    let (country, standard) =
        if flavour.hops() { (840, CommunicationsStandard::UsFccPart15) } else { (276, CommunicationsStandard::Etsi302208) };
    let (mut hop_tables, mut fixed_table) = (Vec::new(), None);
    let khz = flavour.frequencies();
    if flavour.hops() {
        hop_tables.push(FrequencyHopTable { id: HOP_TABLE, khz });
    } else {
        fixed_table = Some(FixedFrequencyTable { khz });
    }
    let entry = |&(id, ratio, modulation, spectral_mask, data_rate, min_tari_ns, max_tari_ns): &Mode| C1g2RfModeTableEntry {
        id,
        flags: RfModeFlags::NONE.with(RfModeFlags::DIVIDE_RATIO_64_3, ratio),
        modulation,
        forward_link_modulation: ForwardLinkModulation::PrAsk,
        spectral_mask,
        data_rate,
        pie_ratio: 1_500,
        min_tari_ns,
        max_tari_ns,
        step_tari_ns: 0,
    };
    let band = UhfBandCapabilities {
        transmit_powers: (1..).zip(flavour.powers()).map(|(index, centi_dbm)| TransmitPowerLevelTableEntry { index, centi_dbm }).collect(),
        frequencies: FrequencyInformation { hopping: flavour.hops(), hop_tables, fixed_table, ..FrequencyInformation::default() },
        rf_mode_tables: vec![C1g2RfModeTable { entries: flavour.modes().iter().map(entry).collect(), ..C1g2RfModeTable::default() }],
        ..UhfBandCapabilities::default()
    };
    RegulatoryCapabilities { country, standard, uhf_band: Some(band), ..RegulatoryCapabilities::default() }
}

/// What a vendor tells beyond the standard, when it is asked for it.
fn extensions(spec: &LlrpReaderSpec, asked: &[RawParameter]) -> Vec<RawParameter> {
    match spec.flavour {
        Flavour::Generic => Vec::new(),
        Flavour::Impinj => {
            use impinj::RequestedDataType::{AllCapabilities, DetailedVersion, FrequencyCapabilities};
            let asked = |part| {
                let mut requests = asked.iter().filter_map(|raw| raw.decode::<impinj::RequestedData>().ok());
                requests.any(|request| [part, AllCapabilities].contains(&request.requested))
            };
            let version = impinj::DetailedVersion {
                model: "Speedway R420".into(),
                serial: format!("sim {}", spec.crane).into(),
                software: spec.flavour.model().1.into(),
                ..impinj::DetailedVersion::default()
            };
            let frequencies = impinj::FrequencyCapabilities { khz: spec.flavour.frequencies(), ..impinj::FrequencyCapabilities::default() };
            let version = asked(DetailedVersion).then(|| custom(&version)).flatten();
            version.into_iter().chain(asked(FrequencyCapabilities).then(|| custom(&frequencies)).flatten()).collect()
        }
        Flavour::Zebra => {
            let general = zebra::GeneralCapabilities { version: 1, ..zebra::GeneralCapabilities::default() };
            let flags = zebra::AdvancedFlags::CAN_REPORT_TAG_PHASE;
            let advanced = zebra::AdvancedCapabilities { version: 1, flags, ..zebra::AdvancedCapabilities::default() };
            custom(&general).into_iter().chain(custom(&advanced)).collect()
        }
    }
}

/// A vendor's parameter as it goes into a message. Those of this reader are short: all of them can be encoded.
pub(super) fn custom(parameter: &impl Parameter) -> Option<RawParameter> {
    RawParameter::of(parameter).ok()
}
