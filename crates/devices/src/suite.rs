//! The contract suite: what every device must do, whatever its kind. Kinds of other crates pass it too, in their tests (feature
//! `suite`). A failed check panics, as a test does.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use pandian_domain::{Code, Inventory, OpKind, StocktakeId, Timestamp};

use crate::{Arrival, Camera, Crane, DeviceError, DevicePending, Probe, Shot, ShotEnd, TagReader, Visit};

/// How a device's counterpart (the crane system, the program, the simulated world) can be made to behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    Well,
    /// It takes the operation and never answers.
    Hang,
    /// It answers what cannot be understood.
    Garbage,
    /// It answers that it failed.
    Fail,
    /// It goes away in the middle of its answer.
    Drop,
    /// It says that it is at another location. Cranes only.
    Elsewhere,
    /// It reports an alarm. Cranes only.
    Alarm,
}

impl Behaviour {
    /// Every behaviour that an operation is to fail with.
    pub const BAD: [Self; 5] = [Self::Garbage, Self::Fail, Self::Drop, Self::Elsewhere, Self::Alarm];
}

/// A device with its counterpart, set up for the suite.
pub trait Stage<D: ?Sized>: Send + Sync {
    /// The device, built as the catalogue builds it for crane `C1`.
    fn device(&self) -> Arc<D>;
    /// Makes the counterpart behave so from the next operation on.
    fn behave(&self, behaviour: Behaviour);
    /// The code that an operation is to fail with when the counterpart behaves badly; `None` if it cannot behave so.
    fn failure(&self, behaviour: Behaviour) -> Option<Code>;
    /// The locations that the counterpart was asked for; `None` if it is never told any.
    fn asked(&self) -> Option<Vec<String>>;
    /// How many operations the counterpart has under way: connections open in the middle of an exchange, programs alive, moves not
    /// ended.
    fn busy(&self) -> usize;
}

/// What the suite asks of a device, whatever it is.
pub trait Subject: Send + Sync {
    /// What its operation brings.
    type Outcome: Debug + Send;
    /// Its operation.
    const OPERATION: OpKind;
    /// Runs the operation to its very end.
    fn operate<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Result<Self::Outcome, DeviceError>>;
    /// Tries it.
    fn try_out(&self) -> DevicePending<'_, Probe>;
    /// Its address.
    fn named(&self) -> &str;
}

impl Subject for dyn Crane {
    type Outcome = Arrival;
    const OPERATION: OpKind = OpKind::Goto;
    fn operate<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Result<Arrival, DeviceError>> {
        self.go_to(visit)
    }
    fn try_out(&self) -> DevicePending<'_, Probe> {
        self.probe()
    }
    fn named(&self) -> &str {
        self.address()
    }
}

impl Subject for dyn TagReader {
    type Outcome = Inventory;
    const OPERATION: OpKind = OpKind::Inventory;
    fn operate<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Result<Inventory, DeviceError>> {
        self.inventory(visit)
    }
    fn try_out(&self) -> DevicePending<'_, Probe> {
        self.probe()
    }
    fn named(&self) -> &str {
        self.address()
    }
}

impl Subject for dyn Camera {
    type Outcome = ShotEnd;
    const OPERATION: OpKind = OpKind::Capture;
    fn operate<'a>(&'a self, visit: &'a Visit) -> BoxFuture<'a, Result<ShotEnd, DeviceError>> {
        Box::pin(async move {
            match self.capture(visit).await? {
                Shot::Whole(end) => Ok(end),
                Shot::Working(rest) => rest.await,
            }
        })
    }
    fn try_out(&self) -> DevicePending<'_, Probe> {
        self.probe()
    }
    fn named(&self) -> &str {
        self.address()
    }
}

/// Location codes that break careless drivers.
pub const CODES: [&str; 8] = ["1号", "11号", "A01-L-012-05", "A b", "\"\\", "😀", "a/b?c=d&e#f%41+", "{crane}'$(id);`id`\t*"];

/// The visit that an operation is made with, at stop number `stop`.
pub fn visit(operation: OpKind, location: &str, stop: u32, attempt: u16) -> Visit {
    Visit {
        stop: StocktakeId::new(Timestamp::UNIX_EPOCH, [7; 10]).stop(stop),
        op: operation,
        attempt,
        timeout: PATIENCE,
        location: location.into(),
        place: None,
        lane: "C1".into(),
        crane: "C1".into(),
    }
}

/// Runs every check of the contract.
pub async fn check<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    it_can_be_tried(stage).await;
    codes_arrive_byte_for_byte(stage).await;
    operations_are_repeatable(stage).await;
    operations_run_at_the_same_time(stage).await;
    failures_have_code_device_and_address(stage).await;
    a_dropped_operation_ends(stage).await;
}

async fn succeed<D: Subject + ?Sized>(stage: &dyn Stage<D>, visit: &Visit) -> D::Outcome {
    let device = stage.device();
    let ended = within("an operation that goes well", device.operate(visit)).await;
    ended.unwrap_or_else(|error| panic!("{visit:?} failed though all is well: {error} [{}]", error.code))
}

async fn it_can_be_tried<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    stage.behave(Behaviour::Well);
    let device = stage.device();
    let probe = within("trying the device", device.try_out()).await.unwrap_or_else(|error| panic!("the probe failed: {error}"));
    assert!(!probe.summary.is_empty() && !probe.summary.contains('\n'), "a probe is told in one line: {probe:?}");
    assert!(stage.asked().unwrap_or_default().is_empty(), "trying the device sent it somewhere: {:?}", stage.asked());
}

async fn codes_arrive_byte_for_byte<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    stage.behave(Behaviour::Well);
    let before = stage.asked().map_or(0, |asked| asked.len());
    for (n, code) in CODES.into_iter().enumerate() {
        succeed(stage, &visit(D::OPERATION, code, n as u32 + 1, 1)).await;
    }
    if let Some(asked) = stage.asked() {
        assert_eq!(asked[before..], CODES, "the counterpart was asked for other locations");
    }
}

async fn operations_are_repeatable<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    stage.behave(Behaviour::Well);
    for attempt in [1, 1, 2] {
        succeed(stage, &visit(D::OPERATION, "1号", 100, attempt)).await;
    }
}

async fn operations_run_at_the_same_time<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    stage.behave(Behaviour::Well);
    let before = stage.asked().map_or(0, |asked| asked.len());
    let visits: Vec<Visit> = (0..16).map(|n| visit(D::OPERATION, &format!("{n}号"), 200 + n, 1)).collect();
    join_all(visits.iter().map(|visit| succeed(stage, visit))).await;
    if let Some(asked) = stage.asked() {
        let asked: BTreeSet<&str> = asked[before..].iter().map(String::as_str).collect();
        assert_eq!(asked, visits.iter().map(|visit| visit.location.as_str()).collect(), "locations were lost or mixed up");
    }
}

async fn failures_have_code_device_and_address<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    // Each try has a number of its own, as the engine's have: the counterpart may remember what became of one.
    let mut attempts = 1..;
    let mut visit = || visit(D::OPERATION, "1号", 300, attempts.next().unwrap_or_default());
    for behaviour in Behaviour::BAD {
        let Some(code) = stage.failure(behaviour) else { continue };
        stage.behave(behaviour);
        let (device, failing) = (stage.device(), visit());
        match within("an operation that fails", device.operate(&failing)).await {
            Ok(outcome) => panic!("{behaviour:?} went unnoticed: {outcome:?}"),
            Err(error) => {
                assert_eq!(error.code, code, "{behaviour:?}: {error}");
                assert!(error.message.contains("crane C1"), "{behaviour:?}: the crane is missing: {error}");
                assert!(error.message.contains(device.named()), "{behaviour:?}: the address {} is missing: {error}", device.named());
                assert!(!error.message.contains(char::is_control), "{behaviour:?}: control characters: {:?}", error.message);
            }
        }
        stage.behave(Behaviour::Well);
        succeed(stage, &visit()).await;
    }
}

async fn a_dropped_operation_ends<D: Subject + ?Sized>(stage: &dyn Stage<D>) {
    until("the counterpart is idle", || stage.busy() == 0).await;
    stage.behave(Behaviour::Hang);
    let (device, hanging) = (stage.device(), visit(D::OPERATION, "1号", 400, 1));
    tokio::select! {
        ended = device.operate(&hanging) => panic!("an operation ended though its counterpart hangs: {ended:?}"),
        () = until("the counterpart has the operation", || stage.busy() == 1) => {}
    }
    until("the counterpart of a dropped operation is idle again", || stage.busy() == 0).await;
    stage.behave(Behaviour::Well);
    succeed(stage, &visit(D::OPERATION, "1号", 400, 2)).await;
}

/// Reads bytes as whatever may come from a camera over a network: the head of an HTTP reply, an answer of ONVIF, a picture.
pub fn check_reply(bytes: &[u8]) {
    crate::http::check_head(bytes);
    crate::camera::check_reply(bytes);
}

/// How long the suite waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not end within {PATIENCE:?}"))
}

/// Waits until a state is reached.
pub async fn until(what: &str, reached: impl Fn() -> bool) {
    within(what, async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}
