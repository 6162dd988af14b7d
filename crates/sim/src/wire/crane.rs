//! The crane endpoint: one address behind which cranes travel.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use pandian_devices::http::{HttpClient, HttpUrl};
use pandian_domain::CraneId;
use tokio::time::{sleep, timeout};

use super::listener::other_method;
use super::reply::{CutShort, ReplyBody, envelope, quoted, refusal, spoilt};
use super::{Route, Server, request};
use crate::fault::{Device, FaultKind, Strike};
use crate::fleet::{Fleet, Order, Travel};
use crate::seed::{hash_text, mix};
use crate::simulation::Simulation;

/// A crane endpoint. The cranes behind it are as many as the crane has lanes in the layout.
#[derive(Debug, Clone)]
pub struct CraneRoute {
    /// The crane or dispatcher.
    pub crane: CraneId,
    /// Where orders are posted, byte for byte.
    pub path: String,
    /// The field of the order that holds the location.
    pub location_field: String,
    /// The message of an arrival; `{location}` stands for the location.
    pub message: String,
    /// How an arrival is told.
    pub manner: Manner,
}

/// How an arrival is told.
#[derive(Debug, Clone)]
pub enum Manner {
    /// By the reply, which comes when the crane has arrived.
    Reply,
    /// By a task that is asked for: `GET` of this path with the task's id behind it, such as `/api/smart_check/tasks/`.
    Poll {
        /// The path before the id.
        tasks: String,
    },
    /// By a call to this address.
    CallBack {
        /// Where to post, such as `http://127.0.0.1:8400/callbacks/cranes/C1`.
        url: String,
        /// Sent as `authorization: Bearer …`.
        secret: Option<String>,
    },
}

impl CraneRoute {
    /// The endpoint of the smart-check contract: `POST /api/smart_check/execute_queue/`, answered on arrival.
    pub fn new(crane: CraneId) -> Self {
        Self {
            crane,
            path: "/api/smart_check/execute_queue/".into(),
            location_field: "space_number".into(),
            message: "堆垛机已到达货位{location}".into(),
            manner: Manner::Reply,
        }
    }
}

/// The largest order that is read.
const ORDER_BYTES: usize = 64 * 1024;
/// How many tasks are remembered.
const TASKS: usize = 10_000;
/// How often a call-back is tried.
const CALLS: u32 = 8;
/// One call-back may take this long.
const CALL_WITHIN: Duration = Duration::from_secs(10);
/// Pause after the first call-back that failed; doubled for each further one.
const CALL_AGAIN: Duration = Duration::from_millis(200);

const ARRIVED: i64 = 200;
const ACCEPTED: i64 = 202;
const WRONG: i64 = 409;
const ALARM: i64 = 500;

/// A crane endpoint at work.
#[derive(Debug)]
pub(super) struct CraneService {
    pub(super) route: CraneRoute,
    fleet: Arc<Fleet>,
    tasks: Mutex<Tasks>,
    requests: AtomicU64,
    http: HttpClient,
}

/// Travels that are told by poll or call-back; the oldest are forgotten first.
#[derive(Debug, Default)]
struct Tasks {
    ends: HashMap<String, Option<End>>,
    oldest: VecDeque<String>,
}

/// How a travel ended: the reply's code and message.
#[derive(Debug, Clone)]
struct End {
    code: i64,
    message: String,
}

impl CraneService {
    pub(super) fn of(route: Route, simulation: &Simulation, http: &HttpClient) -> Option<Self> {
        let Route::Crane(route) = route else { return None };
        let fleet = simulation.fleet(&route.crane);
        Some(Self { route, fleet, tasks: Mutex::default(), requests: AtomicU64::new(0), http: http.clone() })
    }

    pub(super) fn serves(&self, path: &str) -> bool {
        path == self.route.path || self.task_of(path).is_some()
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn task_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Manner::Poll { tasks } = &self.route.manner else { return None };
        path.strip_prefix(tasks.as_str()).filter(|task| !task.is_empty())
    }

    fn arrived_at(&self, location: &str) -> String {
        self.route.message.replace("{location}", location)
    }

    /// How the travel to a slot ends; an alarm ends it where the crane stands.
    async fn travel(&self, server: &Server, key: Option<&str>, slot: u32, strike: Option<Strike>) -> End {
        let kind = strike.map(|strike| strike.kind);
        if kind == Some(FaultKind::CraneAlarm) {
            return End { code: ALARM, message: "堆垛机报警".into() };
        }
        self.fleet.go(Order::Any { key }, slot, Travel::AtPace(1.0)).await;
        let slots = server.simulation.world().layout().slots();
        let location = slots[slot as usize].code.as_str();
        match kind {
            Some(FaultKind::WrongCode) => End { code: WRONG, message: "堆垛机忙".into() },
            Some(FaultKind::WrongLocation) => {
                let next = slots[(slot as usize + 1) % slots.len()].code.as_str();
                let other = if next == location { "?" } else { next };
                End { code: ARRIVED, message: self.arrived_at(other) }
            }
            _ => End { code: ARRIVED, message: self.arrived_at(location) },
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// What is known of a task; from now on it is under way at least.
    fn begin(&mut self, id: &str) -> Begun {
        match self.ends.get(id) {
            Some(Some(end)) => return Begun::Ended(end.clone()),
            Some(None) => return Begun::UnderWay,
            None => {}
        }
        self.ends.insert(id.to_owned(), None);
        self.oldest.push_back(id.to_owned());
        if self.oldest.len() > TASKS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.ends.remove(&oldest);
        }
        Begun::New
    }
}

enum Begun {
    New,
    UnderWay,
    Ended(End),
}

/// Answers an order, or the question for a task.
pub(super) async fn answer(
    server: &Arc<Server>,
    service: &Arc<CraneService>,
    request: Request<Incoming>,
) -> Result<Response<ReplyBody>, CutShort> {
    if let Some(task) = service.task_of(request.uri().path()) {
        return Ok(if *request.method() == Method::GET { tell(service, task) } else { other_method(request.method(), "GET") });
    }
    if *request.method() != Method::POST {
        return Ok(other_method(request.method(), "POST"));
    }
    let ordinal = service.requests.fetch_add(1, Ordering::Relaxed);
    let key = request::key(request.headers()).map(str::to_owned);
    let read = request::body(request.into_body(), ORDER_BYTES).await;
    let location = match read.and_then(|body| request::field(&body, &service.route.location_field)) {
        Ok(location) => location,
        Err(refused) => return Ok(envelope(StatusCode::BAD_REQUEST, 400, None, &refused.to_string())),
    };
    let Some(slot) = server.simulation.world().layout().index_of(&location) else {
        return Ok(envelope(StatusCode::OK, 404, None, &format!("货位不存在{location}")));
    };
    // Without a key each order is an operation of its own.
    let operation = key.clone().unwrap_or_else(|| format!("{location} #{ordinal}"));
    let strike = server.simulation.strike(Device::Crane, &service.route.crane, &location, &operation);
    if let Some(refusal) = refusal(server, strike).await {
        return refusal;
    }
    let reply = match service.route.manner {
        Manner::Reply => {
            let End { code, message } = service.travel(server, key.as_deref(), slot, strike).await;
            envelope(StatusCode::OK, code, None, &message)
        }
        Manner::Poll { .. } | Manner::CallBack { .. } => {
            let task = format!("{:016x}", mix(hash_text(&operation) ^ hash_text(service.route.crane.as_str())));
            let begun = service.tasks().begin(&task);
            match begun {
                Begun::New => carry_out(server.clone(), service.clone(), task.clone(), key, slot, strike),
                Begun::UnderWay => {}
                // Whoever orders again has not heard the call, or has forgotten it with its process.
                Begun::Ended(end) => tell_end(server, service.clone(), task.clone(), end),
            }
            envelope(StatusCode::ACCEPTED, ACCEPTED, Some(&task), &format!("堆垛机正前往货位{location}"))
        }
    };
    Ok(spoilt(strike, reply).await)
}

/// What is known of a task.
fn tell(service: &CraneService, task: &str) -> Response<ReplyBody> {
    match service.tasks().ends.get(task) {
        Some(Some(End { code, message })) => envelope(StatusCode::OK, *code, None, message),
        Some(None) => envelope(StatusCode::ACCEPTED, ACCEPTED, Some(task), "堆垛机运行中"),
        None => envelope(StatusCode::NOT_FOUND, 404, None, "任务不存在"),
    }
}

/// Travels for a task, whoever asks for it, and tells its end.
fn carry_out(server: Arc<Server>, service: Arc<CraneService>, task: String, key: Option<String>, slot: u32, strike: Option<Strike>) {
    let (tasks, stop) = (server.tasks.clone(), server.stop.clone());
    let work = async move {
        let end = service.travel(&server, key.as_deref(), slot, strike).await;
        if let Some(known) = service.tasks().ends.get_mut(&task) {
            *known = Some(end.clone());
        }
        tell_end(&server, service, task, end);
    };
    tasks.spawn(async move { stop.run_until_cancelled(work).await });
}

/// Tells the end of a task, if the crane is one that calls back.
fn tell_end(server: &Server, service: Arc<CraneService>, task: String, end: End) {
    let stop = server.stop.clone();
    let call = async move {
        if let Manner::CallBack { url, secret } = &service.route.manner {
            call_back(&service.http, url, secret.as_deref(), &task, &end).await;
        }
    };
    server.tasks.spawn(async move { stop.run_until_cancelled(call).await });
}

/// Calls back until someone says that it was heard, or the last try is used up.
async fn call_back(http: &HttpClient, url: &str, secret: Option<&str>, task: &str, end: &End) {
    let body = format!("{{\"task_id\": {}, \"code\": {}, \"message\": {}}}", quoted(task), end.code, quoted(&end.message));
    let mut pause = CALL_AGAIN;
    let url = match HttpUrl::parse(url) {
        Ok(url) => url,
        Err(error) => {
            tracing::error!(url, %error, "the simulated crane cannot call this address");
            return;
        }
    };
    for _ in 0..CALLS {
        match timeout(CALL_WITHIN, http.post_json("the listener for call-backs", &url, secret, body.as_bytes())).await {
            Ok(Ok(status)) if status.is_success() => return,
            Ok(Ok(status)) => tracing::warn!(url = url.shown(), %status, "the call-back of the simulated crane was refused"),
            Ok(Err(error)) => tracing::warn!(url = url.shown(), %error, "the call-back of the simulated crane failed"),
            Err(_) => tracing::warn!(url = url.shown(), "the call-back of the simulated crane was not answered in time"),
        }
        sleep(pause).await;
        pause *= 2;
    }
}
