//! Asking a camera for a picture over HTTP: one request at a time, as its user, and only new pictures count.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use pandian_domain::Code;
use tokio::time::sleep;

use super::door::{self, Door};
use super::freshness;
use super::picture::{self, NotAPicture};
use super::reference;
use crate::error::excerpt;
use crate::http::{HeaderLines, HttpClient, HttpUrl, Login, Reply, Request};
use crate::settings::{ByteSize, Period};
use crate::{DeviceError, Probe, Shot, ShotEnd, Visit};

/// The longest that a camera is left alone because it asks for it.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A camera that is asked for pictures.
pub(super) struct Snapshot {
    /// The camera, its crane and its address, as messages name them.
    pub(super) who: String,
    pub(super) http: HttpClient,
    /// Its user, shared by all that ask the device as the same one.
    pub(super) login: Arc<Login>,
    /// The device's door, shared by all that ask it.
    pub(super) door: Arc<Door>,
    pub(super) max_picture: ByteSize,
    /// A pause before each picture.
    pub(super) settle: Duration,
}

/// The right to ask the camera.
pub(super) struct Turn<'a> {
    camera: &'a Snapshot,
    turn: door::Turn<'a>,
}

/// A whole picture.
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    media_type: &'static str,
    is_new: bool,
    /// When it was made, as the camera says.
    last_modified: Option<Box<str>>,
}

impl Snapshot {
    /// Lets the mast settle, and waits for the turn of a visit.
    pub(super) async fn turn(&self, visit: &Visit) -> Result<Turn<'_>, DeviceError> {
        let deadline = door::deadline_of(visit);
        sleep(self.settle).await;
        Ok(Turn { camera: self, turn: self.door.turn(&self.who, deadline).await? })
    }

    /// Waits for the turn of a trial.
    pub(super) async fn turn_of_trial(&self) -> Result<Turn<'_>, DeviceError> {
        Ok(Turn { camera: self, turn: self.door.turn(&self.who, door::deadline_of_trial()).await? })
    }
}

impl Turn<'_> {
    /// Asks for a picture.
    pub(super) async fn ask(&mut self, uri: &Uri, headers: &HeaderLines) -> Result<Picture, DeviceError> {
        let Snapshot { who, http, login, max_picture, .. } = self.camera;
        let request = Request { method: "GET", uri, headers, key: "", body: b"" };
        let reply = http.send_as(login, who, request, max_picture.0).await?;
        match reply.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                let rest = reply.headers.retry_after.as_deref().and_then(rest_of);
                self.turn.rest(rest);
                let asked = rest.map_or_else(String::new, |rest| format!(", and asks to be left alone for {}", Period(rest)));
                return Err(DeviceError::new(Code::CameraBusy, format!("{who} is busy: it answered HTTP 503{asked}")));
            }
            StatusCode::FORBIDDEN => {
                let why = "this user may not take pictures there";
                return Err(DeviceError::new(Code::DeviceHttpStatus, format!("{who} answered HTTP 403: {why}")));
            }
            _ => {}
        }
        let reply = reply.success(who)?;
        let media_type = check(who, &reply)?;
        let last_modified = reply.headers.last_modified;
        // A digest of many megabytes would hold up everybody else.
        let bytes = reply.body;
        let looked = tokio::task::spawn_blocking(move || (freshness::digest(&bytes), bytes)).await;
        let (digest, bytes) =
            looked.map_err(|error| DeviceError::new(Code::Internal, format!("{who}: its picture was lost: {error}")).because(error))?;
        let is_new = self.turn.is_new(digest);
        Ok(Picture { bytes, media_type, is_new, last_modified })
    }
}

impl Picture {
    /// The picture as what a capture brought, if it is a new one.
    pub(super) fn taken(self, who: &str) -> Result<Shot, DeviceError> {
        if !self.is_new {
            return Err(DeviceError::new(Code::CameraStale, format!("{who} sent, byte for byte, a picture that it had sent before")));
        }
        let note = self.last_modified.map(|at| format!("last modified, by the camera's clock: {}", excerpt(&at)));
        Ok(Shot::Whole(ShotEnd { picture: Some(self.bytes), findings: None, note }))
    }

    /// The picture as what trying a camera brought.
    pub(super) fn probed(&self, login: &Login, address: &HttpUrl) -> Probe {
        let scheme = login.scheme(address.uri()).unwrap_or_else(|| "no credentials asked for".to_owned());
        Probe { summary: format!("{} answers: HTTP 200, {scheme}, {}", address.shown(), told(self.media_type, &self.bytes)) }
    }
}

/// A picture's kind and size, for a person.
pub(super) fn told(media_type: &str, bytes: &[u8]) -> String {
    let pixels = picture::size(bytes).map_or_else(String::new, |(width, height)| format!(" of {width}×{height}"));
    format!("{media_type}{pixels}, {} kB", bytes.len().div_ceil(1000))
}

/// How long to leave a camera alone. A date is passed over: the camera's clock is not ours.
fn rest_of(retry_after: &str) -> Option<Duration> {
    let seconds = retry_after.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_REST))
}

/// The media type of a whole picture; what came instead is named.
fn check(who: &str, reply: &Reply) -> Result<&'static str, DeviceError> {
    match picture::check_visible(&reply.body) {
        Ok(media_type) => Ok(media_type),
        Err(NotAPicture::Unknown) => {
            let what = format!("{who} sent no picture but {}", came(reply));
            Err(DeviceError::new(Code::CameraBadPicture, what).because(NotAPicture::Unknown))
        }
        Err(error) => Err(reference::not_whole(who, error, reply.headers.content_type.as_deref())),
    }
}

/// What came in place of a picture.
fn came(reply: &Reply) -> String {
    let begin = String::from_utf8_lossy(&reply.body[..reply.body.len().min(512)]);
    let begin = begin.trim_start_matches('\u{feff}').trim_start();
    let declared =
        reply.headers.content_type.as_deref().map_or_else(String::new, |declared| format!(" (declared as {})", excerpt(declared)));
    let is_html = ["<!doctype html", "<html"].iter().any(|tag| begin.get(..tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag)));
    if is_html {
        return format!("an HTML page, perhaps one to log in at{declared}");
    }
    if begin.starts_with(['<', '{']) || reply.media_type().is_some_and(|media| media.starts_with("text/")) {
        return format!("a text{declared}: {}", excerpt(begin.trim_end()));
    }
    format!("{} that begin like no JPEG, PNG, GIF, BMP or WebP{declared}", ByteSize(reply.body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ReplyHeaders;

    #[test]
    fn what_came_in_place_of_a_picture_is_named() {
        for (declared, body, named) in [
            (
                Some("image/jpeg"),
                &b"\r\n<!DOCTYPE HTML><html><body>Login"[..],
                "an HTML page, perhaps one to log in at (declared as image/jpeg)",
            ),
            (None, b"\xef\xbb\xbf<html>", "an HTML page, perhaps one to log in at"),
            (Some("application/xml"), b"<?xml?><ResponseStatus/>\n", "a text (declared as application/xml): <?xml?><ResponseStatus/>"),
            (Some("text/plain"), b"no \x1b[2Jcamera", "a text (declared as text/plain): no  [2Jcamera"),
            (None, &[0; 2048], "2KiB that begin like no JPEG, PNG, GIF, BMP or WebP"),
        ] {
            let headers = ReplyHeaders { content_type: declared.map(Into::into), ..ReplyHeaders::default() };
            let reply = Reply { status: StatusCode::OK, headers, body: Bytes::copy_from_slice(body) };
            assert_eq!(came(&reply), named);
            assert_eq!(check("it", &reply).unwrap_err().code, Code::CameraBadPicture);
        }
    }

    #[test]
    fn a_camera_is_left_alone_as_long_as_it_asks_but_not_for_ever() {
        assert_eq!(rest_of(" 3 "), Some(Duration::from_secs(3)));
        assert_eq!(rest_of("99999999"), Some(LONGEST_REST));
        for text in ["", "-1", "soon", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999999"] {
            assert_eq!(rest_of(text), None, "{text}");
        }
    }
}
