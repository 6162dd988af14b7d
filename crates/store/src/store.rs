//! The store: one handle to everything in a data directory.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use pandian_domain::history::StopHistory;
use pandian_domain::{Code, Digest, StocktakeId, StopId};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::chain::Head;
use crate::commit::{self, Writer};
use crate::database::Reading;
use crate::error::StoreError;
use crate::evidence::{EvidenceFiles, make_folder};
use crate::journal::{Batch, Health, Journal, Receipt};
use crate::lock::Lock;
use crate::read::{Histories, Readers, Records, StocktakeSummary, StoredRecord};

/// What a data directory is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Appending and reading. One process at a time; the directory is made if there is none.
    Write,
    /// Reading only, also beside a process that writes.
    Read,
}

/// At most so many pieces of evidence are written at the same time.
const PUTS: usize = 16;

/// A data directory, open. Clones share it. Dropping the last one still commits what was appended, but gives up if that fails.
///
/// Belongs to the tokio runtime it was opened on, of either flavour; its work on disk runs on that runtime's blocking threads.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    runtime: Handle,
    /// None when opened for reading.
    journal: Option<Arc<Journal>>,
    /// Where the chain ended when it was opened for reading.
    head: watch::Sender<Head>,
    readers: Readers,
    files: Arc<EvidenceFiles>,
    puts: Arc<Semaphore>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(journal) = &self.journal {
            journal.begin_closing();
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a data directory.
    ///
    /// Fails with `data-in-use` when another process writes to it, `read-only` and `disk-full` where the file system forbids writing,
    /// and `store-unavailable` for whatever else is wrong with the directory or its database.
    pub async fn open(dir: &Path, access: Access) -> Result<Self, StoreError> {
        let runtime = Handle::current();
        let dir = dir.to_owned();
        let open = runtime.clone();
        let opened = runtime.spawn_blocking(move || open.clone().block_on(Self::open_blocking(dir, access, open)));
        opened.await.unwrap_or_else(|_| Err(StoreError::lost("open the data directory")))
    }

    async fn open_blocking(dir: PathBuf, access: Access, runtime: Handle) -> Result<Self, StoreError> {
        let files = EvidenceFiles::of(&dir);
        let (journal, readers, head) = match access {
            Access::Write => {
                make_folder(&dir).map_err(|error| StoreError::file("create", &dir, error))?;
                let lock = Lock::exclusive(&dir)?;
                files.make_ready()?;
                let writer = Writer::open(&dir).await?;
                let head = writer.head();
                let readers = Readers::new(Reading::beside_writer(&dir), None, runtime.clone());
                (Some(Journal::new(writer, lock, runtime.clone())), readers, head)
            }
            Access::Read => {
                let (reading, mut first) = Reading::find(&dir, false).await?;
                let head = commit::head(&mut first).await.map_err(|error| StoreError::database("read", reading.path(), error))?;
                (None, Readers::new(reading, Some(first), runtime.clone()), head)
            }
        };
        let inner = Inner {
            readers,
            head: watch::Sender::new(head),
            files: Arc::new(files),
            puts: Arc::new(Semaphore::new(PUTS)),
            dir,
            runtime,
            journal,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Appends a batch: enqueues it and returns at once. Records are numbered in the order of the calls and committed in groups; what
    /// waits at the same time shares a transaction and its fsync. A record whose key is on file already is left out, and the tag reads
    /// that it names with it: the first commit wins. A batch that names tag reads which it does not hold is refused.
    ///
    /// While the disk is full, the database locked or the file system read-only, nothing is lost: records wait
    /// ([`Store::health`]), writing is tried again, and the receipts resolve when it succeeds.
    pub fn append(&self, batch: Batch) -> Receipt {
        match &self.inner.journal {
            Some(journal) => journal.append(batch),
            None => Receipt::refused(self.opened_for_reading()),
        }
    }

    /// The end of the chain, as far as it is durable. Opened for reading: where it was then.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.inner.journal.as_ref().map_or_else(|| self.inner.head.subscribe(), |journal| journal.head())
    }

    /// Whether records get written.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.inner.journal.as_ref().map_or_else(|| watch::Sender::new(Health::Good).subscribe(), |journal| journal.health())
    }

    /// Waits until everything that was appended before is durable.
    pub async fn flush(&self) -> Result<Head, StoreError> {
        if let Some(journal) = &self.inner.journal {
            journal.append(Batch::default()).await?;
        }
        Ok(*self.head().borrow())
    }

    /// Commits what waits, copies SQLite's log into the database, and releases the directory. Fails, for all clones, when what waits
    /// cannot be committed now; a stalled store is tried once more.
    pub async fn close(self) -> Result<Head, StoreError> {
        if let Some(journal) = &self.inner.journal {
            journal.begin_closing();
        }
        let flushed = self.flush().await;
        let inner = Arc::clone(&self.inner);
        let closed = self.inner.runtime.spawn_blocking(move || {
            // First the readers, since they may hold the log.
            inner.readers.close();
            if let Some(journal) = &inner.journal {
                journal.close();
            }
        });
        closed.await.map_err(|_| StoreError::lost("close the data directory"))?;
        flushed
    }

    /// Keeps a picture, or an imported list, and gives its address. When this resolves it is durable. The same bytes twice are kept
    /// once. A failure leaves nothing behind.
    pub async fn put_picture(&self, bytes: Bytes) -> Result<Digest, StoreError> {
        if self.inner.journal.is_none() {
            return Err(self.opened_for_reading());
        }
        // The semaphore is never closed.
        let permit = Arc::clone(&self.inner.puts).acquire_owned().await;
        let files = Arc::clone(&self.inner.files);
        let put = self.inner.runtime.spawn_blocking(move || {
            let _permit = permit;
            files.put(&bytes)
        });
        put.await.unwrap_or_else(|_| Err(StoreError::lost("keep evidence")))
    }

    /// Reads a picture, or an imported list, back. `None`: there is nothing with this address. Fails with `evidence-broken` when its
    /// bytes are no longer those that were kept.
    pub async fn evidence(&self, digest: Digest) -> Result<Option<Bytes>, StoreError> {
        let files = Arc::clone(&self.inner.files);
        let got = self.inner.runtime.spawn_blocking(move || files.get(digest));
        Ok(got.await.unwrap_or_else(|_| Err(StoreError::lost("read evidence")))?.map(Bytes::from))
    }

    /// Reads back the list of tag reads that the stop's `inventory_done` names. `None`: it names none, or there is none on file. Fails
    /// with `evidence-broken` when its bytes are no longer those that were kept.
    pub async fn reads_of(&self, stop: StopId) -> Result<Option<Bytes>, StoreError> {
        self.inner.readers.reads_of(stop).await
    }

    /// At most `limit` records after the one numbered `seq`, in order.
    pub async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.readers.records_after(seq, limit).await
    }

    /// All stocktakes, oldest first.
    pub async fn stocktakes(&self) -> Result<Vec<StocktakeSummary>, StoreError> {
        self.inner.readers.stocktakes().await
    }

    /// The last record of a kind (`book_imported`, …).
    pub async fn last_of(&self, kind: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.inner.readers.last_of(kind).await
    }

    /// Every record of these kinds that belongs to no stocktake (`reference_taken`, …), in order. They are few.
    pub async fn all_of(&self, kinds: &'static [&'static str]) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.readers.all_of(kinds).await
    }

    /// The records of a stocktake itself, not of its stops, that are of one of these kinds (`stocktake_planned`, `paused`, …), in
    /// order. They are read as they are asked for.
    pub fn records_of(&self, stocktake: StocktakeId, kinds: &[&str]) -> Records {
        Records::new(self.inner.readers.clone(), stocktake, kinds)
    }

    /// The histories of a stocktake's stops, as far as they have records, in the order of the stops. They are read as they are asked
    /// for.
    pub fn histories(&self, stocktake: StocktakeId) -> Histories {
        Histories::new(self.inner.readers.clone(), stocktake)
    }

    /// What is on file of one stop; the empty history when nothing is.
    pub async fn history(&self, stop: StopId) -> Result<StopHistory, StoreError> {
        self.inner.readers.history(stop).await
    }

    fn opened_for_reading(&self) -> StoreError {
        StoreError::new(Code::ReadOnly, format!("cannot write to {}: it was opened for reading only", self.inner.dir.display()))
    }
}
