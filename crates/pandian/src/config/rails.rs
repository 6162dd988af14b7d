//! Which cranes share a rail, and where each crane stands at first.

use pandian_domain::{Position, Rail};

use super::carriers::{Carrier, Queues};
use super::document::{Document, Path};
use super::file::{AisleTable, RailTable};
use super::slots::measures;
use crate::lists::{most_similar, shown};

/// The rails, and the homes of every queue's crane. What the queues serve must be right.
pub(super) fn place(
    document: &mut Document<'_>,
    tables: Vec<(Path, RailTable)>,
    carriers: &[Carrier],
    aisles: &[(Path, AisleTable)],
    queues: &mut Queues,
) {
    let mut rails = Rails { carriers, aisles, queues, found: Vec::new() };
    for (path, table) in tables {
        rails.add(document, path, table);
    }
    let found = rails.found;
    for (queue, carrier) in carriers.iter().enumerate() {
        let is_second = found.iter().any(|(_, rail)| rail.queues[1] as usize == queue);
        queues.queues[queue].home = home(document, carrier, &queues.queues[queue].aisles, aisles, is_second);
    }
    for (path, rail) in &found {
        check_homes(document, path, rail, carriers, queues);
    }
    queues.rails = found.into_iter().map(|(_, rail)| rail).collect();
}

struct Rails<'a> {
    carriers: &'a [Carrier],
    aisles: &'a [(Path, AisleTable)],
    queues: &'a Queues,
    found: Vec<(Path, Rail)>,
}

impl Rails<'_> {
    fn add(&mut self, document: &mut Document<'_>, path: Path, table: RailTable) {
        let id = table.id.0.as_str();
        if let Some((first, _)) = self.found.iter().find(|(_, rail)| &*rail.id == id) {
            document.problem(&path.clone().key("id"), format!("\"{id}\" is already the name of {first}"));
        }
        let cranes = path.clone().key("cranes");
        let found: Vec<Option<usize>> =
            table.cranes.iter().enumerate().map(|(i, name)| self.crane(document, &cranes.clone().index(i), name)).collect();
        let [Some(low), Some(high)] = found[..] else {
            if found.len() != 2 {
                document.problem(&cranes, format!("a rail has exactly two cranes, first the one nearer to bay 0, not {}", found.len()));
            }
            return;
        };
        let Some(aisle) = self.aisle(document, &cranes, [low, high]) else { return };
        let length_m = f64::from(aisle.bays.0) * aisle.bay_width.0;
        if table.gap.0 * 2.0 > length_m {
            let message = format!("a gap of {} m is more than half of the aisle, which is {length_m} m long", table.gap.0);
            document.problem(&path.clone().key("gap"), message);
        }
        let rail = Rail { id: id.into(), queues: [low as u32, high as u32], gap_m: table.gap.0 };
        self.found.push((path, rail));
    }

    /// The crane of that name, if it can be one of this rail.
    fn crane(&self, document: &mut Document<'_>, path: &Path, name: &str) -> Option<usize> {
        let Some(index) = self.carriers.iter().position(|carrier| carrier.id.as_str() == name) else {
            let names = self.carriers.iter().filter(|carrier| !carrier.is_dispatcher).map(|carrier| carrier.id.as_str());
            let meant = most_similar(name, names).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
            document.problem(path, format!("there is no crane \"{}\"{meant}", shown(name)));
            return None;
        };
        if self.carriers[index].is_dispatcher {
            document.problem(path, format!("\"{name}\" is a dispatcher: nobody knows where its cranes move"));
            return None;
        }
        if let Some((rail, _)) = self.found.iter().find(|(_, rail)| rail.queues.contains(&(index as u32))) {
            document.problem(path, format!("crane \"{name}\" is on {rail} already"));
            return None;
        }
        Some(index)
    }

    /// The aisle of a rail: its cranes serve no other, and no other crane serves it.
    fn aisle(&self, document: &mut Document<'_>, path: &Path, pair: [usize; 2]) -> Option<&AisleTable> {
        let [low, high] = pair;
        if low == high {
            document.problem(&path.clone().index(1), format!("crane \"{}\" is listed twice", self.carriers[low].id));
            return None;
        }
        for (i, crane) in pair.into_iter().enumerate() {
            let count = self.queues.queues[crane].aisles.len();
            if count != 1 {
                let message = format!("crane \"{}\" serves {count} aisles; on a rail it serves exactly one", self.carriers[crane].id);
                document.problem(&path.clone().index(i), message);
                return None;
            }
        }
        let aisle = self.queues.queues[low].aisles[0];
        let (one, other) = (&self.carriers[low], &self.carriers[high]);
        if self.queues.queues[high].aisles[0] != aisle {
            let message = format!(
                "cranes on one rail serve the same aisle, but \"{}\" serves \"{}\" and \"{}\" serves \"{}\"",
                one.id, one.aisles[0], other.id, other.aisles[0]
            );
            document.problem(path, message);
            return None;
        }
        for (index, carrier) in self.carriers.iter().enumerate() {
            if !pair.contains(&index) && self.queues.queues[index].aisles.contains(&aisle) {
                let message = format!("aisle \"{}\" belongs to the rail of \"{}\" and \"{}\" alone", one.aisles[0], one.id, other.id);
                document.problem(&carrier.path.clone().key("aisles"), message);
            }
        }
        Some(&self.aisles[usize::from(aisle)].1)
    }
}

/// Where a crane stands at first: where it says, else at the front, the second of a rail at the far end.
fn home(
    document: &mut Document<'_>,
    carrier: &Carrier,
    served: &[u16],
    aisles: &[(Path, AisleTable)],
    is_second: bool,
) -> Option<Position> {
    if carrier.is_dispatcher {
        return None;
    }
    let path = carrier.path.clone().key("home");
    let Some(&aisle) = served.first() else {
        if carrier.home.is_some() {
            document.problem(&path, format!("\"{}\" serves no aisle that it could have a home in", carrier.id));
        }
        return None;
    };
    let table = &aisles[usize::from(aisle)].1;
    let far_end = table.bays.0 + 1;
    let bay = carrier.home.and_then(|home| home.bay).map_or(if is_second { far_end } else { 0 }, |bay| bay.0);
    let level = carrier.home.and_then(|home| home.level).map_or(0, |level| level.0);
    for (name, number, most) in [("bay", bay, far_end), ("level", level, table.levels.0)] {
        if number > most {
            let message = format!("{name} {number} is outside aisle \"{}\", where a crane can stand at {name} 0 to {most}", table.id.0);
            document.problem(&path.clone().key(name), message);
        }
    }
    Some(Position { aisle, point: measures(table).point(bay, level) })
}

fn check_homes(document: &mut Document<'_>, path: &Path, rail: &Rail, carriers: &[Carrier], queues: &Queues) {
    let [low, high] = rail.queues.map(|queue| queues.queues[queue as usize].home.map_or(0.0, |home| home.point.x_m));
    if high - low < rail.gap_m {
        let [one, other] = rail.queues.map(|queue| &carriers[queue as usize].id);
        let message = format!(
            "at home \"{one}\" stands {low} m from bay 0 and \"{other}\" {high} m: the second must be beyond the first by the gap of {} m",
            rail.gap_m
        );
        document.problem(path, message);
    }
}
