//! Zebra's extensions (formerly Motorola): parameters of vendor 161. They need no enabling.
//!
//! After Zebra's *Interface Control Guide*, which draws some parameters with reserved bytes that are not on the wire. The widths of subtypes
//! 1, 110, 400, 704, 708, 709, 710 and 712 are those in published captures of an FX9600 (firmware 3.32); 50, 703 and 705 are the guide's.
//! Zebra has no counterpart of Impinj's serialized TID (an AccessSpec reads the TID), nor of its RSSI in hundredths.

use crate::wire::{RawRef, bit_set, custom, listed};

/// Zebra's IANA private enterprise number.
pub const VENDOR: u32 = 161;

listed! {
    /// Which of Zebra's capabilities are asked for.
    CapabilitiesRequest: u8 {
        /// All.
        All = 0,
        /// [`GeneralCapabilities`].
        General = 1,
        /// Those of working without a client.
        Autonomous = 2,
        /// Those of tag events.
        TagEvents = 3,
        /// Those of filtering.
        Filtering = 4,
        /// Those of keeping the configuration.
        Persistence = 5,
        /// [`C1g2LlrpCapabilities`].
        C1g2 = 6,
        /// Those of locating tags.
        TagLocating = 7,
        /// The duty cycle of the radio.
        RadioDutyCycle = 8,
        /// Versions.
        Versions = 9,
        /// [`AdvancedCapabilities`].
        Advanced = 10,
    }
    /// What makes the reader go on to the next antenna.
    AntennaStopTrigger: u8 {
        /// A time.
        DwellTime = 0,
        /// So many rounds.
        InventoryCycles = 1,
    }
}

bit_set! {
    /// Flags of [`GeneralCapabilities`].
    GeneralFlags: u8 {
        /// Settings can be asked for.
        CAN_GET_GENERAL_PARAMS = 7,
        /// The part number is told.
        CAN_REPORT_PART_NUMBER = 6,
        /// The radio's version is told.
        CAN_REPORT_RADIO_VERSION = 5,
        /// The radio can be switched off.
        CAN_SUPPORT_RADIO_POWER_STATE = 4,
        /// The radio can be delayed.
        CAN_SUPPORT_RADIO_TRANSMIT_DELAY = 3,
        /// Zebra's own triggers.
        CAN_SUPPORT_ZEBRA_TRIGGER = 2,
    }
    /// Flags of [`AdvancedCapabilities`].
    AdvancedFlags: u8 {
        /// The phase of tags.
        CAN_REPORT_TAG_PHASE = 7,
        /// The place of the reader.
        CAN_REPORT_GPS = 6,
        /// Zones.
        CAN_SUPPORT_ZONES = 5,
        /// RF settings by antenna.
        CAN_SUPPORT_ANTENNA_RF_CONFIG = 4,
        /// Reports in a period.
        CAN_SUPPORT_PERIODIC_TAG_REPORTS = 3,
        /// The battery of a sled.
        CAN_REPORT_SLED_BATTERY = 2,
        /// Logical antennas.
        CAN_SUPPORT_LOGICAL_ANTENNAS = 1,
    }
    /// Flags of [`C1g2LlrpCapabilities`].
    C1g2Flags: u8 {
        /// Block permalock.
        CAN_SUPPORT_BLOCK_PERMALOCK = 7,
        /// Recommissioning.
        CAN_SUPPORT_RECOMMISSIONING = 6,
        /// The user memory indicator.
        CAN_WRITE_UMI = 5,
        /// NXP's commands.
        CAN_SUPPORT_NXP_COMMANDS = 4,
        /// Fujitsu's commands.
        CAN_SUPPORT_FUJITSU_COMMANDS = 3,
        /// Commands of Gen2 version 2.
        CAN_SUPPORT_G2V2_COMMANDS = 2,
    }
    /// What is reported beyond the standard.
    TagReportContent: u32 {
        /// The zone's id.
        ZONE_ID = 31,
        /// The zone's name.
        ZONE_NAME = 30,
        /// The ports behind a logical antenna.
        ANTENNA_PHYSICAL_PORT_CONFIG = 29,
        /// [`TagPhase`].
        PHASE = 28,
        /// The place of the reader.
        GPS = 27,
        /// Where the tag is.
        MLT_REPORT = 26,
    }
    /// Flags of [`AntennaQueryConfig`].
    AntennaQueryFlags: u16 {
        /// Tags with and without SL.
        SL_ALL = 15,
        /// Tags in state A, then in state B, and again.
        AB_FLIP = 14,
    }
}

custom! {
    vendor VENDOR;
    /// What a Zebra reader can do; in GET_READER_CAPABILITIES_RESPONSE.
    GeneralCapabilities = 1 {
        /// Of this parameter.
        version: u32,
        /// What.
        flags: GeneralFlags,
    } + {}
    /// Which of Zebra's capabilities are asked for; in GET_READER_CAPABILITIES.
    GeneralRequestCapabilities = 50 {
        /// Which.
        requested: CapabilitiesRequest,
    } + {}
    /// What else it can do; in GET_READER_CAPABILITIES_RESPONSE.
    AdvancedCapabilities = 110 {
        /// Of this parameter.
        version: u32,
        /// What.
        flags: AdvancedFlags,
    } + {}
    /// What it can do with tags; in GET_READER_CAPABILITIES_RESPONSE.
    C1g2LlrpCapabilities = 400 {
        /// Of this parameter.
        version: u32,
        /// What.
        flags: C1g2Flags,
    } + {}
    /// How an antenna is used; in a C1G2 inventory command.
    AntennaConfig = 703 {} + {
        /// What makes the reader go on to the next one.
        stop: Option<AntennaStopCondition>,
        /// The ports behind it.
        ports: Option<AntennaPhysicalPortConfig>,
        /// Which tags are read, and how often: what Impinj calls search mode.
        query: Option<AntennaQueryConfig>,
    }
    /// What makes the reader go on to the next antenna.
    AntennaStopCondition = 704 {
        /// What.
        trigger: AntennaStopTrigger,
        /// The time in ms, or the rounds.
        value: u16,
    } + {}
    /// The ports behind a logical antenna.
    AntennaPhysicalPortConfig = 705 {
        /// The port that sends.
        transmit: u16,
        /// The port that listens.
        receive: u16,
    } + {}
    /// What is reported beyond the standard; in an ROReportSpec.
    TagReportContentSelector = 708 {
        /// What.
        flags: TagReportContent,
    } + {}
    /// The phase of the tag's answer; in a tag report.
    TagPhase = 709 {
        /// -32768 to 32767 for -π to π.
        phase: i16,
    } + {}
    /// Which tags are read, and how often.
    AntennaQueryConfig = 710 {
        /// Which.
        flags: AntennaQueryFlags,
    } + {}
    /// Whether the tag is of the brand that was asked for; in a tag report.
    BrandIdCheckStatus = 712 {
        /// 0 it is not, 1 it is.
        status: u8,
    } + {}
}

/// What Zebra reports of a tag beyond the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagDetails {
    /// The phase of the tag's answer: -32768 to 32767 for -π to π.
    pub phase: Option<i16>,
}

impl TagDetails {
    pub(crate) fn of<'a>(parameters: impl Iterator<Item = RawRef<'a>>) -> Self {
        let mut customs = parameters.filter_map(|raw| raw.custom()).filter(|(vendor, ..)| *vendor == VENDOR);
        let phase = customs.find(|(_, subtype, _)| *subtype == 709).and_then(|(.., data)| data.first_chunk().copied());
        Self { phase: phase.map(i16::from_be_bytes) }
    }

    /// The phase in radians.
    pub fn phase_radians(&self) -> Option<f64> {
        self.phase.map(|phase| f64::from(phase) * std::f64::consts::PI / 32768.0)
    }
}
