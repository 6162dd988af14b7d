//! Configurations that are wrong in themselves.

use super::stand::{AISLE, DEVICES, Stand, crane, gb18030, right, utf16};

#[test]
fn files_that_are_no_configuration() {
    let mut stand = Stand::new();
    stand.config_at("no such file", &stand.path("nowhere.toml"));
    std::fs::create_dir(stand.path("empty")).unwrap();
    stand.config_at("a folder without warehouse.toml", &stand.path("empty"));
    std::fs::create_dir_all(stand.path("odd/warehouse.toml")).unwrap();
    stand.config_at("warehouse.toml is a folder", &stand.path("odd"));
    stand.config("empty", "");
    stand.config("UTF-16", utf16("name = \"Demo\"\n", true));
    stand.config("UTF-16 without BOM", utf16("name = \"Demo\"\n", false));
    stand.config("GB18030", gb18030("name = \"Demo\"\n# 巷道\n"));
    stand.config("a BOM, then other bytes", [b"\xef\xbb\xbfname = \"".as_slice(), &gb18030("仓库"), b"\"\n"].concat());
    stand.config("a NUL byte", "name = \"Demo\"\nrelease = \"\0\"\n");
    stand.config("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR");
    stand.config("too large", "#".repeat((16 << 20) + 1));
    stand.config("a list instead", "location\n1号\n8号\n");
    stand.config("nested too deep", format!("name = {}1", "[".repeat(100_000)));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn text_that_is_not_toml() {
    let mut stand = Stand::new();
    stand.config("a quote that is never closed", right("", "[book]\nfile = \"book.csv\n"));
    stand.config("two slips at once", right("release = after-acquisition", "[run]\ngive_up_after 3\n"));
    stand.config("a key twice", right("", "[run]\ngive_up_after = 3\ngive_up_after = 4\n"));
    stand.config("a table twice", right("", "[run]\n[run]\n"));
    stand.config("a curly quote", right("", "[book]\nfile = “book.csv”\n"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn unknown_and_missing_fields() {
    let mut stand = Stand::new();
    stand.config("a slip at the top", right("relaese = \"after-verification\"", ""));
    stand.config(
        "several slips, one that is like nothing",
        right("", "[run]\ncomparison_per_lane = 4\ncolour = \"red\"\n[defaults.reader]\ntiemout = \"60s\"\n"),
    );
    let device = "device = { kind = \"test\", url = \"http://a\", atempts = 3, poll = { evry = \"1s\", every = \"1s\" } }";
    stand.config(
        "slips in a device",
        format!("name = \"D\"\n{AISLE}[[crane]]\nid = \"C1\"\naisles = [\"A1\"]\n{device}\nreader = {{ kind = \"test\", url = \"b\" }}\n"),
    );
    stand.config(
        "an unknown kind of device",
        right("", "[[crane]]\nid = \"C2\"\naisles = [\"A1\"]\ndevice.kind = \"tset\"\nreader.kind = \"s7\"\n"),
    );
    stand.config(
        "a device without a kind",
        right("", "[[crane]]\nid = \"C2\"\naisles = [\"A1\"]\ndevice = { url = \"http://a\" }\nreader = { kind = 1 }\n"),
    );
    stand.config("a device that is no table", right("", "[[crane]]\nid = \"C2\"\naisles = [\"A1\"]\ndevice = \"http://a\"\n"));
    stand.config("a crane without a device", right("", "[[crane]]\nid = \"C2\"\naisles = [\"A1\"]\n"));
    stand.config("a device without its address", right("", "[[crane]]\nid = \"C2\"\naisles = [\"A1\"]\ndevice = { kind = \"test\" }\n"));
    stand.config("no name", right("", "").replace("name = \"Demo\"", ""));
    stand.config(
        "an aisle without bays",
        format!("name = \"D\"\n[[aisle]]\nid = \"A1\"\nlevels = 2\n{}", crane("id = \"C1\"\naisles = [\"A1\"]")),
    );
    stand.config("[aisle] for [[aisle]]", right("", "").replace("[[aisle]]", "[aisle]"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn values_of_the_wrong_type_unit_or_range() {
    let mut stand = Stand::new();
    let aisle = |lines: &str| format!("name = \"D\"\n[[aisle]]\nid = \"A1\"\n{lines}\n{}", crane("id = \"C1\"\naisles = [\"A1\"]"));
    stand.config("a number as text", aisle("bays = \"40\"\nlevels = 6"));
    stand.config("a negative number", aisle("bays = -40\nlevels = 6"));
    stand.config("nothing", aisle("bays = 0\nlevels = 6"));
    stand.config("a huge number", aisle("bays = 99999999999999999999999999\nlevels = 6"));
    stand.config("a number beyond its range", aisle("bays = 4000000000\nlevels = 6"));
    stand.config("a fraction", aisle("bays = 40.5\nlevels = 6"));
    stand.config("a length without unit", aisle("bays = 40\nlevels = 6\nbay_width = 1.4"));
    stand.config("a weight for a length", aisle("bays = 40\nlevels = 6\nbay_width = \"5kg\""));
    stand.config("a length out of range", aisle("bays = 40\nlevels = 6\nlevel_height = \"0m\""));
    stand.config("not a number", aisle("bays = 40\nlevels = 6\nlevel_height = \"nan\""));
    let drive = |drive: &str| right("", "").replace("aisles = [\"A1\"]", &format!("aisles = [\"A1\"]\ndrive = {drive}"));
    stand.config("a speed in the wrong unit", drive("{ speed = \"160km/h\", acceleration = \"0.5m/s2\" }"));
    stand.config("an acceleration in the wrong unit", drive("{ speed = \"160m/min\", acceleration = \"0.5m/s\" }"));
    stand.config("a duration without unit", right("", "[defaults]\ntimeout = 60\n"));
    stand.config("a duration with a bad unit", right("", "[defaults]\ntimeout = \"60 seconds\"\n"));
    stand.config("a negative duration", right("", "[defaults]\ntimeout = \"-60s\"\n"));
    stand.config("no time at all", right("", "[defaults]\ntimeout = \"0s\"\n"));
    stand.config("a first pause beyond the longest", right("", "[defaults.crane]\nfirst_delay = \"1m\"\n"));
    stand.config("no attempt", right("", "[defaults]\nattempts = 0\n"));
    stand.config("an unknown choice", right("release = \"at-once\"", "[run]\non_crane_out = \"hand on\"\n"));
    stand.config("an unknown side", aisle("bays = 40\nlevels = 6\nsides = [\"L\", \"X\"]"));
    stand.config("an impossible name", right("", "").replace("\"C1\"", "\"C/1\""));
    stand.config("an empty name", right("", "").replace("\"Demo\"", "\"\""));
    stand.config("an address without a port", right("", "[callbacks]\nlisten = \"localhost\"\nsecret_env = \"s3cret!\"\n"));
    stand.config("a share above 1", right("", "[simulation]\nseed = 7\nfill = 85\n"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn patterns_that_do_not_name_every_location_once() {
    let mut stand = Stand::new();
    let pattern = |code: &str| right("", "").replace("{aisle}-{side}-{bay:02}-{level}", code);
    stand.config("an unknown placeholder", pattern("{aisle}-{row}-{bay:02}-{level}"));
    stand.config("a slip in a placeholder", pattern("{asile}-{side}-{bay:02}-{level}"));
    stand.config("an open brace", pattern("{aisle}-{side}-{bay:02-{level"));
    stand.config("a padding without zero", pattern("{aisle}-{side}-{bay:2}-{level}"));
    stand.config("no side", pattern("{aisle}-{bay:02}-{level}"));
    stand.config("neither bay nor level", pattern("{aisle}-{side}"));
    let ambiguous = right("", "").replace("bays = 2", "bays = 11").replace("levels = 2", "levels = 11");
    stand.config("numbers that run together", ambiguous.replace("{aisle}-{side}-{bay:02}-{level}", "{aisle}{side}{bay}{level}"));
    stand.config("a control character", pattern("{aisle}\\u0007{side}-{bay:02}-{level}"));
    let two = format!("name = \"D\"\n{AISLE}{}{}", AISLE.replace("A1", "A2"), crane("id = \"C1\"\naisles = [\"A1\", \"A2\"]"));
    stand.config("two aisles, no aisle in the pattern", two.replace("{aisle}-", ""));
    stand.config("too many locations", right("", "").replace("bays = 2", "bays = 100000").replace("levels = 2", "levels = 1000"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn more_problems_than_one_wants_to_read() {
    let mut stand = Stand::new();
    let cranes: String = (0..30).map(|n| format!("[[crane]]\nid = \"C{n}\"\naisles = [\"A{}\"]\n{DEVICES}", n + 2)).collect();
    stand.config("thirty", right("", "").replace("\"C1\"", "\"C\"") + &cranes);
    insta::assert_snapshot!(stand.told());
}
