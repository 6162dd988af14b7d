//! One picture out of a stream: connect, wait for a frame that stands for itself, close.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::StreamExt as _;
use pandian_domain::Code;
use retina::client::{Credentials, PlayOptions, Session, SessionOptions, SetupOptions};
use retina::codec::{CodecItem, FrameFormat};
use tokio::time::sleep;
use url::Url;

use super::RtspCameraSettings;
use super::decode::{Encoding, Frame};
use crate::camera::access::credentials;
use crate::camera::freshness::{self, Recent};
use crate::camera::snapshot;
use crate::catalog::{BuildContext, unbuildable};
use crate::error::{excerpt, root_reason};
use crate::settings::ByteSize;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};

/// A camera that sends a stream.
pub(super) struct RtspCamera {
    /// The camera, its crane and its address, as messages name them.
    who: String,
    url: Url,
    shown: String,
    credentials: Option<Credentials>,
    settle: Duration,
    max_picture: ByteSize,
    /// One stream is asked for at a time.
    turn: tokio::sync::Mutex<()>,
    recent: Mutex<Recent>,
}

impl RtspCamera {
    pub(super) fn new(context: &BuildContext, settings: &RtspCameraSettings) -> Result<Self, DeviceError> {
        let refused = |why: String| unbuildable(context, "camera", why);
        let url = Url::parse(settings.url.as_str()).map_err(|error| refused(format!("`url`: {error}")))?;
        let credentials = credentials(settings.user.as_deref(), settings.password.as_ref()).map_err(refused)?;
        let shown = settings.url.shown().to_owned();
        Ok(Self {
            who: format!("the camera of crane {} at {shown}", context.crane),
            url,
            shown,
            credentials: credentials.map(|(username, password)| Credentials { username, password }),
            settle: settings.settle.0,
            max_picture: settings.max_picture,
            turn: tokio::sync::Mutex::default(),
            recent: Mutex::default(),
        })
    }

    async fn shoot(&self) -> Result<Shot, DeviceError> {
        sleep(self.settle).await;
        let frame = self.frame().await?;
        let digest = freshness::digest(&frame.bytes);
        if !self.recent.lock().unwrap_or_else(PoisonError::into_inner).is_new(digest) {
            let what = format!("{} sent, byte for byte, a frame that it had sent before", self.who);
            return Err(DeviceError::new(Code::CameraStale, what));
        }
        let picture = self.decoded(frame).await?;
        Ok(Shot::Whole(ShotEnd { picture: Some(picture.into()), ..ShotEnd::default() }))
    }

    async fn try_out(&self) -> Result<Probe, DeviceError> {
        let frame = self.frame().await?;
        let encoding = frame.encoding;
        let picture = self.decoded(frame).await?;
        Ok(Probe { summary: format!("{} answers: {encoding:?}, as {}", self.shown, snapshot::told("image/jpeg", &picture)) })
    }

    /// The first frame that stands for itself.
    async fn frame(&self) -> Result<Frame, DeviceError> {
        let _turn = self.turn.lock().await;
        let options = SessionOptions::default().creds(self.credentials.clone()).user_agent("pandian".to_owned());
        let mut session = Session::describe(self.url.clone(), options).await.map_err(|error| self.failed(error))?;
        let streams = session.streams().iter();
        let found = streams.enumerate().find_map(|(number, stream)| Some((number, Encoding::named(stream.encoding_name())?)));
        let (number, encoding) = found.ok_or_else(|| {
            let names: Vec<&str> = session.streams().iter().map(|stream| stream.encoding_name()).collect();
            let what = format!("{} has no stream of H.264 or JPEG; it has {}", self.who, excerpt(&names.join(", ")));
            DeviceError::new(Code::DeviceBadReply, what)
        })?;
        session.setup(number, SetupOptions::default().frame_format(FrameFormat::SIMPLE)).await.map_err(|error| self.failed(error))?;
        let playing = session.play(PlayOptions::default()).await.map_err(|error| self.failed(error))?;
        let mut items = playing.demuxed().map_err(|error| self.failed(error))?;
        while let Some(item) = items.next().await {
            let CodecItem::VideoFrame(frame) = item.map_err(|error| self.failed(error))? else { continue };
            if frame.data().len() > self.max_picture.0 {
                let what = format!("{} sent a frame of more than the {} that it may", self.who, self.max_picture);
                return Err(DeviceError::new(Code::DeviceTooLarge, what));
            }
            if frame.is_random_access_point() {
                return Ok(Frame { encoding, bytes: frame.data().to_owned() });
            }
        }
        Err(DeviceError::new(Code::DeviceDropped, format!("{} ended its stream before a whole picture came", self.who)))
    }

    /// The frame as a JPEG.
    async fn decoded(&self, frame: Frame) -> Result<Vec<u8>, DeviceError> {
        let decoded = tokio::task::spawn_blocking(move || frame.into_jpeg()).await;
        let bad = |why: String| DeviceError::new(Code::CameraBadPicture, format!("{} sent a frame that is no picture: {why}", self.who));
        decoded.map_err(|error| bad("decoding it failed".to_owned()).because(error))?.map_err(|error| bad(error.to_string()).because(error))
    }

    fn failed(&self, error: retina::Error) -> DeviceError {
        // The first line is for people, the rest are ids of packets. The library's errors are told apart by nothing but their words.
        let text = error.to_string();
        let line = excerpt(text.lines().next().unwrap_or_default());
        let (code, what) = match error.status_code() {
            Some(401) if self.credentials.is_some() => (Code::DeviceHttpStatus, "it refuses user name or password".to_owned()),
            Some(401) => (Code::DeviceHttpStatus, "it wants a user name and a password: give `user` and `password`".to_owned()),
            Some(_) => (Code::DeviceHttpStatus, line),
            None => match line.strip_prefix("Unable to connect to RTSP server: ") {
                Some(why) => {
                    (Code::DeviceUnreachable, format!("it cannot be reached: {}", root_reason(&std::io::Error::other(why.to_owned()))))
                }
                None if line.starts_with("Error reading") || line.starts_with("Error writing") => (Code::DeviceDropped, line),
                None => (Code::DeviceBadReply, line),
            },
        };
        DeviceError::new(code, format!("{}: {what}", self.who)).because(error)
    }
}

impl Camera for RtspCamera {
    fn capture<'a>(&'a self, _: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot())
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.try_out())
    }

    fn address(&self) -> &str {
        &self.shown
    }

    fn brings_only_pictures(&self) -> bool {
        true
    }
}
