//! Impinj's extensions: messages and parameters of vendor 25882. A reader takes and sends them only after [`EnableExtensions`].
//!
//! As parameters they go into `extensions` by [`RawParameter::of`](crate::RawParameter::of) and come out by
//! [`RawParameter::find`](crate::RawParameter::find).

use crate::message::VendorMessage;
use crate::parameter::access::C1g2Read;
use crate::parameter::status::LlrpStatus;
use crate::wire::{RawRef, Text, custom, listed, structure};

/// Impinj's IANA private enterprise number.
pub const VENDOR: u32 = 25882;

listed! {
    /// Which of Impinj's capabilities or settings are asked for.
    RequestedDataType: u32 {
        /// All capabilities.
        AllCapabilities = 1000,
        /// [`DetailedVersion`].
        DetailedVersion = 1001,
        /// [`FrequencyCapabilities`].
        FrequencyCapabilities = 1002,
        /// What an antenna array can do.
        ArrayCapabilities = 1003,
        /// All settings.
        AllConfiguration = 2000,
        /// [`SubRegulatoryRegion`].
        SubRegulatoryRegion = 2001,
        /// How inputs are debounced.
        GpiDebounceConfiguration = 2003,
        /// [`ReaderTemperature`].
        ReaderTemperature = 2004,
        /// [`LinkMonitorConfiguration`].
        LinkMonitorConfiguration = 2005,
        /// [`ReportBufferConfiguration`].
        ReportBufferConfiguration = 2006,
        /// How operations are run.
        AccessSpecConfiguration = 2007,
    }
    /// Which tags are read, and how often.
    InventorySearchMode: u16 {
        /// As the reader likes.
        ReaderSelected = 0,
        /// Tags in state A; silent for the session once read.
        SingleTarget = 1,
        /// Tags in state A, then in state B, and again.
        DualTarget = 2,
        /// As `SingleTarget`, and tags are kept silent longer (TagFocus).
        SingleTargetWithSuppression = 3,
    }
    /// Whether frequencies are fixed.
    FixedFrequencyMode: u16 {
        /// They are not.
        Disabled = 0,
        /// The reader picks.
        AutoSelect = 1,
        /// Those of the list.
        ChannelList = 2,
    }
    /// Off, or on.
    Switch: u16 {
        /// Off.
        Disabled = 0,
        /// On.
        Enabled = 1,
    }
    /// When reports leave the reader.
    ReportBufferMode: u16 {
        /// Gathered.
        Normal = 0,
        /// At once.
        LowLatency = 1,
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::Enabled } else { Self::Disabled }
    }
}

structure! {
    /// Lets a reader take and send what is in this module. Message of subtype 21.
    EnableExtensions {
        /// 0.
        reserved: u32,
    } + {}
}

structure! {
    /// How it ended. Message of subtype 22.
    EnableExtensionsResponse {} + {
        /// How.
        status: LlrpStatus,
    }
}

structure! {
    /// Keeps the configuration over a restart. Message of subtype 23.
    SaveSettings {
        /// Whether.
        save_configuration: bool,
    } + {}
}

structure! {
    /// How it ended. Message of subtype 24.
    SaveSettingsResponse {} + {
        /// How.
        status: LlrpStatus,
    }
}

macro_rules! vendor_messages {
    ($($name:ident = $subtype:literal,)*) => {$(
        impl VendorMessage for $name {
            const VENDOR: u32 = VENDOR;
            const SUBTYPE: u8 = $subtype;
        }
    )*};
}

vendor_messages! { EnableExtensions = 21, EnableExtensionsResponse = 22, SaveSettings = 23, SaveSettingsResponse = 24, }

custom! {
    vendor VENDOR;
    /// Which of Impinj's capabilities or settings are asked for; in GET_READER_CAPABILITIES and GET_READER_CONFIG.
    RequestedData = 21 {
        /// Which.
        requested: RequestedDataType,
    } + {}
    /// The region's number, by Impinj's table.
    SubRegulatoryRegion = 22 {
        /// The number.
        region: u16,
    } + {}
    /// Which tags are read, and how often; in a C1G2 inventory command.
    SearchMode = 23 {
        /// The mode.
        mode: InventorySearchMode,
    } + {}
    /// Frequencies to stay at; in a C1G2 inventory command.
    FixedFrequencyList = 26 {
        /// Whether.
        mode: FixedFrequencyMode [+ 2],
        /// Places in the table of frequencies, from 1.
        channels: Vec<u16>,
    } + {}
    /// Frequencies with less power; in a C1G2 inventory command.
    ReducedPowerFrequencyList = 27 {
        /// Whether.
        mode: Switch [+ 2],
        /// Places in the table of frequencies, from 1.
        channels: Vec<u16>,
    } + {}
    /// Rests while no tag is there; in a C1G2 inventory command.
    LowDutyCycle = 28 {
        /// Whether.
        mode: Switch,
        /// How long no tag must be there, in ms.
        empty_field_timeout_ms: u16,
        /// How often it looks then, in ms.
        field_ping_interval_ms: u16,
    } + {}
    /// What the reader is; in GET_READER_CAPABILITIES_RESPONSE.
    DetailedVersion = 29 {
        /// The model's name.
        model: Text,
        /// The serial number.
        serial: Text,
        /// The software's version.
        software: Text,
        /// The firmware's version.
        firmware: Text,
        /// The version of the logic.
        fpga: Text,
        /// The version of the board.
        pcba: Text,
    } + {}
    /// All frequencies; in GET_READER_CAPABILITIES_RESPONSE.
    FrequencyCapabilities = 30 {
        /// In kHz.
        khz: Vec<u32>,
    } + {}
    /// How warm the reader is; in GET_READER_CONFIG_RESPONSE.
    ReaderTemperature = 37 {
        /// In °C.
        celsius: i16,
    } + {}
    /// Whether a client that does not answer KEEPALIVE is dropped; in SET_READER_CONFIG.
    LinkMonitorConfiguration = 38 {
        /// Whether.
        mode: Switch,
        /// After so many.
        link_down_threshold: u16,
    } + {}
    /// When reports leave the reader; in SET_READER_CONFIG.
    ReportBufferConfiguration = 39 {
        /// When.
        mode: ReportBufferMode,
    } + {}
    /// What is reported beyond the standard; in an ROReportSpec.
    TagReportContentSelector = 50 {} + {
        /// [`SerializedTid`].
        serialized_tid: Option<EnableSerializedTid>,
        /// [`RfPhaseAngle`].
        phase_angle: Option<EnableRfPhaseAngle>,
        /// [`PeakRssi`].
        peak_rssi: Option<EnablePeakRssi>,
        /// [`GpsCoordinates`].
        gps: Option<EnableGpsCoordinates>,
        /// Results of reads that are done with the inventory.
        optimized_read: Option<EnableOptimizedRead>,
        /// [`RfDopplerFrequency`].
        doppler: Option<EnableRfDopplerFrequency>,
    }
    /// Whether [`SerializedTid`] is reported.
    EnableSerializedTid = 51 {
        /// Whether.
        mode: Switch,
    } + {}
    /// Whether [`RfPhaseAngle`] is reported.
    EnableRfPhaseAngle = 52 {
        /// Whether.
        mode: Switch,
    } + {}
    /// Whether [`PeakRssi`] is reported.
    EnablePeakRssi = 53 {
        /// Whether.
        mode: Switch,
    } + {}
    /// Whether [`GpsCoordinates`] is reported.
    EnableGpsCoordinates = 54 {
        /// Whether.
        mode: Switch,
    } + {}
    /// The tag's TID with its serial number; in a tag report.
    SerializedTid = 55 {
        /// Its words.
        words: Vec<u16>,
    } + {}
    /// The phase of the tag's answer; in a tag report.
    RfPhaseAngle = 56 {
        /// 0 to 4095 for 0 to 2π.
        angle: u16,
    } + {}
    /// The highest RSSI; in a tag report.
    PeakRssi = 57 {
        /// In hundredths of a dBm.
        centi_dbm: i16,
    } + {}
    /// Where the reader is; in a tag report.
    GpsCoordinates = 58 {
        /// In millionths of a degree.
        latitude: i32,
        /// In millionths of a degree.
        longitude: i32,
    } + {}
    /// Whether reads are done with the inventory.
    EnableOptimizedRead = 65 {
        /// Whether.
        mode: Switch,
    } + {
        /// The reads.
        reads: Vec<C1g2Read>,
    }
    /// Whether [`RfDopplerFrequency`] is reported.
    EnableRfDopplerFrequency = 67 {
        /// Whether.
        mode: Switch,
    } + {}
    /// The Doppler shift of the tag's answer; in a tag report.
    RfDopplerFrequency = 68 {
        /// In sixteenths of a Hz.
        sixteenth_hz: i16,
    } + {}
}

/// What Impinj reports of a tag beyond the standard, out of borrowed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagDetails<'a> {
    /// The highest RSSI, in hundredths of a dBm.
    pub peak_rssi_centi_dbm: Option<i16>,
    /// The phase of the tag's answer: 0 to 4095 for 0 to 2π.
    pub phase_angle: Option<u16>,
    /// The Doppler shift of the tag's answer, in sixteenths of a Hz.
    pub doppler_sixteenth_hz: Option<i16>,
    /// The tag's TID with its serial number.
    pub tid: Option<&'a [u8]>,
}

impl<'a> TagDetails<'a> {
    pub(crate) fn of(parameters: impl Iterator<Item = RawRef<'a>>) -> Self {
        let mut details = Self::default();
        for (vendor, subtype, data) in parameters.filter_map(|raw| raw.custom()) {
            let Some((head, rest)) = data.split_first_chunk().filter(|_| vendor == VENDOR) else { continue };
            match subtype {
                55 => details.tid = rest.get(..2 * usize::from(u16::from_be_bytes(*head))),
                56 => details.phase_angle = Some(u16::from_be_bytes(*head)),
                57 => details.peak_rssi_centi_dbm = Some(i16::from_be_bytes(*head)),
                68 => details.doppler_sixteenth_hz = Some(i16::from_be_bytes(*head)),
                _ => {}
            }
        }
        details
    }

    /// The phase in radians.
    pub fn phase_radians(&self) -> Option<f64> {
        self.phase_angle.map(|angle| f64::from(angle) * std::f64::consts::TAU / 4096.0)
    }
}
