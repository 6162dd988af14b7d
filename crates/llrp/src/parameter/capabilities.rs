//! What a reader can do (1.0.1 section 16.2.3).

use super::air_protocol::{C1g2RfModeTable, C1g2RfModeTableEntry};
use crate::wire::{Text, bit_set, listed, tlv};

listed! {
    /// The air protocol between reader and tags.
    AirProtocol: u8 {
        /// Whichever the reader takes.
        Unspecified = 0,
        /// EPCglobal UHF Class 1 Generation 2.
        EpcGlobalClass1Gen2 = 1,
    }
    /// The regulation that a reader follows.
    CommunicationsStandard: u16 {
        /// None told.
        Unspecified = 0,
        /// US FCC part 15.
        UsFccPart15 = 1,
        /// ETSI EN 302 208.
        Etsi302208 = 2,
        /// ETSI EN 300 220.
        Etsi300220 = 3,
        /// Australia, LIPD, 1 W.
        AustraliaLipd1W = 4,
        /// Australia, LIPD, 4 W.
        AustraliaLipd4W = 5,
        /// Japan, ARIB STD-T89.
        JapanAribStdT89 = 6,
        /// Hong Kong, OFTA 1049.
        HongKongOfta1049 = 7,
        /// Taiwan, DGT LP0002.
        TaiwanDgtLp0002 = 8,
        /// Korea, MIC article 5-2.
        KoreaMicArticle52 = 9,
    }
}

bit_set! {
    /// Flags of [`GeneralDeviceCapabilities`].
    DeviceFlags: u16 {
        /// Antenna properties can be set.
        CAN_SET_ANTENNA_PROPERTIES = 15,
        /// There is a clock: timestamps are UTC.
        HAS_UTC_CLOCK = 14,
    }
    /// Flags of [`LlrpCapabilities`].
    LlrpFlags: u8 {
        /// RF surveys.
        CAN_DO_RF_SURVEY = 7,
        /// A warning before the report buffer is full.
        CAN_REPORT_BUFFER_FILL_WARNING = 6,
        /// Asks the client what to do with a tag.
        SUPPORTS_CLIENT_REQUEST_OP_SPEC = 5,
        /// Singulation by the tag's inventoried state.
        CAN_DO_TAG_INVENTORY_STATE_AWARE_SINGULATION = 4,
        /// Events and reports are held while no client is there.
        SUPPORTS_EVENT_AND_REPORT_HOLDING = 3,
    }
}

tlv! {
    /// The device itself.
    GeneralDeviceCapabilities = 137 {
        /// Antennas it can have.
        max_antennas: u16,
        /// What it can do.
        flags: DeviceFlags,
        /// The maker's IANA private enterprise number: 25882 Impinj, 161 Zebra.
        manufacturer: u32,
        /// The maker's number for the model.
        model: u32,
        /// The firmware's version.
        firmware: Text,
    } + {
        /// Sensitivities that [`super::configuration::RfReceiver`] picks from.
        receive_sensitivities: Vec<ReceiveSensitivityTableEntry>,
        /// Which of them an antenna has.
        receive_sensitivity_ranges: Vec<PerAntennaReceiveSensitivityRange>,
        /// General-purpose inputs and outputs.
        gpio: GpioCapabilities,
        /// The air protocols of each antenna.
        air_protocols: Vec<PerAntennaAirProtocol>,
        /// What sensitivities count from (1.1).
        max_receive_sensitivity: Option<MaximumReceiveSensitivity>,
    }
    /// The best sensitivity of the receiver (1.1).
    MaximumReceiveSensitivity = 363 {
        /// In dBm.
        dbm: i16,
    }
    /// One sensitivity.
    ReceiveSensitivityTableEntry = 139 {
        /// Its index, from 1.
        index: u16,
        /// In dB above the best one; 0 is the best.
        sensitivity_db: i16,
    }
    /// The sensitivities of one antenna.
    PerAntennaReceiveSensitivityRange = 149 {
        /// The antenna, from 1.
        antenna: u16,
        /// The first index.
        index_min: u16,
        /// The last index.
        index_max: u16,
    }
    /// The air protocols of one antenna.
    PerAntennaAirProtocol = 140 {
        /// The antenna, from 1.
        antenna: u16,
        /// The protocols.
        protocols: Vec<AirProtocol>,
    }
    /// General-purpose inputs and outputs.
    GpioCapabilities = 141 {
        /// Inputs.
        inputs: u16,
        /// Outputs.
        outputs: u16,
    }
    /// How much of LLRP there is. A maximum of 0 means that none is told.
    LlrpCapabilities = 142 {
        /// What it can do.
        flags: LlrpFlags,
        /// Priorities beside 0, up to 7.
        max_priority_levels: u8,
        /// How long it waits for the client to say what to do with a tag, in ms.
        client_request_op_spec_timeout_ms: u16,
        /// ROSpecs at a time.
        max_rospecs: u32,
        /// Specs in an ROSpec.
        max_specs_per_rospec: u32,
        /// Inventory parameter specs in an AISpec.
        max_inventory_parameter_specs_per_aispec: u32,
        /// AccessSpecs at a time.
        max_access_specs: u32,
        /// Operations in an AccessSpec.
        max_op_specs_per_access_spec: u32,
    }
    /// What the regulation allows.
    RegulatoryCapabilities = 143 {
        /// ISO 3166 numeric code.
        country: u16,
        /// The regulation.
        standard: CommunicationsStandard,
    } + {
        /// The UHF band.
        uhf_band: Option<UhfBandCapabilities>,
    }
    /// Powers, frequencies and modes in the UHF band.
    UhfBandCapabilities = 144 {} + {
        /// Powers that [`super::configuration::RfTransmitter`] picks from.
        transmit_powers: Vec<TransmitPowerLevelTableEntry>,
        /// Frequencies.
        frequencies: FrequencyInformation,
        /// Modes that [`super::air_protocol::C1g2RfControl`] picks from.
        rf_mode_tables: Vec<C1g2RfModeTable>,
        /// What an RF survey can listen to (1.1).
        survey_frequencies: Option<RfSurveyFrequencyCapabilities>,
    }
    /// One power.
    TransmitPowerLevelTableEntry = 145 {
        /// Its index. Indices may begin anywhere and have gaps.
        index: u16,
        /// In hundredths of a dBm.
        centi_dbm: i16,
    }
    /// The frequencies, either hopped over or chosen from.
    FrequencyInformation = 146 {
        /// Whether it hops: then there are hop tables, else a fixed table.
        hopping: bool,
    } + {
        /// The orders it may hop in.
        hop_tables: Vec<FrequencyHopTable>,
        /// The frequencies that a client may choose.
        fixed_table: Option<FixedFrequencyTable>,
    }
    /// An order to hop in.
    FrequencyHopTable = 147 {
        /// Its id.
        id: u8 [+ 1],
        /// In kHz; the channel index of a report is the place in here, from 1.
        khz: Vec<u32>,
    }
    /// Frequencies to choose from.
    FixedFrequencyTable = 148 {
        /// In kHz; the channel index of a report is the place in here, from 1.
        khz: Vec<u32>,
    }
    /// Frequencies that an RF survey can listen to (1.1).
    RfSurveyFrequencyCapabilities = 365 {
        /// From here, in kHz.
        min_khz: u32,
        /// To here, in kHz.
        max_khz: u32,
    }
}

impl UhfBandCapabilities {
    /// All RF modes.
    pub fn rf_modes(&self) -> impl Iterator<Item = &C1g2RfModeTableEntry> {
        self.rf_mode_tables.iter().flat_map(|table| &table.entries)
    }
}
