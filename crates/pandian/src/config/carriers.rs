//! Cranes and dispatchers: their devices and rules, and which queue an aisle's locations go to.

use std::collections::HashMap;
use std::time::Duration;

use pandian_devices::settings::Period;
use pandian_devices::{Camera, Catalog, Crane, TagReader};
use pandian_domain::layout::QueueSpec;
use pandian_domain::retry::RetryPolicy;
use pandian_domain::travel::{Axis, Kinematics};
use pandian_domain::{CraneId, LaneId, LaneSpec, Rail, Side, Sided};
use pandian_engine::site::Rules;
use serde::de::DeserializeOwned;

use super::ConfiguredCrane;
use super::device::{Device, Kinds};
use super::document::{Document, Path};
use super::file::{AisleTable, AxisTable, CraneTable, DefaultsTable, DispatcherTable, HomeTable, RetryTable};
use crate::lists::{most_similar, shown};

/// A crane or a dispatcher: one queue.
pub(super) struct Carrier {
    pub(super) path: Path,
    pub(super) id: CraneId,
    lanes: u32,
    pub(super) is_dispatcher: bool,
    pub(super) aisles: Vec<String>,
    pub(super) locations: Vec<String>,
    pub(super) locations_file: Option<String>,
    device: Device<dyn Crane>,
    reader: Sided<Device<dyn TagReader>>,
    camera: Sided<Device<dyn Camera>>,
    rules: Rules,
    pub(super) home: Option<HomeTable>,
    aisle_change: Option<Duration>,
    kinematics: Kinematics,
}

impl Carrier {
    /// Whether it counts both sides of the aisle in one visit. One camera must look at one side after the other, whatever its readers do.
    fn counts_both_sides(&self) -> bool {
        self.camera.is_each() || (!self.camera.is_some() && self.reader.is_each())
    }
}

/// What a crane's and a dispatcher's table have in common.
struct Table {
    id: String,
    lanes: Option<u32>,
    aisles: Vec<String>,
    locations: Vec<String>,
    locations_file: Option<String>,
    has_witness: bool,
    home: Option<HomeTable>,
    aisle_change: Option<Period>,
    drive: Option<AxisTable>,
    lift: Option<AxisTable>,
}

impl From<CraneTable> for Table {
    fn from(table: CraneTable) -> Self {
        Self {
            id: table.id.0,
            lanes: None,
            aisles: table.aisles,
            locations: table.locations,
            locations_file: table.locations_file,
            has_witness: table.reader.is_some() || table.readers.is_some() || table.camera.is_some() || table.cameras.is_some(),
            home: table.home,
            aisle_change: table.aisle_change,
            drive: table.drive,
            lift: table.lift,
        }
    }
}

impl From<DispatcherTable> for Table {
    fn from(table: DispatcherTable) -> Self {
        Self {
            id: table.id.0,
            lanes: Some(table.lanes.0),
            aisles: table.aisles,
            locations: table.locations,
            locations_file: table.locations_file,
            has_witness: table.reader.is_some() || table.camera.is_some(),
            home: None,
            aisle_change: None,
            drive: None,
            lift: None,
        }
    }
}

/// Reads every crane and dispatcher with its devices.
pub(super) fn read(document: &mut Document<'_>, catalog: &Catalog, defaults: &DefaultsTable) -> Vec<Carrier> {
    let kinds = (Kinds::new(&catalog.cranes), Kinds::new(&catalog.readers), Kinds::new(&catalog.cameras));
    let mut tables = each::<CraneTable>(document, "crane");
    tables.extend(each::<DispatcherTable>(document, "dispatcher"));
    let every = defaults.every().over(RetryPolicy::default());
    check_rule(document, &Path::of("defaults"), defaults.every(), every);
    let roles = [("crane", defaults.crane), ("reader", defaults.reader), ("camera", defaults.camera), ("compare", defaults.compare)];
    for (role, own) in roles {
        check_rule(document, &Path::of("defaults").key(role), own, own.over(every));
    }
    let mut carriers = Vec::with_capacity(tables.len());
    for (path, table) in tables {
        let device = kinds.0.read(document, &path.clone().key("device"));
        let reader = kinds.1.read_sided(document, &path, "reader", "readers");
        let camera = kinds.2.read_sided(document, &path, "camera", "cameras");
        if !table.has_witness {
            document.problem(&path, format!("crane {} has neither a `reader` nor a `camera`: nothing could be counted", table.id));
        }
        let Some(device) = device else { continue };
        let capture = rule(camera.iter(), defaults.camera, defaults);
        let rules = Rules {
            goto: rule([(None, &device)], defaults.crane, defaults),
            inventory: rule(reader.iter(), defaults.reader, defaults),
            capture,
            compare: defaults.compare.over(capture),
        };
        check_rule(document, &device.path, device.retry, rules.goto);
        reader.iter().for_each(|(_, reader)| check_rule(document, &reader.path, reader.retry, rules.inventory));
        camera.iter().for_each(|(_, camera)| check_rule(document, &camera.path, camera.retry, rules.capture));
        let usual = Kinematics::default();
        let axis = |table: Option<AxisTable>, usual| {
            table.map_or(usual, |axis: AxisTable| Axis { speed: axis.speed.0, acceleration: axis.acceleration.0 })
        };
        carriers.push(Carrier {
            path,
            id: CraneId::new(table.id),
            lanes: table.lanes.unwrap_or(1),
            is_dispatcher: table.lanes.is_some(),
            aisles: table.aisles,
            locations: table.locations,
            locations_file: table.locations_file,
            device,
            reader,
            camera,
            rules,
            home: table.home,
            aisle_change: table.aisle_change.map(|period| period.0),
            kinematics: Kinematics { drive: axis(table.drive, usual.drive), lift: axis(table.lift, usual.lift) },
        });
    }
    carriers
}

fn each<T: DeserializeOwned + Into<Table>>(document: &mut Document<'_>, key: &str) -> Vec<(Path, Table)> {
    document.read_each::<T>(key).into_iter().map(|(path, table)| (path, table.into())).collect()
}

/// The rule of a crane's devices of one role: what they say themselves, beneath it what holds for their role and for all, beneath that
/// what is usual for their kind. Those for either side have the same rule, which is patient enough for both.
fn rule<'d, D: ?Sized + 'static>(
    devices: impl IntoIterator<Item = (Option<Side>, &'d Device<D>)>,
    role: RetryTable,
    defaults: &DefaultsTable,
) -> RetryPolicy {
    let devices = devices.into_iter().map(|(_, device)| (device.retry, device.build.usual_rule()));
    let rule = devices.reduce(|(own, one), (_, other)| {
        let patient = RetryPolicy {
            attempts: one.attempts.max(other.attempts),
            timeout: one.timeout.max(other.timeout),
            first_delay: one.first_delay.max(other.first_delay),
            max_delay: one.max_delay.max(other.max_delay),
        };
        (own, patient)
    });
    let (own, usual) = rule.unwrap_or_default();
    own.over(role.over(defaults.every().over(usual)))
}

/// Checks what the table at `path` makes of the rule; what it took over was checked where it stands.
fn check_rule(document: &mut Document<'_>, path: &Path, own: RetryTable, rule: RetryPolicy) {
    if own.timeout.is_some() && rule.timeout == Duration::ZERO {
        document.problem(&path.clone().key("timeout"), "a time-out of 0 lets nothing succeed; a duration above 0 is wanted");
    }
    let says = if own.first_delay.is_some() { "first_delay" } else { "max_delay" };
    if (own.first_delay.is_some() || own.max_delay.is_some()) && rule.first_delay > rule.max_delay {
        let message = format!(
            "the first pause (`first_delay`, {}) is longer than the longest (`max_delay`, {})",
            Period(rule.first_delay),
            Period(rule.max_delay)
        );
        document.problem(&path.clone().key(says), message);
    }
}

/// Lanes and queues, the queue of each aisle's locations, and the rails.
pub(super) struct Queues {
    pub(super) lanes: Vec<LaneSpec>,
    pub(super) queues: Vec<QueueSpec>,
    pub(super) of_aisle: Vec<u32>,
    pub(super) rails: Vec<Rail>,
}

/// Checks the names, and which crane serves which aisle.
pub(super) fn queues(document: &mut Document<'_>, carriers: &[Carrier], aisles: &[(Path, AisleTable)]) -> Queues {
    if carriers.is_empty() {
        document.report.add(0..0, "", "there is no crane: at least one [[crane]] or [[dispatcher]] is wanted", None);
    }
    let mut ids = HashMap::new();
    for carrier in carriers {
        if let Some(first) = ids.insert(carrier.id.as_str(), &carrier.path) {
            document.problem(&carrier.path.clone().key("id"), format!("\"{}\" is already the name of {first}", carrier.id));
        }
    }
    let mut aisle_index = HashMap::new();
    for (index, (path, aisle)) in aisles.iter().enumerate() {
        let first = *aisle_index.entry(aisle.id.0.as_str()).or_insert(index);
        if first != index {
            document.problem(&path.clone().key("id"), format!("\"{}\" is already the name of {}", aisle.id.0, aisles[first].0));
        }
    }
    let of_aisle = vec![u32::MAX; aisles.len()];
    let mut made = Queues { lanes: Vec::new(), queues: Vec::with_capacity(carriers.len()), of_aisle, rails: Vec::new() };
    for (queue, carrier) in carriers.iter().enumerate() {
        let queue = queue as u32;
        let mut spec = QueueSpec { both_sides: carrier.counts_both_sides(), ..QueueSpec::default() };
        for (i, name) in carrier.aisles.iter().enumerate() {
            let path = carrier.path.clone().key("aisles").index(i);
            let Some(&index) = aisle_index.get(name.as_str()) else {
                document.problem(&path, no_such_aisle(name, aisles));
                continue;
            };
            if spec.aisles.contains(&(index as u16)) {
                document.problem(&path, format!("aisle \"{name}\" is listed twice"));
            } else {
                spec.aisles.push(index as u16);
            }
            if made.of_aisle[index] == u32::MAX {
                made.of_aisle[index] = queue;
            }
        }
        if carrier.aisles.is_empty() && carrier.locations.is_empty() && carrier.locations_file.is_none() {
            let message = format!("\"{}\" serves nothing: `aisles`, `locations` or `locations_file` is wanted", carrier.id);
            document.problem(&carrier.path, message);
        }
        made.queues.push(spec);
        made.lanes.extend((1..=carrier.lanes).map(|n| LaneSpec {
            id: if carrier.is_dispatcher { LaneId::new(format!("{}/{n}", carrier.id)) } else { LaneId::new(carrier.id.as_str()) },
            crane: carrier.id.clone(),
            queue,
        }));
    }
    for (index, (path, aisle)) in aisles.iter().enumerate() {
        if made.of_aisle[index] == u32::MAX && aisle_index.get(aisle.id.0.as_str()) == Some(&index) {
            document.problem(&path.clone().key("id"), format!("no crane serves aisle \"{}\": name it in the `aisles` of one", aisle.id.0));
        }
    }
    made
}

/// What to say of an aisle that is not there.
pub(super) fn no_such_aisle(name: &str, aisles: &[(Path, AisleTable)]) -> String {
    let names = aisles.iter().map(|(_, aisle)| aisle.id.0.as_str());
    let meant = most_similar(name, names.clone()).map(|name| format!("; did you mean \"{name}\"?"));
    let known = || match names.clone().take(12).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ") {
        known if known.is_empty() => "; there are no aisles".to_owned(),
        known => format!("; there are {known}{}", if aisles.len() > 12 { ", …" } else { "" }),
    };
    format!("there is no aisle \"{}\"{}", shown(name), meant.unwrap_or_else(known))
}

/// The cranes as the warehouse keeps them.
pub(super) fn configured(carriers: Vec<Carrier>) -> Vec<ConfiguredCrane> {
    let mut next = 0;
    let mut lanes = |count| {
        let first = next;
        next += count;
        first..next
    };
    carriers
        .into_iter()
        .map(|carrier| ConfiguredCrane {
            id: carrier.id,
            lanes: lanes(carrier.lanes),
            device: carrier.device.build,
            is_dispatcher: carrier.is_dispatcher,
            reader: carrier.reader.map(|reader| reader.build),
            camera: carrier.camera.map(|camera| camera.build),
            rules: carrier.rules,
            aisle_change: carrier.aisle_change,
            kinematics: carrier.kinematics,
        })
        .collect()
}
