//! Finding out where the camera's pictures are, and asking there.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::http::uri::Scheme;
use pandian_domain::{Code, Timestamp};
use tokio::time::Instant;

use super::wire::{self, NoAnswer, Profile, Question, UsernameToken};
use crate::camera::snapshot::{Picture, Snapshot, Turn};
use crate::error::excerpt;
use crate::http::{HeaderLines, HttpUrl, Request, Verb};
use crate::{DeviceError, Probe, Shot, Visit};

/// The longest reply of a service.
const MAX_REPLY: usize = 1 << 20;

/// A camera that says where its pictures are.
pub(super) struct OnvifCamera {
    camera: Snapshot,
    /// Its device service.
    service: HttpUrl,
    profile: Option<String>,
    allow_other_host: bool,
    found: Mutex<Option<Arc<Found>>>,
}

/// Where pictures are.
struct Found {
    url: HttpUrl,
    headers: HeaderLines,
    profile: Profile,
}

/// The camera's clock, and when it said so.
type Clock = Option<(Timestamp, Instant)>;

impl OnvifCamera {
    pub(super) fn new(camera: Snapshot, service: HttpUrl, profile: Option<String>, allow_other_host: bool) -> Self {
        Self { camera, service, profile, allow_other_host, found: Mutex::default() }
    }

    pub(super) fn service(&self) -> &HttpUrl {
        &self.service
    }

    pub(super) async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let mut turn = self.camera.turn(visit).await?;
        self.ask(&mut turn).await?.1.taken(&self.camera.who)
    }

    pub(super) async fn try_out(&self) -> Result<Probe, DeviceError> {
        let mut turn = self.camera.turn_of_trial().await?;
        let (found, picture) = self.ask(&mut turn).await?;
        let Probe { summary } = picture.probed(&self.camera.login, &found.url);
        Ok(Probe { summary: format!("profile \"{}\" ({}): {summary}", excerpt(&found.profile.name), excerpt(&found.profile.token)) })
    }

    /// Asks for a picture where it was found; when that fails it is looked for again the next time.
    async fn ask(&self, turn: &mut Turn<'_>) -> Result<(Arc<Found>, Picture), DeviceError> {
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let found = match known {
            Some(found) => found,
            None => Arc::new(self.find().await?),
        };
        let asked = turn.ask(found.url.uri(), &found.headers).await;
        let is_there = asked.as_ref().map_or_else(|error| error.code == Code::CameraBusy, |_| true);
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = is_there.then(|| found.clone());
        asked.map(|picture| (found, picture))
    }

    async fn find(&self) -> Result<Found, DeviceError> {
        let told = self.put(&self.service, Question::SystemDateAndTime, &None, wire::clock).await?;
        let clock: Clock = told.ok().flatten().map(|at| (at, Instant::now()));

        let services = self.put(&self.service, Question::Services, &clock, wire::media_of_services).await?;
        let (media, address) = match services {
            Err(NoAnswer::Fault(_) | NoAnswer::Missing(_)) => {
                self.answered(&self.service, Question::Capabilities, &clock, wire::media_of_capabilities).await?
            }
            services => services.map_err(|error| self.no_answer(Question::Services, error))?,
        };
        // Several addresses may stand there, the best first.
        let address = self.own(address.split_whitespace().next().unwrap_or_default())?;
        let profiles = self.answered(&address, Question::Profiles(media), &clock, wire::profiles).await?;
        let profile = self.chosen(profiles)?;
        let question = Question::SnapshotUri(media, &profile.token);
        let url = self.own(&self.answered(&address, question, &clock, wire::snapshot_uri).await?)?;
        Ok(Found { headers: HeaderLines::of(&url), url, profile })
    }

    fn chosen(&self, profiles: Vec<Profile>) -> Result<Profile, DeviceError> {
        let is_it = |profile: &Profile| self.profile.as_ref().is_none_or(|name| profile.token == *name || profile.name == *name);
        let names: Vec<String> =
            profiles.iter().map(|profile| format!("\"{}\" ({})", excerpt(&profile.name), excerpt(&profile.token))).collect();
        profiles.into_iter().find(is_it).ok_or_else(|| {
            let wanted = self.profile.as_deref().unwrap_or_default();
            let what = format!("{} has no profile \"{wanted}\"; it has {}", self.camera.who, excerpt(&names.join(", ")));
            DeviceError::new(Code::ConfigInvalid, what)
        })
    }

    /// An address that the camera names, if it is one of its own, and no less protected than the one that it was asked at.
    fn own(&self, address: &str) -> Result<HttpUrl, DeviceError> {
        let refused = |why: String| {
            let what = format!("{} names the address \"{}\", where it is not asked: {why}", self.camera.who, excerpt(address));
            DeviceError::new(Code::DeviceBadReply, what)
        };
        let url = HttpUrl::parse(address).map_err(|error| refused(error.to_string()).because(error))?;
        let host = |url: &HttpUrl| url.uri().host().unwrap_or_default().to_ascii_lowercase();
        if host(&url) != host(&self.service) && !self.allow_other_host {
            return Err(refused("it is another host; if that is right, say allow_other_host = true".to_owned()));
        }
        let is_encrypted = |url: &HttpUrl| url.uri().scheme() == Some(&Scheme::HTTPS);
        if is_encrypted(&self.service) && !is_encrypted(&url) {
            let way_out = "have the camera name https addresses, or take its pictures with the kind \"http-snapshot\" and an https `url`";
            return Err(refused(format!("it is not https, as `tls` wants; {way_out}")));
        }
        Ok(url)
    }

    /// Puts a question that must be answered.
    async fn answered<T>(
        &self,
        url: &HttpUrl,
        question: Question<'_>,
        clock: &Clock,
        read: fn(&[u8]) -> Result<T, NoAnswer>,
    ) -> Result<T, DeviceError> {
        self.put(url, question, clock, read).await?.map_err(|error| self.no_answer(question, error))
    }

    /// Puts a question to a service. The outer error is that of the exchange.
    async fn put<T>(
        &self,
        url: &HttpUrl,
        question: Question<'_>,
        clock: &Clock,
        read: fn(&[u8]) -> Result<T, NoAnswer>,
    ) -> Result<Result<T, NoAnswer>, DeviceError> {
        let Snapshot { who, http, login, .. } = &self.camera;
        let token = self.token(clock);
        let headers = HeaderLines::of(url).with("content-type", &question.content_type());
        let body = question.envelope(token.as_ref());
        let request = Request { method: Verb::Post.as_str(), uri: url.uri(), headers: &headers, key: "", body: body.as_bytes() };
        let reply = http.send_as(login, who, request, MAX_REPLY).await?;
        let answer = read(&reply.body);
        if token.is_some() && matches!(answer, Err(NoAnswer::NotAuthorized)) {
            login.was_wrong();
        }
        // Faults come with statuses of failure; what else comes with them is no answer.
        if matches!(answer, Err(NoAnswer::Fault(_) | NoAnswer::NotAuthorized)) {
            return Ok(answer);
        }
        reply.success(who)?;
        Ok(answer)
    }

    /// The proof of the password, by the camera's own clock. None to a camera that does not tell it, which has to ask over HTTP.
    fn token(&self, clock: &Clock) -> Option<UsernameToken> {
        let (credentials, (told, at)) = (self.camera.login.credentials()?, clock.as_ref()?);
        let now = told.checked_add(at.elapsed()).ok()?;
        Some(UsernameToken::new(&credentials.user, &credentials.password, rand::random(), now))
    }

    fn no_answer(&self, question: Question<'_>, error: NoAnswer) -> DeviceError {
        let code = if error == NoAnswer::NotAuthorized { Code::DeviceHttpStatus } else { Code::DeviceBadReply };
        DeviceError::new(code, format!("{} did not answer {}: {error}", self.camera.who, question.name())).because(error)
    }
}
