//! Lists in and out: tables that people and other systems hand over as CSV or XLSX, and the CSV that goes back.
//!
//! A [`ListFile`] is read whole, at most [`Limits::bytes`] of it, and then row by row. What may stand in one is written in
//! `docs/configuration.md`. Every error names the file, the line and, where there is one, the column; one error tells up to
//! [`MOST_PROBLEMS`] problems.

mod decode;
mod delimited;
mod locations;
mod near;
mod photos;
mod problem;
mod sheet;
mod slots;
mod source;
mod stock;
mod table;
pub mod write;

pub(crate) use decode::utf8;
pub(crate) use locations::unknown_location;
pub use locations::{check_code, read_codes, read_locations};
pub(crate) use near::{most_similar, shown};
pub use photos::{Photo, Truth, read_photos};
pub use problem::{ListError, ListProblem, MOST_PROBLEMS};
pub(crate) use slots::{MOST_BAYS, MOST_DEPTHS, MOST_LEVELS};
pub use slots::{SlotRow, read_slots};
pub use source::{Limits, ListFile};
pub(crate) use source::{Unreadable, check_readable, read_bounded};
pub use stock::{ListBook, read_stock};
