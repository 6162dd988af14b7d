//! What a reader reports and when (1.0.1 section 16.2.7, the specs; the reports themselves are in [`super::tag`]).

use super::air_protocol::C1g2EpcMemorySelector;
use super::tag::{RoSpecId, SpecIndex};
use super::time::Timestamp;
use crate::wire::{bit_set, listed, tlv};

listed! {
    /// When a report is sent.
    RoReportTrigger: u8 {
        /// Only upon GET_REPORT.
        None = 0,
        /// After so many tags, or at the end of the AISpec.
        TagsOrEndOfAiSpec = 1,
        /// After so many tags, or at the end of the ROSpec.
        TagsOrEndOfRoSpec = 2,
        /// After so many seconds, or at the end of the AISpec (1.1).
        SecondsOrEndOfAiSpec = 3,
        /// After so many seconds, or at the end of the ROSpec (1.1).
        SecondsOrEndOfRoSpec = 4,
        /// After so many milliseconds, or at the end of the AISpec (1.1).
        MillisecondsOrEndOfAiSpec = 5,
        /// After so many milliseconds, or at the end of the ROSpec (1.1).
        MillisecondsOrEndOfRoSpec = 6,
    }
    /// When results of operations are sent.
    AccessReportTrigger: u8 {
        /// With the report of the ROSpec.
        WithRoReport = 0,
        /// At the end of the AccessSpec.
        EndOfAccessSpec = 1,
    }
    /// Something a client may be told of.
    NotificationEventType: u16 {
        /// The next channel.
        UponHoppingToNextChannel = 0,
        /// An input.
        GpiEvent = 1,
        /// An ROSpec begins or ends.
        RoSpecEvent = 2,
        /// The report buffer fills up.
        ReportBufferFillWarning = 3,
        /// Something is wrong with the reader.
        ReaderExceptionEvent = 4,
        /// An RF survey begins or ends.
        RfSurveyEvent = 5,
        /// An AISpec ends.
        AiSpecEvent = 6,
        /// An AISpec ends, with details.
        AiSpecEventWithDetails = 7,
        /// An antenna comes or goes.
        AntennaEvent = 8,
        /// A loop of specs begins again (1.1).
        SpecLoopEvent = 9,
    }
}

bit_set! {
    /// What a report tells of a tag beside its EPC.
    TagReportContent: u16 {
        /// The ROSpec.
        ROSPEC_ID = 15,
        /// The place of the spec in the ROSpec.
        SPEC_INDEX = 14,
        /// The inventory parameter spec.
        INVENTORY_PARAMETER_SPEC_ID = 13,
        /// The antenna.
        ANTENNA_ID = 12,
        /// The channel.
        CHANNEL_INDEX = 11,
        /// The highest RSSI.
        PEAK_RSSI = 10,
        /// When it was first seen.
        FIRST_SEEN_TIMESTAMP = 9,
        /// When it was last seen.
        LAST_SEEN_TIMESTAMP = 8,
        /// How often it was seen.
        TAG_SEEN_COUNT = 7,
        /// The AccessSpec.
        ACCESS_SPEC_ID = 6,
    }
}

tlv! {
    /// When and what an ROSpec reports.
    RoReportSpec = 237 {
        /// When.
        trigger: RoReportTrigger,
        /// So many tags, seconds or milliseconds; 0 only at the end.
        n: u16,
    } + {
        /// What.
        content: TagReportContentSelector,
    }
    /// What a report tells of a tag.
    TagReportContentSelector = 238 {
        /// What.
        flags: TagReportContent,
    } + {
        /// What it tells of the tag's memory.
        memory: Vec<C1g2EpcMemorySelector>,
    }
    /// When results of operations are sent.
    AccessReportSpec = 239 {
        /// When.
        trigger: AccessReportTrigger,
    }
    /// What an RF survey heard.
    RfSurveyReportData = 242 {} + {
        /// The ROSpec.
        rospec_id: Option<RoSpecId>,
        /// The place of the survey in the ROSpec.
        spec_index: Option<SpecIndex>,
        /// By frequency.
        levels: Vec<FrequencyRssiLevelEntry>,
    }
    /// What an RF survey heard at one frequency.
    FrequencyRssiLevelEntry = 243 {
        /// The frequency, in kHz.
        khz: u32,
        /// The bandwidth, in kHz.
        bandwidth_khz: u32,
        /// On average, in dBm.
        average_rssi_dbm: i8,
        /// At the highest, in dBm.
        peak_rssi_dbm: i8,
    } + {
        /// When.
        at: Timestamp,
    }
    /// Which events a client is told of.
    ReaderEventNotificationSpec = 244 {} + {
        /// By event.
        states: Vec<EventNotificationState>,
    }
    /// Whether a client is told of an event.
    EventNotificationState = 245 {
        /// The event.
        event: NotificationEventType,
        /// Whether.
        enabled: bool,
    }
}
