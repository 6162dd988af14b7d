//! What the messages carry.

use crate::parameter::access::{AccessSpec, ClientRequestResponse};
use crate::parameter::air_protocol::C1g2LlrpCapabilities;
use crate::parameter::capabilities::{GeneralDeviceCapabilities, LlrpCapabilities, RegulatoryCapabilities};
use crate::parameter::configuration::{
    AntennaConfiguration, AntennaProperties, EventsAndReports, GpiPortCurrentState, GpoWriteData, Identification, KeepaliveSpec,
    LlrpConfigurationStateValue,
};
use crate::parameter::event::ReaderEventNotificationData;
use crate::parameter::operation::RoSpec;
use crate::parameter::reporting::{AccessReportSpec, ReaderEventNotificationSpec, RfSurveyReportData, RoReportSpec};
use crate::parameter::status::LlrpStatus;
use crate::parameter::tag::TagReportData;
use crate::wire::{listed, structure};

listed! {
    /// Which capabilities are asked for.
    ReaderCapabilitiesRequest: u8 {
        /// All.
        All = 0,
        /// The device's.
        GeneralDevice = 1,
        /// Those of LLRP.
        Llrp = 2,
        /// What the regulation allows.
        Regulatory = 3,
        /// Those of the air protocol.
        AirProtocol = 4,
    }
    /// Which part of the configuration is asked for.
    ReaderConfigRequest: u8 {
        /// All.
        All = 0,
        /// Who the reader is.
        Identification = 1,
        /// What the antennas are.
        AntennaProperties = 2,
        /// How the antennas are used.
        AntennaConfiguration = 3,
        /// What is reported of tags.
        RoReportSpec = 4,
        /// Which events are told.
        ReaderEventNotificationSpec = 5,
        /// When results of operations are sent.
        AccessReportSpec = 6,
        /// The number that changes with the configuration.
        LlrpConfigurationStateValue = 7,
        /// When the reader sends KEEPALIVE.
        KeepaliveSpec = 8,
        /// The inputs.
        GpiPortCurrentState = 9,
        /// The outputs.
        GpoWriteData = 10,
        /// What happens to events and reports while no client is there.
        EventsAndReports = 11,
    }
}

structure! {
    /// A reply that says how the request ended and no more.
    StatusReply {} + {
        /// How.
        status: LlrpStatus,
    }
}

impl From<LlrpStatus> for StatusReply {
    fn from(status: LlrpStatus) -> Self {
        Self { status, extensions: Vec::new() }
    }
}

structure! {
    /// The versions a reader speaks (1.1).
    GetSupportedVersionResponse {
        /// Spoken now, see [`crate::Version::from_wire`].
        current: u8,
        /// The highest.
        supported: u8,
    } + {
        /// How the request ended.
        status: LlrpStatus,
    }
}

structure! {
    /// The version to speak from now on (1.1).
    SetProtocolVersion {
        /// See [`crate::Version::to_wire`].
        version: u8,
    }
}

structure! {
    /// Which capabilities are asked for.
    GetReaderCapabilities {
        /// Which; a vendor's go into the extensions.
        requested: ReaderCapabilitiesRequest,
    } + {}
}

structure! {
    /// What a reader can do.
    GetReaderCapabilitiesResponse {} + {
        /// How the request ended.
        status: LlrpStatus,
        /// The device's.
        general: Option<GeneralDeviceCapabilities>,
        /// Those of LLRP.
        llrp: Option<LlrpCapabilities>,
        /// What the regulation allows.
        regulatory: Option<RegulatoryCapabilities>,
        /// Those of the air protocol.
        air_protocol: Option<C1g2LlrpCapabilities>,
    }
}

structure! {
    /// Which part of the configuration is asked for.
    GetReaderConfig {
        /// The antenna, from 1; 0 is all.
        antenna: u16,
        /// Which part.
        requested: ReaderConfigRequest,
        /// The input, from 1; 0 is all.
        gpi_port: u16,
        /// The output, from 1; 0 is all.
        gpo_port: u16,
    } + {}
}

structure! {
    /// How a reader is configured.
    GetReaderConfigResponse {} + {
        /// How the request ended.
        status: LlrpStatus,
        /// Who the reader is.
        identification: Option<Identification>,
        /// What the antennas are.
        antenna_properties: Vec<AntennaProperties>,
        /// How the antennas are used.
        antennas: Vec<AntennaConfiguration>,
        /// Which events are told.
        events: Option<ReaderEventNotificationSpec>,
        /// What is reported of tags.
        report: Option<RoReportSpec>,
        /// When results of operations are sent.
        access_report: Option<AccessReportSpec>,
        /// The number that changes with the configuration.
        state: Option<LlrpConfigurationStateValue>,
        /// When the reader sends KEEPALIVE.
        keepalive: Option<KeepaliveSpec>,
        /// The inputs.
        gpi: Vec<GpiPortCurrentState>,
        /// The outputs.
        gpo: Vec<GpoWriteData>,
        /// What happens to events and reports while no client is there.
        hold: Option<EventsAndReports>,
    }
}

structure! {
    /// Configures a reader; what is not there stays as it is.
    SetReaderConfig {
        /// Whether all goes back to the factory's settings first.
        reset_to_factory_default: bool,
    } + {
        /// Which events are told.
        events: Option<ReaderEventNotificationSpec>,
        /// What the antennas are.
        antenna_properties: Vec<AntennaProperties>,
        /// How the antennas are used.
        antennas: Vec<AntennaConfiguration>,
        /// What is reported of tags.
        report: Option<RoReportSpec>,
        /// When results of operations are sent.
        access_report: Option<AccessReportSpec>,
        /// When the reader sends KEEPALIVE.
        keepalive: Option<KeepaliveSpec>,
        /// The outputs.
        gpo: Vec<GpoWriteData>,
        /// The inputs.
        gpi: Vec<GpiPortCurrentState>,
        /// What happens to events and reports while no client is there.
        hold: Option<EventsAndReports>,
    }
}

structure! {
    /// Adds an ROSpec.
    AddRoSpec {} + {
        /// The ROSpec.
        rospec: RoSpec,
    }
}

structure! {
    /// The ROSpec that a request is about.
    RoSpecTarget {
        /// Its id; 0 is all, where the request allows it.
        rospec_id: u32,
    }
}

structure! {
    /// The ROSpecs that are there.
    GetRoSpecsResponse {} + {
        /// How the request ended.
        status: LlrpStatus,
        /// The ROSpecs.
        rospecs: Vec<RoSpec>,
    }
}

structure! {
    /// Adds an AccessSpec.
    AddAccessSpec {} + {
        /// The AccessSpec.
        access_spec: AccessSpec,
    }
}

structure! {
    /// The AccessSpec that a request is about.
    AccessSpecTarget {
        /// Its id; 0 is all.
        access_spec_id: u32,
    }
}

structure! {
    /// The AccessSpecs that are there.
    GetAccessSpecsResponse {} + {
        /// How the request ended.
        status: LlrpStatus,
        /// The AccessSpecs.
        access_specs: Vec<AccessSpec>,
    }
}

structure! {
    /// The reader asks what to do with a tag.
    ClientRequestOp {} + {
        /// The tag.
        tag: TagReportData,
    }
}

structure! {
    /// What to do with it.
    ClientRequestOpResponse {} + {
        /// What.
        response: ClientRequestResponse,
    }
}

structure! {
    /// What tags were seen. May be empty.
    RoAccessReport {} + {
        /// The tags.
        tags: Vec<TagReportData>,
        /// What surveys heard.
        surveys: Vec<RfSurveyReportData>,
    }
}

structure! {
    /// Something happened at the reader.
    ReaderEventNotification {} + {
        /// What, and when.
        event: ReaderEventNotificationData,
    }
}
