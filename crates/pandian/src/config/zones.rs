//! What is left out of every count: forbidden zones, and locked locations.

use std::collections::HashMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use pandian_domain::{Barred, Layout, Place};

use super::carriers::no_such_aisle;
use super::document::{Document, Path};
use super::file::{AisleTable, LockedTable, ZoneTable};
use super::units::{Remark, Span};
use crate::lists::{Limits, ListFile, read_locations, unknown_location};

/// Bars every location of the zones, then those that are locked.
pub(super) fn bar(
    document: &mut Document<'_>,
    folder: &FilePath,
    aisles: &[(Path, AisleTable)],
    zones: Vec<(Path, ZoneTable)>,
    locked: Vec<(Path, LockedTable)>,
    layout: &mut Layout,
) {
    let mut of_aisle: HashMap<u16, Vec<Zone>> = HashMap::new();
    for (path, table) in zones {
        if let Some((aisle, zone)) = zone(document, &path, table, aisles) {
            of_aisle.entry(aisle).or_default().push(zone);
        }
    }
    if !of_aisle.is_empty() {
        for slot in 0..layout.slots().len() as u32 {
            let Some(place) = layout.slot(slot).place else { continue };
            let zone = of_aisle.get(&place.aisle).and_then(|zones| zones.iter().find(|zone| zone.holds(place)));
            if let Some(zone) = zone {
                layout.bar(slot, Barred::ForbiddenZone, zone.note.clone());
            }
        }
    }
    for (path, table) in locked {
        lock(document, folder, &path, table, layout);
    }
}

/// A forbidden part of an aisle.
struct Zone {
    table: ZoneTable,
    note: Arc<str>,
}

impl Zone {
    fn holds(&self, place: Place) -> bool {
        let ZoneTable { bays, levels, sides, .. } = &self.table;
        bays.as_ref().is_none_or(|bays| bays.0.contains(&place.bay))
            && levels.as_ref().is_none_or(|levels| levels.0.contains(&place.level))
            && sides.as_ref().is_none_or(|sides| sides.iter().any(|side| side.to_domain() == place.side))
    }
}

fn zone(document: &mut Document<'_>, path: &Path, table: ZoneTable, aisles: &[(Path, AisleTable)]) -> Option<(u16, Zone)> {
    let Some(index) = aisles.iter().position(|(_, aisle)| aisle.id.0 == table.aisle) else {
        document.problem(&path.clone().key("aisle"), no_such_aisle(&table.aisle, aisles));
        return None;
    };
    let aisle = &aisles[index].1;
    check_span(document, path, "bay", table.bays.as_ref(), aisle.bays.0, &table.aisle);
    check_span(document, path, "level", table.levels.as_ref(), aisle.levels.0, &table.aisle);
    let sides = path.clone().key("sides");
    if table.sides.as_ref().is_some_and(Vec::is_empty) {
        document.problem(&sides, "a zone has at least one side: \"L\", \"R\" or both");
    }
    for (i, side) in table.sides.iter().flatten().enumerate() {
        if !aisle.sides.contains(side) {
            let message = format!("aisle \"{}\" has no side {}", table.aisle, side.to_domain().letter());
            document.problem(&sides.clone().index(i), message);
        }
    }
    let note = note(table.reason.as_ref(), || extent(&table));
    Some((index as u16, Zone { table, note }))
}

/// A zone in words: `aisle A01, bays 39 to 40, side R`.
fn extent(table: &ZoneTable) -> String {
    let part = |name: &str, (first, last): (u32, u32)| match first == last {
        true => format!(", {name} {first}"),
        false => format!(", {name}s {first} to {last}"),
    };
    let mut words = format!("aisle {}", table.aisle);
    words.extend(table.bays.as_ref().map(|bays| part("bay", bays.ends())));
    words.extend(table.levels.as_ref().map(|levels| part("level", levels.ends())));
    if let Some([side]) = table.sides.as_deref() {
        words.push_str(&format!(", side {}", side.to_domain().letter()));
    }
    words
}

fn check_span<const MOST: u32>(document: &mut Document<'_>, path: &Path, name: &str, span: Option<&Span<MOST>>, most: u32, aisle: &str) {
    if let Some(last) = span.map(|span| span.ends().1).filter(|last| *last > most) {
        let message = format!("{name} {last} is outside aisle \"{aisle}\", which has {name} 1 to {most}");
        document.problem(&path.clone().key(&format!("{name}s")), message);
    }
}

fn lock(document: &mut Document<'_>, folder: &FilePath, path: &Path, table: LockedTable, layout: &mut Layout) {
    if table.locations.is_empty() && table.locations_file.is_none() {
        document.problem(path, "nothing is locked: `locations` or `locations_file` is wanted");
    }
    let note = note(table.reason.as_ref(), || "by the configuration".to_owned());
    for (i, code) in table.locations.iter().enumerate() {
        match layout.index_of(code) {
            Some(slot) => layout.bar(slot, Barred::Locked, note.clone()),
            None => document.problem(&path.clone().key("locations").index(i), unknown_location(code, layout, i)),
        }
    }
    let Some(file) = table.locations_file else { return };
    match ListFile::open(&folder.join(file), Limits::default()).and_then(|file| read_locations(&file, layout)) {
        Err(error) => document.report.add_list(error, path.clone().key("locations_file")),
        Ok(codes) => {
            for slot in codes.iter().filter_map(|(code, _)| layout.index_of(code.as_str())).collect::<Vec<_>>() {
                layout.bar(slot, Barred::Locked, note.clone());
            }
        }
    }
}

fn note(reason: Option<&Remark>, usual: impl FnOnce() -> String) -> Arc<str> {
    reason.map_or_else(usual, |reason| reason.0.clone()).into()
}
