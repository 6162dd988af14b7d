//! What an ONVIF camera is asked, and what it answers (ONVIF Core and Media Service specifications; WS-Security UsernameToken Profile 1.0).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use pandian_domain::Timestamp;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use sha1::{Digest, Sha1};

use super::Account;

/// Where the device service is asked.
pub(super) const DEVICE_PATH: &str = "/onvif/device_service";
/// Where the media service is asked.
pub(super) const MEDIA_PATH: &str = "/onvif/media_service";
/// Where the pictures are; the profile's token follows as the query.
pub(super) const SNAPSHOT_PATH: &str = "/onvif-http/snapshot";

/// How far the clock of a request may be from the camera's, in seconds.
const CLOCKS_APART: i64 = 300;
/// Elements within each other.
const DEPTH: usize = 32;
const PASSWORD_DIGEST: &str = "#PasswordDigest";

/// What a request says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Call {
    /// The name of the operation.
    operation: String,
    /// The profile that it is about.
    profile: String,
    token: Token,
}

/// Who asks: a `UsernameToken`.
#[derive(Debug, Default, PartialEq)]
struct Token {
    user: String,
    password: String,
    /// The password is sent as a digest.
    is_digest: bool,
    nonce: String,
    created: String,
}

impl Call {
    /// Reads an envelope; none if there is no operation in it.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
        let mut call = Self::default();
        let mut path: Vec<String> = Vec::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) => {
                    path.push(element.local_name().as_ref().to_owned());
                    if path.len() > DEPTH {
                        return None;
                    }
                    call.enter(&path);
                    if path.last().is_some_and(|name| name == "Password") {
                        let is_digest = |value: &str| value.ends_with(PASSWORD_DIGEST);
                        call.token.is_digest = element.attributes().flatten().any(|attribute| is_digest(&attribute.value));
                    }
                }
                Event::Empty(element) => {
                    path.push(element.local_name().as_ref().to_owned());
                    call.enter(&path);
                    path.pop();
                }
                Event::End(_) => drop(path.pop()?),
                Event::Text(text) => call.keep(&path, text.xml10_content().as_ref()),
                Event::CData(text) => call.keep(&path, text.xml10_content().as_ref()),
                Event::GeneralRef(entity) => match entity.resolve_char_ref().ok()? {
                    Some(letter) => call.keep(&path, letter.encode_utf8(&mut [0; 4])),
                    None => call.keep(&path, resolve_xml_entity(entity.xml10_content().as_ref())?),
                },
                // Entities of its own are no part of SOAP.
                Event::DocType(_) => return None,
                Event::Eof => break,
                _ => {}
            }
        }
        (path.is_empty() && !call.operation.is_empty()).then_some(call)
    }

    fn enter(&mut self, path: &[String]) {
        if let [_, body, operation] = path
            && body == "Body"
        {
            self.operation.clone_from(operation);
        }
    }

    /// Keeps the text of the elements that matter.
    fn keep(&mut self, path: &[String], text: &str) {
        let field = match path.last().map(String::as_str) {
            Some("ProfileToken") => &mut self.profile,
            Some("Username") => &mut self.token.user,
            Some("Password") => &mut self.token.password,
            Some("Nonce") => &mut self.token.nonce,
            Some("Created") => &mut self.token.created,
            _ => return,
        };
        field.push_str(text.trim());
    }

    /// Whether anyone may ask it, as clients have to before they can know the camera's clock.
    fn is_public(&self) -> bool {
        matches!(self.operation.as_str(), "GetSystemDateAndTime" | "GetServices" | "GetCapabilities" | "GetServiceCapabilities")
    }
}

impl Token {
    /// Whether the account's owner sent it, now by a clock that both know, if there is one.
    fn is_of(&self, account: &Account, now: Option<Timestamp>) -> bool {
        if self.user != account.user || !self.is_digest {
            return false;
        }
        let Ok(nonce) = BASE64_STANDARD.decode(&self.nonce) else { return false };
        let digest = Sha1::new().chain_update(nonce).chain_update(&self.created).chain_update(&account.password).finalize();
        let in_time = |now: Timestamp| {
            let created = self.created.parse::<Timestamp>().ok();
            created.is_some_and(|created| (now.as_second() - created.as_second()).abs() <= CLOCKS_APART)
        };
        BASE64_STANDARD.encode(digest) == self.password && now.is_none_or(in_time)
    }
}

/// What a camera knows of itself.
#[derive(Debug)]
pub(super) struct Itself<'a> {
    /// `http://…`, without a path.
    pub(super) base: &'a str,
    pub(super) account: Option<&'a Account>,
    pub(super) now: Option<Timestamp>,
    /// What tells its model.
    pub(super) model: &'a str,
    /// Its channels, each of which has a profile.
    pub(super) channels: &'a [u16],
    /// Width and height of its pictures.
    pub(super) size: [u16; 2],
}

/// The channel of a profile's token.
pub(super) fn channel_of(token: &str) -> Option<u16> {
    token.strip_prefix("Profile_")?.parse().ok()
}

/// The status and the envelope that answer a call.
pub(super) fn answer(camera: &Itself<'_>, call: Option<&Call>) -> (StatusCode, String) {
    let Some(call) = call else { return fault("ter:WellFormed", "the request is no SOAP envelope") };
    let is_known = camera.account.is_none_or(|account| call.token.is_of(account, camera.now));
    if !call.is_public() && !is_known {
        return fault("ter:NotAuthorized", "the sender is not authorized");
    }
    let base = camera.base;
    let content = match call.operation.as_str() {
        "GetSystemDateAndTime" => clock(camera.now),
        "GetDeviceInformation" => format!(
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>pandian</tds:Manufacturer><tds:Model>{}</tds:Model>\
             <tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>1</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>\
             </tds:GetDeviceInformationResponse>",
            quick_xml::escape::escape(camera.model)
        ),
        "GetServices" => format!(
            "<tds:GetServicesResponse>{}{}</tds:GetServicesResponse>",
            service("http://www.onvif.org/ver10/device/wsdl", base, DEVICE_PATH),
            service("http://www.onvif.org/ver10/media/wsdl", base, MEDIA_PATH)
        ),
        "GetCapabilities" => format!(
            "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>{base}{DEVICE_PATH}</tt:XAddr></tt:Device>\
             <tt:Media><tt:XAddr>{base}{MEDIA_PATH}</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>"
        ),
        "GetProfiles" => {
            let profiles: String = camera.channels.iter().map(|channel| profile(*channel, camera.size)).collect();
            format!("<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>")
        }
        "GetSnapshotUri" if !channel_of(&call.profile).is_some_and(|channel| camera.channels.contains(&channel)) => {
            return fault("ter:NoProfile", "there is no profile of that token");
        }
        "GetSnapshotUri" => format!(
            "<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>{base}{SNAPSHOT_PATH}?{}</tt:Uri>\
             <tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>\
             <tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetSnapshotUriResponse>",
            call.profile
        ),
        _ => return fault("ter:ActionNotSupported", "the operation is not supported"),
    };
    (StatusCode::OK, envelope(&content))
}

fn service(namespace: &str, base: &str, path: &str) -> String {
    format!(
        "<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{base}{path}</tds:XAddr>\
         <tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
    )
}

fn profile(channel: u16, [width, height]: [u16; 2]) -> String {
    format!(
        "<trt:Profiles token=\"Profile_{channel}\" fixed=\"true\"><tt:Name>channel {channel}</tt:Name>\
         <tt:VideoSourceConfiguration token=\"Source_{channel}\"><tt:Name>channel {channel}</tt:Name><tt:UseCount>1</tt:UseCount>\
         <tt:SourceToken>Source_{channel}</tt:SourceToken><tt:Bounds x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\"/>\
         </tt:VideoSourceConfiguration></trt:Profiles>"
    )
}

/// A camera without a clock stands at the beginning of 1970.
fn clock(now: Option<Timestamp>) -> String {
    let now = now.unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    let (date, time) = now.split_once('T').unwrap_or_default();
    let mut numbers =
        date.split('-').chain(time.trim_end_matches('Z').split([':', '.'])).map(|part| part.parse::<u32>().unwrap_or_default());
    let [year, month, day, hour, minute, second] = std::array::from_fn(|_| numbers.next().unwrap_or_default());
    format!(
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>\
         <tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime><tt:Time><tt:Hour>{hour}</tt:Hour><tt:Minute>{minute}</tt:Minute>\
         <tt:Second>{second}</tt:Second></tt:Time><tt:Date><tt:Year>{year}</tt:Year><tt:Month>{month}</tt:Month><tt:Day>{day}</tt:Day>\
         </tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )
}

fn fault(subcode: &str, why: &str) -> (StatusCode, String) {
    let content = format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang=\"en\">{why}</s:Text></s:Reason></s:Fault>"
    );
    (StatusCode::BAD_REQUEST, envelope(&content))
}

fn envelope(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:tt=\"http://www.onvif.org/ver10/schema\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\" \
         xmlns:ter=\"http://www.onvif.org/ver10/error\"><s:Body>{content}</s:Body></s:Envelope>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the ONVIF Application Programmer's Guide, section 6.1.1.3.
    const CREATED: &str = "2010-09-16T07:50:45Z";
    const NONCE: &str = "LKqI6G/AikKCQrN0zqZFlg==";
    const DIGEST: &str = "tuOSpGlFlIXsozq4HFNeeGeFLEI=";

    fn asked(operation: &str, user: &str, digest: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Header><w:Security xmlns:w=\"x\">\
             <w:UsernameToken><w:Username>{user}</w:Username>\
             <w:Password Type=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">{digest}\
             </w:Password><w:Nonce>{NONCE}</w:Nonce><u:Created xmlns:u=\"y\">{CREATED}</u:Created></w:UsernameToken></w:Security></e:Header>\
             <e:Body><trt:{operation} xmlns:trt=\"z\"><trt:ProfileToken>Profile_2</trt:ProfileToken></trt:{operation}></e:Body></e:Envelope>"
        )
    }

    fn told(request: &str, password: &str, now: Option<&str>) -> (u16, String) {
        let account = Account::new("user", password);
        let camera = Itself {
            base: "http://127.0.0.1:80",
            account: Some(&account),
            now: now.map(|now| now.parse().unwrap()),
            model: "A&B",
            channels: &[1, 2],
            size: [960, 540],
        };
        let (status, text) = answer(&camera, Call::read(request.as_bytes()).as_ref());
        (status.as_u16(), text)
    }

    #[test]
    fn the_guides_example_of_a_password_digest_is_taken() {
        let request = asked("GetSnapshotUri", "user", DIGEST);
        for now in [None, Some("2010-09-16T07:50:45Z"), Some("2010-09-16T07:46:00Z"), Some("2010-09-16T07:55:00Z")] {
            let (status, text) = told(&request, "userpassword", now);
            assert!(status == 200 && text.contains("<tt:Uri>http://127.0.0.1:80/onvif-http/snapshot?Profile_2</tt:Uri>"), "{text}");
        }
    }

    #[test]
    fn a_stranger_learns_the_services_and_the_time_only() {
        let refused = [
            told(&asked("GetSnapshotUri", "user", DIGEST), "otherpassword", None),
            told(&asked("GetSnapshotUri", "other", DIGEST), "userpassword", None),
            told(&asked("GetProfiles", "user", ""), "userpassword", None),
            told(&asked("GetSnapshotUri", "user", DIGEST).replace("#PasswordDigest", "#PasswordText"), "userpassword", None),
            told(&asked("GetSnapshotUri", "user", DIGEST), "userpassword", Some("2010-09-16T08:50:45Z")),
        ];
        for (status, text) in refused {
            assert!(status == 400 && text.contains("ter:NotAuthorized"), "{text}");
        }
        let open = "<E><Body><GetSystemDateAndTime/></Body></E>";
        let (status, text) = told(open, "x", Some("2026-02-03T04:05:06.7Z"));
        assert!(status == 200 && text.contains("<tt:Hour>4</tt:Hour><tt:Minute>5</tt:Minute><tt:Second>6</tt:Second>"), "{text}");
        assert!(text.contains("<tt:Year>2026</tt:Year><tt:Month>2</tt:Month><tt:Day>3</tt:Day>"), "{text}");
        for open in ["GetServices", "GetCapabilities"] {
            let (status, text) = told(&format!("<E><Body><{open}/></Body></E>"), "x", None);
            assert!(status == 200 && text.contains("http://127.0.0.1:80/onvif/media_service"), "{text}");
        }
    }

    #[test]
    fn every_channel_has_a_profile_and_what_is_unknown_is_a_fault() {
        let (_, text) = told(&asked("GetProfiles", "user", DIGEST), "userpassword", None);
        assert!(text.contains("token=\"Profile_1\"") && text.contains("token=\"Profile_2\""), "{text}");
        assert!(told(&asked("GetDeviceInformation", "user", DIGEST), "userpassword", None).1.contains("A&amp;B"));
        let elsewhere = asked("GetSnapshotUri", "user", DIGEST).replace("Profile_2", "Profile_3");
        assert!(told(&elsewhere, "userpassword", None).1.contains("ter:NoProfile"));
        assert!(told(&asked("GetNodes", "user", DIGEST), "userpassword", None).1.contains("ter:ActionNotSupported"));
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let deep = "<a>".repeat(100);
        for text in
            ["", "x", "<E>", "<E><Body/></E>", "<E><Body><X></Body></E>", "<!DOCTYPE a [<!ENTITY b \"c\">]><E><Body><X/></Body></E>", &deep]
        {
            assert_eq!(Call::read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Call::read(b"\xff\xfe"), None);
        let escaped = Call::read(b"<E><H><Username>a&amp;b&#x4e2d;</Username></H><Body><X/></Body></E>").unwrap();
        assert_eq!((escaped.operation.as_str(), escaped.token.user.as_str()), ("X", "a&b中"));
    }
}
