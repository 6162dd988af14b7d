//! What a reader remembers from client to client, until it restarts.

use pandian_llrp::parameter::access::AccessSpec;
use pandian_llrp::parameter::status::StatusCode;

use super::LlrpReaderSpec;
use super::configuration::Configuration;
use super::flavour::ACCESS_SPECS;
use super::rospec::RoSpecs;
use super::status::Wrong;

/// All that clients have set.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) configuration: Configuration,
    pub(super) rospecs: RoSpecs,
    pub(super) access_specs: AccessSpecs,
}

impl Memory {
    /// As after a start.
    pub(super) fn new(spec: &LlrpReaderSpec) -> Self {
        Self { configuration: Configuration::new(spec), rospecs: RoSpecs::default(), access_specs: AccessSpecs::default() }
    }
}

/// The AccessSpecs: kept and listed, but never run, since the simulated tags have no memory beside their EPC.
#[derive(Debug, Default)]
pub(super) struct AccessSpecs(Vec<AccessSpec>);

impl AccessSpecs {
    pub(super) fn add(&mut self, spec: AccessSpec) -> Result<(), Wrong> {
        const NUMBER: u16 = 207;
        if spec.id == 0 {
            return Err(Wrong::invalid(0, "an AccessSpec cannot have the id 0").within(NUMBER));
        }
        if self.0.iter().any(|known| known.id == spec.id) {
            return Err(Wrong::invalid(0, format!("there is an AccessSpec {} already", spec.id)).within(NUMBER));
        }
        if spec.active {
            return Err(Wrong::invalid(3, "an AccessSpec is added disabled").within(NUMBER));
        }
        if self.0.len() >= ACCESS_SPECS {
            return Err(Wrong::parameter(NUMBER, StatusCode::POverflowParameter, format!("{ACCESS_SPECS} AccessSpecs are the most")));
        }
        self.0.push(spec);
        Ok(())
    }

    /// Deletes one, or with id 0 all.
    pub(super) fn delete(&mut self, id: u32) -> Result<(), Wrong> {
        drop(self.matching(id)?);
        self.0.retain(|spec| id != 0 && spec.id != id);
        Ok(())
    }

    /// Enables or disables one, or with id 0 all.
    pub(super) fn switch(&mut self, id: u32, enabled: bool) -> Result<(), Wrong> {
        self.matching(id)?.for_each(|spec| spec.active = enabled);
        Ok(())
    }

    pub(super) fn all(&self) -> &[AccessSpec] {
        &self.0
    }

    fn matching(&mut self, id: u32) -> Result<impl Iterator<Item = &mut AccessSpec>, Wrong> {
        if id != 0 && !self.0.iter().any(|spec| spec.id == id) {
            return Err(Wrong::invalid(0, format!("there is no AccessSpec {id}")));
        }
        Ok(self.0.iter_mut().filter(move |spec| id == 0 || spec.id == id))
    }
}
