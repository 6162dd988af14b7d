//! URLs of the configuration: checked when they are read, parsed once.

use std::borrow::Cow;
use std::fmt::Write as _;

use hyper::Uri;
use pandian_domain::CraneId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::template::{Part, Slot, Template, UnknownPlaceholder, Values};

/// An absolute `http` or `https` URL, used byte for byte; only characters beyond ASCII are percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HttpUrl {
    uri: Uri,
    shown: String,
}

/// A URL whose path and query may have placeholders; what fills them is percent-encoded as UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UrlTemplate {
    template: Template,
    /// The URL with every placeholder left empty: it gives host and address, and is the URL itself where there is no placeholder.
    base: HttpUrl,
}

/// Why a text cannot serve as the URL of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// No scheme, or one that is not spoken here.
    #[error("a URL here begins with http:// or https://")]
    Scheme,
    /// Credentials in the URL would end in logs and messages.
    #[error(
        "no user name or password belongs into a URL: give them as `user` and `password` where the kind has these, else in `headers`, such as \
         authorization = \"env:NAME\""
    )]
    UserInfo,
    /// The host is missing or cannot be one.
    #[error("the host is missing or cannot be one (ASCII letters, digits, dots and hyphens, or an IP address)")]
    Host,
    /// The port is out of range.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// A part that never reaches the server.
    #[error("what follows # never reaches the server: leave it out, or write %23")]
    Fragment,
    /// A blank or control character.
    #[error("a URL has no blanks and no control characters: write %20 for a blank")]
    Blank,
    /// A placeholder before the path.
    #[error("placeholders may stand in the path and the query only")]
    PlaceholderInHost,
    /// A placeholder that does not exist.
    #[error(transparent)]
    Placeholder(#[from] UnknownPlaceholder),
    /// Anything else, in the words of the parser.
    #[error("this is no URL: {0}")]
    Other(String),
}

impl HttpUrl {
    /// Checks and parses.
    pub fn parse(text: &str) -> Result<Self, UrlRefused> {
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(UrlRefused::Blank);
        }
        if text.contains('#') {
            return Err(UrlRefused::Fragment);
        }
        let scheme_end = text.find("://").ok_or(UrlRefused::Scheme)?;
        if !["http", "https"].iter().any(|scheme| text[..scheme_end].eq_ignore_ascii_case(scheme)) {
            return Err(UrlRefused::Scheme);
        }
        let (authority, _) = split_authority(text);
        if authority.contains('@') {
            return Err(UrlRefused::UserInfo);
        }
        if authority.is_empty() || !authority.is_ascii() || authority.starts_with(':') {
            return Err(UrlRefused::Host);
        }
        let mut encoded = String::with_capacity(text.len());
        push_encoded(&mut encoded, text, |byte| byte.is_ascii());
        let uri: Uri = encoded.parse().map_err(|error: hyper::http::uri::InvalidUri| UrlRefused::Other(error.to_string()))?;
        let parsed = uri.authority().ok_or(UrlRefused::Host)?;
        if uri.port_u16() == Some(0) || (parsed.port().is_none() && parsed.as_str().len() != parsed.host().len()) {
            return Err(UrlRefused::Port);
        }
        let shown = format!("{}://{parsed}{}", &text[..scheme_end], uri.path());
        Ok(Self { uri, shown })
    }

    /// The parsed URL; cloning it copies nothing.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of the `host` header.
    pub fn host(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// The URL as messages may show it: without the query, where secrets may stand.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Scheme, host and port in lower case, the port also where it is the usual one: what tells devices apart.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let port = self.uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        format!("{scheme}://{}:{port}", self.uri.host().unwrap_or_default().to_ascii_lowercase())
    }

    /// A URL that a reply of this one names: absolute with the same scheme, host and port, or relative to this one.
    pub(crate) fn same_origin(&self, text: &str) -> Result<Uri, UrlRefused> {
        let origin = format!("{}://{}", self.uri.scheme_str().unwrap_or_default(), self.host());
        let absolute = if text.contains("://") || text.starts_with("//") {
            text.to_owned()
        } else if text.starts_with('/') {
            format!("{origin}{text}")
        } else {
            let folder = &self.uri.path()[..=self.uri.path().rfind('/').unwrap_or(0)];
            format!("{origin}{folder}{text}")
        };
        let uri = Self::parse(&absolute)?.uri;
        if uri.scheme() == self.uri.scheme() && uri.authority() == self.uri.authority() {
            Ok(uri)
        } else {
            Err(UrlRefused::Other(format!("a picture is fetched from {origin} only")))
        }
    }
}

impl TryFrom<String> for HttpUrl {
    type Error = UrlRefused;
    fn try_from(text: String) -> Result<Self, UrlRefused> {
        Self::parse(&text)
    }
}

impl UrlTemplate {
    /// Checks and parses a URL that a visit fills.
    pub fn parse(text: &str) -> Result<Self, UrlRefused> {
        Self::with_slots(text, Slot::OF_VISIT)
    }

    /// Checks and parses a URL that is the same for every visit of a crane.
    pub(crate) fn of_crane(text: &str) -> Result<Self, UrlRefused> {
        Self::with_slots(text, &[Slot::Crane])
    }

    fn with_slots(text: &str, allowed: &[Slot]) -> Result<Self, UrlRefused> {
        let template = Template::parse(text, allowed)?;
        let literal: String = template.parts().iter().filter_map(Part::as_text).collect();
        let base = HttpUrl::parse(&literal)?;
        let (authority, path) = split_authority(&literal);
        let before_path = literal.len() - path.len();
        let first_is_whole = template.parts().first().and_then(Part::as_text).is_some_and(|first| first.len() > before_path);
        if !template.is_fixed() && !first_is_whole {
            return Err(if authority.is_empty() { UrlRefused::Host } else { UrlRefused::PlaceholderInHost });
        }
        Ok(Self { template, base })
    }

    /// The URL of one visit. Fails only if what fills it makes it longer than a URL may be (64 KiB).
    pub(crate) fn fill(&self, values: Values<'_>) -> Result<Uri, UrlRefused> {
        if self.template.is_fixed() {
            return Ok(self.base.uri.clone());
        }
        let mut text = String::with_capacity(self.template.as_str().len() + 64);
        for part in self.template.parts() {
            match part {
                Part::Text(literal) => push_encoded(&mut text, literal, |byte| byte.is_ascii()),
                Part::Slot(slot) => values.with(*slot, |value| push_encoded(&mut text, value, is_unreserved)),
            }
        }
        text.parse().map_err(|error: hyper::http::uri::InvalidUri| UrlRefused::Other(error.to_string()))
    }

    /// The URL without what fills it: host, address, a target to try.
    pub fn base(&self) -> &HttpUrl {
        &self.base
    }

    /// The URL with the crane filled in and nothing else: what is known before the first visit.
    pub fn base_of(&self, crane: &CraneId) -> HttpUrl {
        let mut text = String::new();
        for part in self.template.parts() {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Slot(Slot::Crane) => push_encoded(&mut text, crane.as_str(), is_unreserved),
                Part::Slot(_) => {}
            }
        }
        // Too long with the name of the crane, if it is refused at all; each visit will say so.
        HttpUrl::parse(&text).unwrap_or_else(|_| self.base.clone())
    }
}

impl TryFrom<String> for UrlTemplate {
    type Error = UrlRefused;
    fn try_from(text: String) -> Result<Self, UrlRefused> {
        Self::parse(&text)
    }
}

/// A URL that is filled once the device has named its task: `{task_id}` may stand in it too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TaskUrlTemplate(pub(crate) UrlTemplate);

impl TaskUrlTemplate {
    /// The URL without what fills it.
    pub fn base(&self) -> &HttpUrl {
        self.0.base()
    }
}

impl TryFrom<String> for TaskUrlTemplate {
    type Error = UrlRefused;
    fn try_from(text: String) -> Result<Self, UrlRefused> {
        UrlTemplate::with_slots(&text, Slot::OF_TASK).map(Self)
    }
}

/// Splits `scheme://authority/path?query` before the authority's end.
fn split_authority(text: &str) -> (&str, &str) {
    let after_scheme = text.find("://").map_or(text, |at| &text[at + 3..]);
    after_scheme.split_at(after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len()))
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn push_encoded(out: &mut String, text: &str, keep: fn(u8) -> bool) {
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

macro_rules! url_schema {
    ($($name:ident: $description:literal),*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^@#\\s]+$", "description": $description })
            }
        }
    )*};
}

url_schema!(
    HttpUrl: "An absolute http or https URL.",
    UrlTemplate: "An absolute http or https URL; in path and query {location} {crane} {lane} {stop} {attempt} {key} are filled in, percent-encoded.",
    TaskUrlTemplate: "An absolute http or https URL; in path and query {task_id} and the placeholders of a visit are filled in, percent-encoded."
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit_for_tests as visit;

    #[test]
    fn a_url_is_kept_byte_for_byte() {
        for text in ["http://127.0.0.1:8011/api/smart_check/execute_queue/", "http://h/a//b/?x=%2f&y=", "https://[::1]:8443/", "http://h"] {
            let uri = HttpUrl::parse(text).unwrap().uri().clone();
            assert_eq!(uri.to_string(), if text == "http://h" { "http://h/" } else { text });
        }
        assert_eq!(HttpUrl::parse("http://h/盘").unwrap().uri().path(), "/%E7%9B%98");
    }

    #[test]
    fn what_cannot_be_a_device_url_is_refused_with_the_reason() {
        let refused = |text: &str| HttpUrl::parse(text).unwrap_err();
        assert_eq!(refused("127.0.0.1:8011/api"), UrlRefused::Scheme);
        assert_eq!(refused("ftp://h/"), UrlRefused::Scheme);
        assert_eq!(refused(""), UrlRefused::Scheme);
        assert_eq!(refused("http://user:pw@h/"), UrlRefused::UserInfo);
        assert_eq!(refused("http:///path"), UrlRefused::Host);
        assert_eq!(refused("http://:80/"), UrlRefused::Host);
        assert_eq!(refused("http://仓库/"), UrlRefused::Host);
        for port in ["http://h:0/", "http://h:99999/", "http://h:/", "http://h:x/"] {
            assert!(matches!(refused(port), UrlRefused::Port | UrlRefused::Other(_)), "{port}: {:?}", refused(port));
        }
        assert_eq!(refused("http://h/#top"), UrlRefused::Fragment);
        assert_eq!(refused("http://h/a b"), UrlRefused::Blank);
        assert!(refused("http://user:pw@h/").to_string().contains("`headers`"));
    }

    #[test]
    fn messages_show_no_query() {
        assert_eq!(HttpUrl::parse("http://h:1/p?token=secret").unwrap().shown(), "http://h:1/p");
    }

    #[test]
    fn the_origin_is_the_same_however_it_is_written() {
        let origin = |text: &str| HttpUrl::parse(text).unwrap().origin();
        assert_eq!(origin("http://Camera-1/a?b"), "http://camera-1:80");
        assert_eq!(origin("HTTP://camera-1:80/"), origin("http://CAMERA-1"));
        assert_ne!(origin("https://h/"), origin("http://h/"));
        assert_eq!(origin("https://[FD00::7]/"), "https://[fd00::7]:443");
    }

    #[test]
    fn what_fills_a_url_is_percent_encoded() {
        let url = UrlTemplate::parse("http://h/tags/{location}?crane={crane}").unwrap();
        let filled = |code: &str| url.fill((&visit(code)).into()).unwrap().to_string();
        assert_eq!(filled("1号"), "http://h/tags/1%E5%8F%B7?crane=C1");
        assert_eq!(filled("A b/../?#&"), "http://h/tags/A%20b%2F..%2F%3F%23%26?crane=C1");
        assert_eq!(filled("\"\\😀"), "http://h/tags/%22%5C%F0%9F%98%80?crane=C1");
    }

    #[test]
    fn before_the_first_visit_only_the_crane_is_filled_in() {
        let url = UrlTemplate::parse("http://h/{crane}/tags/{location}?stop={stop}").unwrap();
        assert_eq!(url.base_of(&"C1".into()).shown(), "http://h/C1/tags/");
        assert_eq!(url.base_of(&"1号".into()).uri(), "http://h/1%E5%8F%B7/tags/?stop=");
    }

    #[test]
    fn placeholders_stand_behind_the_host_only_and_are_known() {
        for text in ["http://{crane}/", "http://h{crane}/", "http://h:8{lane}/", "{location}", "http://h{location}"] {
            assert!(UrlTemplate::parse(text).is_err(), "{text}");
        }
        assert_eq!(UrlTemplate::parse("http://a{crane}/x").unwrap_err(), UrlRefused::PlaceholderInHost);
        assert!(UrlTemplate::parse("http://h/{task_id}").unwrap_err().to_string().contains("{task_id}"));
        assert!(TaskUrlTemplate::try_from("http://h/{task_id}".to_owned()).is_ok());
    }

    #[test]
    fn a_reply_names_pictures_of_its_own_origin_only() {
        let url = HttpUrl::parse("http://h:80/cam/shot?x=1").unwrap();
        let resolved = |text: &str| url.same_origin(text).map(|uri| uri.to_string());
        assert_eq!(resolved("p.jpg?v=2").unwrap(), "http://h:80/cam/p.jpg?v=2");
        assert_eq!(resolved("/p.jpg").unwrap(), "http://h:80/p.jpg");
        assert_eq!(resolved("http://h:80/q.jpg").unwrap(), "http://h:80/q.jpg");
        for foreign in ["http://other/p.jpg", "https://h:80/p.jpg", "//other/p.jpg", "file:///etc/passwd", "http://h:81/p.jpg"] {
            assert!(resolved(foreign).is_err(), "{foreign}");
        }
    }
}
