//! The queue before the database, and the committer that empties it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use pandian_domain::{Code, Record};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::chain::Head;
use crate::commit::{Group, Writer};
use crate::error::StoreError;
use crate::lock::Lock;

/// Records that are committed together, all or none, with the lists of tag reads that they name.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// What happened, in order.
    pub records: Vec<Record>,
    /// The lists of tag reads that they name, kept in the database with the records. What none of them names is not kept.
    pub reads: Vec<Bytes>,
}

/// Resolves when a batch is durable, with the number of its last record; of a record that was on file already, the number it has
/// there. Stays pending while the store is stalled. Dropping it changes nothing.
#[derive(Debug)]
#[must_use = "a batch is not durable before its receipt resolves"]
pub struct Receipt(oneshot::Receiver<Result<u64, StoreError>>);

impl Receipt {
    pub(crate) fn refused(error: StoreError) -> Self {
        let (answer, receipt) = oneshot::channel();
        // The receiver is right here.
        let _ = answer.send(Err(error));
        Self(receipt)
    }
}

impl Future for Receipt {
    type Output = Result<u64, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(StoreError::lost("append records"))))
    }
}

/// Whether records get written.
#[derive(Debug, Clone)]
pub enum Health {
    /// They do.
    Good,
    /// They wait, for this reason; writing is tried again until it succeeds.
    Stalled(Arc<StoreError>),
}

/// At most so many records a transaction (one bigger batch is one bigger transaction).
const RECORDS: usize = 4096;
/// At most so many bytes of tag reads a transaction, likewise.
const READ_BYTES: usize = 8 << 20;

/// Pauses between tries while the database fails.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<u64, StoreError>>,
}

/// What the committer keeps while it is not at work.
struct Rest {
    writer: Writer,
    _lock: Lock,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    /// None while the committer is at work, and after the end.
    rest: Option<Rest>,
    /// No more trying when the database fails.
    closing: bool,
    /// Nothing is accepted any more, for this reason.
    ended: Option<StoreError>,
}

pub(crate) struct Journal {
    queue: Mutex<Queue>,
    /// Told of every change of `closing`, `rest` and `ended`.
    changed: Condvar,
    head: watch::Sender<Head>,
    health: watch::Sender<Health>,
    runtime: Handle,
}

impl Journal {
    pub(crate) fn new(writer: Writer, lock: Lock, runtime: Handle) -> Arc<Self> {
        let head = watch::Sender::new(writer.head());
        let queue = Queue { waiting: VecDeque::new(), rest: Some(Rest { writer, _lock: lock }), closing: false, ended: None };
        Arc::new(Self { queue: Mutex::new(queue), changed: Condvar::new(), head, health: watch::Sender::new(Health::Good), runtime })
    }

    pub(crate) fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    pub(crate) fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Enqueues, and sets the committer to work unless it is. Its blocking task is there before this returns: there is no moment in
    /// which something is enqueued and a paused clock could run on.
    pub(crate) fn append(self: &Arc<Self>, batch: Batch) -> Receipt {
        let (answer, receipt) = oneshot::channel();
        let mut queue = self.queue();
        if let Some(error) = &queue.ended {
            return Receipt::refused(error.clone());
        }
        queue.waiting.push_back(Waiting { batch, answer });
        let rest = queue.rest.take();
        // A runtime that is shutting down drops the committer here and now, and that needs the queue.
        drop(queue);
        if let Some(rest) = rest {
            let committer = Committer { journal: Arc::clone(self), rest: Some(rest) };
            self.runtime.spawn_blocking(move || committer.run());
        }
        Receipt(receipt)
    }

    /// From now on a failure is the end.
    pub(crate) fn begin_closing(&self) {
        self.queue().closing = true;
        self.changed.notify_all();
    }

    /// Waits for the committer to rest, accepts nothing any more, and closes the database. Blocks.
    pub(crate) fn close(&self) {
        let mut queue = self.queue();
        while queue.rest.is_none() && queue.ended.is_none() {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.ended.get_or_insert_with(|| StoreError::new(Code::StoreUnavailable, "cannot append records: the store was closed"));
        let rest = queue.rest.take();
        drop(queue);
        if let Some(Rest { writer, _lock }) = rest {
            self.runtime.block_on(writer.close());
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole at every point where a thread could have panicked.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what goes into the next transaction.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.queue();
        let (mut records, mut bytes) = (0, 0);
        let fits = |next: &Waiting| {
            let first = records == 0 && bytes == 0;
            records += next.batch.records.len();
            bytes += next.batch.reads.iter().map(Bytes::len).sum::<usize>();
            first || (records <= RECORDS && bytes <= READ_BYTES)
        };
        let many = queue.waiting.iter().map(fits).take_while(|fits| *fits).count();
        queue.waiting.drain(..many).collect()
    }

    /// Answers everybody with an error, for good.
    fn end(&self, taken: Vec<oneshot::Sender<Result<u64, StoreError>>>, error: &StoreError) {
        let mut queue = self.queue();
        queue.ended.get_or_insert_with(|| error.clone());
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        for answer in taken.into_iter().chain(waiting.into_iter().map(|waiting| waiting.answer)) {
            // A receipt that was dropped wants no answer.
            let _ = answer.send(Err(error.clone()));
        }
        self.changed.notify_all();
    }

    /// Waits in real time (a paused clock is held meanwhile). True when closing was asked for.
    fn pause(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.queue(), pause, |queue| !queue.closing);
        waited.unwrap_or_else(PoisonError::into_inner).0.closing
    }
}

/// Empties the queue on a blocking thread, then rests.
struct Committer {
    journal: Arc<Journal>,
    /// Some until it rests or the journal ends.
    rest: Option<Rest>,
}

impl Committer {
    fn run(mut self) {
        while let Some(rest) = &mut self.rest {
            let taken = self.journal.take();
            if taken.is_empty() {
                let mut queue = self.journal.queue();
                // Something may have come since.
                if queue.waiting.is_empty() {
                    queue.rest = self.rest.take();
                    drop(queue);
                    self.journal.changed.notify_all();
                }
                continue;
            }
            let (group, answers) = prepare(taken);
            if let Err(error) = commit(&self.journal, &mut rest.writer, group, answers) {
                tracing::error!(%error, "records are given up: the store is closing");
                self.rest = None;
            }
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        // Never run since the runtime is shutting down, or a panic.
        if self.rest.is_some() {
            self.journal.end(Vec::new(), &StoreError::lost("append records"));
        }
    }
}

/// Serialises what was taken. A batch that cannot be is answered and left out.
fn prepare(taken: Vec<Waiting>) -> (Group, Vec<oneshot::Sender<Result<u64, StoreError>>>) {
    let mut group = Group::default();
    let mut answers = Vec::with_capacity(taken.len());
    for Waiting { batch, answer } in taken {
        match group.push(&batch) {
            Ok(()) => answers.push(answer),
            Err(error) => {
                let _ = answer.send(Err(error));
            }
        }
    }
    (group, answers)
}

/// Commits a group, trying until it succeeds or the store is closing, and answers everybody.
fn commit(
    journal: &Journal,
    writer: &mut Writer,
    mut group: Group,
    answers: Vec<oneshot::Sender<Result<u64, StoreError>>>,
) -> Result<(), StoreError> {
    let mut pause = FIRST_PAUSE;
    let mut last_try = false;
    let committed = loop {
        let error = match journal.runtime.block_on(writer.commit(&mut group)) {
            Ok(committed) => break committed,
            Err(error) => error,
        };
        if last_try {
            journal.end(answers, &error);
            return Err(error);
        }
        tracing::warn!(%error, code = %error.code(), "records wait");
        journal.health.send_replace(Health::Stalled(Arc::new(error)));
        last_try = journal.pause(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    if pause > FIRST_PAUSE {
        tracing::info!("records get written again");
        journal.health.send_replace(Health::Good);
    }
    journal.head.send_replace(committed.head);
    let durable = Durable { answers, seqs: committed.seqs };
    // From here every answer would rouse the runtime by a system call of its own; a task of the runtime's answers everybody for one.
    journal.runtime.spawn(async move { drop(durable) });
    Ok(())
}

/// Answers when it is dropped: also by a runtime that is shutting down and runs no task any more.
struct Durable {
    answers: Vec<oneshot::Sender<Result<u64, StoreError>>>,
    seqs: Vec<u64>,
}

impl Drop for Durable {
    fn drop(&mut self) {
        for (answer, seq) in self.answers.drain(..).zip(self.seqs.drain(..)) {
            // A receipt that was dropped wants no answer.
            let _ = answer.send(Ok(seq));
        }
    }
}
