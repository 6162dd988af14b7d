//! Where records and evidence go.

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::history::StopHistory;
use pandian_domain::{Code, Digest, Failure, Record, StopId};
use pandian_store::{Batch, Health, Store, StoreError};

/// The journal or the evidence store failed for good.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JournalError(#[from] StoreError);

impl JournalError {
    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.0.code()
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// A promise: resolves when what was appended is on disk, with the number of its last record.
pub type Receipt = BoxFuture<'static, Result<u64, JournalError>>;

/// Where a run writes. Appending never blocks and keeps the order of the calls; a receipt that resolves vouches for everything
/// appended before it too.
pub trait Journal: Send + Sync {
    /// Appends records and the lists of tag reads that they name.
    fn append(&self, records: Vec<Record>, reads: Vec<Bytes>) -> Receipt;
    /// The digest under which evidence is kept.
    fn digest(&self, bytes: &[u8]) -> Digest;
    /// Keeps a picture; resolves when it is on disk.
    fn keep_picture(&self, bytes: Bytes) -> BoxFuture<'_, Result<Digest, JournalError>>;
    /// Reads a picture back.
    fn evidence(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>>;
    /// Reads the list of tag reads of a stop back.
    fn reads_of(&self, stop: StopId) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>>;
    /// What is on record of a stop, everything appended so far included.
    fn history(&self, stop: StopId) -> BoxFuture<'_, Result<StopHistory, JournalError>>;
    /// Why nothing can be written at present, if so.
    fn stalled(&self) -> Option<Failure>;
    /// The head of the record chain, everything appended so far included.
    fn head(&self) -> BoxFuture<'_, Result<Digest, JournalError>>;
}

impl Journal for Store {
    fn append(&self, records: Vec<Record>, reads: Vec<Bytes>) -> Receipt {
        let receipt = Store::append(self, Batch { records, reads });
        async move { Ok(receipt.await?) }.boxed()
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        pandian_store::digest(bytes)
    }

    fn keep_picture(&self, bytes: Bytes) -> BoxFuture<'_, Result<Digest, JournalError>> {
        async move { Ok(self.put_picture(bytes).await?) }.boxed()
    }

    fn evidence(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        async move { Ok(Store::evidence(self, digest).await?) }.boxed()
    }

    fn reads_of(&self, stop: StopId) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        async move { Ok(Store::reads_of(self, stop).await?) }.boxed()
    }

    fn history(&self, stop: StopId) -> BoxFuture<'_, Result<StopHistory, JournalError>> {
        async move {
            self.flush().await?;
            Ok(Store::history(self, stop).await?)
        }
        .boxed()
    }

    fn stalled(&self) -> Option<Failure> {
        match &*self.health().borrow() {
            Health::Good => None,
            Health::Stalled(error) => Some(Failure::new(error.code(), error.to_string())),
        }
    }

    fn head(&self) -> BoxFuture<'_, Result<Digest, JournalError>> {
        async move { Ok(self.flush().await?.hash) }.boxed()
    }
}

/// Keeps nothing: for measuring what the engine itself costs. A stop that is broken off starts afresh.
#[derive(Debug, Default)]
pub struct Unkept;

impl Journal for Unkept {
    fn append(&self, _records: Vec<Record>, _reads: Vec<Bytes>) -> Receipt {
        std::future::ready(Ok(0)).boxed()
    }

    fn digest(&self, _bytes: &[u8]) -> Digest {
        Digest::ZERO
    }

    fn keep_picture(&self, _bytes: Bytes) -> BoxFuture<'_, Result<Digest, JournalError>> {
        std::future::ready(Ok(Digest::ZERO)).boxed()
    }

    fn evidence(&self, _digest: Digest) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn reads_of(&self, _stop: StopId) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn history(&self, _stop: StopId) -> BoxFuture<'_, Result<StopHistory, JournalError>> {
        std::future::ready(Ok(StopHistory::default())).boxed()
    }

    fn stalled(&self) -> Option<Failure> {
        None
    }

    fn head(&self) -> BoxFuture<'_, Result<Digest, JournalError>> {
        std::future::ready(Ok(Digest::ZERO)).boxed()
    }
}
