//! JSON ⇄ values of cameras that speak it, over a program's output or over HTTP. Pure.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use pandian_domain::Findings;
use serde::Deserialize;

use crate::json::{self, BadJson};

/// What a camera reports of its capture.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Report {
    pub(super) picture: Option<PictureAt>,
    pub(super) findings: Option<Findings>,
    pub(super) note: Option<Arc<str>>,
}

/// Where the picture of a report is.
#[derive(Debug, PartialEq)]
pub(super) enum PictureAt {
    /// At a path or URL.
    Address(String),
    /// In the report itself.
    Here(Bytes),
}

#[derive(Deserialize)]
struct Printed {
    picture: Option<String>,
    picture_base64: Option<Base64>,
    findings: Option<Sound>,
    note: Option<Arc<str>>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Base64(Bytes);

impl TryFrom<String> for Base64 {
    type Error = base64::DecodeError;
    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        BASE64_STANDARD.decode(text.trim()).map(|bytes| Self(bytes.into()))
    }
}

/// Findings whose confidence is one.
#[derive(Deserialize)]
#[serde(try_from = "Findings")]
struct Sound(Findings);

impl TryFrom<Findings> for Sound {
    type Error = String;
    fn try_from(findings: Findings) -> Result<Self, String> {
        sound(findings).map(Self)
    }
}

/// The findings, if their confidence is one.
pub(super) fn sound(findings: Findings) -> Result<Findings, String> {
    match findings.confidence {
        Some(confidence) if !(0.0..=1.0).contains(&confidence) => Err(format!("the confidence {confidence} is not within 0 and 1")),
        _ => Ok(findings),
    }
}

/// Reads `{"picture": "…", "findings": {"occupied": true, "codes": ["…"], "confidence": 0.98}, "note": "…"}`, or the picture itself as
/// `picture_base64`; one of them must be there.
pub(super) fn report(text: &[u8]) -> Result<Report, BadJson> {
    let printed: Printed = json::object(text)?;
    let picture = match (printed.picture, printed.picture_base64) {
        (Some(_), Some(_)) => return Err(BadJson("`picture` and `picture_base64` are both there".to_owned())),
        (Some(address), None) if address.is_empty() => return Err(BadJson("picture: it is empty".to_owned())),
        (Some(address), None) => Some(PictureAt::Address(address)),
        (None, here) => here.map(|here| PictureAt::Here(here.0)),
    };
    if picture.is_none() && printed.findings.is_none() && printed.note.is_none() {
        return Err(BadJson("neither `picture` nor `findings` is there".to_owned()));
    }
    Ok(Report { picture, findings: printed.findings.map(|sound| sound.0), note: printed.note })
}

/// Reads a report, or keeps a text that is no JSON object as a note.
pub(super) fn report_or_note(text: &[u8]) -> Result<Report, BadJson> {
    if json::is_meant(text) { report(text) } else { Ok(Report { note: json::note(text), ..Report::default() }) }
}

/// Reads the answer of a comparison: `{"findings": {…}}`, or the findings themselves.
pub(super) fn findings(text: &[u8]) -> Result<Findings, BadJson> {
    #[derive(Deserialize)]
    struct Answer {
        findings: Option<Sound>,
    }
    if let Some(Sound(findings)) = json::object::<Answer>(text)?.findings {
        return Ok(findings);
    }
    let Sound(findings) = json::object(text)?;
    if findings == Findings::default() {
        return Err(BadJson("none of `findings`, `occupied`, `codes` and `confidence` is there".to_owned()));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_its_picture_or_bears_it() {
        let read =
            report(r#"{"picture": "图/1号.jpg", "findings": {"occupied": true, "codes": ["HU1"], "confidence": 1}}"#.as_bytes()).unwrap();
        assert_eq!(read.picture, Some(PictureAt::Address("图/1号.jpg".to_owned())));
        let findings = read.findings.unwrap();
        assert_eq!((findings.occupied, findings.codes, findings.confidence), (Some(true), vec!["HU1".to_owned()], Some(1.0)));
        let read = report(br#"{"picture_base64": "/9j/"}"#).unwrap();
        assert_eq!(read.picture, Some(PictureAt::Here(Bytes::from_static(b"\xff\xd8\xff"))));
        assert!(report(br#"{"findings": {"occupied": false}}"#).unwrap().picture.is_none());
    }

    #[test]
    fn a_report_of_another_shape_is_refused_with_its_field() {
        for (text, told) in [
            (r#"{}"#, "neither `picture` nor `findings`"),
            (r#"{"picture": ""}"#, "picture: it is empty"),
            (r#"{"picture": 5}"#, "picture: invalid type"),
            (r#"{"picture": "a", "picture_base64": "/9j/"}"#, "both there"),
            (r#"{"picture_base64": "!"}"#, "picture_base64: Invalid"),
            (r#"{"findings": {"confidence": 1.01}}"#, "findings: the confidence 1.01 is not within 0 and 1"),
            (r#"{"findings": {"confidence": -0.1}}"#, "not within 0 and 1"),
            (r#"{"findings": {"occupied": "yes"}}"#, "occupied"),
            (r#"{"picture": "a""#, "line 1 column 15"),
        ] {
            let error = report_or_note(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert_eq!(report_or_note("视觉比对完成".as_bytes()).unwrap().note.as_deref(), Some("视觉比对完成"));
    }

    #[test]
    fn a_comparison_answers_with_findings_wrapped_or_bare() {
        for text in [r#"{"findings": {"occupied": false, "confidence": 0.9}}"#, r#"{"occupied": false, "confidence": 0.9}"#] {
            assert_eq!(findings(text.as_bytes()).unwrap().occupied, Some(false));
        }
        assert!(findings(br#"{"result": "ok"}"#).unwrap_err().to_string().contains("none of `findings`"));
        assert!(findings(br#"{"confidence": 7}"#).is_err());
    }
}
