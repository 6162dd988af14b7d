//! A camera that speaks HTTP, on the mast of a simulated crane; or a recorder with the cameras of several.
//!
//! It is asked for a picture and never told of where: it shows what is before it, wherever its crane stands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::header::WWW_AUTHENTICATE;
use hyper::{Method, Request, Response, StatusCode};
use pandian_domain::layout::Layout;
use pandian_domain::{CraneId, Side, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

pub use self::login::{Account, Scheme};
use self::login::{Barred, Door};
use super::listener::other_method;
use super::reply::{CutShort, ReplyBody, busy, refusal, reply, spoilt};
use super::request::{self, parameter};
use super::{Route, Server};
use crate::fault::{Device, FaultKind, Strike};
use crate::fleet::Fleet;
use crate::picture::Condition;
use crate::seed::Seed;
use crate::sight;
use crate::simulation::Simulation;

mod login;
mod onvif;

/// A camera or recorder. It needs an address for itself: its paths are those of its make.
#[derive(Debug, Clone)]
pub struct CameraSpec {
    /// Whose camera it resembles.
    pub make: Make,
    /// Its heads. The first one is meant where a request names none.
    pub channels: Vec<Channel>,
    /// Who may ask; without, anyone may.
    pub account: Option<Account>,
    /// The time at which it starts. With it, an ONVIF camera knows the time and refuses passwords that were made at another.
    pub started_at: Option<Timestamp>,
}

/// Where a camera is asked for its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Make {
    /// `GET /ISAPI/Streaming/channels/101/picture`: channel 1, stream 1.
    Hikvision,
    /// `GET /axis-cgi/jpg/image.cgi?camera=1`.
    Axis,
    /// At the address that `POST /onvif/device_service` leads to.
    Onvif,
    /// `GET` of this path, `?channel=1` behind it or not.
    Plain {
        /// The path.
        path: String,
    },
}

/// One head of a camera. The whole device takes one picture at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its number, from 1.
    pub number: u16,
    /// The crane that it rides on. A dispatcher's first crane.
    pub crane: CraneId,
    /// The side of the aisle that it looks at; none: the one that its crane was sent to.
    pub side: Option<Side>,
}

impl CameraSpec {
    /// A camera with one head, for both sides of the aisle, that anyone may ask.
    pub fn new(crane: CraneId, make: Make) -> Self {
        Self { make, channels: vec![Channel { number: 1, crane, side: None }], account: None, started_at: None }
    }
}

/// The largest envelope that is read.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// A camera that is served.
#[derive(Debug)]
pub(super) struct CameraService {
    spec: CameraSpec,
    heads: Vec<Head>,
    door: Option<Door>,
    /// Whoever has it takes a picture, with whichever head.
    shutter: Arc<Semaphore>,
    /// Pictures asked for by those who may.
    requests: AtomicU64,
    started: Instant,
}

/// A channel at work.
#[derive(Debug)]
struct Head {
    channel: Channel,
    fleet: Arc<Fleet>,
    /// How many pictures were taken of what: the n-th of a slot is the same in every run.
    taken: Mutex<HashMap<Option<u32>, u64>>,
}

/// What a request is for.
enum Wanted<'a> {
    /// A picture.
    Picture(&'a Head),
    /// An answer to an envelope.
    Answer,
}

/// What is before a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct View {
    /// The slot; none where there is none, or nobody knows it yet.
    slot: Option<u32>,
    /// The crane stands.
    is_still: bool,
}

impl Head {
    fn new(channel: &Channel, simulation: &Simulation) -> Self {
        Self { fleet: simulation.fleet(&channel.crane), taken: Mutex::default(), channel: channel.clone() }
    }

    /// What is before it now.
    fn view(&self, layout: &Layout) -> View {
        let Some((at, is_still)) = self.fleet.at_or_bound_for(0) else { return View { slot: None, is_still: true } };
        let faces = |slot: &u32| self.channel.side.is_none_or(|side| layout.slot(*slot).place.is_none_or(|place| place.side == side));
        View { slot: [Some(at), self.fleet.opposite(at)].into_iter().flatten().find(faces), is_still }
    }

    /// The number of the next picture of a slot, from 0.
    fn next(&self, slot: Option<u32>) -> u64 {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = taken.entry(slot).or_default();
        *taken += 1;
        *taken - 1
    }
}

impl CameraService {
    pub(super) fn of(route: &Route, simulation: &Simulation) -> Option<Self> {
        let Route::Camera(spec) = route else { return None };
        let seed = Seed(simulation.world().settings().seed);
        let name = name(spec);
        Some(Self {
            heads: spec.channels.iter().map(|channel| Head::new(channel, simulation)).collect(),
            door: spec.account.clone().map(|account| Door::new(account, format!("camera {name}"), seed)),
            shutter: Arc::new(Semaphore::new(1)),
            requests: AtomicU64::new(0),
            started: Instant::now(),
            spec: spec.clone(),
        })
    }

    /// Its cranes' names, each with its side where it looks at one only.
    pub(super) fn name(&self) -> String {
        name(&self.spec)
    }

    /// Pictures asked for so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What a path and its query are for; none if they are not the camera's.
    fn wanted(&self, path: &str, query: &str) -> Option<Wanted<'_>> {
        let named = |name: &str| match parameter(query, name) {
            Some(number) => number.parse().ok(),
            None => self.heads.first().map(|head| head.channel.number),
        };
        let number: u16 = match &self.spec.make {
            Make::Hikvision => {
                let number: u16 = path.strip_prefix("/ISAPI/Streaming/channels/")?.strip_suffix("/picture")?.parse().ok()?;
                // A channel has three streams.
                (1..=3).contains(&(number % 100)).then_some(number / 100)
            }
            Make::Axis if path == "/axis-cgi/jpg/image.cgi" => named("camera"),
            Make::Onvif if [onvif::DEVICE_PATH, onvif::MEDIA_PATH].contains(&path) => return Some(Wanted::Answer),
            Make::Onvif if path == onvif::SNAPSHOT_PATH => onvif::channel_of(query),
            Make::Plain { path: own } if path == own => named("channel"),
            Make::Axis | Make::Onvif | Make::Plain { .. } => None,
        }?;
        self.heads.iter().find(|head| head.channel.number == number).map(Wanted::Picture)
    }

    fn unauthorized(&self, barred: Barred) -> Response<ReplyBody> {
        let mut response = reply(StatusCode::UNAUTHORIZED, "text/html", "<html><h1>Unauthorized (401)</h1></html>");
        for challenge in self.door.iter().flat_map(|door| door.challenges(barred)) {
            response.headers_mut().append(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn now(&self) -> Option<Timestamp> {
        self.spec.started_at?.checked_add(self.started.elapsed()).ok()
    }
}

fn name(spec: &CameraSpec) -> String {
    let name = |channel: &Channel| match channel.side {
        Some(side) => format!("{} {}", channel.crane, side.letter()),
        None => channel.crane.to_string(),
    };
    spec.channels.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Answers a request, if its path is one of the camera's; else gives it back.
pub(super) async fn answer(
    server: &Arc<Server>,
    service: &Arc<CameraService>,
    request: Request<Incoming>,
) -> Result<Result<Response<ReplyBody>, CutShort>, Request<Incoming>> {
    let uri = request.uri();
    let Some(wanted) = service.wanted(uri.path(), uri.query().unwrap_or_default()) else { return Err(request) };
    Ok(match wanted {
        Wanted::Answer if *request.method() == Method::POST => Ok(told(server, service, request).await),
        Wanted::Answer => Ok(other_method(request.method(), "POST")),
        Wanted::Picture(_) if *request.method() != Method::GET => Ok(other_method(request.method(), "GET")),
        Wanted::Picture(head) => {
            let target = uri.path_and_query().map_or("", |target| target.as_str());
            let barred = service.door.as_ref().and_then(|door| door.check("GET", target, request.headers()).err());
            match barred {
                Some(barred) => Ok(service.unauthorized(barred)),
                None => photograph(server, service, head, request::key(request.headers())).await,
            }
        }
    })
}

/// Answers an envelope.
async fn told(server: &Server, service: &CameraService, request: Request<Incoming>) -> Response<ReplyBody> {
    let body = request::body(request.into_body(), ENVELOPE_BYTES).await.unwrap_or_default();
    let itself = onvif::Itself {
        base: &format!("http://{}", server.address),
        account: service.door.as_ref().map(Door::account),
        now: service.now(),
        model: &format!("simulated camera of {}", service.name()),
        channels: &service.spec.channels.iter().map(|channel| channel.number).collect::<Vec<_>>(),
        size: server.simulation.world().settings().camera.size,
    };
    let (status, text) = onvif::answer(&itself, onvif::Call::read(&body).as_ref());
    reply(status, "application/soap+xml; charset=utf-8", text)
}

/// Takes a picture of what is before a head, one at a time.
async fn photograph(
    server: &Arc<Server>,
    service: &CameraService,
    head: &Head,
    key: Option<&str>,
) -> Result<Response<ReplyBody>, CutShort> {
    let Ok(shutter) = service.shutter.clone().try_acquire_owned() else { return Ok(busy()) };
    service.requests.fetch_add(1, Ordering::Relaxed);
    let Channel { number: channel, crane, .. } = &head.channel;
    let (world, before) = (server.simulation.world().clone(), head.view(server.simulation.world().layout()));
    let number = head.next(before.slot);
    let location = before.slot.map_or("", |slot| world.code(slot).as_str());
    let strike = server.simulation.strike(Device::Camera, crane, location, key.unwrap_or(&format!("{location}#{channel}/{number}")));
    if let Some(refused) = refused(server, service, strike).await {
        return refused;
    }
    let checking = before.slot.map(|slot| head.fleet.begin_check(slot));
    sleep(world.settings().at_speed(world.settings().capture_time.0)).await;
    // What was before the head when the shutter opened is smeared, if the crane was under way at any time.
    let is_still = before.is_still && before == head.view(world.layout());
    let exposure = (u64::from(*channel) << 48) + number;
    let picture = tokio::task::spawn_blocking(move || {
        let scene = before.slot.map_or_else(|| world.no_scene(exposure), |slot| world.scene(slot, exposure));
        let picture = sight::taken(scene, Condition::after(strike), is_still);
        // Only now: whoever asks meanwhile finds the camera busy, though the first one may be gone.
        drop(shutter);
        picture
    });
    let picture = match picture.await {
        Ok(picture) => server.simulation.sent(crane, *channel, picture, strike),
        Err(_) => return Ok(reply(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<html><h1>Server Error (500)</h1></html>")),
    };
    drop(checking);
    Ok(spoilt(strike, reply(StatusCode::OK, "image/jpeg", picture)).await)
}

/// The faults that keep a camera from taking a picture.
async fn refused(server: &Server, service: &CameraService, strike: Option<Strike>) -> Option<Result<Response<ReplyBody>, CutShort>> {
    match strike?.kind {
        FaultKind::WrongPassword => return Some(Ok(service.unauthorized(Barred::Stranger))),
        FaultKind::DeviceRestart => service.door.iter().for_each(Door::forget),
        _ => {}
    }
    refusal(server, strike).await
}
