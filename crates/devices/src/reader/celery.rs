//! Kind `celery`: a tag reader that is a task of a Celery worker.

use std::sync::Arc;

use pandian_domain::{Epc, Inventory, TagRead};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::catalog::{Build, BuildContext};
use crate::celery::{CelerySettings, Worked};
use crate::json::{self, BadJson, Returned};
use crate::pointer::JsonPointer;
use crate::{DeviceError, DevicePending, Probe, TagReader, Visit};

/// Settings of a tag reader of kind `celery`.
pub type CeleryReaderSettings = CelerySettings<TagMapping>;

/// How what the task returns becomes tags. Pointers are JSON pointers; those of a tag begin at the tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TagMapping {
    /// What a text is that is no JSON: `note` unless given.
    pub text: TagText,
    /// The list of tags, each a text (its EPC) or an object: `/tags` of an object unless given, or the whole result if it is a list.
    pub tags: Option<JsonPointer>,
    /// A tag's EPC in hex digits: `/epc` unless given.
    pub epc: JsonPointer,
    /// The antenna that heard it: `/antenna` unless given.
    pub antenna: JsonPointer,
    /// Its strongest signal in dBm: `/rssi_dbm` unless given.
    pub rssi_dbm: JsonPointer,
    /// How often it was read: `/count` unless given.
    pub count: JsonPointer,
    /// A note beside the tags: `/note` unless given.
    pub note: JsonPointer,
}

/// What a plain text from a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TagText {
    /// A note for people; whether there were tags is not known then.
    #[default]
    Note,
    /// The EPCs, with blanks, commas, semicolons or line ends between them; none is a result.
    Epcs,
}

impl Default for TagMapping {
    fn default() -> Self {
        Self {
            text: TagText::default(),
            tags: None,
            epc: JsonPointer::fixed("/epc"),
            antenna: JsonPointer::fixed("/antenna"),
            rssi_dbm: JsonPointer::fixed("/rssi_dbm"),
            count: JsonPointer::fixed("/count"),
            note: JsonPointer::fixed("/note"),
        }
    }
}

impl TagMapping {
    /// Reads what a task returned.
    fn read(&self, result: &[u8]) -> Result<Inventory, BadJson> {
        match json::returned(result)? {
            Returned::Nothing => Ok(Inventory::default()),
            Returned::Text(text) => match self.text {
                TagText::Note => Ok(Inventory { tags: None, note: json::note(text.as_bytes()) }),
                TagText::Epcs => {
                    let words = text.split([',', ';']).flat_map(str::split_whitespace);
                    let tags = words.map(|word| Ok(TagRead::of(epc(word)?))).collect::<Result<_, BadJson>>()?;
                    Ok(Inventory { tags: Some(tags), note: None })
                }
            },
            Returned::Document(document) => self.document(&document),
        }
    }

    fn document(&self, document: &Value) -> Result<Inventory, BadJson> {
        let usual = JsonPointer::fixed(if document.is_array() { "" } else { "/tags" });
        let pointer = self.tags.as_ref().unwrap_or(&usual);
        let list = pointer.find(document).and_then(Value::as_array).ok_or_else(|| json::lacks(document, pointer, "the list of tags"))?;
        let tags = list
            .iter()
            .enumerate()
            .map(|(n, tag)| self.tag(tag).map_err(|BadJson(why)| BadJson(format!("{}/{n}: {why}", pointer.as_str()))));
        let note = self.note.find(document).and_then(Value::as_str).and_then(|note| json::note(note.as_bytes()));
        Ok(Inventory { tags: Some(tags.collect::<Result<_, _>>()?), note })
    }

    fn tag(&self, value: &Value) -> Result<TagRead, BadJson> {
        if let Some(text) = value.as_str() {
            return Ok(TagRead::of(epc(text)?));
        }
        let text = self.epc.find(value).and_then(Value::as_str).ok_or_else(|| json::lacks(value, &self.epc, "the EPC"))?;
        Ok(TagRead {
            antenna: optional(value, &self.antenna)?,
            rssi_dbm: optional(value, &self.rssi_dbm)?,
            count: optional(value, &self.count)?.unwrap_or(1),
            ..TagRead::of(epc(text)?)
        })
    }
}

fn epc(text: &str) -> Result<Epc, BadJson> {
    Epc::from_hex(text.trim()).map_err(|error| BadJson(error.to_string()))
}

/// What may be missing, but not be wrong.
fn optional<T: DeserializeOwned>(value: &Value, pointer: &JsonPointer) -> Result<Option<T>, BadJson> {
    let found = pointer.find(value).map(T::deserialize).transpose();
    found.map_err(|error| BadJson(format!("{}: {error}", pointer.as_str())))
}

impl Build<dyn TagReader> for CeleryReaderSettings {
    fn check(&self) -> Result<(), String> {
        self.check_common()
    }

    fn secrets(&self) -> Vec<String> {
        self.variables()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        Ok(Arc::new(CeleryReader { worked: self.prepare(context, "reader")?, mapping: Arc::new(self.result.clone()) }))
    }
}

struct CeleryReader {
    worked: Worked,
    mapping: Arc<TagMapping>,
}

impl CeleryReader {
    async fn ask(&self, visit: &Visit) -> Result<Inventory, DeviceError> {
        let result = self.worked.run(visit).await?;
        let mapping = self.mapping.clone();
        self.worked.read(result, move |text| mapping.read(text)).await
    }
}

impl TagReader for CeleryReader {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        Box::pin(self.ask(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.worked.probe())
    }

    fn address(&self) -> &str {
        &self.worked.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mapping: &str, result: &str) -> Result<Inventory, String> {
        let mapping: TagMapping = toml::from_str(mapping).unwrap();
        mapping.read(result.as_bytes()).map_err(|error| error.to_string())
    }

    fn epcs(mapping: &str, result: &str) -> Vec<String> {
        read(mapping, result).unwrap().tags.unwrap().iter().map(|tag| tag.epc.to_string()).collect()
    }

    #[test]
    fn a_plain_text_is_a_note_or_the_tags() {
        let inventory = read("", r#""读取RFID信息""#).unwrap();
        assert_eq!((inventory.tags, inventory.note.as_deref()), (None, Some("读取RFID信息")));
        assert_eq!(epcs("text = \"epcs\"", r#""30aa, 30BB\n30CC;""#), ["30AA", "30BB", "30CC"]);
        assert_eq!(read("text = \"epcs\"", r#""""#).unwrap().tags, Some(vec![]));
        assert!(read("text = \"epcs\"", r#""读取RFID信息""#).unwrap_err().contains("is not an EPC"));
        assert_eq!(read("", "null").unwrap(), Inventory::default());
    }

    #[test]
    fn tags_stand_where_the_pointers_say() {
        let usual = r#"{"tags": [{"epc": "30AA", "antenna": 1, "rssi_dbm": -52.5, "count": 7}, "30BB"], "note": "ok"}"#;
        let inventory = read("", usual).unwrap();
        let tags = inventory.tags.unwrap();
        assert_eq!((tags[0].antenna, tags[0].rssi_dbm, tags[0].count), (Some(1), Some(-52.5), 7));
        assert_eq!((tags[1].epc.as_str(), tags[1].count, inventory.note.as_deref()), ("30BB", 1, Some("ok")));
        let theirs = "tags = \"/data/list\"\nepc = \"/tag/id\"\nantenna = \"/port\"";
        let result = r#"{"data": {"list": [{"tag": {"id": "30AA"}, "port": 2}]}}"#;
        assert_eq!(read(theirs, result).unwrap().tags.unwrap()[0].antenna, Some(2));
        assert_eq!(epcs("", r#"["30AA", {"epc": "30BB"}]"#), ["30AA", "30BB"]);
        assert_eq!(epcs("", r#""{\"tags\": [\"30AA\"]}""#), ["30AA"], "JSON as a text is read as JSON");
        assert_eq!(epcs("tags = \"\"", "[]"), [""; 0]);
    }

    #[test]
    fn a_result_of_another_shape_is_refused_with_its_place() {
        for (result, told) in [
            (r#"{"result": []}"#, "the list of tags is not at /tags: there are result"),
            (r#"{"tags": {}}"#, "the list of tags is not at /tags"),
            (r#"{"tags": [{"epc": "30AA"}, {"epc": "30A"}]}"#, "/tags/1: \"30A\" is not an EPC"),
            (r#"{"tags": [{"antenna": 1}]}"#, "/tags/0: the EPC is not at /epc: there are antenna"),
            (r#"{"tags": [{"epc": "30AA", "antenna": "left"}]}"#, "/tags/0: /antenna: invalid type"),
            ("5", "a text, an object or a list is wanted; it is 5"),
            ("true", "it is true"),
            (r#""{\"tags\": ""#, "EOF"),
        ] {
            let error = read("", result).unwrap_err();
            assert!(error.contains(told), "{result}: {error}");
        }
    }
}
