//! Result backends: whoever watches a task is told what workers say of it.

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::error::Trouble;
use crate::report::Report;

pub(crate) mod redis;
pub(crate) mod rpc;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Update {
    /// The backend was looked at, and holds nothing of the task. From now on nothing is missed.
    NothingStored,
    /// What a worker says.
    Report(Report),
}

/// What a backend's session is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Look whether something is stored, tell it, and go on telling. Once again after each reconnection.
    Watch { id: Uuid, updates: mpsc::UnboundedSender<Update> },
    /// Nobody watches a task any longer.
    Forget(Uuid),
    /// Does the backend answer? With what it says of itself.
    Check(oneshot::Sender<Result<String, Trouble>>),
}

/// A backend's session, wherever it runs. It ends with the last of its handles.
#[derive(Debug, Clone)]
pub(crate) struct Results {
    requests: mpsc::UnboundedSender<Request>,
    trouble: watch::Receiver<Option<Trouble>>,
}

impl Results {
    /// The handle of a session that takes requests, and says what troubles it.
    pub(crate) fn new(requests: mpsc::UnboundedSender<Request>, trouble: watch::Receiver<Option<Trouble>>) -> Self {
        Self { requests, trouble }
    }

    pub(crate) fn watch(&self, id: Uuid) -> Watched {
        let (updates, told) = mpsc::unbounded_channel();
        // A session that is gone drops `updates`, and the watcher learns it from that.
        let _ = self.requests.send(Request::Watch { id, updates });
        Watched { id, told, requests: self.requests.clone() }
    }

    /// What keeps the backend from answering at present.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.trouble.borrow().clone()
    }

    pub(crate) async fn check(&self) -> Option<Result<String, Trouble>> {
        let (answer, answered) = oneshot::channel();
        let _ = self.requests.send(Request::Check(answer));
        answered.await.ok()
    }
}

/// A task under watch. Dropping it ends the watch.
#[derive(Debug)]
pub(crate) struct Watched {
    id: Uuid,
    told: mpsc::UnboundedReceiver<Update>,
    requests: mpsc::UnboundedSender<Request>,
}

impl Watched {
    /// What comes next; never, if the session is gone: the caller's deadline ends that.
    pub(crate) async fn next(&mut self) -> Update {
        match self.told.recv().await {
            Some(update) => update,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Forget(self.id));
    }
}
