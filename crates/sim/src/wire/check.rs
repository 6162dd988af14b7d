//! Readers and cameras on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use pandian_domain::{CraneId, Findings};
use serde::Serialize;
use tokio::time::sleep;

use super::listener::other_method;
use super::reply::{CutShort, ReplyBody, envelope, refusal, reply, spoilt};
use super::request::{self, Refused};
use super::{Server, request::parameter};
use crate::fault::{Device, Strike};
use crate::picture::{self, Condition};

/// The largest order, and the largest picture, that are read.
const ORDER_BYTES: usize = 64 * 1024;
const PICTURE_BYTES: usize = 16 * 1024 * 1024;
/// These cameras have no channels.
const ONE_CHANNEL: u16 = 0;

/// What is asked of which crane's device.
pub(super) struct Asked<'a> {
    crane: CraneId,
    task: Task,
    requests: &'a AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Inventory,
    Capture,
    Compare,
}

#[derive(Serialize)]
struct Found {
    findings: Findings,
}

impl<'a> Asked<'a> {
    /// Reads a path; none if nobody here is meant by it.
    pub(super) fn of(server: &'a Server, path: &str) -> Option<Self> {
        let (crane, task, requests) = if let Some(rest) = path.strip_prefix("/readers/") {
            (rest.strip_suffix("/inventory")?, Task::Inventory, server.readers.as_ref()?)
        } else {
            let rest = path.strip_prefix("/cameras/")?;
            let (crane, task) = rest.rsplit_once('/')?;
            let task = match task {
                "capture" => Task::Capture,
                "compare" => Task::Compare,
                _ => return None,
            };
            (crane, task, server.cameras.as_ref()?)
        };
        Some(Self { crane: server.known_crane(&request::decoded(crane)?)?, task, requests })
    }
}

/// Answers a reader's or a camera's request.
pub(super) async fn answer(server: &Arc<Server>, asked: Asked<'_>, request: Request<Incoming>) -> Result<Response<ReplyBody>, CutShort> {
    let Asked { crane, task, requests } = asked;
    let taken = if task == Task::Compare { "POST" } else { "GET, POST" };
    if !(*request.method() == Method::POST || *request.method() == Method::GET && task != Task::Compare) {
        return Ok(other_method(request.method(), taken));
    }
    let ordinal = requests.fetch_add(1, Ordering::Relaxed);
    let key = request::key(request.headers()).map(str::to_owned);
    let Subject { slot, location, condition } = match subject(server, task, request).await {
        Ok(subject) => subject,
        Err(Unanswerable { status, why }) => return Ok(envelope(status, status.as_u16().into(), None, &why)),
    };
    let device = if task == Task::Inventory { Device::Reader } else { Device::Camera };
    let strike = server.simulation.strike(device, &crane, &location, &key.unwrap_or_else(|| format!("{location} #{ordinal}")));
    if let Some(refusal) = refusal(server, strike).await {
        return refusal;
    }
    let whole = match task {
        Task::Inventory => inventory(server, &crane, slot, strike).await,
        Task::Capture => capture(server, &crane, slot, strike).await,
        Task::Compare => {
            let findings = condition.leaves(server.simulation.world().findings(slot));
            compare(server, Condition::after(strike).leaves(findings)).await
        }
    };
    Ok(spoilt(strike, whole).await)
}

/// A request that no device can answer.
struct Unanswerable {
    status: StatusCode,
    why: String,
}

impl From<Refused> for Unanswerable {
    fn from(refused: Refused) -> Self {
        Self { status: StatusCode::BAD_REQUEST, why: refused.to_string() }
    }
}

/// What a request is about.
struct Subject {
    slot: u32,
    location: String,
    /// What became of the picture that is to be compared.
    condition: Condition,
}

/// What a request is about: by its query, by its body, or for a comparison by the picture.
async fn subject(server: &Server, task: Task, request: Request<Incoming>) -> Result<Subject, Unanswerable> {
    let (location, condition) = if task == Task::Compare {
        let picture = request::body(request.into_body(), PICTURE_BYTES).await?;
        let foreign =
            || Unanswerable { status: StatusCode::UNPROCESSABLE_ENTITY, why: "the picture shows no location of this warehouse".into() };
        picture::shown(&picture).ok_or_else(foreign)?
    } else if let Some(location) = request.uri().query().and_then(|query| parameter(query, "location")) {
        (location, Condition::Fit)
    } else if *request.method() == Method::POST {
        (request::field(&request::body(request.into_body(), ORDER_BYTES).await?, "location")?, Condition::Fit)
    } else {
        return Err(Refused::NoLocation.into());
    };
    let unknown = || Unanswerable { status: StatusCode::NOT_FOUND, why: format!("货位不存在{location}") };
    let slot = server.simulation.world().layout().index_of(&location).ok_or_else(unknown)?;
    Ok(Subject { slot, location, condition })
}

/// Listens where the crane stands; under way there is nothing to hear.
async fn inventory(server: &Server, crane: &CraneId, asked: u32, strike: Option<Strike>) -> Response<ReplyBody> {
    let world = server.simulation.world();
    let fleet = server.simulation.fleet(crane);
    let _busy = fleet.begin_check(asked);
    sleep(world.settings().at_speed(world.settings().inventory_time.0)).await;
    json(&server.simulation.inventory(fleet.met(None, asked), strike))
}

/// Photographs where the crane stands. Where no picture is kept, says what is to be seen.
async fn capture(server: &Server, crane: &CraneId, asked: u32, strike: Option<Strike>) -> Response<ReplyBody> {
    let world = server.simulation.world();
    let fleet = server.simulation.fleet(crane);
    let _busy = fleet.begin_check(asked);
    sleep(world.settings().at_speed(world.settings().capture_time.0)).await;
    let Some(slot) = fleet.met(None, asked) else {
        return envelope(StatusCode::CONFLICT, 409, None, "the crane is under way");
    };
    let condition = Condition::after(strike);
    if world.has_picture(slot) {
        let picture = world.picture_in(slot, condition);
        return reply(StatusCode::OK, "image/png", server.simulation.sent(crane, ONE_CHANNEL, picture, strike));
    }
    compare(server, condition.leaves(world.findings(slot))).await
}

async fn compare(server: &Server, findings: Findings) -> Response<ReplyBody> {
    let settings = server.simulation.world().settings();
    sleep(settings.at_speed(settings.compare_time.0)).await;
    json(&Found { findings })
}

fn json(value: &impl Serialize) -> Response<ReplyBody> {
    match serde_json::to_vec(value) {
        Ok(text) => reply(StatusCode::OK, "application/json", text),
        Err(error) => envelope(StatusCode::INTERNAL_SERVER_ERROR, 500, None, &error.to_string()),
    }
}
