//! One stop: the heart of the program. Written once; every engine runs this.

use pandian_domain::observation::Witness;
use pandian_domain::verdict::Seen;
use pandian_domain::{BookSnapshot, Code, Failure, Findings, Inventory};

use crate::flow::{Captured, Fail, Flow, Op, Out, Pending};
use crate::site::Release;

/// Version of [`visit`]; stored with every stocktake, raised whenever the order of the steps changes.
pub const STOP_VERSION: u32 = 3;

/// Counts one location.
///
/// Go there. When the crane has arrived, read the tags and take the picture at the same time. Release the crane as soon as both are
/// acquired, and compare the picture while it travels; or, in the strict order, compare at once and release it after both checks.
/// Judge, provisionally where a neighbour's stop may still change it, and write it down.
pub async fn visit(flow: &dyn Flow, release: Release) -> Result<(), Fail> {
    let book = match flow.step(Op::Goto).await {
        Ok(arrived) => arrived.book()?,
        Err(Fail::Failed(failure)) => return flow.step(Op::Abandon(failure)).await.map(drop),
        Err(broken_off) => return Err(broken_off),
    };

    let seen = check(flow, release, book).await?;
    flow.step(Op::Judge(seen)).await.map(drop)
}

/// Listens and looks at a location for its neighbours' sake: whose tag is it? Nothing here is counted or judged.
pub async fn listen(flow: &dyn Flow, release: Release) -> Result<(), Fail> {
    let seen = match flow.step(Op::Goto).await {
        Ok(_arrived) => check(flow, release, None).await?,
        Err(Fail::Failed(failure)) => {
            Seen { book: None, rfid: Witness::Failed(failure.clone()), vision: Witness::Failed(failure), capture_failed: true }
        }
        Err(broken_off) => return Err(broken_off),
    };
    flow.step(Op::Attend(seen)).await.map(drop)
}

/// Reads the tags and takes the picture at the same time, lets the crane go when it may, and compares the picture.
async fn check(flow: &dyn Flow, release: Release, book: Option<BookSnapshot>) -> Result<Seen, Fail> {
    let (inventory, capture) = (flow.step(Op::Inventory), flow.step(Op::Capture));
    let (rfid, shot, vision) = match release {
        Release::AfterAcquisition => {
            let (tags, shot) = flow.both(inventory, capture).await;
            let (rfid, shot) = (witness(tags.and_then(Out::inventory))?, witness(shot.and_then(Out::captured))?);
            flow.step(Op::Release).await?;
            let vision = compare(flow, &shot).await?;
            (rfid, shot, vision)
        }
        Release::AfterVerification => {
            let (tags, looked) = flow.both(inventory, look(flow, capture)).await;
            let rfid = witness(tags.and_then(Out::inventory))?;
            let (shot, vision) = looked.and_then(Out::looked)?;
            flow.step(Op::Release).await?;
            (rfid, shot, vision)
        }
    };
    Ok(Seen { book, rfid, vision, capture_failed: matches!(shot, Witness::Failed(_)) })
}

/// Brings a crane out of another's way.
pub async fn give_way(flow: &dyn Flow) -> Result<(), Fail> {
    flow.step(Op::Goto).await?;
    flow.step(Op::Release).await.map(drop)
}

/// Compares what was captured, if anything was.
async fn compare(flow: &dyn Flow, shot: &Witness<Captured>) -> Result<Witness<Findings>, Fail> {
    match shot {
        Witness::Saw(captured) => witness(flow.step(Op::Compare(captured.clone())).await.and_then(Out::findings)),
        Witness::NotAsked => Ok(Witness::NotAsked),
        Witness::Failed(failure) => Ok(Witness::Failed(failure.clone())),
    }
}

/// Capture and comparison one after the other, beside the inventory.
fn look<'a>(flow: &'a dyn Flow, capture: Pending<'a>) -> Pending<'a> {
    Box::pin(async move {
        let shot = witness(capture.await.and_then(Out::captured))?;
        let vision = compare(flow, &shot).await?;
        Ok(Out::Looked(shot, vision))
    })
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

    fn looked(self) -> Result<(Witness<Captured>, Witness<Findings>), Fail> {
        match self {
            Self::Looked(shot, vision) => Ok((shot, vision)),
            other => Err(other.unexpected("a capture with its comparison")),
        }
    }

    fn unexpected(&self, wanted: &str) -> Fail {
        Fail::Failed(Failure::new(Code::Internal, format!("the engine answered a step with {self:?} where {wanted} was due")))
    }
}
