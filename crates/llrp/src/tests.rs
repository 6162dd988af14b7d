//! What must hold for every message.

pub(crate) mod sample;

mod hostile;
mod round_trip;
