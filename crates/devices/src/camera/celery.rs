//! Kind `celery`: a camera that is a task of a Celery worker.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use pandian_celery::Reached;
use pandian_domain::{Code, Findings};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::reference;
use super::wire::{self, PictureAt, Report};
use crate::catalog::{Build, BuildContext};
use crate::celery::{CelerySettings, Worked};
use crate::error::excerpt;
use crate::http::{Headers, RequestTemplate, UrlTemplate, Verb};
use crate::json::{self, BadJson, Returned};
use crate::pointer::JsonPointer;
use crate::settings::ByteSize;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};

/// Settings of a camera of kind `celery`.
pub type CeleryCameraSettings = CelerySettings<PictureMapping>;

/// How what the task returns becomes a picture and findings. Pointers are JSON pointers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PictureMapping {
    /// What a text is that is no JSON: `note` unless given.
    pub text: PictureText,
    /// The picture, by its name in `pictures`: `/picture` unless given.
    pub picture: JsonPointer,
    /// The picture itself in base64: `/picture_base64` unless given.
    pub picture_base64: JsonPointer,
    /// Whether something stands in the slot, `true`, `false` or one of the words below: `/findings/occupied`, `/occupied` or `/verdict`
    /// unless given.
    pub occupied: Option<JsonPointer>,
    /// The codes read from labels: `/findings/codes` or `/codes` unless given.
    pub codes: Option<JsonPointer>,
    /// How sure the task is, 0 to 1: `/findings/confidence` or `/confidence` unless given.
    pub confidence: Option<JsonPointer>,
    /// A note: `/note` unless given.
    pub note: JsonPointer,
    /// Words for a slot with something in it: `["occupied"]` unless given.
    pub occupied_words: Vec<String>,
    /// Words for a slot with nothing in it: `["empty"]` unless given.
    pub empty_words: Vec<String>,
    /// Where pictures are that the task names: a folder that both share, or the URL of a server. No other folder and no other server is
    /// looked at.
    pub pictures: Option<Pictures>,
    /// Headers of requests for pictures; `env:NAME` takes the value from the environment.
    pub picture_headers: Headers,
    /// The largest picture that is taken over: 32MiB unless given.
    pub max_picture: ByteSize,
    /// A state that the task reports of itself (`self.update_state(state="ACQUIRED")`) once the picture is taken: the crane may leave then,
    /// and the result comes later.
    pub acquired: Option<String>,
}

/// What a plain text from a camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PictureText {
    /// A note for people.
    #[default]
    Note,
    /// The picture, by its name in `pictures`.
    Picture,
    /// One of `occupied_words` or `empty_words`.
    Verdict,
}

/// Where pictures are: a folder, or the URL of a service that gives them out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum Pictures {
    /// A folder; a relative one begins at the configuration's.
    Folder(PathBuf),
    /// A URL, which may name the `{crane}`; pictures are relative to it, or have its scheme, host and port.
    Site(UrlTemplate),
}

impl TryFrom<String> for Pictures {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            Err("a folder or a URL is wanted".to_owned())
        } else if text.contains("://") {
            UrlTemplate::of_crane(&text).map(Self::Site).map_err(|error| error.to_string())
        } else {
            Ok(Self::Folder(text.into()))
        }
    }
}

impl Default for PictureMapping {
    fn default() -> Self {
        Self {
            text: PictureText::default(),
            picture: JsonPointer::fixed("/picture"),
            picture_base64: JsonPointer::fixed("/picture_base64"),
            occupied: None,
            codes: None,
            confidence: None,
            note: JsonPointer::fixed("/note"),
            occupied_words: vec!["occupied".to_owned()],
            empty_words: vec!["empty".to_owned()],
            pictures: None,
            picture_headers: Headers::default(),
            max_picture: ByteSize(32 << 20),
            acquired: None,
        }
    }
}

/// What stands at a configured place, or at the first of the usual ones.
fn find<'v>(document: &'v Value, configured: &Option<JsonPointer>, usual: &[&'static str]) -> Option<(&'v Value, String)> {
    let places = match configured {
        Some(pointer) => vec![pointer.clone()],
        None => usual.iter().map(|place| JsonPointer::fixed(place)).collect(),
    };
    places.iter().find_map(|place| Some((place.find(document)?, place.as_str().to_owned())))
}

impl PictureMapping {
    /// Reads what a task returned.
    fn read(&self, result: &[u8]) -> Result<Report, BadJson> {
        match json::returned(result)? {
            Returned::Nothing => Ok(Report::default()),
            Returned::Text(text) => match self.text {
                PictureText::Note => Ok(Report { note: json::note(text.as_bytes()), ..Report::default() }),
                PictureText::Picture if text.trim().is_empty() => Err(BadJson("the name of the picture is empty".to_owned())),
                PictureText::Picture => Ok(Report { picture: Some(PictureAt::Address(text.trim().to_owned())), ..Report::default() }),
                PictureText::Verdict => {
                    let occupied = Some(self.occupied(&Value::String(text))?);
                    Ok(Report { findings: Some(Findings { occupied, ..Findings::default() }), ..Report::default() })
                }
            },
            Returned::Document(document) => self.document(&document),
        }
    }

    fn document(&self, document: &Value) -> Result<Report, BadJson> {
        let text_at = |pointer: &JsonPointer| {
            let found = pointer.find(document).map(|value| {
                value.as_str().ok_or_else(|| BadJson(format!("{}: a text is wanted; it is {}", pointer.as_str(), shown(value))))
            });
            found.transpose()
        };
        let picture = match (text_at(&self.picture)?, text_at(&self.picture_base64)?) {
            (Some(""), _) => return Err(BadJson(format!("{}: it is empty", self.picture.as_str()))),
            (Some(_), Some(_)) => return Err(BadJson("the picture is there twice, by its name and by itself".to_owned())),
            (Some(name), None) => Some(PictureAt::Address(name.to_owned())),
            (None, Some(text)) => {
                let bytes = BASE64_STANDARD.decode(text.trim());
                let bytes = bytes.map_err(|error| BadJson(format!("{}: {error}", self.picture_base64.as_str())))?;
                Some(PictureAt::Here(bytes.into()))
            }
            (None, None) => None,
        };
        let findings = self.findings(document)?;
        let note = text_at(&self.note)?.and_then(|note| json::note(note.as_bytes()));
        if picture.is_none() && findings == Findings::default() && note.is_none() {
            return Err(json::lacks(document, &self.picture, "a picture"));
        }
        let findings = (findings != Findings::default()).then_some(findings);
        Ok(Report { picture, findings, note })
    }

    fn findings(&self, document: &Value) -> Result<Findings, BadJson> {
        let at = |place: String| move |BadJson(why)| BadJson(format!("{place}: {why}"));
        let mut findings = Findings::default();
        if let Some((value, place)) = find(document, &self.occupied, &["/findings/occupied", "/occupied", "/verdict"]) {
            findings.occupied = Some(self.occupied(value).map_err(at(place))?);
        }
        if let Some((value, place)) = find(document, &self.codes, &["/findings/codes", "/codes"]) {
            findings.codes = codes(value).map_err(at(place))?;
        }
        if let Some((value, place)) = find(document, &self.confidence, &["/findings/confidence", "/confidence"]) {
            findings.confidence = Some(f64::deserialize(value).map_err(|error| BadJson(error.to_string())).map_err(at(place))?);
        }
        wire::sound(findings).map_err(BadJson)
    }

    fn occupied(&self, value: &Value) -> Result<bool, BadJson> {
        let is_one_of = |words: &[String], text: &str| words.iter().any(|word| word == text.trim());
        match value {
            Value::Bool(occupied) => Ok(*occupied),
            Value::String(text) if is_one_of(&self.occupied_words, text) => Ok(true),
            Value::String(text) if is_one_of(&self.empty_words, text) => Ok(false),
            other => {
                let known = [&self.occupied_words[..], &self.empty_words].concat().join(", ");
                Err(BadJson(format!("true, false or one of the words {known} is wanted; it is {}", shown(other))))
            }
        }
    }
}

/// The codes on one pallet, or on everything in a slot.
const CODES: usize = 1_000;
/// The longest that any code carries, in bytes.
const CODE: usize = 8_192;

fn codes(value: &Value) -> Result<Vec<String>, BadJson> {
    let codes = Vec::<String>::deserialize(value).map_err(|error| BadJson(error.to_string()))?;
    if codes.len() > CODES || codes.iter().any(|code| code.len() > CODE) {
        return Err(BadJson(format!("{CODES} codes of {CODE} bytes are the most that are taken")));
    }
    Ok(codes)
}

fn shown(value: &Value) -> String {
    excerpt(&value.to_string())
}

impl Build<dyn Camera> for CeleryCameraSettings {
    fn check(&self) -> Result<(), String> {
        let mapping = &self.result;
        if !matches!(mapping.pictures, Some(Pictures::Site(_))) && mapping.picture_headers != Headers::default() {
            return Err("`picture_headers` are used where `pictures` is a URL only".to_owned());
        }
        if mapping.text == PictureText::Picture && mapping.pictures.is_none() {
            return Err("with text = \"picture\", `pictures` must say where pictures are".to_owned());
        }
        self.check_common()
    }

    fn secrets(&self) -> Vec<String> {
        [self.variables(), self.result.picture_headers.secrets()].concat()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        Ok(Arc::new(CeleryCamera(Arc::new(Inner::build(self, context)?))))
    }
}

enum PictureStore {
    Folder(PathBuf),
    Site(Box<RequestTemplate>),
}

struct CeleryCamera(Arc<Inner>);

struct Inner {
    worked: Worked,
    mapping: Arc<PictureMapping>,
    store: Option<PictureStore>,
}

impl CeleryCamera {
    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let inner = &self.0;
        let mut call = inner.worked.begin(visit);
        let reached = call.until(inner.mapping.acquired.as_deref(), Worked::deadline(visit)).await;
        match reached.map_err(|error| inner.worked.failed(error))? {
            Reached::Ended(result) => inner.take_over(visit, result).await.map(Shot::Whole),
            Reached::State => {
                let (inner, visit) = (inner.clone(), visit.clone());
                Ok(Shot::Working(Box::pin(async move {
                    match call.until(None, None).await.map_err(|error| inner.worked.failed(error))? {
                        Reached::Ended(result) => inner.take_over(&visit, result).await,
                        Reached::State => Err(DeviceError::new(Code::Internal, format!("{} reported a state twice", inner.worked.who))),
                    }
                })))
            }
        }
    }
}

impl Inner {
    fn build(settings: &CeleryCameraSettings, context: &BuildContext) -> Result<Self, DeviceError> {
        let mapping = settings.result.clone();
        let store = match &mapping.pictures {
            None => None,
            Some(Pictures::Folder(folder)) => Some(PictureStore::Folder(context.folder.join(folder))),
            Some(Pictures::Site(url)) => {
                let target = (Some(Verb::Get), url);
                let (headers, bound) = (&mapping.picture_headers, mapping.max_picture.0);
                let request = RequestTemplate::build(context, "picture store", target, headers, None, bound)?;
                Some(PictureStore::Site(Box::new(request)))
            }
        };
        Ok(Self { worked: settings.prepare(context, "camera")?, mapping: Arc::new(mapping), store })
    }

    /// Reads what the task returned, and brings the picture that it names.
    async fn take_over(&self, visit: &Visit, result: Bytes) -> Result<ShotEnd, DeviceError> {
        let mapping = self.mapping.clone();
        let report = self.worked.read(result, move |text| mapping.read(text)).await?;
        let (who, bound) = (&self.worked.who, self.mapping.max_picture);
        let picture = match report.picture {
            None => None,
            Some(PictureAt::Here(bytes)) if bytes.len() > bound.0 => {
                return Err(DeviceError::new(Code::DeviceTooLarge, format!("{who} returned a picture that is larger than {bound}")));
            }
            Some(PictureAt::Here(bytes)) => Some(reference::whole(who, bytes, None)?),
            Some(PictureAt::Address(name)) => Some(match &self.store {
                Some(PictureStore::Folder(folder)) => {
                    reference::whole(who, reference::read_within(who, folder, &name, bound).await?, None)?
                }
                Some(PictureStore::Site(request)) => reference::fetch(request, who, visit, &name).await?,
                None => {
                    let why = format!("it names the picture \"{}\", and `result.pictures` does not say where pictures are", excerpt(&name));
                    return Err(self.worked.not_understood(BadJson(why)));
                }
            }),
        };
        Ok(ShotEnd { picture, findings: report.findings, note: report.note.map(|note| note.to_string()) })
    }
}

impl Camera for CeleryCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.0.worked.probe())
    }

    fn address(&self) -> &str {
        &self.0.worked.address
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::contract::visit_for_tests;

    fn read(mapping: &str, result: &str) -> Result<Report, String> {
        let mapping: PictureMapping = toml::from_str(mapping).unwrap();
        mapping.read(result.as_bytes()).map_err(|error| error.to_string())
    }

    fn occupied(mapping: &str, result: &str) -> Option<bool> {
        read(mapping, result).unwrap().findings.and_then(|findings| findings.occupied)
    }

    #[test]
    fn a_plain_text_is_a_note_a_picture_or_a_verdict() {
        assert_eq!(read("", r#""摄像头抓图""#).unwrap().note.as_deref(), Some("摄像头抓图"));
        let picture = read("text = \"picture\"", r#""shots/1号.jpg""#).unwrap().picture;
        assert_eq!(picture, Some(PictureAt::Address("shots/1号.jpg".to_owned())));
        let words = "text = \"verdict\"\noccupied_words = [\"有货\"]\nempty_words = [\"空\", \"无货\"]";
        assert_eq!((occupied(words, r#""有货""#), occupied(words, r#""无货""#)), (Some(true), Some(false)));
        assert!(read(words, r#""?""#).unwrap_err().contains("有货, 空, 无货"));
        assert_eq!(read("", "null").unwrap(), Report::default());
    }

    #[test]
    fn findings_stand_in_their_usual_places_or_where_the_pointers_say() {
        let usual = r#"{"picture": "1.jpg", "findings": {"occupied": true, "codes": ["HU1"], "confidence": 0.98}}"#;
        let report = read("", usual).unwrap();
        let findings = report.findings.unwrap();
        assert_eq!((findings.occupied, findings.codes, findings.confidence), (Some(true), vec!["HU1".to_owned()], Some(0.98)));
        assert_eq!(occupied("", r#"{"verdict": "empty", "codes": []}"#), Some(false));
        assert_eq!(occupied("occupied = \"/r/0\"\noccupied_words = [\"OK\"]", r#"{"r": ["OK"]}"#), Some(true));
        assert_eq!(read("", r#"{"picture_base64": "/9j/"}"#).unwrap().picture, Some(PictureAt::Here(Bytes::from_static(b"\xff\xd8\xff"))));
        assert_eq!(occupied("", r#""{\"occupied\": true}""#), Some(true), "JSON as a text is read as JSON");
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\0IEND\xae\x42\x60\x82";

    /// What becomes of what a task returned.
    async fn taken_over(folder: &Path, mapping: &str, result: &str) -> Result<Bytes, DeviceError> {
        let settings = format!("broker = \"amqp://h\"\nbackend = \"rpc://\"\ntask = \"t\"\n[result]\n{mapping}");
        let context = BuildContext::new("C1".into(), folder);
        let camera = Inner::build(&toml::from_str(&settings).unwrap(), &context)?;
        let end = camera.take_over(&visit_for_tests("1号"), Bytes::copy_from_slice(result.as_bytes())).await?;
        Ok(end.picture.unwrap_or_default())
    }

    /// Answers one request with a picture; gives the request's head.
    async fn picture_service(listener: TcpListener) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n", PNG.len());
        stream.write_all(&[reply.as_bytes(), PNG].concat()).await.unwrap();
        String::from_utf8(head).unwrap()
    }

    #[tokio::test]
    async fn a_named_picture_is_fetched_from_the_site_of_the_mapping() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = format!("http://{}/shots/", listener.local_addr().unwrap());
        let mapping = format!("text = \"picture\"\npictures = \"{site}\"\npicture_headers = {{ x-token = \"t\" }}");
        let (head, taken) = tokio::join!(picture_service(listener), taken_over(Path::new("."), &mapping, r#""a/1.png""#));
        assert_eq!(taken.unwrap(), PNG);
        assert!(head.starts_with("GET /shots/a/1.png HTTP/1.1\r\n") && head.contains("x-token: t\r\n"), "{head}");
        let elsewhere = taken_over(Path::new("."), &mapping, r#"{"picture": "http://elsewhere.invalid/1.png"}"#).await.unwrap_err();
        assert_eq!(elsewhere.code, Code::DeviceBadReply);
        assert!(elsewhere.message.contains("crane C1") && elsewhere.message.contains("is not fetched"), "{elsewhere}");
    }

    #[tokio::test]
    async fn a_named_picture_is_read_from_the_folder_of_the_mapping() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("shots")).unwrap();
        std::fs::write(folder.path().join("shots/1号.png"), PNG).unwrap();
        std::fs::write(folder.path().join("shots/half.png"), &PNG[..40]).unwrap();
        let mapping = "pictures = \"shots\"\nmax_picture = \"100B\"";
        let taken = async |result: &str| taken_over(folder.path(), mapping, result).await.map_err(|error| error.code);
        assert_eq!(taken(r#"{"picture": "1号.png"}"#).await.as_deref(), Ok(PNG));
        assert_eq!(taken(r#"{"picture": "half.png"}"#).await, Err(Code::CameraBadPicture));
        assert_eq!(taken(r#"{"picture": "../shots.png"}"#).await, Err(Code::CameraBadPicture));
        assert_eq!(taken(&format!(r#"{{"picture_base64": "{}"}}"#, BASE64_STANDARD.encode([0; 101]))).await, Err(Code::DeviceTooLarge));
        let nowhere = taken_over(folder.path(), "", r#"{"picture": "1号.png"}"#).await.unwrap_err();
        assert!(nowhere.code == Code::DeviceBadReply && nowhere.message.contains("`result.pictures` does not say"), "{nowhere}");
    }

    #[test]
    fn a_result_of_another_shape_is_refused_with_its_place() {
        for (result, told) in [
            (r#"{"image": "a"}"#, "a picture is not at /picture: there are image"),
            (r#"{"picture": ""}"#, "/picture: it is empty"),
            (r#"{"picture": 5}"#, "/picture: a text is wanted; it is 5"),
            (r#"{"picture": "a", "picture_base64": "/9j/"}"#, "twice"),
            (r#"{"picture_base64": "!"}"#, "/picture_base64: Invalid"),
            (r#"{"verdict": "perhaps"}"#, "/verdict: true, false or one of the words occupied, empty is wanted"),
            (r#"{"findings": {"codes": "HU1"}}"#, "/findings/codes: invalid type"),
            (r#"{"findings": {"confidence": 1.01}}"#, "not within 0 and 1"),
            ("[]", "it is a list"),
            ("5", "it is 5"),
        ] {
            let error = read("", result).unwrap_err();
            assert!(error.contains(told), "{result}: {error}");
        }
    }
}
