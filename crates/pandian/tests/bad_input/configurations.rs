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

/// A configuration whose crane `C1` has further lines, and with tables behind.
fn with_crane(lines: &str, tables: &str) -> String {
    right("", tables).replace("aisles = [\"A1\"]", &format!("aisles = [\"A1\"]\n{lines}"))
}

#[test]
fn homes_that_are_none() {
    let mut stand = Stand::new();
    stand.config("a home outside the aisle", with_crane("home = { bay = 4, level = 3 }", ""));
    stand.config("a home below the ground", with_crane("home = { bay = -1 }", ""));
    stand.config("a home with a slip", with_crane("home = { bays = 1 }", ""));
    stand.config("a home without an aisle", right("", &crane("id = \"C2\"\nlocations = [\"1号\"]\nhome = { bay = 0 }")));
    stand.config("a change of aisles without unit", with_crane("aisle_change = 90", ""));
    stand.config(
        "a dispatcher with a home",
        right("", &format!("[[dispatcher]]\nid = \"WCS\"\nlocations = [\"1号\"]\nhome = {{ bay = 1 }}\n{DEVICES}")),
    );
    insta::assert_snapshot!(stand.told());
}

#[test]
fn rails_that_hold_no_two_cranes_apart() {
    let mut stand = Stand::new();
    let second = crane("id = \"C2\"\naisles = [\"A1\"]");
    let rail = |cranes: &str| format!("[[rail]]\nid = \"R1\"\ncranes = [{cranes}]\ngap = \"1m\"\n");
    let both = second.clone() + &rail("\"C1\", \"C2\"");
    stand.config("a rail with one crane", right("", &rail("\"C1\"")));
    stand.config("a rail with the same crane twice", right("", &rail("\"C1\", \"C1\"")));
    stand.config("a crane that is not there", right("", &(second.clone() + &rail("\"C1\", \"c2\""))));
    let dispatcher = format!("[[dispatcher]]\nid = \"WCS\"\naisles = [\"A1\"]\n{DEVICES}");
    stand.config("a dispatcher on a rail", right("", &(dispatcher.clone() + &rail("\"C1\", \"WCS\""))));
    stand.config("a crane on two rails", right("", &(both.clone() + &rail("\"C2\", \"C1\"").replace("R1", "R2"))));
    stand.config("two rails of one name", right("", &(both.clone() + &rail("\"C1\", \"C2\""))));
    let other = AISLE.replace("A1", "A2");
    let cranes = |aisles: &str| format!("{other}{}{}", crane(&format!("id = \"C2\"\naisles = [{aisles}]")), rail("\"C1\", \"C2\""));
    stand.config("two aisles on one rail", right("", &cranes("\"A2\"")));
    stand.config("a crane of two aisles on a rail", right("", &cranes("\"A1\", \"A2\"")));
    stand.config("a crane of no aisle on a rail", right("", &(crane("id = \"C2\"\nlocations = [\"1号\"]") + &rail("\"C1\", \"C2\""))));
    stand.config("a third who serves the aisle of a rail", right("", &(both.clone() + &dispatcher)));
    stand.config("a gap beyond half of the aisle", right("", &both.replace("\"1m\"", "\"1.5m\"")));
    stand.config("a gap without unit", right("", &both.replace("\"1m\"", "1")));
    stand.config("a rail without a gap", right("", &both.replace("gap = \"1m\"\n", "")));
    let beyond = with_crane("home = { bay = 2 }", "") + &both.replace("\"C2\"\naisles", "\"C2\"\nhome = { bay = 1 }\naisles");
    stand.config("homes the wrong way round", beyond);
    insta::assert_snapshot!(stand.told());
}

#[test]
fn zones_and_locks_of_what_is_not_there() {
    let mut stand = Stand::new();
    let zone = |lines: &str| right("", &format!("[[zone]]\naisle = \"A1\"\n{lines}\n"));
    stand.config("an aisle that is not there", zone("").replace("[[zone]]\naisle = \"A1\"", "[[zone]]\naisle = \"A7\""));
    stand.config("bays and levels beyond the aisle", zone("bays = [2, 3]\nlevels = [1, 9]"));
    stand.config("bays the wrong way round", zone("bays = [2, 1]"));
    stand.config("one bay", zone("bays = [2]"));
    stand.config("no bay", zone("bays = []"));
    stand.config("three bays", zone("bays = [1, 2, 2]"));
    stand.config("a bay that is no number", zone("bays = [1, \"2\"]"));
    stand.config("bays that are no list", zone("bays = 2"));
    stand.config("bays from nothing", zone("bays = [0, 2]"));
    stand.config("no side", zone("sides = []"));
    stand.config("a side without a rack", zone("sides = [\"L\", \"R\"]").replace("bays = 2\n", "bays = 2\nsides = [\"L\"]\n"));
    stand.config("a reason of two lines", zone("reason = \"a\\nb\""));
    stand.config("a slip", zone("bay = [1, 2]"));
    let locked = |lines: &str| right("", &format!("[[locked]]\n{lines}\n"));
    stand.config("nothing locked", locked("reason = \"customs\""));
    stand.config("unknown locations", locked("locations = [\"A1-L-01-1\", \"A1-L-01-7\", \"nowhere\", \"\"]"));
    stand.config("a list that is not there", locked("locations_file = \"locked.csv\""));
    stand.write("locked.csv", "location\nA1-L-01-1\nA1-L-1-1\nA1-L-01-1\n");
    stand.config("a list with unknown locations", locked("locations_file = \"locked.csv\""));
    stand.config("[locked] for [[locked]]", locked("locations = []").replace("[[locked]]", "[locked]"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn pairs_of_devices_that_are_none() {
    let mut stand = Stand::new();
    let cameras = |cameras: &str| with_crane(&format!("cameras = {{ {cameras} }}"), "");
    let one = |more: &str| format!("{{ kind = \"test\", url = \"http://c\"{more} }}");
    stand.config("one side alone", cameras(&format!("L = {}", one(""))));
    stand.config("a third side", cameras(&format!("L = {0}, R = {0}, M = {0}", one(""))));
    stand.config("one for both sides and one for either", with_crane(&format!("readers = {{ L = {0}, R = {0} }}", one("")), ""));
    stand.config("rules that differ", cameras(&format!("L = {}, R = {}", one(", timeout = \"5s\""), one(", timeout = \"6s\""))));
    stand.config("a rule that only one has", cameras(&format!("L = {}, R = {}", one(""), one(", attempts = 2"))));
    stand.config("a slip in one of them", cameras(&format!("L = {}, R = {}", one(", atempts = 2"), one(", timeout = \"0s\""))));
    stand.config("a kind that is not there", cameras(&format!("L = {}, R = {{ kind = \"tset\" }}", one(""))));
    stand.config("a side that is no table", cameras(&format!("L = {}, R = \"http://c\"", one(""))));
    stand.config(
        "a dispatcher with a pair",
        right("", &format!("[[dispatcher]]\nid = \"WCS\"\nlocations = [\"1号\"]\ncameras = {{ L = {0}, R = {0} }}\n{DEVICES}", one(""))),
    );
    insta::assert_snapshot!(stand.told());
}

#[test]
fn plans_that_cannot_be() {
    let mut stand = Stand::new();
    let plan = |lines: &str| right("", &format!("[plan]\n{lines}\n"));
    stand.config("less for both checks than for a part", plan("acquisition = \"3s\"\nverification = \"2s\""));
    stand.config("an unknown order", plan("order = \"sorted\""));
    stand.config("a text for yes", plan("learn = \"yes\""));
    stand.config("a slip", plan("aquisition = \"3s\""));
    stand.config("a duration without unit", plan("acquisition = 3"));
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
