//! The backend `redis://`: one connection for every watched task.
//!
//! Workers store a task's state under a key and publish it on the channel of the same name. A watch subscribes to the channel and looks
//! at the key after that, so that nothing falls between the two; each new connection does it again for every watch. The size of what is
//! stored is asked for before the text, so nothing is fetched that is too large, and no more at once than Redis sends to a subscriber.

mod cause;
mod connection;
#[cfg(test)]
mod tests;
mod watches;
mod wire;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use self::cause::Cause;
use self::connection::{Connection, Server};
use self::watches::Watches;
use crate::backend::{Request, Results};
use crate::client::ClientSettings;
use crate::error::Trouble;
use crate::pace::Pace;

/// What a worker stores around a result, at most, in bytes.
const AROUND: usize = 64 * 1024;
/// The most that is read of a task, whatever the settings say: Redis cuts off subscribers to whom it has more than 32 MB to send.
const MOST: usize = 30 * 1024 * 1024;
/// Pause before the first attempt to connect again; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// A connection that has held so long was a good one: the pauses begin anew.
const GOOD: Duration = Duration::from_secs(5);
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);
/// When nothing was heard for so long, a sign of life is asked for.
const QUIET: Duration = Duration::from_secs(3);
/// When nothing was heard for so long after that, the connection is dead: a network that is cut says nothing.
const DEAD: Duration = Duration::from_secs(5);
/// So many requests are taken at once.
const REQUESTS: usize = 1024;

/// Starts the session on the present runtime. It connects at the first request.
pub(crate) fn start(settings: Arc<ClientSettings>, pace: Pace) -> Results {
    let (requests, inbox) = mpsc::unbounded_channel();
    let (trouble, troubled) = watch::channel(None);
    let longest = settings.max_result.saturating_add(AROUND).min(MOST);
    if let Some(server) = Server::of(&settings, longest) {
        let watches = Watches::new(longest);
        let session =
            Session { server: server.into(), inbox, taken: Vec::new(), watches, checks: Vec::new(), says: String::new(), trouble, pace };
        tokio::spawn(session.run());
    }
    Results::new(requests, troubled)
}

struct Session {
    server: Arc<Server>,
    inbox: mpsc::UnboundedReceiver<Request>,
    taken: Vec<Request>,
    watches: Watches,
    /// Who waits for a sign of life.
    checks: Vec<oneshot::Sender<Result<String, Trouble>>>,
    /// What the server says of itself.
    says: String,
    trouble: watch::Sender<Option<Trouble>>,
    pace: Pace,
}

/// Nobody asks any longer.
struct Over;

impl Session {
    async fn run(mut self) {
        // Whoever has the last handle ends it, at whatever it is.
        let Err(Over) = self.keep().await;
    }

    async fn keep(&mut self) -> Result<std::convert::Infallible, Over> {
        let first = self.inbox.recv().await.ok_or(Over)?;
        self.take(first);
        let mut pause = FIRST_PAUSE;
        loop {
            let server = self.server.clone();
            let cause = match self.meanwhile(server.connect()).await? {
                Ok((connection, says)) => {
                    let since = Instant::now();
                    self.says = says;
                    self.trouble.send_replace(None);
                    self.watches.connected(since);
                    let cause = self.serve(connection).await?;
                    self.watches.disconnected();
                    if since.elapsed() >= GOOD {
                        pause = FIRST_PAUSE;
                    }
                    cause
                }
                Err(cause) => cause,
            };
            let trouble = self.server.trouble(&cause);
            tracing::debug!(%trouble, "no connection to the result backend");
            for check in self.checks.drain(..) {
                let _ = check.send(Err(trouble.clone()));
            }
            self.trouble.send_replace(Some(trouble));
            self.meanwhile(sleep(pause)).await?;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    /// Takes requests while there is no connection, until something has come about.
    async fn meanwhile<T>(&mut self, awaited: impl Future<Output = T>) -> Result<T, Over> {
        let mut awaited = pin!(awaited);
        loop {
            tokio::select! {
                output = &mut awaited => return Ok(output),
                count = self.inbox.recv_many(&mut self.taken, REQUESTS) => self.take_all(count)?,
            }
        }
    }

    /// Serves over a connection until it ends, and says why it did.
    async fn serve(&mut self, connection: Connection) -> Result<Cause, Over> {
        let Connection { mut receiver, mut sender } = connection;
        let mut clock = interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut pinged: Option<Instant> = None;
        let mut is_sending = false;
        if !self.checks.is_empty() {
            self.watches.ping();
        }
        loop {
            is_sending |= !self.watches.out().is_empty();
            if !is_sending {
                self.pace.rest().await;
            }
            tokio::select! {
                received = receiver.receive() => {
                    let heard_all = received.and_then(|()| {
                        while let Some(said) = receiver.take()? {
                            if self.watches.hear(said)? {
                                self.answer_checks();
                            }
                        }
                        Ok(())
                    });
                    if let Err(cause) = heard_all {
                        return Ok(cause);
                    }
                    (heard, pinged) = (Instant::now(), None);
                }
                sent = sender.send(self.watches.out()), if is_sending => {
                    if let Err(cause) = sent {
                        return Ok(cause);
                    }
                    is_sending = false;
                }
                count = self.inbox.recv_many(&mut self.taken, REQUESTS) => {
                    let checks = self.checks.len();
                    self.take_all(count)?;
                    if self.checks.len() > checks {
                        self.watches.ping();
                    }
                }
                now = clock.tick() => {
                    match pinged {
                        Some(pinged) if now.saturating_duration_since(pinged) >= DEAD => {
                            return Ok(Cause::unreachable(format!("no sign of life for {} s", (QUIET + DEAD).as_secs())));
                        }
                        None if now.saturating_duration_since(heard) >= QUIET => {
                            self.watches.ping();
                            pinged = Some(now);
                        }
                        _ => {}
                    }
                    self.watches.fall_back(now);
                }
            }
        }
    }

    fn take_all(&mut self, count: usize) -> Result<(), Over> {
        if count == 0 {
            return Err(Over);
        }
        let mut taken = std::mem::take(&mut self.taken);
        for request in taken.drain(..) {
            self.take(request);
        }
        self.taken = taken;
        Ok(())
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Watch { id, updates } => self.watches.watch(id, updates, Instant::now()),
            Request::Forget(id) => self.watches.forget(id),
            Request::Check(answer) => self.checks.push(answer),
        }
    }

    fn answer_checks(&mut self) {
        for check in self.checks.drain(..) {
            let _ = check.send(Ok(self.says.clone()));
        }
    }
}
