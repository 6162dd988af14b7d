//! One picture out of a stream: connect, wait for a frame that stands for itself, close.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use pandian_domain::Code;
use retina::client::{Credentials, PlayOptions, Session, SessionOptions, SetupOptions};
use retina::codec::{CodecItem, FrameFormat};
use tokio::time::sleep;
use url::Url;

use super::RtspCameraSettings;
use super::challenge::{Unasked, challenge, hides_password, origin};
use super::decode::{Encoding, Frame};
use crate::camera::access::credentials;
use crate::camera::door::{self, Door};
use crate::camera::{freshness, snapshot};
use crate::catalog::{BuildContext, unbuildable};
use crate::error::{excerpt, root_reason};
use crate::http::{Login, Refused, not_let_in};
use crate::settings::ByteSize;
use crate::{Camera, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};

/// A camera that sends a stream.
pub(super) struct RtspCamera {
    /// The camera, its crane and its address, as messages name them.
    who: String,
    url: Url,
    shown: String,
    login: Arc<Login>,
    door: Arc<Door>,
    settle: Duration,
    max_picture: ByteSize,
}

/// A frame, looked at.
struct Decoded {
    digest: freshness::PictureDigest,
    encoding: Encoding,
    jpeg: Result<Vec<u8>, DeviceError>,
}

impl RtspCamera {
    pub(super) fn new(context: &BuildContext, settings: &RtspCameraSettings) -> Result<Self, DeviceError> {
        let refused = |why: String| unbuildable(context, "camera", why);
        let url = Url::parse(settings.url.as_str()).map_err(|error| refused(format!("`url`: {error}")))?;
        let credentials = credentials(settings.user.as_deref(), settings.password.as_ref(), settings.allow_basic).map_err(refused)?;
        let shown = settings.url.shown().to_owned();
        Ok(Self {
            who: format!("the camera of crane {} at {shown}", context.crane),
            login: context.cameras.login(origin(&url), credentials),
            door: context.cameras.door(origin(&url)),
            url,
            shown,
            settle: settings.settle.0,
            max_picture: settings.max_picture,
        })
    }

    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let deadline = door::deadline_of(visit);
        sleep(self.settle).await;
        let mut turn = self.door.turn(&self.who, deadline).await?;
        let Decoded { digest, jpeg, .. } = self.decoded(self.frame().await?).await?;
        if !turn.is_new(digest) {
            let what = format!("{} sent, byte for byte, a frame that it had sent before", self.who);
            return Err(DeviceError::new(Code::CameraStale, what));
        }
        Ok(Shot::Whole(ShotEnd { picture: Some(jpeg?.into()), ..ShotEnd::default() }))
    }

    async fn try_out(&self) -> Result<Probe, DeviceError> {
        let _turn = self.door.turn(&self.who, door::deadline_of_trial()).await?;
        let Decoded { encoding, jpeg, .. } = self.decoded(self.frame().await?).await?;
        Ok(Probe { summary: format!("{} answers: {encoding:?}, as {}", self.shown, snapshot::told("image/jpeg", &jpeg?)) })
    }

    /// The user, as far as the camera may see the password: it is asked first how it wants to.
    async fn credentials(&self) -> Result<Option<Credentials>, DeviceError> {
        self.login.check().map_err(|refused| not_let_in(&self.who, "is not asked", refused))?;
        let Some(known) = self.login.credentials() else { return Ok(None) };
        if !known.allow_basic
            && let Some(challenge) = challenge(&self.url).await.map_err(|error| self.unasked(error))?
        {
            hides_password(&challenge).map_err(|readable| {
                DeviceError::new(Code::DeviceHttpStatus, format!("{} is not shown the password: {readable}", self.who)).because(readable)
            })?;
        }
        Ok(Some(Credentials { username: known.user.clone(), password: known.password.clone() }))
    }

    /// The first frame that stands for itself.
    async fn frame(&self) -> Result<Frame, DeviceError> {
        let credentials = self.credentials().await?;
        let options = SessionOptions::default().creds(credentials).user_agent("pandian".to_owned());
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

    /// The frame as a JPEG, and what tells it from others: both take a while.
    async fn decoded(&self, frame: Frame) -> Result<Decoded, DeviceError> {
        let encoding = frame.encoding;
        let looked = tokio::task::spawn_blocking(move || (freshness::digest(&frame.bytes), frame.into_jpeg())).await;
        let bad = |why: String| DeviceError::new(Code::CameraBadPicture, format!("{} sent a frame that is no picture: {why}", self.who));
        let (digest, jpeg) = looked.map_err(|error| bad("decoding it failed".to_owned()).because(error))?;
        Ok(Decoded { digest, encoding, jpeg: jpeg.map_err(|error| bad(error.to_string()).because(error)) })
    }

    fn unasked(&self, error: Unasked) -> DeviceError {
        let (code, why) = match &error {
            Unasked::NoConnection(beneath) => (Code::DeviceUnreachable, format!("{error}: {}", root_reason(beneath))),
            Unasked::Dropped(beneath) => (Code::DeviceDropped, format!("{error}: {}", root_reason(beneath))),
            Unasked::NotRtsp => (Code::DeviceBadReply, error.to_string()),
            Unasked::TooLarge => (Code::DeviceTooLarge, error.to_string()),
        };
        DeviceError::new(code, format!("{}: {why}", self.who)).because(error)
    }

    fn failed(&self, error: retina::Error) -> DeviceError {
        // The first line is for people, the rest are ids of packets. The library's errors are told apart by nothing but their words.
        let text = error.to_string();
        let line = excerpt(text.lines().next().unwrap_or_default());
        let (code, what) = match error.status_code() {
            Some(401) if self.login.credentials().is_some() => {
                self.login.was_wrong();
                (Code::DeviceHttpStatus, Refused::Wrong.to_string())
            }
            Some(401) => (Code::DeviceHttpStatus, Refused::Unnamed.to_string()),
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
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
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
