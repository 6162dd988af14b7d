//! Evidence, kept and read back however long the database or the disk takes: what does not answer now is no answer, and may not become a
//! verdict.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pandian_domain::{Code, Digest, Failure};
use tokio::sync::watch;

use crate::journal::{Journal, JournalError};

/// Pause before evidence that could not be kept or read back is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The journal's evidence, with patience.
pub(crate) struct Archive {
    journal: Arc<dyn Journal>,
    stalled: watch::Sender<Option<Failure>>,
}

impl Archive {
    pub(crate) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, stalled: watch::Sender::new(None) }
    }

    /// Why evidence cannot be had at present, if so.
    pub(crate) fn stalled(&self) -> watch::Receiver<Option<Failure>> {
        self.stalled.subscribe()
    }

    /// Keeps a picture. One that cannot be kept now (disk full, …) is kept later: the crane waits rather than lose it.
    pub(crate) async fn keep_picture(&self, bytes: &Bytes) -> Digest {
        loop {
            match self.journal.keep_picture(bytes.clone()).await {
                Ok(digest) => {
                    self.goes_on();
                    return digest;
                }
                Err(error) => self.stall("a picture cannot be kept", error).await,
            }
        }
    }

    /// A picture on file; none of one that is gone.
    ///
    /// # Errors
    /// The picture was altered.
    pub(crate) async fn picture(&self, digest: Digest) -> Result<Option<Bytes>, Failure> {
        self.read_back(|| self.journal.evidence(digest)).await
    }

    /// Reads what is on file.
    ///
    /// # Errors
    /// It was altered.
    pub(crate) async fn read_back<'a, F>(&'a self, read: impl Fn() -> F + Send) -> Result<Option<Bytes>, Failure>
    where
        F: Future<Output = Result<Option<Bytes>, JournalError>> + Send + 'a,
    {
        loop {
            match read().await {
                Ok(bytes) => {
                    self.goes_on();
                    return Ok(bytes);
                }
                Err(error) if error.code() == Code::EvidenceBroken => return Err(error.into()),
                Err(error) => self.stall("evidence cannot be read back", error).await,
            }
        }
    }

    fn goes_on(&self) {
        self.stalled.send_if_modified(|stalled| stalled.take().is_some());
    }

    async fn stall(&self, what: &str, error: JournalError) {
        tracing::error!(%error, "{what}");
        self.stalled.send_replace(Some(error.into()));
        tokio::time::sleep(AGAIN).await;
    }
}
