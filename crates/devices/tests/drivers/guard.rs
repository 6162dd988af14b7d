//! What network cameras of the tests have in common: users, and pictures that are never the same.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use digest_auth::{AuthContext, AuthorizationHeader};
use pandian_devices::suite::visit;
use pandian_devices::{Camera, DeviceError, Shot, ShotEnd};
use pandian_domain::{Code, OpKind};

use crate::ground::PNG;
use crate::peer::{Asked, Step, reply};

/// A user whose password is that of the tests: the environment of every machine has it.
pub(crate) const USER: &str = "user = \"admin\", password = \"env:HOME\"";

pub(crate) fn password() -> String {
    std::env::var("HOME").unwrap()
}

/// Lets nobody in without a digest, as cameras do.
pub(crate) struct Guard {
    algorithm: &'static str,
    nonce: AtomicU32,
    /// How often each nonce was used.
    counts: Mutex<Vec<u32>>,
    says_stale: bool,
}

impl Guard {
    pub(crate) fn new(algorithm: &'static str, says_stale: bool) -> Self {
        Self { algorithm, nonce: AtomicU32::new(1), counts: Mutex::default(), says_stale }
    }

    /// Makes every nonce stale that was given so far.
    pub(crate) fn forget(&self) {
        self.nonce.fetch_add(1, Ordering::SeqCst);
    }

    /// The counts that requests bore which were let in.
    pub(crate) fn counts(&self) -> Vec<u32> {
        self.counts.lock().unwrap().clone()
    }

    /// The answer to somebody who is not let in.
    pub(crate) fn stops(&self, asked: &Asked) -> Option<Vec<Step>> {
        let nonce = format!("n{}", self.nonce.load(Ordering::SeqCst));
        let shown = asked.header("authorization").map(|shown| AuthorizationHeader::parse(shown).unwrap());
        let is_stale = shown.as_ref().is_some_and(|shown| shown.nonce != nonce);
        if let Some(shown) = shown.filter(|shown| shown.nonce == nonce) {
            let mut right = shown.clone();
            let context =
                AuthContext::new_with_method("admin", password(), asked.target(), Some(asked.body.as_slice()), asked.method().into());
            right.digest(&context);
            if right.response == shown.response && shown.uri == asked.target() {
                self.counts.lock().unwrap().push(shown.nc);
                return None;
            }
        }
        let stale = if is_stale && self.says_stale { ", stale=TRUE" } else { "" };
        let challenge = format!("Digest realm=\"IP Camera\", nonce=\"{nonce}\", qop=\"auth\", algorithm={}{stale}", self.algorithm);
        Some(vec![Step::Send(challenged(&challenge))])
    }
}

/// A reply 401.
pub(crate) fn challenged(challenge: &str) -> Vec<u8> {
    let html = "<html>401</html>";
    format!("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: {challenge}\r\ncontent-length: {}\r\n\r\n{html}", html.len()).into_bytes()
}

/// Whether a request shows the password of the tests readable.
pub(crate) fn shows_password(asked: &Asked) -> bool {
    let shown = base64::engine::general_purpose::STANDARD.encode(format!("admin:{}", password()));
    asked.header("authorization") == Some(&format!("Basic {shown}"))
}

/// A picture that was never there before: cameras may append what they like.
pub(crate) fn new_picture() -> Vec<u8> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    [PNG, &NUMBER.fetch_add(1, Ordering::SeqCst).to_be_bytes()].concat()
}

/// A reply with a new picture.
pub(crate) fn shot() -> Vec<Step> {
    vec![Step::Send(reply("200 OK", "image/jpeg", new_picture()))]
}

/// Takes a picture within half a minute.
pub(crate) async fn shoot(camera: &dyn Camera) -> Result<ShotEnd, DeviceError> {
    shoot_within(camera, 30_000).await
}

/// Takes a picture; the engine waits for so many milliseconds.
pub(crate) async fn shoot_within(camera: &dyn Camera, millis: u64) -> Result<ShotEnd, DeviceError> {
    let mut visit = visit(OpKind::Capture, "1号", 1, 1);
    visit.timeout = std::time::Duration::from_millis(millis);
    match camera.capture(&visit).await? {
        Shot::Whole(end) => Ok(end),
        Shot::Working(_) => panic!("the camera is done when it has a picture"),
    }
}

/// Why no picture was taken. Whatever it is, it names crane and camera and no password.
pub(crate) async fn refused(camera: &dyn Camera) -> (Code, String) {
    let error = shoot_within(camera, 2_000).await.unwrap_err();
    assert!(error.message.contains("the camera of crane C1 at ") && error.message.contains(camera.address()), "{error}");
    assert!(!error.message.contains(&password()) && !error.message.contains(char::is_control), "{error}");
    (error.code, error.message)
}
