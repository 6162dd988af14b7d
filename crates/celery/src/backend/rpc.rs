//! The backend `rpc://`: results come back through the broker, into a queue of our own.
//!
//! A result is told to whoever watches its task, and kept for whoever will: a queue gives each message once.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::backend::{Request, Results, Update};
use crate::client::ClientSettings;
use crate::error::Trouble;
use crate::report::Report;

/// So many reports are kept at most; the oldest are given up first.
const KEPT: usize = 10_000;
/// So many bytes of reports are kept at most.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// How long the results that waited in the queue may take to come in.
const INCOMING: Duration = Duration::from_secs(2);
/// So much is taken at once.
const AT_ONCE: usize = 256;

/// Where the broker's session puts what comes into the queue of results.
pub(crate) type Inbox = mpsc::UnboundedSender<Inbound>;

/// What comes in.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// The session consumes the queue (again); so many results were waiting in it.
    Connected { backlog: u32 },
    /// The connection was lost.
    Lost(Trouble),
    /// A worker's word on a task.
    Result { id: Uuid, body: Bytes },
}

/// Starts the backend's session on the present runtime. It ends with the last handle of the results.
pub(crate) fn start(settings: &ClientSettings) -> (Inbox, Results) {
    let (inbox, incoming) = mpsc::unbounded_channel();
    let (requests, requested) = mpsc::unbounded_channel();
    let (troubled, trouble) = watch::channel(None);
    let session = Session {
        max_result: settings.max_result,
        trouble: troubled,
        queue: Queue::Away,
        watchers: HashMap::new(),
        kept: Kept::default(),
        checks: Vec::new(),
    };
    tokio::spawn(session.run(incoming, requested));
    (inbox, Results::new(requests, trouble))
}

struct Session {
    max_result: usize,
    trouble: watch::Sender<Option<Trouble>>,
    queue: Queue,
    watchers: HashMap<Uuid, Watchers>,
    kept: Kept,
    /// Asked before it was known whether the broker can be reached.
    checks: Vec<oneshot::Sender<Result<String, Trouble>>>,
}

/// How much is known of what the queue holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Queue {
    /// It is not consumed.
    Away,
    /// So many of the results that waited in it have not come in yet. After some time they are not waited for: another message may
    /// have been among them, or one may have expired.
    Incoming { left: u32, until: Instant },
    /// It is empty: what is not kept is not there.
    Empty,
}

/// Who watches a task.
#[derive(Debug, Default)]
struct Watchers {
    /// How many do. A watcher that is gone may stand among the senders until they all are.
    count: usize,
    updates: Vec<mpsc::UnboundedSender<Update>>,
}

impl Watchers {
    fn tell(&mut self, update: &Update) {
        self.updates.retain(|watcher| watcher.send(update.clone()).is_ok());
    }
}

impl Session {
    async fn run(mut self, mut incoming: mpsc::UnboundedReceiver<Inbound>, mut requested: mpsc::UnboundedReceiver<Request>) {
        let (mut inbound, mut requests) = (Vec::with_capacity(AT_ONCE), Vec::with_capacity(AT_ONCE));
        loop {
            let queue = self.queue;
            let is_late = async {
                match queue {
                    Queue::Incoming { until, .. } => sleep_until(until).await,
                    Queue::Away | Queue::Empty => pending().await,
                }
            };
            tokio::select! {
                biased;
                // The broker's session ends with the handles, as this one does.
                _ = incoming.recv_many(&mut inbound, AT_ONCE), if !incoming.is_closed() || !incoming.is_empty() => {}
                taken = requested.recv_many(&mut requests, AT_ONCE) => {
                    if taken == 0 {
                        return;
                    }
                }
                () = is_late => self.is_empty(),
            }
            inbound.drain(..).for_each(|inbound| self.take(inbound));
            requests.drain(..).for_each(|request| self.serve(request));
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Watch { id, updates } => {
                if let Some(report) = self.kept.get(id) {
                    let _ = updates.send(Update::Report(report));
                } else if self.queue == Queue::Empty {
                    let _ = updates.send(Update::NothingStored);
                }
                let watchers = self.watchers.entry(id).or_default();
                watchers.count += 1;
                watchers.updates.push(updates);
            }
            Request::Forget(id) => {
                if let Some(watchers) = self.watchers.get_mut(&id) {
                    watchers.count -= 1;
                    if watchers.count == 0 {
                        self.watchers.remove(&id);
                    }
                }
            }
            Request::Check(answer) => {
                self.checks.push(answer);
                self.answer_checks();
            }
        }
    }

    fn take(&mut self, inbound: Inbound) {
        match inbound {
            Inbound::Connected { backlog } => {
                self.trouble.send_replace(None);
                self.queue = Queue::Incoming { left: backlog, until: Instant::now() + INCOMING };
                self.count(0);
                self.answer_checks();
            }
            Inbound::Lost(trouble) => {
                self.trouble.send_replace(Some(trouble));
                self.queue = Queue::Away;
                self.answer_checks();
            }
            Inbound::Result { id, body } => {
                self.report(id, &body);
                self.count(1);
            }
        }
    }

    fn report(&mut self, id: Uuid, body: &Bytes) {
        let bytes = body.len();
        let (report, held) = match bytes > self.max_result {
            true => (Report::TooLarge { bytes: Some(bytes as u64) }, 0),
            false => (Report::read(body), bytes),
        };
        if let Some(watchers) = self.watchers.get_mut(&id) {
            watchers.tell(&Update::Report(report.clone()));
        }
        self.kept.keep(id, report, held);
    }

    /// Counts results that have come in.
    fn count(&mut self, come: u32) {
        if let Queue::Incoming { left, .. } = &mut self.queue {
            *left = left.saturating_sub(come);
            if *left == 0 {
                self.is_empty();
            }
        }
    }

    fn is_empty(&mut self) {
        self.queue = Queue::Empty;
        for (id, watchers) in &mut self.watchers {
            if !self.kept.has(*id) {
                watchers.tell(&Update::NothingStored);
            }
        }
    }

    fn answer_checks(&mut self) {
        let answer = match &*self.trouble.borrow() {
            Some(trouble) => Err(trouble.clone()),
            None if self.queue == Queue::Away => return,
            None => Ok("through the broker".to_owned()),
        };
        for check in self.checks.drain(..) {
            let _ = check.send(answer.clone());
        }
    }
}

/// The last report on each task, as far as there is room.
#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Uuid, Entry>,
    /// By age.
    order: BTreeMap<u64, Uuid>,
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    age: u64,
    report: Report,
    /// The length of what the report was read from, which it may hold in memory as a whole.
    bytes: usize,
}

impl Kept {
    fn has(&self, id: Uuid) -> bool {
        self.entries.contains_key(&id)
    }

    fn get(&self, id: Uuid) -> Option<Report> {
        self.entries.get(&id).map(|entry| entry.report.clone())
    }

    /// Keeps a report instead of the last one on that task, unless that was final.
    fn keep(&mut self, id: Uuid, report: Report, bytes: usize) {
        if !report.is_final() && self.entries.get(&id).is_some_and(|last| last.report.is_final()) {
            return;
        }
        self.remove(id);
        let age = self.next;
        self.next += 1;
        self.bytes += bytes;
        self.order.insert(age, id);
        self.entries.insert(id, Entry { age, report, bytes });
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.order.first_key_value() else { return };
            self.remove(*oldest);
        }
    }

    fn remove(&mut self, id: Uuid) {
        if let Some(Entry { age, bytes, .. }) = self.entries.remove(&id) {
            self.order.remove(&age);
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{BackendUrl, BrokerUrl};
    use crate::backend::Watched;
    use crate::error::TroubleKind;

    fn session(max_result: usize) -> (Inbox, Results) {
        start(&ClientSettings {
            broker: BrokerUrl::parse("amqp://nowhere").unwrap(),
            backend: BackendUrl::Rpc,
            ca: None,
            name: "test".into(),
            max_result,
        })
    }

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn come(inbox: &Inbox, id: Uuid, body: &str) {
        inbox.send(Inbound::Result { id, body: Bytes::copy_from_slice(body.as_bytes()) }).unwrap();
    }

    fn succeeded(result: &'static str) -> Update {
        Update::Report(Report::Succeeded(Bytes::from_static(result.as_bytes())))
    }

    const ONE: &str = r#"{"status": "SUCCESS", "result": 1}"#;
    const STARTED: &str = r#"{"status": "STARTED", "result": null}"#;

    /// Waits until the session has taken everything up to now.
    async fn taken(inbox: &Inbox, results: &Results) {
        inbox.send(Inbound::Connected { backlog: 0 }).unwrap();
        assert_eq!(results.watch(id(u128::MAX)).next().await, Update::NothingStored);
    }

    async fn is_silent(watched: &mut Watched) -> bool {
        tokio::time::timeout(INCOMING / 2, watched.next()).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_stored_only_when_the_backlog_is_in() {
        let (inbox, results) = session(100);
        let (mut first, mut second) = (results.watch(id(1)), results.watch(id(2)));
        assert!(is_silent(&mut first).await, "there is no connection yet");
        inbox.send(Inbound::Connected { backlog: 2 }).unwrap();
        assert!(is_silent(&mut first).await);
        come(&inbox, id(1), ONE);
        assert_eq!(first.next().await, succeeded("1"));
        come(&inbox, id(3), ONE);
        assert_eq!(second.next().await, Update::NothingStored);
        assert!(is_silent(&mut first).await, "something is stored");
        assert_eq!(results.watch(id(3)).next().await, succeeded("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_backlog_that_does_not_come_is_not_waited_for() {
        let (inbox, results) = session(100);
        let mut watched = results.watch(id(1));
        inbox.send(Inbound::Connected { backlog: 5 }).unwrap();
        let begin = Instant::now();
        assert_eq!(watched.next().await, Update::NothingStored);
        assert_eq!(begin.elapsed().as_secs(), INCOMING.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_break_it_is_looked_again() {
        let (inbox, results) = session(100);
        taken(&inbox, &results).await;
        let mut watched = results.watch(id(1));
        assert_eq!(watched.next().await, Update::NothingStored);
        let trouble = Trouble { kind: TroubleKind::Unreachable, address: "there".into(), reason: "lost".into() };
        inbox.send(Inbound::Lost(trouble.clone())).unwrap();
        let mut late = results.watch(id(2));
        assert!(is_silent(&mut late).await && is_silent(&mut watched).await);
        assert_eq!((results.trouble(), results.check().await), (Some(trouble.clone()), Some(Err(trouble))));
        inbox.send(Inbound::Connected { backlog: 1 }).unwrap();
        come(&inbox, id(2), ONE);
        assert_eq!(watched.next().await, Update::NothingStored);
        assert_eq!(late.next().await, succeeded("1"));
        assert_eq!((results.trouble(), results.check().await), (None, Some(Ok("through the broker".into()))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_waits_until_it_is_known_whether_there_is_a_broker() {
        let (inbox, results) = session(100);
        let check = tokio::spawn({
            let results = results.clone();
            async move { results.check().await }
        });
        tokio::time::sleep(INCOMING).await;
        assert!(!check.is_finished());
        inbox.send(Inbound::Connected { backlog: 0 }).unwrap();
        assert_eq!(check.await.unwrap(), Some(Ok("through the broker".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_report_is_kept_and_a_final_one_stays() {
        let (inbox, results) = session(100);
        for body in [STARTED, ONE, STARTED] {
            come(&inbox, id(1), body);
        }
        taken(&inbox, &results).await;
        assert_eq!(results.watch(id(1)).next().await, succeeded("1"));
        come(&inbox, id(2), STARTED);
        taken(&inbox, &results).await;
        assert_eq!(results.watch(id(2)).next().await, Update::Report(Report::State("STARTED".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_that_is_too_large_is_told_by_its_size_only() {
        let (inbox, results) = session(ONE.len() - 1);
        taken(&inbox, &results).await;
        come(&inbox, id(1), ONE);
        let too_large = Report::TooLarge { bytes: Some(ONE.len() as u64) };
        taken(&inbox, &results).await;
        assert_eq!(results.watch(id(1)).next().await, Update::Report(too_large));
    }

    #[tokio::test(start_paused = true)]
    async fn all_watchers_of_a_task_are_told_until_they_are_gone() {
        let (inbox, results) = session(100);
        taken(&inbox, &results).await;
        let (mut one, mut other) = (results.watch(id(1)), results.watch(id(1)));
        assert_eq!((one.next().await, other.next().await), (Update::NothingStored, Update::NothingStored));
        drop(one);
        come(&inbox, id(1), ONE);
        assert_eq!(other.next().await, succeeded("1"));
    }

    #[test]
    fn what_is_kept_has_bounds_and_the_oldest_goes_first() {
        let mut kept = Kept::default();
        for number in 0..KEPT as u128 + 10 {
            kept.keep(id(number), Report::State("STARTED".into()), 10);
        }
        assert_eq!((kept.entries.len(), kept.order.len(), kept.bytes), (KEPT, KEPT, 10 * KEPT));
        assert!(!kept.has(id(9)) && kept.has(id(10)));
        // A new report on an old task makes it young.
        kept.keep(id(10), Report::Revoked("terminated".into()), KEPT_BYTES - 20);
        assert!(kept.has(id(10)) && kept.bytes <= KEPT_BYTES && kept.entries.len() == 3, "{}", kept.entries.len());
        kept.keep(id(11), Report::Revoked("terminated".into()), KEPT_BYTES + 1);
        assert_eq!((kept.entries.len(), kept.bytes), (0, 0));
    }
}
