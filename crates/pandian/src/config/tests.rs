use std::time::Duration;

use pandian_domain::retry::RetryPolicy;
use pandian_domain::{Place, Side};
use pandian_engine::site::Release;

use super::*;

mod routes;

fn catalog() -> Catalog {
    Catalog::real().with(pandian_sim::catalog())
}

fn load_text(folder: &Path, text: &str) -> Warehouse {
    std::fs::write(folder.join(FILE_NAME), text).unwrap();
    load(folder, &catalog()).unwrap_or_else(|error| panic!("{error}"))
}

/// The examples of `docs/configuration.md`: a complete one, and two cranes on one rail.
fn examples() -> [&'static str; 2] {
    let page = include_str!("../../../../docs/configuration.md");
    let mut examples = page.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    [examples.next().unwrap(), examples.next().unwrap()]
}

/// The complete example, with the lists that it names.
fn documented() -> Warehouse {
    let [example, _] = examples();
    let folder = tempfile::tempdir().unwrap();
    let codes = "code,aisle,side,bay,level\nX-1,A02,R,3,4\nX-2,A02,L,1,1\n";
    for (name, content) in [("book.csv", "location,item,quantity\nX-2,M-1,5\n"), ("locations.csv", codes), ("wcs.txt", "99号\n")] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let warehouse = load_text(folder.path(), example);
    let book = warehouse.read_book().unwrap().unwrap();
    assert_eq!(book.len(), 1);
    warehouse
}

#[test]
fn the_documented_example_is_right() {
    let warehouse = documented();
    assert_eq!(&*warehouse.name, "Demo");
    assert_eq!(warehouse.settings.release, Release::AfterAcquisition);
    assert!(warehouse.settings.lanes.hand_on);
    let lanes: Vec<_> = warehouse.cranes.iter().map(|crane| (crane.id.as_str(), crane.lanes.clone())).collect();
    assert_eq!(lanes, [("C1", 0..1), ("C2", 1..2), ("WCS", 2..5)]);
    assert_eq!(warehouse.layout.lanes()[4].id.as_str(), "WCS/3");
    let aisles = warehouse.layout.aisles();
    assert_eq!((aisles[0].bay_width_m, aisles[1].level_height_m), (1.4, 1.6));
    assert!(!warehouse.cranes[1].camera.is_some());
    assert_eq!(warehouse.cranes[1].aisle_change, Some(Duration::from_secs(90)));
    let barred = |code| warehouse.layout.barred(warehouse.layout.index_of(code).unwrap()).map(|(_, note)| note.as_ref());
    assert_eq!(["A01-R-039-05", "A01-L-039-05", "GATE-2"].map(barred), [Some("sprinkler pipe"), None, Some("blocked by customs")]);
    assert_eq!(warehouse.check_times.verification, Duration::from_secs(6));
    assert_eq!(warehouse.callbacks.unwrap().listen.port(), 8020);
}

#[test]
fn locations_come_in_the_documented_order_and_fall_into_the_queue_of_the_first_crane_that_lists_their_aisle() {
    let layout = documented().layout;
    let first: Vec<_> = layout.slots()[..5].iter().map(|slot| slot.code.as_str()).collect();
    assert_eq!(first, ["A01-L-001-01", "A01-R-001-01", "A01-L-001-02", "A01-R-001-02", "A01-L-001-03"]);
    let rest: Vec<_> = layout.slots()[480..].iter().map(|slot| (slot.code.as_str(), slot.queue)).collect();
    let expected = [("X-1", 1), ("X-2", 1), ("GATE-1", 1), ("GATE-2", 1), ("1号", 2), ("8号", 2), ("10号", 2), ("99号", 2)];
    assert_eq!(rest, expected);
    let place = Place { aisle: 1, side: Side::Right, bay: 3, level: 4, depth: 1 };
    assert_eq!(layout.find("X-1").unwrap().place, Some(place));
    let in_first_aisle = layout.find("A01-R-040-06").unwrap();
    assert_eq!(in_first_aisle.queue, 0);
    assert!(layout.can_serve(1, in_first_aisle) && !layout.can_serve(2, in_first_aisle));
}

#[test]
fn a_rule_is_the_devices_own_then_that_of_its_operation_then_that_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = 'W'\ndefaults = { attempts = 5, reader = { timeout = '10s' }, compare = { attempts = 1 } }\n\
        [[crane]]\nid = 'C1'\nlocations = ['A']\ndevice = { kind = 'sim', attempts = 2 }\nreader = { kind = 'sim' }\n\
        camera = { kind = 'sim', timeout = '7s' }\n";
    let rules = load_text(folder.path(), text).cranes[0].rules;
    let usual = RetryPolicy { attempts: 5, ..RetryPolicy::default() };
    assert_eq!(rules.goto, RetryPolicy { attempts: 2, ..usual });
    assert_eq!(rules.inventory, RetryPolicy { timeout: Duration::from_secs(10), ..usual });
    let capture = RetryPolicy { timeout: Duration::from_secs(7), ..usual };
    assert_eq!(rules.capture, capture);
    assert_eq!(rules.compare, RetryPolicy { attempts: 1, ..capture });
}

#[test]
fn beneath_what_is_said_holds_what_is_usual_for_the_kind() {
    let rules = |defaults: &str, readers: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("name = 'W'\n{defaults}\n[[crane]]\nid = 'C1'\nlocations = ['A']\ndevice.kind = 'sim'\n{readers}\n");
        load_text(folder.path(), &text).cranes[0].rules
    };
    let llrp = "reader = { kind = 'llrp', address = 'reader' }";
    let seconds = Duration::from_secs;
    let usual = RetryPolicy { attempts: 12, timeout: seconds(15), first_delay: seconds(1), max_delay: seconds(8) };
    assert_eq!(rules("", llrp).inventory, usual);
    assert_eq!(rules("", llrp).goto, RetryPolicy::default());
    let said = rules("defaults = { attempts = 5, max_delay = '9s', reader = { timeout = '10s' } }", llrp).inventory;
    assert_eq!(said, RetryPolicy { attempts: 5, timeout: seconds(10), max_delay: seconds(9), ..usual });
    let pair = "readers.L = { kind = 'llrp', address = 'left' }\nreaders.R = { kind = 'llrp', address = 'right', dwell = '10s' }";
    assert_eq!(rules("", pair).inventory, RetryPolicy { timeout: seconds(30), ..usual }, "patient enough for both");
    let own = "reader = { kind = 'llrp', address = 'reader', attempts = 2 }";
    assert_eq!(rules("defaults.reader.attempts = 4", own).inventory, RetryPolicy { attempts: 2, ..usual });
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = 'W'\n[[crane]]\nid = 'C1'\nlocations = ['A']\ndevice.kind = 'sim'\nreader.kind = 'sim'\n";
    let warehouse = load_text(folder.path(), &format!("\u{feff}{text}"));
    assert_eq!(&*warehouse.text, text);
    assert_eq!(warehouse.folder(), folder.path());
}

#[test]
fn every_reference_of_the_schema_leads_somewhere_and_every_kind_is_in_it() {
    let schema = schema(&catalog());
    fn check(value: &serde_json::Value, root: &serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(|reference| reference.as_str()) {
                    assert!(root.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                }
                fields.values().for_each(|value| check(value, root));
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| check(value, root)),
            _ => {}
        }
    }
    check(&schema, &schema);
    for (role, kinds) in [("CraneDevice", 2), ("ReaderDevice", 5), ("CameraDevice", 8)] {
        assert_eq!(schema["$defs"][role]["oneOf"].as_array().unwrap().len(), kinds, "{role}");
    }
    let http = &schema["$defs"]["CraneDevice.http"];
    assert_eq!(http["properties"]["kind"]["const"], "http");
    assert!(http["properties"]["attempts"].is_object() && http["properties"]["url"].is_object());
    assert!(http["required"].as_array().unwrap().contains(&"kind".into()));
}

#[test]
fn the_variables_that_hold_secrets_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name = \"T\"\n[callbacks]\nlisten = \"127.0.0.1:0\"\nsecret_env = \"CALL\"\n[[crane]]\nid = \"C1\"\nlocations = [\"1\"]\n\
                device = { kind = \"http\", url = \"http://h/\", headers = { a = \"env:GO\", b = \"plain\" } }\n\
                reader = { kind = \"http\", url = \"http://h/\", headers = { a = \"env:READ\" } }\n\
                camera = { kind = \"http\", url = \"http://h/\", headers = { a = \"env:SHOOT\" }, compare_url = \"http://h/\", \
                compare_headers = { a = \"env:COMPARE\" } }\n";
    assert_eq!(load_text(folder.path(), text).secrets(), ["CALL", "GO", "READ", "SHOOT", "COMPARE"]);
}
