//! The `onvif` camera: where pictures are is asked for, proved with the password, and asked again when they are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pandian_devices::Camera;
use pandian_domain::Code;
use sha1::{Digest, Sha1};

use crate::certificates::Certificates;
use crate::ground::{self, context};
use crate::guard::{Guard, USER, password, refused, shoot, shot};
use crate::peer::{Asked, Peer, Step, reply};

/// How the camera of a test differs from others.
#[derive(Clone, Copy, Default)]
struct Odd {
    /// It knows no `GetServices`.
    is_old: bool,
    /// It tells no time.
    has_no_clock: bool,
    /// The host that it says pictures are at; its own unless given.
    host: Option<&'static str>,
}

fn envelope(inner: &str) -> Vec<Step> {
    let body = format!("<env:Envelope xmlns:env=\"e\"><env:Body>{inner}</env:Body></env:Envelope>");
    vec![Step::Send(reply("200 OK", "application/soap+xml", body))]
}

fn fault(subcode: &str, reason: &str) -> Vec<Step> {
    let body = format!(
        "<env:Envelope xmlns:env=\"e\"><env:Body><env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>{subcode}\
         </env:Value></env:Subcode></env:Code><env:Reason><env:Text>{reason}</env:Text></env:Reason></env:Fault></env:Body></env:Envelope>"
    );
    vec![Step::Send(reply("400 Bad Request", "application/soap+xml", body))]
}

/// What stands in an element of a request.
fn element<'a>(asked: &'a str, name: &str) -> Option<&'a str> {
    let is_it = |tag: &&str| tag.split_once(':').is_some_and(|(_, tag)| tag.split([' ', '>']).next() == Some(name));
    asked.split('<').find(is_it)?.split_once('>').map(|(_, content)| content)
}

/// Whether a request proves the password, by a clock that says 2031-05-06T07:08.
fn proves_password(asked: &str) -> bool {
    let part = |name: &str| element(asked, name).unwrap_or_default();
    let created = part("Created");
    let nonce = STANDARD.decode(part("Nonce")).unwrap();
    let right = Sha1::new().chain_update(nonce).chain_update(created).chain_update(password()).finalize();
    part("Username") == "admin" && created.starts_with("2031-05-06T07:08:") && part("Password") == STANDARD.encode(right)
}

/// The whole camera: services, and pictures behind a digest.
async fn onvif(odd: Odd) -> (Peer, Arc<Guard>) {
    let guard = Arc::new(Guard::new("MD5", true));
    let peer = Peer::start(|_| shot()).await;
    let (address, door) = (peer.address, guard.clone());
    peer.now(move |asked| {
        if asked.method() == "GET" {
            return door.stops(asked).unwrap_or_else(shot);
        }
        let body = String::from_utf8(asked.body.clone()).unwrap();
        let kind = asked.header("content-type").unwrap();
        let question = kind.rsplit_once('/').unwrap().1.trim_end_matches('"');
        assert!(kind.starts_with("application/soap+xml; charset=utf-8; action=\"http://www.onvif.org/ver") && body.contains(question));
        if question == "GetSystemDateAndTime" {
            let utc = "<UTCDateTime><Time><Hour>7</Hour><Minute>8</Minute><Second>1</Second></Time><Date><Year>2031</Year><Month>5</Month>\
                       <Day>6</Day></Date></UTCDateTime>";
            return envelope(&format!("<R><SystemDateAndTime>{}</SystemDateAndTime></R>", if odd.has_no_clock { "" } else { utc }));
        }
        if odd.has_no_clock {
            assert_eq!(element(&body, "Username"), None);
            if let Some(stopped) = door.stops(asked) {
                return stopped;
            }
        } else if !proves_password(&body) {
            return fault("ter:NotAuthorized", "Sender not Authorized");
        }
        match question {
            "GetServices" if odd.is_old => fault("ter:ActionNotSupported", "no such operation"),
            "GetServices" => envelope(&format!(
                "<R><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://{address}/onvif/media</XAddr></Service></R>"
            )),
            "GetCapabilities" => envelope(&format!(
                "<R><Capabilities><Media><XAddr>http://{address}/onvif/media http://[fe80::1]/onvif/media</XAddr></Media></Capabilities></R>"
            )),
            "GetProfiles" => envelope("<R><Profiles token=\"P1\"><Name>main</Name></Profiles><Profiles token=\"P2\"><Name>small</Name></Profiles></R>"),
            "GetSnapshotUri" => {
                let token = element(&body, "ProfileToken").unwrap();
                let host = odd.host.map_or_else(|| address.to_string(), str::to_owned);
                envelope(&format!("<R><MediaUri><Uri>http://{host}/snap?profile={token}&amp;x=1</Uri></MediaUri></R>"))
            }
            other => panic!("{other} is asked"),
        }
    });
    (peer, guard)
}

fn camera(peer: &Peer, more: &str) -> Arc<dyn Camera> {
    let settings = format!("{{ address = \"{}\", {more} }}", peer.address);
    ground::camera("onvif", &settings, &context(".".as_ref()))
}

/// What was asked, in order: the operation of a service, or the target of a picture.
fn questions(asked: &[Asked]) -> Vec<String> {
    let question = |asked: &Asked| match asked.header("content-type") {
        Some(kind) => kind.rsplit_once('/').unwrap().1.trim_end_matches('"').to_owned(),
        None => asked.target().to_owned(),
    };
    asked.iter().map(question).collect()
}

#[tokio::test]
async fn where_pictures_are_is_asked_once() {
    for (odd, between) in [(Odd::default(), vec![]), (Odd { is_old: true, ..Odd::default() }, vec!["GetCapabilities"])] {
        let (peer, guard) = onvif(odd).await;
        let camera = camera(&peer, USER);
        for _ in 0..2 {
            shoot(&*camera).await.unwrap();
        }
        let target = "/snap?profile=P1&x=1";
        let expected = [&["GetSystemDateAndTime", "GetServices"], &between[..], &["GetProfiles", "GetSnapshotUri", target, target, target]];
        assert_eq!(questions(&peer.asked()), expected.concat());
        assert_eq!(guard.counts(), [1, 2]);
    }
}

#[tokio::test]
async fn a_profile_is_chosen_by_token_or_name() {
    let (peer, _) = onvif(Odd::default()).await;
    for profile in ["P2", "small"] {
        shoot(&*camera(&peer, &format!("{USER}, profile = \"{profile}\""))).await.unwrap();
        assert_eq!(peer.asked().last().unwrap().target(), "/snap?profile=P2&x=1");
    }
    let (code, message) = refused(&*camera(&peer, &format!("{USER}, profile = \"large\""))).await;
    assert_eq!(code, Code::ConfigInvalid);
    assert!(message.ends_with("has no profile \"large\"; it has \"main\" (P1), \"small\" (P2)"), "{message}");
}

#[tokio::test]
async fn a_camera_without_a_clock_is_shown_a_digest() {
    let (peer, _) = onvif(Odd { has_no_clock: true, ..Odd::default() }).await;
    shoot(&*camera(&peer, USER)).await.unwrap();
}

#[tokio::test]
async fn a_wrong_user_is_told_so() {
    let (peer, _) = onvif(Odd::default()).await;
    let camera = camera(&peer, "user = \"root\", password = \"env:HOME\"");
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.ends_with("did not answer GetServices: it refuses user name or password"), "{message}");
    let asked = peer.asked().len();
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.contains("is not asked: it refused user name or password"), "{message}");
    assert_eq!(peer.asked().len(), asked, "the proof of a wrong password is not shown again");
}

#[tokio::test]
async fn another_host_is_asked_only_where_that_is_allowed() {
    let (elsewhere, _) = onvif(Odd::default()).await;
    let host: &'static str = format!("localhost:{}", elsewhere.address.port()).leak();
    let (peer, _) = onvif(Odd { host: Some(host), ..Odd::default() }).await;
    let (code, message) = refused(&*camera(&peer, USER)).await;
    assert_eq!(code, Code::DeviceBadReply);
    assert!(message.contains(host) && message.ends_with("it is another host; if that is right, say allow_other_host = true"), "{message}");
    assert!(elsewhere.asked().is_empty());
    shoot(&*camera(&peer, &format!("{USER}, allow_other_host = true"))).await.unwrap();

    let (peer, _) = onvif(Odd { host: Some("u:p@127.0.0.1"), ..Odd::default() }).await;
    let (_, message) = refused(&*camera(&peer, USER)).await;
    assert!(message.contains("no user name or password belongs into a URL"), "{message}");
}

#[tokio::test]
async fn who_is_asked_over_tls_leads_to_nothing_that_is_not_encrypted() {
    let certificates = Certificates::new().await;
    let peer = Peer::start(|_| shot()).await;
    let encrypted = certificates.in_front_of(&peer).await;
    let (tls, plain) = (format!("https://{encrypted}"), format!("http://{}", peer.address));
    let settings =
        format!("{{ address = \"{encrypted}\", tls = {{ sha256 = \"{}\" }}, {USER}, allow_other_host = true }}", certificates.sha256);
    for (media, picture, named) in [(&plain, &tls, "/media"), (&tls, &plain, "/picture"), (&tls, &tls, "")] {
        let (media, picture) = (format!("{media}/media"), format!("{picture}/picture"));
        peer.now(move |asked| match asked.method() {
            "GET" => shot(),
            _ => envelope(&format!(
                "<R><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>{media}</XAddr></Service>\
                 <Profiles token=\"P\"/><Uri>{picture}</Uri></R>"
            )),
        });
        let camera = ground::camera("onvif", &settings, &context(".".as_ref()));
        if named.is_empty() {
            shoot(&*camera).await.unwrap();
            continue;
        }
        let (code, message) = refused(&*camera).await;
        assert_eq!(code, Code::DeviceBadReply);
        assert!(message.contains(&format!("names the address \"{plain}{named}\"")) && message.contains("it is not https"), "{message}");
        assert!(!peer.asked().iter().any(|asked| asked.target() == named), "{named} is not asked");
    }
}

#[tokio::test]
async fn pictures_that_are_gone_are_looked_for_again() {
    let (peer, _) = onvif(Odd::default()).await;
    let camera = camera(&peer, USER);
    shoot(&*camera).await.unwrap();
    let is_gone = Arc::new(AtomicBool::new(true));
    let (target, gone) = (peer.address, is_gone.clone());
    peer.now(move |asked| match (asked.method(), gone.load(Ordering::SeqCst)) {
        ("GET", true) => vec![Step::Send(reply("404 Not Found", "text/plain", ""))],
        ("GET", false) => shot(),
        _ => envelope(&format!(
            "<R><Service><Namespace>http://www.onvif.org/ver20/media/wsdl</Namespace><XAddr>http://{target}/m2</XAddr></Service>\
             <Profiles token=\"N\"/><Uri>http://{target}/new</Uri></R>"
        )),
    });
    assert_eq!(refused(&*camera).await.0, Code::DeviceHttpStatus);
    is_gone.store(false, Ordering::SeqCst);
    shoot(&*camera).await.unwrap();
    assert_eq!(peer.asked().last().unwrap().target(), "/new");
}

#[tokio::test]
async fn what_is_no_onvif_is_told() {
    let peer = Peer::start(|_| vec![Step::Send(reply("200 OK", "text/html", "<html><p>hello"))]).await;
    let (code, message) = refused(&*camera(&peer, "")).await;
    assert_eq!(code, Code::DeviceBadReply);
    assert!(message.contains("did not answer GetServices: it is no XML that is understood"), "{message}");
    peer.now(|_| vec![Step::Send(reply("404 Not Found", "text/html", "<html/>"))]);
    assert_eq!(refused(&*camera(&peer, "")).await.0, Code::DeviceHttpStatus);
    peer.now(|_| vec![Step::Send(reply("200 OK", "text/xml", "<a>".repeat(100_000)))]);
    assert_eq!(refused(&*camera(&peer, "")).await.0, Code::DeviceBadReply);
}

#[tokio::test]
async fn trying_a_camera_names_profile_and_picture() {
    let (peer, _) = onvif(Odd::default()).await;
    let summary = camera(&peer, USER).probe().await.unwrap().summary;
    let url = peer.url("/snap");
    assert_eq!(summary, format!("profile \"main\" (P1): {url} answers: HTTP 200, Digest MD5, image/png of 1×1, 1 kB"));
}
