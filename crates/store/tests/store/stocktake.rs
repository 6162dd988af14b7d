//! A stocktake's records, as the engine would append them.

use std::path::Path;

use bytes::Bytes;
use pandian_domain::stocktake::Sequence;
use pandian_domain::verdict::{Judgement, Reason, Stage, Verdict};
use pandian_domain::{Digest, Fact, OpKind, Purpose, Record, StocktakeId, Timestamp};
use pandian_store::{Batch, digest};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_323_045 + second).unwrap()
}

pub(crate) fn id(n: u8) -> StocktakeId {
    StocktakeId::new(at(i64::from(n)), [n; 10])
}

/// A record of the stocktake itself.
pub(crate) fn own(id: StocktakeId, fact: Fact) -> Record {
    Record { at: at(0), fact, stocktake: Some(id), stop: None, lane: None, crane: None, location: None, attempt: None }
}

/// A record of stop `n`.
pub(crate) fn of_stop(id: StocktakeId, n: u32, fact: Fact) -> Record {
    Record {
        at: at(i64::from(n)),
        stop: Some(id.stop(n)),
        lane: Some("C1".into()),
        crane: Some("C1".into()),
        location: Some(format!("A01-L-{n:06}").as_str().into()),
        attempt: Some(1),
        ..own(id, fact)
    }
}

pub(crate) fn started(id: StocktakeId, locations: u64) -> Record {
    let configuration = Digest::ZERO;
    own(
        id,
        Fact::StocktakeStarted {
            locations,
            warehouse: "W".into(),
            warehouse_file: "w.toml".into(),
            configuration,
            book_source: None,
            stop_version: 1,
            order: Sequence::Planned,
        },
    )
}

pub(crate) fn planned(id: StocktakeId, first: u32) -> Record {
    own(id, Fact::StocktakePlanned { first, planned: vec!["1号".into()], purpose: Purpose::Count })
}

pub(crate) fn finished(id: StocktakeId) -> Record {
    let head = Digest::ZERO;
    let (seconds, makespan_seconds) = Default::default();
    own(id, Fact::StocktakeFinished { r#final: 1, ambiguous: 0, not_counted: 0, seconds, makespan_seconds, head, cancelled: false })
}

/// One record that is recognised when it comes again.
pub(crate) fn sent(id: StocktakeId, n: u32) -> Batch {
    Batch { records: vec![of_stop(id, n, Fact::CraneSent { purpose: Purpose::Count })], reads: vec![] }
}

/// Everything of a stop, with a list of tag reads of its own, and with a try that failed.
pub(crate) fn whole_stop(id: StocktakeId, n: u32, picture: Option<Digest>) -> Batch {
    let reads = Bytes::from(format!("[{{\"epc\":\"{n:08X}\"}}]"));
    let failed = Fact::OperationFailed {
        operation: OpKind::Goto,
        code: pandian_domain::Code::DeviceTimeout,
        message: "no answer".into(),
        retry_in_ms: Some(100),
    };
    let facts = [
        Fact::CraneSent { purpose: Purpose::Count },
        failed,
        Fact::CraneArrived { book: None },
        Fact::InventoryDone { tags: 1, reads: Some(digest(&reads)), note: None },
        Fact::CaptureDone { picture, bytes: None, media_type: None, findings: None, note: None },
        Fact::CraneReleased {},
        Fact::Compared { findings: None, sight: None },
        Fact::Judged { judgement: judgement(), stage: Stage::Final, tags: Some(1), supersedes: None },
    ];
    Batch { records: facts.into_iter().map(|fact| of_stop(id, n, fact)).collect(), reads: vec![reads] }
}

/// How many records a whole stop has.
pub(crate) const WHOLE: u64 = 8;

fn judgement() -> Judgement {
    Judgement {
        verdict: Verdict::Match,
        reason: Reason::AllTagsHeard,
        confidence: 0.1 + 0.2,
        book: None,
        counted: None,
        variances: vec![],
        belongs_at: None,
        found_at: None,
    }
}

/// Somebody else at work on the database.
pub(crate) async fn sql(dir: &Path, statement: &str) {
    let mut connection = SqliteConnectOptions::new().filename(dir.join("pandian.db")).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
