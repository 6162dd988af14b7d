//! One stop: the heart of the program. Written once; every engine runs this.

use pandian_domain::observation::Witness;
use pandian_domain::{BookSnapshot, Code, Failure, Findings, Inventory};

use crate::flow::{Captured, Fail, Flow, Op, Out, Seen};
use crate::site::Release;

/// Version of [`visit`]; stored with every stocktake, raised whenever the order of the steps changes.
pub const STOP_VERSION: u32 = 1;

/// Counts one location.
///
/// Go there. When the crane has arrived, read the tags and take the picture at the same time. Release the crane: as soon as both are
/// acquired, or in the strict order after the comparison. Compare. Judge, and write it down.
pub async fn visit(flow: &dyn Flow, release: Release) -> Result<(), Fail> {
    let book = match flow.step(Op::Goto).await {
        Ok(arrived) => arrived.book()?,
        Err(Fail::Failed(failure)) => return flow.step(Op::Abandon(failure)).await.map(drop),
        Err(broken_off) => return Err(broken_off),
    };

    let (tags, shot) = flow.both(flow.step(Op::Inventory), flow.step(Op::Capture)).await;
    let rfid = witness(tags.and_then(Out::inventory))?;
    let shot = witness(shot.and_then(Out::captured))?;

    if release == Release::AfterAcquisition {
        flow.step(Op::Release).await?;
    }
    let capture_failed = matches!(shot, Witness::Failed(_));
    let vision = match shot {
        Witness::Saw(captured) => witness(flow.step(Op::Compare(captured)).await.and_then(Out::findings))?,
        Witness::NotAsked => Witness::NotAsked,
        Witness::Failed(failure) => Witness::Failed(failure),
    };
    if release == Release::AfterVerification {
        flow.step(Op::Release).await?;
    }

    flow.step(Op::Judge(Seen { book, rfid, vision, capture_failed })).await.map(drop)
}

/// A failed check is a witness that failed; only a stop that is broken off ends here.
fn witness<T>(result: Result<Option<T>, Fail>) -> Result<Witness<T>, Fail> {
    match result {
        Ok(Some(seen)) => Ok(Witness::Saw(seen)),
        Ok(None) => Ok(Witness::NotAsked),
        Err(Fail::Failed(failure)) => Ok(Witness::Failed(failure)),
        Err(Fail::BrokenOff) => Err(Fail::BrokenOff),
    }
}

impl Out {
    fn book(self) -> Result<Option<BookSnapshot>, Fail> {
        match self {
            Self::Arrived(book) => Ok(book),
            other => Err(other.unexpected("an arrival")),
        }
    }

    fn inventory(self) -> Result<Option<Inventory>, Fail> {
        match self {
            Self::Inventoried(inventory) => Ok(inventory),
            other => Err(other.unexpected("an inventory")),
        }
    }

    fn captured(self) -> Result<Option<Captured>, Fail> {
        match self {
            Self::Captured(captured) => Ok(captured),
            other => Err(other.unexpected("a capture")),
        }
    }

    fn findings(self) -> Result<Option<Findings>, Fail> {
        match self {
            Self::Compared(findings) => Ok(findings),
            other => Err(other.unexpected("a comparison")),
        }
    }

    fn unexpected(&self, wanted: &str) -> Fail {
        Fail::Failed(Failure::new(Code::Internal, format!("the engine answered a step with {self:?} where {wanted} was due")))
    }
}
