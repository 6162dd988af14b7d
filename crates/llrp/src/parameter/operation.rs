//! Reader operations: ROSpecs (1.0.1 section 16.2.4).

use super::capabilities::AirProtocol;
use super::configuration::AntennaConfiguration;
use super::reporting::RoReportSpec;
use super::time::UtcTimestamp;
use crate::wire::{CustomParameter, choice, listed, tlv};

listed! {
    /// Where an ROSpec stands.
    RoSpecState: u8 {
        /// Added; its start trigger does nothing.
        Disabled = 0,
        /// Waits for its start trigger.
        Inactive = 1,
        /// Runs.
        Active = 2,
    }
    /// What starts an ROSpec.
    RoSpecStartTriggerType: u8 {
        /// Only START_ROSPEC.
        Null = 0,
        /// Being enabled.
        Immediate = 1,
        /// A period.
        Periodic = 2,
        /// An input.
        Gpi = 3,
    }
    /// What stops an ROSpec.
    RoSpecStopTriggerType: u8 {
        /// The end of its last spec, or STOP_ROSPEC.
        Null = 0,
        /// A time.
        Duration = 1,
        /// An input, or a time.
        GpiWithTimeout = 2,
    }
    /// What stops an AISpec.
    AiSpecStopTriggerType: u8 {
        /// The end of the ROSpec.
        Null = 0,
        /// A time.
        Duration = 1,
        /// An input, or a time.
        GpiWithTimeout = 2,
        /// What the tags do: see [`TagObservationTrigger`].
        TagObservation = 3,
    }
    /// What about the tags stops an AISpec.
    TagObservationTriggerType: u8 {
        /// So many tags seen, or the timeout.
        TagCount = 0,
        /// No tag for some time, or the timeout.
        NoMoreTags = 1,
        /// So many rounds, or the timeout.
        Attempts = 2,
        /// So many different tags seen, or the timeout (1.1).
        UniqueTagCount = 3,
        /// No new tag for some time, or the timeout (1.1).
        NoMoreUniqueTags = 4,
    }
    /// What stops an RF survey.
    RfSurveyStopTriggerType: u8 {
        /// The end of the ROSpec.
        Null = 0,
        /// A time.
        Duration = 1,
        /// So many runs through the frequencies.
        Iterations = 2,
    }
}

tlv! {
    /// What a reader shall do, from when to when, and how it reports.
    RoSpec = 177 {
        /// Chosen by the client, not 0.
        id: u32,
        /// 0 is the highest, 7 the lowest.
        priority: u8,
        /// `Disabled` in an ADD_ROSPEC.
        state: RoSpecState,
    } + {
        /// From when to when.
        boundary: RoBoundarySpec,
        /// What, one after the other.
        specs: Vec<Spec>,
        /// How it reports; else as the reader is configured.
        report: Option<RoReportSpec>,
    }
    /// From when to when an ROSpec runs.
    RoBoundarySpec = 178 {} + {
        /// What starts it.
        start: RoSpecStartTrigger,
        /// What stops it.
        stop: RoSpecStopTrigger,
    }
    /// What starts an ROSpec.
    RoSpecStartTrigger = 179 {
        /// The kind.
        kind: RoSpecStartTriggerType,
    } + {
        /// For `Periodic`.
        periodic: Option<PeriodicTriggerValue>,
        /// For `Gpi`.
        gpi: Option<GpiTriggerValue>,
    }
    /// A period.
    PeriodicTriggerValue = 180 {
        /// To the first start, in ms.
        offset_ms: u32,
        /// Between starts, in ms; 0 starts once.
        period_ms: u32,
    } + {
        /// What the offset counts from; else from when the ROSpec is enabled.
        utc: Option<UtcTimestamp>,
    }
    /// An input.
    GpiTriggerValue = 181 {
        /// The input, from 1.
        port: u16,
        /// The edge: to high, or to low.
        event: bool,
        /// When to stop without it, in ms; 0 never. Nothing for a start.
        timeout_ms: u32,
    }
    /// What stops an ROSpec.
    RoSpecStopTrigger = 182 {
        /// The kind.
        kind: RoSpecStopTriggerType,
        /// For `Duration`, in ms.
        duration_ms: u32,
    } + {
        /// For `GpiWithTimeout`.
        gpi: Option<GpiTriggerValue>,
    }
    /// An inventory over antennas.
    AiSpec = 183 {
        /// The antennas, from 1; 0 is all.
        antennas: Vec<u16>,
    } + {
        /// What stops it.
        stop: AiSpecStopTrigger,
        /// How to inventory.
        inventories: Vec<InventoryParameterSpec>,
    }
    /// What stops an AISpec.
    AiSpecStopTrigger = 184 {
        /// The kind.
        kind: AiSpecStopTriggerType,
        /// For `Duration`, in ms.
        duration_ms: u32,
    } + {
        /// For `GpiWithTimeout`.
        gpi: Option<GpiTriggerValue>,
        /// For `TagObservation`.
        tags: Option<TagObservationTrigger>,
    }
    /// What about the tags stops an AISpec.
    TagObservationTrigger = 185 {
        /// The kind.
        kind: TagObservationTriggerType [+ 1],
        /// For `TagCount` and `UniqueTagCount`.
        tag_count: u16,
        /// For `Attempts`.
        attempts: u16,
        /// For `NoMoreTags` and `NoMoreUniqueTags`, in ms.
        quiet_ms: u16,
        /// When to stop at the latest, in ms; 0 never.
        timeout_ms: u32,
    }
    /// How to inventory.
    InventoryParameterSpec = 186 {
        /// Chosen by the client, not 0.
        id: u16,
        /// The air protocol.
        protocol: AirProtocol,
    } + {
        /// What differs from the reader's configuration, by antenna.
        antennas: Vec<AntennaConfiguration>,
    }
    /// Listening for power in the band.
    RfSurveySpec = 187 {
        /// The antenna, from 1.
        antenna: u16,
        /// From here, in kHz.
        start_khz: u32,
        /// To here, in kHz.
        end_khz: u32,
    } + {
        /// What stops it.
        stop: RfSurveySpecStopTrigger,
    }
    /// What stops an RF survey.
    RfSurveySpecStopTrigger = 188 {
        /// The kind.
        kind: RfSurveyStopTriggerType,
        /// For `Duration`, in ms.
        duration_ms: u32,
        /// For `Iterations`.
        iterations: u32,
    }
    /// Goes through the specs before it again (1.1).
    LoopSpec = 355 {
        /// How often; 0 until the ROSpec stops.
        count: u32,
    }
}

choice! {
    /// One thing that an ROSpec does.
    Spec {
        /// Inventory.
        Ai(AiSpec),
        /// RF survey.
        RfSurvey(RfSurveySpec),
        /// From the first one again (1.1).
        Loop(LoopSpec),
        /// A vendor's.
        Custom(CustomParameter),
    }
}
