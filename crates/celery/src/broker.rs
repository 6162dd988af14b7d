//! The session with the broker: one connection for every call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::backend::rpc::Inbox;
use crate::client::ClientSettings;
use crate::control::Command;
use crate::error::{Trouble, TroubleKind};
use crate::pace::Pace;
use crate::task::Task;

mod greeting;
mod inflow;
mod link;
mod mailbox;
mod publisher;
mod session;
mod trouble;
mod unconfirmed;

/// A task to be published.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) task: Task,
    /// From then on nobody waits for it any longer: the broker throws it away if it is still in its queue.
    pub(crate) deadline: Option<Instant>,
}

/// Why the broker did not take a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unpublished {
    /// There is no queue of that name, so no worker can ever have listened.
    NoQueue,
    /// It refused otherwise, in its own words.
    Trouble(Trouble),
}

/// What the session is asked for.
#[derive(Debug)]
enum Request {
    Publish(Outgoing),
    Tell(Command),
    Question(Question),
}

/// A message on its way to the broker, and who waits for its confirmation.
#[derive(Debug)]
struct Outgoing {
    message: Message,
    confirmed: oneshot::Sender<Result<(), Unpublished>>,
}

/// What is answered as soon as there is a connection, or none can be made.
#[derive(Debug)]
enum Question {
    Workers { command: Command, within: Duration, answered: oneshot::Sender<Result<BTreeMap<String, Value>, Trouble>> },
    Consumers { queue: String, answered: oneshot::Sender<Result<Option<u32>, Trouble>> },
    Check { answered: oneshot::Sender<Result<String, Trouble>> },
}

/// The handle of the session. It ends with the last of its handles.
#[derive(Debug, Clone)]
pub(crate) struct Broker {
    address: Arc<str>,
    requests: mpsc::UnboundedSender<Request>,
    trouble: watch::Receiver<Option<Trouble>>,
}

impl Broker {
    /// Starts the session on the present runtime. With an inbox it consumes the queue of results, too (`rpc://`).
    pub(crate) fn start(settings: Arc<ClientSettings>, inbox: Option<Inbox>, pace: Pace) -> Self {
        let address = settings.broker.to_string().into();
        let (requests, requested) = mpsc::unbounded_channel();
        let (troubled, trouble) = watch::channel(None);
        tokio::spawn(session::run(settings, inbox, requested, troubled, pace));
        Self { address, requests, trouble }
    }

    /// Publishes a task; resolves when the broker has it safe. While there is no connection the message waits. One whose receiver is
    /// dropped before it was sent is not sent.
    pub(crate) fn publish(&self, message: Message) -> oneshot::Receiver<Result<(), Unpublished>> {
        let (confirmed, receiver) = oneshot::channel();
        let _ = self.requests.send(Request::Publish(Outgoing { message, confirmed }));
        receiver
    }

    /// Tells every worker something, as far as there is a connection. Nothing is waited for.
    pub(crate) fn tell(&self, command: Command) {
        let _ = self.requests.send(Request::Tell(command));
    }

    /// Asks every worker, and collects what is answered within the time.
    pub(crate) async fn ask(&self, command: Command, within: Duration) -> Result<BTreeMap<String, Value>, Trouble> {
        self.question(|answered| Question::Workers { command, within, answered }).await
    }

    /// How many consumers a queue has; `None` if there is no such queue.
    pub(crate) async fn consumers(&self, queue: &str) -> Result<Option<u32>, Trouble> {
        let queue = queue.to_owned();
        self.question(|answered| Question::Consumers { queue, answered }).await
    }

    /// What the broker says of itself; what keeps it from answering if it cannot be reached.
    pub(crate) async fn check(&self) -> Result<String, Trouble> {
        self.question(|answered| Question::Check { answered }).await
    }

    /// What keeps the broker from answering at present.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    /// The trouble of a broker that has a connection and does not confirm what is published.
    pub(crate) fn silent(&self) -> Trouble {
        let reason = "it did not confirm that it has the task: it may be short of memory or disk".into();
        Trouble { kind: TroubleKind::Unreachable, address: self.address.clone(), reason }
    }

    async fn question<T>(&self, question: impl FnOnce(oneshot::Sender<Result<T, Trouble>>) -> Question) -> Result<T, Trouble> {
        let (answered, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Question(question(answered)));
        // A question that was under way when the connection broke is dropped with it.
        answer.await.unwrap_or_else(|_| {
            Err(Trouble { kind: TroubleKind::Unreachable, address: self.address.clone(), reason: "the connection was lost".into() })
        })
    }
}
