//! `[vision]`: what cannot be so, and what is found where nothing is said.

use pandian::config;
use pandian_vision::Region;
use pandian_vision::occupancy::Framing;

use super::stand::{Stand, catalog, right};

#[test]
fn pictures_that_nobody_could_look_at_so() {
    let mut stand = Stand::new();
    let vision = |lines: &str| right("", &format!("[vision]\n{lines}\n"));
    let slot = |lines: &str| vision(&format!("[[vision.slot]]\nkind = \"pallet\"\n{lines}"));
    stand.config("a code that is none", vision("formats = [\"code12\"]"));
    stand.config("no code at all", vision("formats = []"));
    stand.config("a marker that is not read", vision("formats = [\"code128\", \"aztec\"]\nfront_marker = \"{location}\""));
    stand.config("another that is not read", vision("formats = [\"code128\"]\nrear_marker = \"{location}@rear\""));
    stand.config("markers without a location", vision("front_marker = \"front\"\nrear_marker = \"{location}{location}\""));
    stand.config("two markers that are one", vision("front_marker = \"{location}\"\nrear_marker = \"{location}\""));
    stand.config("a budget without end", vision("budget = \"1h\""));
    stand.config("limits between which nothing lies", vision("darkest = 200\nbrightest = 100\nsharpness = 2"));
    stand.config("a kind with a stroke", slot("").replace("pallet", "pallet/large"));
    stand.config("an aisle and levels that are not there", slot("aisles = [\"A1\", \"A9\"]\nlevels = [1, 99, 0]"));
    stand.config("a kind of no slot", slot("aisles = []\nlevels = []"));
    stand.config("edges in the wrong order", slot("opening = [0.9, 0.1, 0.1, 0.8]\nlabels = [0.0, 0.0, 1.0, 1.5]"));
    stand.config("a beam beside the opening", slot("opening = [0.1, 0.1, 0.9, 0.8]\nbeam = 0.9"));
    stand.config("a beam beside the picture", slot("beam = 1.2"));
    insta::assert_snapshot!(stand.told());
}

#[test]
fn an_opening_that_nobody_drew_is_found_on_the_references_and_a_beam_is_kept() {
    let stand = Stand::new();
    let framing = |lines: &str| {
        let path = stand.write("warehouse.toml", right("", &format!("[[vision.slot]]\nkind = \"pallet\"\nlevels = [1, 2]\n{lines}\n")));
        config::load(&path, &catalog()).unwrap().vision.rules.kinds[0].framing
    };
    assert_eq!(framing(""), Framing::default());
    assert_eq!(framing("beam = 0.8"), Framing { beam: Some(0.8), ..Framing::default() });
    let opening = Region { left: 0.1, top: 0.2, right: 0.9, bottom: 0.8 };
    assert_eq!(framing("opening = [0.1, 0.2, 0.9, 0.8]\nbeam = 0.8"), Framing::drawn(opening, Some(0.8)));
}

#[test]
fn markers_are_read_where_their_code_is_among_the_formats_or_none_are_named() {
    let stand = Stand::new();
    for formats in ["", "formats = [\"code128\", \"qr\"]", "formats = [\"data-matrix\"]"] {
        let path = stand.write("warehouse.toml", right("", &format!("[vision]\nfront_marker = \"{{location}}\"\n{formats}\n")));
        assert!(config::load(&path, &catalog()).is_ok(), "{formats}");
    }
}
