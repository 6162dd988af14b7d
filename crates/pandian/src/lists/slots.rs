//! The table of a warehouse's locations.

use pandian_domain::{LocationCode, Side};

use super::locations::check_code;
use super::near::shown;
use super::problem::ListError;
use super::source::ListFile;
use super::table::{Cells, Column, read_table};

const CODE: usize = 0;
const AISLE: usize = 1;
const SIDE: usize = 2;
const BAY: usize = 3;
const LEVEL: usize = 4;
const DEPTH: usize = 5;

const COLUMNS: &[Column] = &[
    Column { names: &["code", "location", "location_code", "货位号", "货位"], required: true },
    Column { names: &["aisle", "巷道"], required: true },
    Column { names: &["side", "排"], required: true },
    Column { names: &["bay", "列"], required: true },
    Column { names: &["level", "层"], required: true },
    Column { names: &["depth", "深"], required: false },
];

/// Most bays, levels and depths of an aisle.
pub(crate) const MOST_BAYS: u32 = 100_000;
pub(crate) const MOST_LEVELS: u32 = 1_000;
pub(crate) const MOST_DEPTHS: u32 = 9;

/// One location of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow<'a> {
    /// Its code.
    pub code: LocationCode,
    /// Name of its aisle.
    pub aisle: &'a str,
    /// Side of the aisle.
    pub side: Side,
    /// Column along the aisle, from 1.
    pub bay: u32,
    /// Height, from 1.
    pub level: u32,
    /// Position behind the face, 1 = front; 1 where the table does not say.
    pub depth: u8,
}

/// Hands over every row of the table. What `on_row` objects to becomes a problem at the row's line.
///
/// # Errors
/// What [`ListFile`] cannot read, a missing or wrong cell, objections.
pub fn read_slots(file: &ListFile, mut on_row: impl FnMut(SlotRow<'_>) -> Result<(), String>) -> Result<(), ListError> {
    read_table(file, COLUMNS, false, |cells, problems| {
        if let Err(message) = slot(cells).and_then(&mut on_row) {
            problems.invalid(cells.line(), message);
        }
    })
}

fn slot<'a>(cells: &Cells<'a>) -> Result<SlotRow<'a>, String> {
    check_code(cells.get(CODE))?;
    Ok(SlotRow {
        code: cells.get(CODE).into(),
        aisle: cells.get(AISLE),
        side: side(cells.get(SIDE))?,
        bay: from_one(cells.get(BAY), "bay", MOST_BAYS)?,
        level: from_one(cells.get(LEVEL), "level", MOST_LEVELS)?,
        depth: match cells.get(DEPTH) {
            "" => 1,
            depth => from_one(depth, "depth", MOST_DEPTHS)? as u8,
        },
    })
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "L" | "l" | "left" | "左" => Ok(Side::Left),
        "R" | "r" | "right" | "右" => Ok(Side::Right),
        _ => Err(format!("side \"{}\" is not known: L or R is wanted (or left, right, 左, 右)", shown(text))),
    }
}

fn from_one(text: &str, column: &str, most: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!("{column} \"{}\" is not a whole number from 1 to {most}", shown(text))),
    }
}
