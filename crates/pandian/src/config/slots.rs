//! The locations: grids named by a pattern, a table, and codes without a place.

use std::collections::HashMap;
use std::path::Path as FilePath;

use pandian_domain::{Aisle, Layout, LocationCode, Place, Slot};

use super::carriers::{Carrier, Queues, no_such_aisle};
use super::document::{Document, Path};
use super::file::{AisleTable, LocationsTable};
use super::pattern::{Axis, CodePattern};
use crate::lists::{Limits, ListFile, SlotRow, check_code, read_codes, read_slots, shown};

/// Most locations of a warehouse.
const MOST_LOCATIONS: u64 = 10_000_000;

/// Every location, in this order: the grids of the aisles (by bay, then level, then side, then depth), the table's rows, the codes
/// of cranes and dispatchers.
pub(super) fn layout(
    document: &mut Document<'_>,
    folder: &FilePath,
    aisles: &[(Path, AisleTable)],
    table: Option<LocationsTable>,
    carriers: &[Carrier],
    queues: Queues,
) -> Layout {
    let measured = aisles.iter().map(|(_, aisle)| measures(aisle)).collect();
    let layout = Layout::new(queues.lanes, queues.queues).with_aisles(measured).with_rails(queues.rails);
    let mut slots = Slots { layout, of_aisle: queues.of_aisle, aisles, carriers };
    if !check_aisles(document, aisles) {
        return slots.layout;
    }
    for (index, (path, aisle)) in aisles.iter().enumerate() {
        if let Some(pattern) = &aisle.code {
            slots.add_grid(document, path, index, aisle, pattern);
        }
    }
    if let Some(table) = table {
        let path = Path::of("locations").key("file");
        let file = folder.join(&table.file);
        let read = ListFile::open(&file, Limits::default()).and_then(|file| slots.add_table(&file.with_sheet(table.sheet)));
        if let Err(error) = read {
            document.report.add_list(error, path);
        }
    }
    for (queue, carrier) in carriers.iter().enumerate() {
        slots.add_codes(document, folder, queue as u32, carrier);
    }
    if slots.layout.slots().is_empty() && document.report.is_empty() {
        let message = "the warehouse has no locations: an aisle's `code`, `locations.file`, or a crane's `locations` is wanted";
        document.report.add(0..0, "", message, None);
    }
    slots.layout
}

/// The aisle as the layout keeps it.
pub(super) fn measures(table: &AisleTable) -> Aisle {
    Aisle {
        bays: table.bays.0,
        levels: table.levels.0,
        // Count's range fits.
        depth: table.depth.0 as u8,
        bay_width_m: table.bay_width.0,
        level_height_m: table.level_height.0,
        id: table.id.0.as_str().into(),
    }
}

/// Sides, number of locations, and whether a pattern tells the aisle's locations apart.
fn check_aisles(document: &mut Document<'_>, aisles: &[(Path, AisleTable)]) -> bool {
    let mut total = 0;
    for (path, aisle) in aisles {
        if aisle.sides.is_empty() {
            document.problem(&path.clone().key("sides"), "an aisle has at least one side: \"L\", \"R\" or both");
        } else if aisle.sides[1..].contains(&aisle.sides[0]) {
            document.problem(&path.clone().key("sides"), "a side is listed twice");
        }
        let Some(pattern) = &aisle.code else { continue };
        total += aisle.sides.len() as u64 * u64::from(aisle.bays.0) * u64::from(aisle.levels.0) * u64::from(aisle.depth.0);
        if total > MOST_LOCATIONS {
            let message = format!("up to this aisle the warehouse has {total} locations; at most {MOST_LOCATIONS} are allowed");
            document.problem(path, message);
            return false;
        }
        for (axis, size) in
            [(Axis::Side, aisle.sides.len() as u32), (Axis::Bay, aisle.bays.0), (Axis::Level, aisle.levels.0), (Axis::Depth, aisle.depth.0)]
        {
            if size > 1 && !pattern.has(axis) {
                let name = axis.name();
                let message = format!("the pattern has no {{{name}}}, so that several locations would have the same code");
                document.problem(&path.clone().key("code"), message);
            }
        }
    }
    document.report.is_empty()
}

struct Slots<'a> {
    layout: Layout,
    of_aisle: Vec<u32>,
    aisles: &'a [(Path, AisleTable)],
    carriers: &'a [Carrier],
}

impl Slots<'_> {
    fn add_grid(&mut self, document: &mut Document<'_>, path: &Path, index: usize, aisle: &AisleTable, pattern: &CodePattern) {
        let queue = self.of_aisle[index];
        self.layout.reserve(aisle.sides.len() * (aisle.bays.0 * aisle.levels.0 * aisle.depth.0) as usize);
        let mut code = String::new();
        for bay in 1..=aisle.bays.0 {
            for level in 1..=aisle.levels.0 {
                for side in &aisle.sides {
                    for depth in 1..=aisle.depth.0 as u8 {
                        let place = Place { aisle: index as u16, side: side.to_domain(), bay, level, depth };
                        pattern.write(&aisle.id.0, place, &mut code);
                        let added = check_code(&code).and_then(|()| self.add(code.as_str().into(), Some(place), queue));
                        if let Err(message) = added {
                            // The next ones would say the same.
                            let message = format!("side {}, bay {bay}, level {level}, depth {depth}: {message}", place.side.letter());
                            document.problem(&path.clone().key("code"), message);
                            return;
                        }
                    }
                }
            }
        }
    }

    fn add_table(&mut self, file: &ListFile) -> Result<(), crate::lists::ListError> {
        let index: HashMap<&str, usize> = self.aisles.iter().enumerate().map(|(index, (_, aisle))| (aisle.id.0.as_str(), index)).collect();
        read_slots(file, |row| {
            let Some(&index) = index.get(row.aisle) else { return Err(no_such_aisle(row.aisle, self.aisles)) };
            check_within(&row, &self.aisles[index].1)?;
            let SlotRow { side, bay, level, depth, .. } = row;
            self.add(row.code, Some(Place { aisle: index as u16, side, bay, level, depth }), self.of_aisle[index])
        })
    }

    fn add_codes(&mut self, document: &mut Document<'_>, folder: &FilePath, queue: u32, carrier: &Carrier) {
        for (i, code) in carrier.locations.iter().enumerate() {
            if let Err(message) = check_code(code).and_then(|()| self.add(code.as_str().into(), None, queue)) {
                document.problem(&carrier.path.clone().key("locations").index(i), message);
            }
        }
        let Some(file) = &carrier.locations_file else { return };
        let path = carrier.path.clone().key("locations_file");
        let file = folder.join(file);
        match ListFile::open(&file, Limits::default()).and_then(|file| read_codes(&file)) {
            Err(error) => document.report.add_list(error, path),
            Ok(codes) => {
                for (code, line) in codes {
                    if let Err(message) = self.add(code, None, queue) {
                        document.report.add_line(&file.display().to_string(), Some(line), &path, message);
                    }
                }
            }
        }
    }

    fn add(&mut self, code: LocationCode, place: Option<Place>, queue: u32) -> Result<(), String> {
        if self.layout.slots().len() as u64 >= MOST_LOCATIONS {
            return Err(format!("the warehouse has more than {MOST_LOCATIONS} locations"));
        }
        self.layout.add(Slot { code, place, queue }).map_err(|twice| {
            let code = twice.0;
            let owner = self.layout.find(code.as_str()).map_or_else(String::new, |slot| self.describe(slot));
            format!("location \"{}\" is already {owner}", shown(code.as_str()))
        })
    }

    fn describe(&self, slot: &Slot) -> String {
        match slot.place {
            None => format!("one of {}", self.carriers[slot.queue as usize].id),
            Some(place) => format!(
                "in aisle \"{}\", side {}, bay {}, level {}, depth {}",
                self.aisles[usize::from(place.aisle)].1.id.0,
                place.side.letter(),
                place.bay,
                place.level,
                place.depth
            ),
        }
    }
}

fn check_within(row: &SlotRow<'_>, aisle: &AisleTable) -> Result<(), String> {
    let id = &aisle.id.0;
    if !aisle.sides.iter().any(|side| side.to_domain() == row.side) {
        return Err(format!("aisle \"{id}\" has no side {}", row.side.letter()));
    }
    for (name, number, most) in
        [("bay", row.bay, aisle.bays.0), ("level", row.level, aisle.levels.0), ("depth", u32::from(row.depth), aisle.depth.0)]
    {
        if number > most {
            return Err(format!("{name} {number} is outside aisle \"{id}\", which has {name} 1 to {most}"));
        }
    }
    Ok(())
}
