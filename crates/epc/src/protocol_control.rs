//! The PC word in front of an EPC.

use std::fmt;

/// The protocol control word (PC), bits 10h to 1Fh of the EPC memory bank (TDS 9.3), as readers report it beside the EPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtocolControl(pub u16);

impl ProtocolControl {
    /// How many bits the EPC has according to the length field: a multiple of 16, at most 496.
    pub const fn bit_len(self) -> usize {
        (self.0 >> 11) as usize * 16
    }

    /// The application family identifier, if the toggle bit (17h) says that the memory holds an ISO code and no EPC.
    pub const fn iso_family(self) -> Option<u8> {
        if self.0 & 0x0100 == 0 { None } else { Some(self.0 as u8) }
    }

    /// Whether the user memory indicator (15h) is set.
    pub const fn has_user_memory(self) -> bool {
        self.0 & 0x0400 != 0
    }
}

impl From<u16> for ProtocolControl {
    fn from(word: u16) -> Self {
        Self(word)
    }
}

impl fmt::Display for ProtocolControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}
