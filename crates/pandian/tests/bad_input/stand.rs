//! A folder for broken files, and the messages they lead to.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::GB18030;
use pandian::config::{self, Warehouse};
use pandian::lists::{Limits, ListError, ListFile, read_codes, read_locations, read_slots, read_stock};
use pandian_devices::catalog::{Build, Kind};
use pandian_devices::settings::Period;
use pandian_devices::{BuildContext, Camera, Catalog, Crane, DeviceError, TagReader};
use pandian_domain::{Code, Layout, LocationCode};
use schemars::JsonSchema;
use serde::Deserialize;

/// Settings of the kind `test`, which every role has.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only read")]
struct TestSettings {
    /// Where it is.
    url: String,
    /// How often it is asked.
    poll: Option<Poll>,
}

/// A nested table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only read")]
struct Poll {
    every: Period,
}

macro_rules! unbuildable {
    ($($device:ty),*) => {
        $(impl Build<$device> for TestSettings {
            fn build(&self, _: &BuildContext) -> Result<Arc<$device>, DeviceError> {
                Err(DeviceError::new(Code::Internal, "never built"))
            }
        })*
    };
}
unbuildable!(dyn Crane, dyn TagReader, dyn Camera);

pub(crate) fn catalog() -> Catalog {
    Catalog {
        cranes: vec![Kind::of::<TestSettings>("test", "a crane of the tests"), Kind::of::<TestSettings>("other", "another")],
        readers: vec![Kind::of::<TestSettings>("test", "a reader of the tests")],
        cameras: vec![Kind::of::<TestSettings>("test", "a camera of the tests")],
    }
}

/// The rest of a right configuration: an aisle `A1` with 2 × 2 × 2 locations such as `A1-L-01-1`, and its crane.
pub(crate) const AISLE: &str = "[[aisle]]\nid = \"A1\"\nbays = 2\nlevels = 2\ncode = \"{aisle}-{side}-{bay:02}-{level}\"\n";
pub(crate) const DEVICES: &str = "device = { kind = \"test\", url = \"http://a\" }\nreader = { kind = \"test\", url = \"http://b\" }\n";

pub(crate) fn crane(lines: &str) -> String {
    format!("[[crane]]\n{lines}\n{DEVICES}")
}

/// A configuration with `top` before its tables and `tables` behind.
pub(crate) fn right(top: &str, tables: &str) -> String {
    format!("name = \"Demo\"\n{top}\n{AISLE}{}{tables}", crane("id = \"C1\"\naisles = [\"A1\"]"))
}

pub(crate) fn gb18030(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}

pub(crate) fn utf16(text: &str, bom: bool) -> Vec<u8> {
    let bom = if bom { vec![0xff, 0xfe] } else { Vec::new() };
    bom.into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// Collects what is told of each case, with the folder's path left out.
pub(crate) struct Stand {
    folder: tempfile::TempDir,
    told: String,
}

impl Stand {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), told: String::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn tell(&mut self, case: &str, message: &str) {
        let folder = self.folder.path().display().to_string();
        writeln!(self.told, "## {case}\n{}\n", message.replace(&folder, "[folder]")).unwrap();
    }

    pub(crate) fn config(&mut self, case: &str, content: impl AsRef<[u8]>) {
        let path = self.write("warehouse.toml", content);
        self.config_at(case, &path);
    }

    pub(crate) fn config_at(&mut self, case: &str, path: &Path) {
        let error = config::load(path, &catalog()).map(|_| ()).expect_err(case);
        assert_eq!(error.code(), Code::ConfigInvalid);
        self.tell(case, &error.to_string());
    }

    /// The layout that lists are held against: `A1-L-01-1` … `A1-R-02-2`, `1号`, `8号`, `10号`.
    pub(crate) fn warehouse(&self) -> Warehouse {
        let tables = "[[dispatcher]]\nid = \"WCS\"\nlanes = 3\nlocations = [\"1号\", \"8号\", \"10号\"]\n";
        let path = self.write("right.toml", right("", &format!("{tables}{DEVICES}")));
        config::load(&path, &catalog()).unwrap()
    }

    fn layout(&self) -> Arc<Layout> {
        self.warehouse().layout
    }

    fn open(&self, content: &[u8], name: &str) -> Result<ListFile, ListError> {
        ListFile::open(&self.write(name, content), Limits::default())
    }

    pub(crate) fn list_error(&mut self, case: &str, read: Result<(), ListError>) {
        let error = read.expect_err(case);
        self.tell(case, &format!("{error}\n[{}]", error.code()));
    }

    /// A list of locations to count.
    pub(crate) fn locations(&mut self, case: &str, content: impl AsRef<[u8]>) {
        let read = self.open(content.as_ref(), "list.csv").and_then(|file| read_locations(&file, &self.layout()).map(drop));
        self.list_error(case, read);
    }

    pub(crate) fn locations_in(&mut self, case: &str, file: Result<ListFile, ListError>) {
        let read = file.and_then(|file| read_locations(&file, &self.layout()).map(drop));
        self.list_error(case, read);
    }

    /// A list that defines codes.
    pub(crate) fn codes(&mut self, case: &str, content: impl AsRef<[u8]>) {
        let read = self.open(content.as_ref(), "codes.csv").and_then(|file| read_codes(&file).map(drop));
        self.list_error(case, read);
    }

    pub(crate) fn slots(&mut self, case: &str, content: impl AsRef<[u8]>) {
        let read = self.open(content.as_ref(), "slots.csv").and_then(|file| read_slots(&file, |_| Ok(())));
        self.list_error(case, read);
    }

    pub(crate) fn stock(&mut self, case: &str, content: impl AsRef<[u8]>) {
        let read = self.open(content.as_ref(), "book.csv").and_then(|file| read_stock(&file, &self.layout()).map(drop));
        self.list_error(case, read);
    }

    pub(crate) fn told(&self) -> &str {
        &self.told
    }
}

#[test]
fn the_right_configuration_and_list_of_these_tests_are_right() {
    let stand = Stand::new();
    let warehouse = stand.warehouse();
    assert_eq!(warehouse.layout.slots().len(), 11);
    let lanes: Vec<_> = warehouse.layout.lanes().iter().map(|lane| lane.id.as_str()).collect();
    assert_eq!(lanes, ["C1", "WCS/1", "WCS/2", "WCS/3"]);
    let file = stand.open("location\n8号\nA1-R-02-1\n".as_bytes(), "list.csv").unwrap();
    let expected = [(LocationCode::from("8号"), 2), (LocationCode::from("A1-R-02-1"), 3)];
    assert_eq!(read_locations(&file, &warehouse.layout).unwrap(), expected);
}
