//! What a client may ask for: everything wrong with an ROSpec or an antenna's settings is found before it is taken.

use pandian_llrp::parameter::air_protocol::C1g2InventoryCommand;
use pandian_llrp::parameter::capabilities::AirProtocol;
use pandian_llrp::parameter::configuration::{AntennaConfiguration, RfTransmitter};
use pandian_llrp::parameter::operation::{
    AiSpec, AiSpecStopTrigger, AiSpecStopTriggerType, InventoryParameterSpec, RoBoundarySpec, RoSpec, RoSpecStartTriggerType, RoSpecState,
    RoSpecStopTriggerType, Spec, TagObservationTriggerType,
};
use pandian_llrp::parameter::reporting::{RoReportSpec, RoReportTrigger};
use pandian_llrp::parameter::status::StatusCode;
use pandian_llrp::wire::CUSTOM;

use super::flavour::{Flavour, HOP_TABLE, INVENTORY_PARAMETER_SPECS, SPECS};
use super::status::{Wrong, known_only};

/// The reader as far as requests are held against it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) flavour: Flavour,
    pub(super) antennas: u16,
    /// The vendor whose parameters are taken now.
    pub(super) vendor: Option<u32>,
}

impl Limits {
    /// Checks an ROSpec that is to be added.
    pub(super) fn rospec(&self, spec: &RoSpec) -> Result<(), Wrong> {
        self.rospec_itself(spec).map_err(|wrong| wrong.within(177))
    }

    fn rospec_itself(&self, spec: &RoSpec) -> Result<(), Wrong> {
        if spec.id == 0 {
            return Err(Wrong::invalid(0, "an ROSpec cannot have the id 0"));
        }
        if spec.priority != 0 {
            return Err(Wrong::out_of_range(1, "0 is the only priority"));
        }
        if spec.state != RoSpecState::Disabled {
            return Err(Wrong::invalid(2, "an ROSpec is added disabled"));
        }
        boundary(&spec.boundary).map_err(|wrong| wrong.within(178))?;
        if spec.specs.is_empty() {
            return Err(Wrong::parameter(183, StatusCode::PMissingParameter, "an ROSpec needs a spec"));
        }
        if spec.specs.len() > SPECS {
            return Err(Wrong::parameter(183, StatusCode::POverflowParameter, format!("{SPECS} specs are the most")));
        }
        for spec in &spec.specs {
            let unsupported = |number, what| Err(Wrong::parameter(number, StatusCode::PUnsupportedParameter, what));
            match spec {
                Spec::Ai(spec) => self.aispec(spec).map_err(|wrong| wrong.within(183))?,
                Spec::RfSurvey(_) => return unsupported(187, "the reader does no RF surveys"),
                Spec::Loop(_) => return unsupported(355, "the reader does no loops"),
                Spec::Custom(_) => return unsupported(CUSTOM, "the reader does no vendor's specs"),
            }
        }
        spec.report.as_ref().map_or(Ok(()), |report| self.report(report))?;
        known_only(&spec.extensions, self.vendor)
    }

    fn aispec(&self, spec: &AiSpec) -> Result<(), Wrong> {
        if spec.antennas.is_empty() {
            return Err(Wrong::invalid(0, "an AISpec needs an antenna"));
        }
        spec.antennas.iter().try_for_each(|antenna| self.antenna(*antenna))?;
        stop_trigger(&spec.stop).map_err(|wrong| wrong.within(184))?;
        if spec.inventories.is_empty() {
            return Err(Wrong::parameter(186, StatusCode::PMissingParameter, "an AISpec needs an inventory parameter spec"));
        }
        if spec.inventories.len() > INVENTORY_PARAMETER_SPECS {
            let most = format!("{INVENTORY_PARAMETER_SPECS} inventory parameter specs are the most");
            return Err(Wrong::parameter(186, StatusCode::POverflowParameter, most));
        }
        spec.inventories.iter().try_for_each(|inventory| self.inventory(inventory).map_err(|wrong| wrong.within(186)))?;
        known_only(&spec.extensions, self.vendor)
    }

    fn inventory(&self, spec: &InventoryParameterSpec) -> Result<(), Wrong> {
        if spec.id == 0 {
            return Err(Wrong::invalid(0, "an inventory parameter spec cannot have the id 0"));
        }
        if spec.protocol != AirProtocol::EpcGlobalClass1Gen2 {
            return Err(Wrong::invalid(1, "EPCglobal Class 1 Gen 2 is the only air protocol"));
        }
        spec.antennas.iter().try_for_each(|antenna| self.antenna_configuration(antenna))?;
        known_only(&spec.extensions, self.vendor)
    }

    /// Checks how an antenna shall be used.
    pub(super) fn antenna_configuration(&self, wanted: &AntennaConfiguration) -> Result<(), Wrong> {
        self.antenna_itself(wanted).map_err(|wrong| wrong.within(222))
    }

    fn antenna_itself(&self, wanted: &AntennaConfiguration) -> Result<(), Wrong> {
        self.antenna(wanted.antenna)?;
        if let Some(receiver) = wanted.receiver.as_ref().filter(|receiver| self.flavour.floor_dbm(receiver.sensitivity).is_none()) {
            return Err(Wrong::out_of_range(0, format!("there is no receive sensitivity {}", receiver.sensitivity)).within(223));
        }
        if let Some(transmitter) = &wanted.transmitter {
            self.transmitter(transmitter).map_err(|wrong| wrong.within(224))?;
        }
        wanted.inventory.iter().try_for_each(|command| self.inventory_command(command).map_err(|wrong| wrong.within(330)))?;
        known_only(&wanted.extensions, self.vendor)
    }

    fn transmitter(&self, wanted: &RfTransmitter) -> Result<(), Wrong> {
        // Of hop table and channel a region knows but one; the standard has the other ignored, and clients fill it in: sllurp sends 1 and 1
        // wherever it is.
        if self.flavour.hops() {
            if wanted.hop_table != u16::from(HOP_TABLE) {
                return Err(Wrong::out_of_range(0, format!("there is no hop table {}", wanted.hop_table)));
            }
        } else if !(1..=self.flavour.frequencies().len()).contains(&wanted.channel.into()) {
            return Err(Wrong::out_of_range(1, format!("there is no channel {}", wanted.channel)));
        }
        if self.flavour.weaker_by_db(wanted.power).is_none() {
            return Err(Wrong::out_of_range(2, format!("there is no transmit power {}", wanted.power)));
        }
        Ok(())
    }

    fn inventory_command(&self, command: &C1g2InventoryCommand) -> Result<(), Wrong> {
        if command.state_aware {
            return Err(Wrong::invalid(0, "the reader does not go by the tags' states"));
        }
        if !command.filters.is_empty() {
            return Err(Wrong::parameter(331, StatusCode::PUnsupportedParameter, "the reader has no filters"));
        }
        if let Some(control) = command.rf_control.as_ref().filter(|control| !self.flavour.has_mode(control.mode)) {
            return Err(Wrong::out_of_range(0, format!("there is no RF mode {}", control.mode)).within(335));
        }
        known_only(&command.extensions, self.vendor)
    }

    /// Checks when and what shall be reported.
    pub(super) fn report(&self, report: &RoReportSpec) -> Result<(), Wrong> {
        let checked = match report.trigger {
            RoReportTrigger::None | RoReportTrigger::TagsOrEndOfAiSpec | RoReportTrigger::TagsOrEndOfRoSpec => {
                known_only(&report.content.extensions, self.vendor)
                    .map_err(|wrong| wrong.within(238))
                    .and_then(|()| known_only(&report.extensions, self.vendor))
            }
            _ => Err(Wrong::out_of_range(0, "the reader reports after tags, at an end, or when it is asked")),
        };
        checked.map_err(|wrong| wrong.within(237))
    }

    /// Checks an antenna's number; 0 is all.
    pub(super) fn antenna(&self, antenna: u16) -> Result<(), Wrong> {
        if antenna > self.antennas {
            return Err(Wrong::out_of_range(0, format!("there is no antenna {antenna}, {} is the last", self.antennas)));
        }
        Ok(())
    }
}

fn boundary(boundary: &RoBoundarySpec) -> Result<(), Wrong> {
    match boundary.start.kind {
        RoSpecStartTriggerType::Null | RoSpecStartTriggerType::Immediate => {}
        RoSpecStartTriggerType::Periodic if boundary.start.periodic.is_some() => {}
        RoSpecStartTriggerType::Periodic => {
            return Err(Wrong::parameter(180, StatusCode::PMissingParameter, "a periodic start needs its period").within(179));
        }
        _ => return Err(Wrong::invalid(0, "the reader has no input that could start an ROSpec").within(179)),
    }
    match boundary.stop.kind {
        RoSpecStopTriggerType::Null => Ok(()),
        RoSpecStopTriggerType::Duration if boundary.stop.duration_ms > 0 => Ok(()),
        RoSpecStopTriggerType::Duration => Err(Wrong::invalid(1, "a duration of 0 ms is none").within(182)),
        _ => Err(Wrong::invalid(0, "the reader has no input that could stop an ROSpec").within(182)),
    }
}

fn stop_trigger(stop: &AiSpecStopTrigger) -> Result<(), Wrong> {
    match stop.kind {
        AiSpecStopTriggerType::Null => Ok(()),
        AiSpecStopTriggerType::Duration if stop.duration_ms > 0 => Ok(()),
        AiSpecStopTriggerType::Duration => Err(Wrong::invalid(1, "a duration of 0 ms is none")),
        AiSpecStopTriggerType::TagObservation => match &stop.tags {
            None => Err(Wrong::parameter(185, StatusCode::PMissingParameter, "a tag observation needs its trigger")),
            Some(tags) if matches!(tags.kind, TagObservationTriggerType::Unlisted(_)) => {
                Err(Wrong::invalid(0, "no such observation of tags").within(185))
            }
            Some(_) => Ok(()),
        },
        _ => Err(Wrong::invalid(0, "the reader has no input that could stop an AISpec")),
    }
}
