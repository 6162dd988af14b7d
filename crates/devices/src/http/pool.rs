//! Idle connections, by where they lead.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::connect::Origin;
use super::exchange::Connection;

/// How long an idle connection is kept. Servers close theirs after 5 s to 75 s; one that is found closed is replaced.
const IDLE_WITHIN: Duration = Duration::from_secs(30);

/// Idle connections, without a bound on their number: there are as many as exchanges ever ran at once.
#[derive(Default)]
pub(super) struct Pool {
    shelves: Mutex<Shelves>,
}

#[derive(Default)]
struct Shelves {
    /// The last used stands at the end, and is taken first.
    idle: HashMap<Origin, Vec<(Instant, Connection)>>,
    is_swept: bool,
}

impl Pool {
    /// A connection that can serve another request, if there is one.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let (since, mut connection) = self.lock().idle.get_mut(origin)?.pop()?;
            if since.elapsed() < IDLE_WITHIN && connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for another request.
    pub(super) fn put(self: &Arc<Self>, origin: Origin, connection: Connection) {
        let mut shelves = self.lock();
        shelves.idle.entry(origin).or_default().push((Instant::now(), connection));
        if !std::mem::replace(&mut shelves.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// A panic elsewhere cannot leave the shelves half-changed.
    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has been idle for too long, until nothing is left.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE_WITHIN).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut shelves = pool.lock();
        shelves.idle.retain(|_, shelf| {
            shelf.retain(|(since, _)| since.elapsed() < IDLE_WITHIN);
            !shelf.is_empty()
        });
        if shelves.idle.is_empty() {
            shelves.is_swept = false;
            return;
        }
    }
}
