//! The parameters of LLRP 1.0.1 and 1.1, by the chapters of the standard. Their binary encoding is section 16.2 of 1.0.1 and 17.2 of 1.1;
//! what is new in 1.1 says so.
//!
//! Members bear the standard's names, without the name of the structure they are in. Powers and gains are in hundredths, as on the wire.

pub mod access;
pub mod air_protocol;
pub mod capabilities;
pub mod configuration;
pub mod event;
pub mod operation;
pub mod reporting;
pub mod status;
pub mod tag;
pub mod time;
