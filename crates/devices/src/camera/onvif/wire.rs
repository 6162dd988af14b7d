//! SOAP 1.2 as ONVIF speaks it (Core, Media and Media2 Service Specification): requests as texts, and what replies say. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pandian_domain::Timestamp;
use quick_xml::escape::escape;
use sha1::{Digest, Sha1};

use super::xml::{Element, NotXml};
use crate::error::excerpt;

/// A version of the media service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `ver10/media`: nearly every camera has it.
    One,
    /// `ver20/media`.
    Two,
}

impl Media {
    fn namespace(self) -> &'static str {
        match self {
            Self::One => "http://www.onvif.org/ver10/media/wsdl",
            Self::Two => "http://www.onvif.org/ver20/media/wsdl",
        }
    }
}

/// What a camera is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question<'a> {
    SystemDateAndTime,
    Services,
    Capabilities,
    Profiles(Media),
    SnapshotUri(Media, &'a str),
}

/// The namespace of the device service.
const DEVICE: &str = "http://www.onvif.org/ver10/device/wsdl";

impl Question<'_> {
    /// Its name, as messages tell it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SystemDateAndTime => "GetSystemDateAndTime",
            Self::Services => "GetServices",
            Self::Capabilities => "GetCapabilities",
            Self::Profiles(_) => "GetProfiles",
            Self::SnapshotUri(..) => "GetSnapshotUri",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Profiles(media) | Self::SnapshotUri(media, _) => media.namespace(),
            _ => DEVICE,
        }
    }

    fn inner(self) -> String {
        match self {
            Self::SystemDateAndTime | Self::Profiles(_) => String::new(),
            Self::Services => "<q:IncludeCapability>false</q:IncludeCapability>".to_owned(),
            Self::Capabilities => "<q:Category>Media</q:Category>".to_owned(),
            Self::SnapshotUri(_, token) => format!("<q:ProfileToken>{}</q:ProfileToken>", escape(token)),
        }
    }

    /// The type of the request's body.
    pub(super) fn content_type(self) -> String {
        format!("application/soap+xml; charset=utf-8; action=\"{}/{}\"", self.namespace(), self.name())
    }

    /// The request.
    pub(super) fn envelope(self, token: Option<&UsernameToken>) -> String {
        let header = token.map_or_else(String::new, |token| format!("<s:Header>{}</s:Header>", token.header()));
        let (name, namespace, inner) = (self.name(), self.namespace(), self.inner());
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">{header}\
             <s:Body><q:{name} xmlns:q=\"{namespace}\">{inner}</q:{name}></s:Body></s:Envelope>"
        )
    }
}

/// A user's name, and the proof of the password (Web Services Security UsernameToken Profile 1.0, section 3.1).
pub(super) struct UsernameToken {
    user: String,
    digest: String,
    nonce: String,
    created: String,
}

impl UsernameToken {
    /// `at` is by the camera's clock: it refuses what is too old.
    pub(super) fn new(user: &str, password: &str, nonce: [u8; 16], at: Timestamp) -> Self {
        let created = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let digest = Sha1::new().chain_update(nonce).chain_update(&created).chain_update(password).finalize();
        Self { user: user.to_owned(), digest: STANDARD.encode(digest), nonce: STANDARD.encode(nonce), created }
    }

    fn header(&self) -> String {
        const OASIS: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
        let Self { user, digest, nonce, created } = self;
        format!(
            "<e:Security xmlns:e=\"{OASIS}wssecurity-secext-1.0.xsd\" s:mustUnderstand=\"1\"><e:UsernameToken><e:Username>{}</e:Username>\
             <e:Password Type=\"{OASIS}username-token-profile-1.0#PasswordDigest\">{digest}</e:Password>\
             <e:Nonce EncodingType=\"{OASIS}soap-message-security-1.0#Base64Binary\">{nonce}</e:Nonce>\
             <u:Created xmlns:u=\"{OASIS}wssecurity-utility-1.0.xsd\">{created}</u:Created></e:UsernameToken></e:Security>",
            escape(user.as_str())
        )
    }
}

/// A reply that says something else than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The user is wrong, or may not.
    #[error("it refuses user name or password")]
    NotAuthorized,
    /// In the camera's words.
    #[error("it refuses: {0}")]
    Fault(String),
    /// No SOAP.
    #[error(transparent)]
    NotXml(#[from] NotXml),
    /// Something is missing.
    #[error("{0} is missing in its reply")]
    Missing(&'static str),
}

/// A profile of the camera's streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) token: String,
    pub(super) name: String,
}

/// What stands in the body of a reply, if it is no fault.
fn answer(reply: &[u8]) -> Result<Element, NoAnswer> {
    let mut root = Element::parse(reply)?;
    let body = root.children.iter().position(|child| child.name == "Body").ok_or(NoAnswer::Missing("Body"))?;
    let mut body = root.children.swap_remove(body);
    if body.children.is_empty() {
        return Err(NoAnswer::Missing("the answer"));
    }
    let answer = body.children.swap_remove(0);
    if answer.name != "Fault" {
        return Ok(answer);
    }
    let text = |path: &[&str]| answer.at(path).map(|element| element.text.as_str()).unwrap_or_default();
    let codes = [text(&["Code", "Subcode", "Value"]), text(&["Code", "Subcode", "Subcode", "Value"])];
    let reason = text(&["Reason", "Text"]);
    let is_about_the_user = |code: &str| ["NotAuthorized", "FailedAuthentication", "FailedCheck"].iter().any(|name| code.ends_with(name));
    if codes.into_iter().any(is_about_the_user) || reason.to_ascii_lowercase().contains("not authorized") {
        return Err(NoAnswer::NotAuthorized);
    }
    let said = [codes[0], codes[1], reason].into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>().join(" ");
    Err(NoAnswer::Fault(excerpt(&said)))
}

/// The camera's clock; nothing where it does not tell it in UTC.
pub(super) fn clock(reply: &[u8]) -> Result<Option<Timestamp>, NoAnswer> {
    let answer = answer(reply)?;
    let Some(utc) = answer.at(&["SystemDateAndTime", "UTCDateTime"]) else { return Ok(None) };
    let number = |path: [&str; 2]| utc.at(&path)?.text.parse::<u16>().ok();
    let told = (|| {
        let [year, month, day] = [number(["Date", "Year"])?, number(["Date", "Month"])?, number(["Date", "Day"])?];
        let [hour, minute, second] = [number(["Time", "Hour"])?, number(["Time", "Minute"])?, number(["Time", "Second"])?];
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").parse().ok()
    })();
    Ok(told)
}

/// The address of a media service, the older one first, by a reply to [`Question::Services`].
pub(super) fn media_of_services(reply: &[u8]) -> Result<(Media, String), NoAnswer> {
    let answer = answer(reply)?;
    let address_of = |media: Media| {
        let mut services = answer.named("Service");
        let is_it = |service: &&Element| service.child("Namespace").is_some_and(|namespace| namespace.text == media.namespace());
        services.find(is_it)?.child("XAddr").map(|address| (media, address.text.clone()))
    };
    address_of(Media::One).or_else(|| address_of(Media::Two)).ok_or(NoAnswer::Missing("a media service"))
}

/// The address of the media service, by a reply to [`Question::Capabilities`].
pub(super) fn media_of_capabilities(reply: &[u8]) -> Result<(Media, String), NoAnswer> {
    let answer = answer(reply)?;
    let address = answer.at(&["Capabilities", "Media", "XAddr"]).ok_or(NoAnswer::Missing("a media service"))?;
    Ok((Media::One, address.text.clone()))
}

/// The profiles, in the camera's order.
pub(super) fn profiles(reply: &[u8]) -> Result<Vec<Profile>, NoAnswer> {
    let answer = answer(reply)?;
    let profile = |element: &Element| {
        Some(Profile { token: element.token.clone()?, name: element.child("Name").map(|name| name.text.clone()).unwrap_or_default() })
    };
    let profiles: Vec<Profile> = answer.named("Profiles").filter_map(profile).collect();
    if profiles.is_empty() { Err(NoAnswer::Missing("a profile")) } else { Ok(profiles) }
}

/// Where pictures are asked for.
pub(super) fn snapshot_uri(reply: &[u8]) -> Result<String, NoAnswer> {
    let answer = answer(reply)?;
    let uri = answer.at(&["MediaUri", "Uri"]).or_else(|| answer.child("Uri"));
    uri.map(|uri| uri.text.clone()).filter(|uri| !uri.is_empty()).ok_or(NoAnswer::Missing("the snapshot URI"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Vec<u8> {
        format!("<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"x\"><SOAP-ENV:Header/><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>")
            .into()
    }

    #[test]
    fn the_proof_of_a_password_is_that_of_the_specification() {
        // ONVIF Application Programmer's Guide 1.0, section 6.1.1.3.
        let nonce: [u8; 16] = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap().try_into().unwrap();
        let token = UsernameToken::new("user", "userpassword", nonce, "2010-09-16T07:50:45Z".parse().unwrap());
        assert_eq!(token.digest, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
        assert_eq!(token.created, "2010-09-16T07:50:45Z");
    }

    #[test]
    fn what_is_filled_into_a_request_cannot_end_its_element() {
        let token = UsernameToken::new("a<b>&", "pw-17", [0; 16], Timestamp::UNIX_EPOCH);
        let asked = Question::SnapshotUri(Media::Two, "</x>\"").envelope(Some(&token));
        let root = Element::parse(asked.as_bytes()).unwrap();
        assert_eq!(root.at(&["Body", "GetSnapshotUri", "ProfileToken"]).unwrap().text, "</x>\"");
        assert_eq!(root.at(&["Header", "Security", "UsernameToken", "Username"]).unwrap().text, "a<b>&");
        assert!(!asked.contains("pw-17"));
    }

    #[test]
    fn replies_are_read_whatever_their_prefixes() {
        let time = "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>7</tt:Hour><tt:Minute>5</tt:Minute>\
                    <tt:Second>9</tt:Second></tt:Time><tt:Date><tt:Year>2031</tt:Year><tt:Month>2</tt:Month><tt:Day>28</tt:Day></tt:Date>\
                    </tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>";
        assert_eq!(clock(&reply(time)).unwrap().unwrap().to_string(), "2031-02-28T07:05:09Z");
        assert_eq!(clock(&reply(&time.replace("<tt:Day>28", "<tt:Day>31"))).unwrap(), None);
        assert_eq!(clock(&reply("<R/>")).unwrap(), None);

        let services = "<R><Service><Namespace>http://www.onvif.org/ver20/media/wsdl</Namespace><XAddr>http://h/2</XAddr></Service>\
                        <Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://h/1</XAddr></Service></R>";
        assert_eq!(media_of_services(&reply(services)).unwrap(), (Media::One, "http://h/1".to_owned()));
        assert_eq!(media_of_services(&reply(&services.replace("ver10", "ver30"))).unwrap(), (Media::Two, "http://h/2".to_owned()));
        assert_eq!(media_of_services(&reply("<R/>")), Err(NoAnswer::Missing("a media service")));
        let capabilities = "<R><Capabilities><Media><XAddr>http://h/m</XAddr></Media></Capabilities></R>";
        assert_eq!(media_of_capabilities(&reply(capabilities)).unwrap(), (Media::One, "http://h/m".to_owned()));

        let told =
            profiles(&reply("<R><trt:Profiles token=\"P1\" fixed=\"true\"><tt:Name>main</tt:Name></trt:Profiles><Profiles/></R>")).unwrap();
        assert_eq!(told, [Profile { token: "P1".to_owned(), name: "main".to_owned() }]);
        assert_eq!(snapshot_uri(&reply("<R><MediaUri><Uri>http://h/s?a=1&amp;b=2</Uri></MediaUri></R>")).unwrap(), "http://h/s?a=1&b=2");
        assert_eq!(snapshot_uri(&reply("<R><Uri>http://h/s</Uri></R>")).unwrap(), "http://h/s");
    }

    #[test]
    fn a_fault_is_told_in_the_cameras_words() {
        let fault = |subcode: &str, reason: &str| {
            reply(&format!(
                "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>\
                 <s:Reason><s:Text xml:lang=\"en\">{reason}</s:Text></s:Reason></s:Fault>"
            ))
        };
        assert_eq!(profiles(&fault("ter:NotAuthorized", "Sender not authorized")), Err(NoAnswer::NotAuthorized));
        assert_eq!(
            profiles(&fault("", "The action requested requires authorization; sender Not Authorized")),
            Err(NoAnswer::NotAuthorized)
        );
        assert_eq!(profiles(&fault("ter:NoProfile", "no \u{85}such")), Err(NoAnswer::Fault("ter:NoProfile no  such".to_owned())));
        assert_eq!(profiles(b"<html><body/></html>"), Err(NoAnswer::Missing("Body")));
    }
}
