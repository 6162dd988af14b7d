//! Calls: a task is published and its result awaited.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use uuid::Uuid;

use crate::address::{BackendUrl, BrokerUrl};
use crate::backend::{Results, Update, Watched, redis, rpc};
use crate::broker::{Broker, Message, Unpublished};
use crate::control::{self, Command};
use crate::error::{TaskError, Trouble};
use crate::pace::{OneOf, Pace, UnderWay};
use crate::report::Report;
use crate::task::Task;

/// Pause before a message that found no queue is published again: a worker that starts makes its queue.
const AGAIN: Duration = Duration::from_millis(500);
/// How long the broker is asked for a queue's consumers once a call is overdue.
const LOOK: Duration = Duration::from_millis(300);
/// So long an answer of the workers holds for everybody who asks.
const ROLL_CALL: Duration = Duration::from_secs(5);

/// How workers are reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientSettings {
    /// The broker.
    pub broker: BrokerUrl,
    /// Where results come back.
    pub backend: BackendUrl,
    /// Certificates, as PEM, of an authority that is trusted beside the public ones.
    pub ca: Option<Arc<[u8]>>,
    /// What the program is known as to both servers: the same after a restart, and no other's. With `rpc://` the queue of its results
    /// bears this name. Empty for a program that does not come back: its queue goes with it.
    pub name: Arc<str>,
    /// The longest result that is read, in bytes. Through Redis nothing longer is ever held in memory; through RPC the broker's own
    /// bound on messages (`max_message_size`) holds for what is received, and this one for what is handed on.
    pub max_result: usize,
}

impl ClientSettings {
    /// The queue that results come back through with `rpc://`; empty if it goes with the program. Clients of a program that differ in
    /// anything have one each, since each consumes its queue alone.
    pub fn queue_of_results(&self) -> String {
        if self.name.is_empty() {
            return String::new();
        }
        let seen = format!("{} {} {} ", self.broker, self.broker.user, self.max_result);
        let seen = [seen.as_bytes(), self.ca.as_deref().unwrap_or_default()].concat();
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &seen).simple().to_string();
        format!("{}.{}", self.name, &id[..8])
    }
}

/// What becomes of a task that nobody waits for any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Abandoned {
    /// It runs, sooner or later, and its result stays in the backend.
    Leave,
    /// It is not begun if it was not; what has begun runs to its end.
    #[default]
    Revoke,
    /// It is not begun if it was not, and what has begun is ended by SIGTERM. Works with workers of the prefork pool.
    Terminate,
}

/// A worker, as it answers to remote control. What it did not answer is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worker {
    /// Its name, such as `celery@host`.
    pub name: String,
    /// The tasks that it knows.
    pub tasks: Option<Vec<String>>,
    /// The queues that it consumes.
    pub queues: Option<Vec<String>>,
}

/// A client of workers. Clones share its two connections, which are made when they are first needed and again whenever they break.
#[derive(Clone)]
pub struct Client {
    settings: Arc<ClientSettings>,
    sessions: Arc<OnceLock<Sessions>>,
    under_way: UnderWay,
    roll_call: Arc<Mutex<Option<RollCall>>>,
    /// The program is about to end: tasks are left to run, their results are found by its next life.
    is_ending: Arc<AtomicBool>,
}

/// What the workers answered.
struct RollCall {
    asked: Instant,
    workers: Vec<Worker>,
}

struct Sessions {
    broker: Broker,
    results: Results,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(settings: ClientSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            sessions: Arc::default(),
            under_way: UnderWay::default(),
            roll_call: Arc::default(),
            is_ending: Arc::default(),
        }
    }

    /// How its workers are reached.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// The sessions run on the runtime of whoever asks first.
    fn sessions(&self) -> &Sessions {
        self.sessions.get_or_init(|| {
            let (settings, pace) = (&self.settings, || Pace::new(self.under_way.clone()));
            let (inbox, results) = match settings.backend {
                BackendUrl::Redis { .. } => (None, redis::start(settings.clone(), pace())),
                BackendUrl::Rpc => {
                    let (inbox, results) = rpc::start(settings);
                    (Some(inbox), results)
                }
            };
            Sessions { broker: Broker::start(settings.clone(), inbox, pace()), results }
        })
    }

    /// Begins a call. The task is published once the backend holds nothing under its id.
    pub fn call(&self, task: Task, abandoned: Abandoned) -> Call {
        let watched = self.sessions().results.watch(task.id);
        let _under_way = self.under_way.one();
        Call {
            client: self.clone(),
            task,
            abandoned,
            watched,
            phase: Phase::Looking,
            begun: None,
            retrying: None,
            is_from_before: false,
            is_reached: false,
            _under_way,
        }
    }

    /// Asks the broker for a sign of life: what it says of itself.
    pub async fn check_broker(&self) -> Result<String, Trouble> {
        self.sessions().broker.check().await
    }

    /// Asks the backend for a sign of life: what it says of itself.
    pub async fn check_backend(&self) -> Result<String, Trouble> {
        match self.sessions().results.check().await {
            Some(answer) => answer,
            None => pending().await,
        }
    }

    /// How many consumers a queue has; none if there is no such queue.
    pub async fn consumers(&self, queue: &str) -> Result<Option<u32>, Trouble> {
        self.sessions().broker.consumers(queue).await
    }

    /// From now on nothing is told to workers of tasks that are dropped: the program ends, and its next life asks for the same ones.
    pub fn leave_tasks(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Asks every worker for its tasks and queues. Those that answer within the time are given; a worker that is busy in a pool
    /// without processes of its own (`solo`) does not answer. Whoever asks soon afterwards is given the same.
    pub async fn workers(&self, within: Duration) -> Result<Vec<Worker>, Trouble> {
        let mut known = self.roll_call.lock().await;
        if let Some(recent) = known.as_ref().filter(|roll_call| roll_call.asked.elapsed() < ROLL_CALL) {
            return Ok(recent.workers.clone());
        }
        let workers = self.ask_workers(within).await?;
        *known = (!workers.is_empty()).then(|| RollCall { asked: Instant::now(), workers: workers.clone() });
        Ok(workers)
    }

    async fn ask_workers(&self, within: Duration) -> Result<Vec<Worker>, Trouble> {
        let broker = &self.sessions().broker;
        let (pinged, registered, queues) = tokio::try_join!(
            broker.ask(Command::Ping, within),
            broker.ask(Command::Registered, within),
            broker.ask(Command::ActiveQueues, within),
        )?;
        let mut workers = BTreeMap::<String, Worker>::new();
        for name in pinged.into_keys() {
            workers.entry(name).or_default();
        }
        for (name, answer) in registered {
            workers.entry(name).or_default().tasks = Some(control::registered(&answer));
        }
        for (name, answer) in queues {
            workers.entry(name).or_default().queues = Some(control::active_queues(&answer));
        }
        Ok(workers.into_iter().map(|(name, worker)| Worker { name, ..worker }).collect())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({} {})", self.settings.broker, self.settings.backend)
    }
}

/// A task on its way. Dropping it abandons the task, as was agreed on.
#[derive(Debug)]
pub struct Call {
    client: Client,
    task: Task,
    abandoned: Abandoned,
    watched: Watched,
    phase: Phase,
    /// The last state that a worker reported.
    begun: Option<String>,
    /// Why the worker put it off.
    retrying: Option<String>,
    /// A worker had it before this call.
    is_from_before: bool,
    /// The state that was waited for was reached.
    is_reached: bool,
    _under_way: OneOf,
}

#[derive(Debug)]
enum Phase {
    /// Is there a result already?
    Looking,
    /// The broker has not confirmed the message yet.
    Publishing(oneshot::Receiver<Result<(), Unpublished>>),
    /// The broker did not take the message: it is published again at that time.
    Refused(Unpublished, Instant),
    /// A worker has it, or will have.
    Published,
    /// It has come to its end.
    Ended,
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Reached {
    /// To the state that was waited for; the task goes on.
    State,
    /// To its end: the result, as JSON.
    Ended(Bytes),
}

impl Call {
    /// Waits for the result, or for a state of the task's own making before it. Without a deadline it waits for ever. It can be asked
    /// again after a state was reached, not after an error.
    pub async fn until(&mut self, state: Option<&str>, deadline: Option<Instant>) -> Result<Reached, TaskError> {
        let overdue = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            reached = self.advance(state, deadline) => reached,
            () = overdue => Err(self.overdue().await),
        }
    }

    async fn advance(&mut self, state: Option<&str>, deadline: Option<Instant>) -> Result<Reached, TaskError> {
        loop {
            let update = match &mut self.phase {
                Phase::Publishing(confirmed) => tokio::select! {
                    update = self.watched.next() => update,
                    confirmed = confirmed => {
                        self.phase = match confirmed {
                            Ok(Err(refused)) => Phase::Refused(refused, Instant::now() + AGAIN),
                            // A session that is gone confirms nothing; the deadline ends that.
                            Ok(Ok(())) | Err(_) => Phase::Published,
                        };
                        continue;
                    }
                },
                Phase::Refused(_, again) => {
                    let again = *again;
                    tokio::select! {
                        update = self.watched.next() => update,
                        () = sleep_until(again) => {
                            self.publish(deadline);
                            continue;
                        }
                    }
                }
                Phase::Looking | Phase::Published | Phase::Ended => self.watched.next().await,
            };
            match update {
                Update::NothingStored if matches!(self.phase, Phase::Looking) => self.publish(deadline),
                Update::NothingStored => {}
                Update::Report(report) => {
                    if let Some(reached) = self.told(report, state) {
                        return reached;
                    }
                }
            }
        }
    }

    fn publish(&mut self, deadline: Option<Instant>) {
        let message = Message { task: self.task.clone(), deadline };
        self.phase = Phase::Publishing(self.client.sessions().broker.publish(message));
    }

    /// Takes a worker's word; gives what ends the wait.
    fn told(&mut self, report: Report, wanted: Option<&str>) -> Option<Result<Reached, TaskError>> {
        self.is_from_before |= matches!(self.phase, Phase::Looking);
        // Whoever speaks of a task has it: it need not be published, nor published again.
        self.phase = if report.is_final() { Phase::Ended } else { Phase::Published };
        let bound = self.client.settings.max_result;
        Some(match report {
            Report::State(state) => {
                let is_wanted = wanted == Some(state.as_str());
                self.begun = Some(state);
                self.retrying = None;
                // What was so in a former life may be so no longer, and whoever acts on it cannot take it back: only the end counts.
                if !is_wanted || self.is_from_before {
                    return None;
                }
                self.is_reached = true;
                Ok(Reached::State)
            }
            // What was reached would be reached again, and that is not what was acted on.
            Report::Retrying(why) if self.is_reached => Err(TaskError::Retrying(why)),
            Report::Retrying(why) => {
                self.retrying = Some(why);
                return None;
            }
            Report::Succeeded(result) if result.len() > bound => Err(TaskError::TooLarge { bytes: Some(result.len() as u64), bound }),
            Report::Succeeded(result) => Ok(Reached::Ended(result)),
            Report::Failed { kind, .. } if kind == "NotRegistered" => Err(TaskError::Unknown(self.task.name.clone())),
            Report::Failed { kind, message, traceback } => Err(TaskError::Failed { kind, message, traceback }),
            Report::Revoked(why) => Err(TaskError::Revoked(why)),
            Report::TooLarge { bytes } => Err(TaskError::TooLarge { bytes, bound }),
            Report::Garbled(why) => Err(TaskError::Garbled(why)),
        })
    }

    /// What the wait was in vain for.
    async fn overdue(&self) -> TaskError {
        let Sessions { broker, results } = self.client.sessions();
        // With `rpc://` the broker's trouble is the backend's, too.
        if let Some(trouble) = broker.trouble() {
            return TaskError::Broker(trouble);
        }
        if let Some(trouble) = results.trouble() {
            return TaskError::Backend(trouble);
        }
        let no_worker = |exists| TaskError::NoWorker { queue: self.task.queue.clone(), exists };
        match &self.phase {
            Phase::Refused(Unpublished::NoQueue, _) => return no_worker(false),
            Phase::Refused(Unpublished::Trouble(trouble), _) => return TaskError::Broker(trouble.clone()),
            Phase::Publishing(_) => return TaskError::Broker(broker.silent()),
            Phase::Looking | Phase::Published | Phase::Ended => {}
        }
        if let Some(why) = &self.retrying {
            return TaskError::Retrying(why.clone());
        }
        let consumers = timeout(LOOK, broker.consumers(&self.task.queue)).await;
        match consumers {
            Ok(Ok(Some(0))) => no_worker(true),
            Ok(Ok(None)) => no_worker(false),
            Ok(Ok(Some(count))) => TaskError::Overdue { begun: self.begun.clone(), consumers: Some(count) },
            Ok(Err(trouble)) => TaskError::Broker(trouble),
            Err(_late) => TaskError::Overdue { begun: self.begun.clone(), consumers: None },
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let terminate = match self.abandoned {
            Abandoned::Leave => return,
            Abandoned::Revoke => false,
            Abandoned::Terminate => true,
        };
        if matches!(self.phase, Phase::Publishing(_) | Phase::Published) && !self.client.is_ending.load(Ordering::Relaxed) {
            self.client.sessions().broker.tell(Command::Revoke { id: self.task.id, terminate });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::task::task_id;

    /// A call whose servers are not there: what it makes of a worker's words is looked at.
    fn call() -> Call {
        let settings = ClientSettings {
            broker: BrokerUrl::parse("amqp://127.0.0.1:1").unwrap(),
            backend: BackendUrl::parse("redis://127.0.0.1:1").unwrap(),
            ca: None,
            name: "test".into(),
            max_result: 8,
        };
        let task = Task { id: task_id("key"), name: "t".into(), queue: "q".into(), args: Vec::new(), kwargs: Map::new() };
        Client::new(settings).call(task, Abandoned::Leave)
    }

    fn state(name: &str) -> Report {
        Report::State(name.to_owned())
    }

    #[tokio::test]
    async fn a_state_lets_go_once_and_not_if_it_is_from_before() {
        let mut fresh = call();
        fresh.phase = Phase::Published;
        assert_eq!(fresh.told(state("STARTED"), Some("ACQUIRED")), None);
        assert_eq!(fresh.told(state("ACQUIRED"), Some("ACQUIRED")), Some(Ok(Reached::State)));
        let put_off = fresh.told(Report::Retrying("busy".into()), None);
        assert_eq!(put_off, Some(Err(TaskError::Retrying("busy".into()))), "it would be reached again, elsewhere");
        let mut found = call();
        for _ in 0..2 {
            assert_eq!(found.told(state("ACQUIRED"), Some("ACQUIRED")), None);
        }
        assert_eq!(found.told(Report::Succeeded("1".into()), None), Some(Ok(Reached::Ended("1".into()))));
    }

    #[tokio::test]
    async fn a_task_that_a_worker_has_is_not_published_again() {
        let mut call = call();
        call.phase = Phase::Refused(Unpublished::NoQueue, Instant::now());
        assert_eq!(call.told(state("STARTED"), None), None);
        assert!(matches!(call.phase, Phase::Published), "{call:?}");
    }

    #[tokio::test]
    async fn what_was_put_off_and_begun_again_is_no_longer_put_off() {
        let mut call = call();
        assert_eq!(call.told(Report::Retrying("busy".into()), None), None);
        assert_eq!(call.retrying.as_deref(), Some("busy"));
        assert_eq!(call.told(state("STARTED"), None), None);
        assert_eq!(call.retrying, None);
    }

    #[test]
    fn clients_that_differ_have_queues_of_their_own() {
        let settings = ClientSettings {
            broker: BrokerUrl::parse("amqp://h").unwrap(),
            backend: BackendUrl::Rpc,
            ca: None,
            name: "n".into(),
            max_result: 1,
        };
        let queue = settings.queue_of_results();
        assert_eq!(settings.queue_of_results(), queue);
        assert!(queue.starts_with("n."));
        let others = [
            ClientSettings { max_result: 2, ..settings.clone() },
            ClientSettings { ca: Some(b"pem".as_slice().into()), ..settings.clone() },
            ClientSettings { broker: BrokerUrl::parse("amqp://u:p@h").unwrap(), ..settings.clone() },
        ];
        assert!(others.iter().all(|other| other.queue_of_results() != queue));
        assert_eq!(ClientSettings { name: "".into(), ..settings }.queue_of_results(), "");
    }
}
