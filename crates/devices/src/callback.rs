//! Call-backs of cranes that answer later: who waits for which, and the listener that takes them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pandian_domain::CraneId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::crane::http::ReplyCode;

mod listener;

pub use listener::CallbackListener;

/// How long a call-back that nobody awaits yet is kept: it may overtake the reply that names its task, or come between two tries.
const KEEP: Duration = Duration::from_secs(60);
/// How many of them are kept; beyond, the oldest go.
const KEEP_AT_MOST: usize = 1024;

/// What a crane posts when its task has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Callback {
    /// The `code` of the arrival, or another.
    pub code: ReplyCode,
    /// The text that names the location.
    pub message: String,
}

/// A call-back for a crane that calls nobody back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no crane \"{0}\" that calls back")]
pub struct NotAwaited(CraneId);

/// Two operations wait for the same task of the same crane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("another operation waits for the same task")]
pub struct Superseded;

/// Who waits for which call-back. A call-back that comes before its waiter is kept for a while; one that comes twice is taken once.
#[derive(Debug, Default)]
pub struct CallbackTable {
    inner: Mutex<Inner>,
}

type Key = (CraneId, String);

#[derive(Debug, Default)]
struct Inner {
    cranes: HashSet<CraneId>,
    waiting: HashMap<Key, (u64, oneshot::Sender<Callback>)>,
    waiters: u64,
    /// Call-backs that came, awaited or not, by the time they came.
    kept: HashMap<Key, Kept>,
    order: VecDeque<(Instant, Key)>,
}

#[derive(Debug)]
struct Kept {
    callback: Callback,
    at: Instant,
    /// Somebody had it: it stays only so that its repetition is recognised.
    taken: bool,
}

impl CallbackTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// A crane that calls back from now on.
    pub fn expect(&self, crane: &CraneId) {
        self.lock().cranes.insert(crane.clone());
    }

    /// Hands a call-back to whoever waits for it, or keeps it.
    pub fn deliver(&self, crane: &CraneId, task: &str, callback: Callback) -> Result<(), NotAwaited> {
        let mut inner = self.lock();
        if !inner.cranes.contains(crane) {
            return Err(NotAwaited(crane.clone()));
        }
        let key = (crane.clone(), task.to_owned());
        let waiter = inner.waiting.remove(&key);
        if waiter.is_none() && inner.kept.get(&key).is_some_and(|kept| kept.callback == callback) {
            return Ok(());
        }
        let taken = waiter.is_some_and(|(_, waiter)| waiter.send(callback.clone()).is_ok());
        inner.keep(key, Kept { callback, at: Instant::now(), taken });
        Ok(())
    }

    /// Waits for the call-back of a task; one that came already is taken at once. Dropping the future ends the waiting.
    pub async fn wait(&self, crane: &CraneId, task: &str) -> Result<Callback, Superseded> {
        let key = (crane.clone(), task.to_owned());
        let (id, callback) = {
            let mut inner = self.lock();
            // The task is awaited afresh, so what it brings next is no repetition.
            if let Some(kept) = inner.kept.remove(&key)
                && !kept.taken
            {
                inner.keep(key, Kept { callback: kept.callback.clone(), at: Instant::now(), taken: true });
                return Ok(kept.callback);
            }
            let (sender, receiver) = oneshot::channel();
            inner.waiters += 1;
            let id = inner.waiters;
            inner.waiting.insert(key.clone(), (id, sender));
            (id, receiver)
        };
        let _waiting = Waiting { table: self, key, id };
        callback.await.map_err(|_| Superseded)
    }

    /// A panic elsewhere cannot leave the table half-changed: every change is a single insertion or removal.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, key: Key, kept: Kept) {
        let now = kept.at;
        self.order.push_back((kept.at, key.clone()));
        self.kept.insert(key, kept);
        while let Some((at, _)) = self.order.front()
            && (self.order.len() > KEEP_AT_MOST || now.duration_since(*at) > KEEP)
            && let Some((at, key)) = self.order.pop_front()
        {
            if self.kept.get(&key).is_some_and(|kept| kept.at == at) {
                self.kept.remove(&key);
            }
        }
    }
}

/// A waiter's place in the table, given up when it is dropped.
struct Waiting<'t> {
    table: &'t CallbackTable,
    key: Key,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut inner = self.table.lock();
        if inner.waiting.get(&self.key).is_some_and(|(id, _)| *id == self.id) {
            inner.waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn arrived(message: &str) -> Callback {
        Callback { code: ReplyCode::Number(200), message: message.to_owned() }
    }

    fn table() -> (CallbackTable, CraneId) {
        let (table, crane) = (CallbackTable::new(), CraneId::from("C1"));
        table.expect(&crane);
        (table, crane)
    }

    fn kept(table: &CallbackTable) -> (usize, usize) {
        let inner = table.lock();
        (inner.kept.len(), inner.order.len())
    }

    #[tokio::test]
    async fn a_call_back_that_overtakes_the_reply_is_not_lost() {
        let (table, crane) = table();
        table.deliver(&crane, "T1", arrived("a")).unwrap();
        assert_eq!(table.wait(&crane, "T1").await, Ok(arrived("a")));
    }

    #[tokio::test]
    async fn a_repeated_call_back_is_taken_once() {
        let (table, crane) = table();
        let (waited, ()) = tokio::join!(table.wait(&crane, "T1"), async {
            table.deliver(&crane, "T1", arrived("a")).unwrap();
            table.deliver(&crane, "T1", arrived("a")).unwrap();
        });
        assert_eq!(waited, Ok(arrived("a")));
        // The same task awaited again gets the next call-back, not the repetition of the last.
        let (again, ()) = tokio::join!(table.wait(&crane, "T1"), async {
            tokio::task::yield_now().await;
            table.deliver(&crane, "T1", arrived("b")).unwrap();
        });
        assert_eq!(again, Ok(arrived("b")));
    }

    #[tokio::test]
    async fn only_the_own_crane_and_task_wake_a_waiter() {
        let (table, crane) = table();
        let other = CraneId::from("C2");
        assert_eq!(table.deliver(&other, "T1", arrived("x")), Err(NotAwaited(other.clone())));
        table.expect(&other);
        let (waited, ()) = tokio::join!(table.wait(&crane, "T1"), async {
            table.deliver(&other, "T1", arrived("x")).unwrap();
            table.deliver(&crane, "T2", arrived("y")).unwrap();
            table.deliver(&crane, "T1", arrived("z")).unwrap();
        });
        assert_eq!(waited, Ok(arrived("z")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_awaits_is_bounded_in_number_and_time() {
        let (table, crane) = table();
        for n in 0..2 * KEEP_AT_MOST {
            table.deliver(&crane, &n.to_string(), arrived("a")).unwrap();
        }
        assert_eq!(kept(&table), (KEEP_AT_MOST, KEEP_AT_MOST));
        tokio::time::advance(KEEP + Duration::from_secs(1)).await;
        table.deliver(&crane, "last", arrived("a")).unwrap();
        assert_eq!(kept(&table), (1, 1));
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_leaves_nothing_behind() {
        let (table, crane) = table();
        {
            let mut waiting = Box::pin(table.wait(&crane, "T1"));
            assert!((&mut waiting).now_or_never().is_none());
            assert_eq!(table.lock().waiting.len(), 1);
        }
        assert!(table.lock().waiting.is_empty());
    }
}
