//! JSON ⇄ values of readers that speak it, over a program's output or over HTTP. Pure.

use std::sync::Arc;

use pandian_domain::{Inventory, TagRead};
use serde::Deserialize;

use crate::json::{self, BadJson};

#[derive(Deserialize)]
struct Printed {
    tags: Vec<TagRead>,
    note: Option<Arc<str>>,
}

/// Reads `{"tags": [{"epc": "…", "antenna": 1, "rssi_dbm": -52.5, "count": 7}], "note": "…"}`; only `tags` and `epc` must be there.
pub(super) fn tags(text: &[u8]) -> Result<Inventory, BadJson> {
    let printed: Printed = json::object(text)?;
    Ok(Inventory { tags: Some(printed.tags), note: printed.note })
}

/// Reads the tags, or keeps a text that is no JSON object as a note.
pub(super) fn tags_or_note(text: &[u8]) -> Result<Inventory, BadJson> {
    if json::is_meant(text) { tags(text) } else { Ok(Inventory { tags: None, note: json::note(text) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_everything_or_with_their_epc_alone() {
        let text = br#" {"tags": [{"epc": "30aa", "antenna": 1, "rssi_dbm": -52.5, "count": 7}, {"epc": "30AB"}], "reader": "X"} "#;
        let tags = tags(text).unwrap().tags.unwrap();
        let first = &tags[0];
        assert_eq!((first.epc.as_str(), first.antenna, first.rssi_dbm, first.count), ("30AA", Some(1), Some(-52.5), 7));
        assert_eq!((tags[1].epc.as_str(), tags[1].antenna, tags[1].count), ("30AB", None, 1));
    }

    #[test]
    fn no_tag_is_a_result() {
        assert_eq!(tags(br#"{"tags": []}"#).unwrap().tags, Some(vec![]));
    }

    #[test]
    fn a_plain_text_is_a_note_and_nothing_at_all_is_nothing() {
        let inventory = tags_or_note("货位 1号 扫描完成\n".as_bytes()).unwrap();
        assert_eq!((inventory.tags, inventory.note.as_deref()), (None, Some("货位 1号 扫描完成")));
        assert_eq!(tags_or_note(b" \n").unwrap(), Inventory::default());
        assert!(tags_or_note(b"[INFO] done").unwrap().note.is_some());
        assert!(tags_or_note(b"half \xff text").unwrap().note.is_some());
    }

    #[test]
    fn json_of_another_shape_is_refused_with_field_and_position() {
        for (text, told) in [
            (r#"{"tags": [{"epc": "30AA"}, {"epc": "30A"}]}"#, "tags[1].epc: \"30A\" is not an EPC"),
            (r#"{"tags": [{"epc": "30AA", "rssi_dbm": "loud"}]}"#, "tags[0].rssi_dbm: invalid type"),
            (r#"{"tags": [{"antenna": 1}]}"#, "tags[0]: missing field `epc`"),
            (r#"{"tag": []}"#, "missing field `tags`"),
            (r#"{"tags": []"#, "line 1 column 11"),
            (r#"{"tags": []} and more"#, "trailing characters"),
            (r#"[{"epc": "30AA"}]"#, "an object is wanted; it begins \"[{"),
        ] {
            let error = tags_or_note(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
