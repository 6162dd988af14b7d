//! The simulated kinds pass the contract suite of the real ones.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use pandian_devices::catalog::Kind;
use pandian_devices::suite::{self, Behaviour, CODES, Stage};
use pandian_devices::{Arrival, BuildContext, Camera, Comparer, Crane, DevicePending, Probe, Shot, TagReader, Visit};
use pandian_domain::layout::{Layout, QueueSpec, Slot};
use pandian_domain::{Code, Inventory, LaneSpec};
use pandian_sim::{Simulation, catalog};

use crate::warehouse::simulation;

/// Every location that the suite names, behind the crane `C1`.
fn layout() -> Layout {
    let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
    let mut layout = Layout::new(vec![lane], vec![QueueSpec::default()]);
    for code in CODES.into_iter().map(str::to_owned).chain((0..16).map(|n| format!("{n}号"))) {
        if layout.find(&code).is_none() {
            layout.add(Slot { code: code.as_str().into(), place: None, queue: 0 }).unwrap();
        }
    }
    layout
}

/// A world in which every operation of a device meets a fault, or none.
fn world(fault: Option<&str>, device: &str) -> Arc<Simulation> {
    let quick = "opaque_travel = [\"1ms\", \"2ms\"]\ninventory_time = \"1ms\"\ncapture_time = \"1ms\"\ncompare_time = \"1ms\"";
    let fault = fault.map(|kind| format!("\n[[fault]]\nkind = \"{kind}\"\ndevice = \"{device}\"\nrate = 1.0\n"));
    simulation(layout(), &format!("{quick}{}", fault.unwrap_or_default()))
}

struct SimStage<D: ?Sized> {
    role: &'static str,
    build: fn(&BuildContext) -> Arc<D>,
    count: fn(Arc<D>, Arc<AtomicUsize>) -> Arc<D>,
    simulation: Mutex<Arc<Simulation>>,
    busy: Arc<AtomicUsize>,
}

impl<D: ?Sized> SimStage<D> {
    fn new(role: &'static str, build: fn(&BuildContext) -> Arc<D>, count: fn(Arc<D>, Arc<AtomicUsize>) -> Arc<D>) -> Self {
        Self { role, build, count, simulation: Mutex::new(world(None, role)), busy: Arc::default() }
    }

    fn fault(&self, behaviour: Behaviour) -> Option<(&'static str, Code)> {
        let camera = self.role == "camera";
        Some(match behaviour {
            Behaviour::Well => return None,
            Behaviour::Hang => ("hang", Code::DeviceTimeout),
            Behaviour::Garbage if camera => ("corrupt_picture", Code::CameraBadPicture),
            Behaviour::Garbage => ("garbage", Code::DeviceBadReply),
            Behaviour::Fail => ("server_error", Code::DeviceHttpStatus),
            Behaviour::Drop => ("drop", Code::DeviceDropped),
            Behaviour::Elsewhere if self.role == "crane" => ("wrong_location", Code::CraneWrongLocation),
            Behaviour::Alarm if self.role == "crane" => ("crane_alarm", Code::CraneAlarm),
            Behaviour::Elsewhere | Behaviour::Alarm => return None,
        })
    }
}

impl<D: ?Sized + 'static> Stage<D> for SimStage<D>
where
    Arc<D>: Send + Sync,
{
    fn device(&self) -> Arc<D> {
        let context =
            BuildContext { world: Some(self.simulation.lock().unwrap().clone().into_any()), ..BuildContext::new("C1".into(), ".") };
        (self.count)((self.build)(&context), self.busy.clone())
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.simulation.lock().unwrap() = world(self.fault(behaviour).map(|(kind, _)| kind), self.role);
    }

    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        self.fault(behaviour).map(|(_, code)| code)
    }

    fn asked(&self) -> Option<Vec<String>> {
        None
    }

    fn busy(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }
}

/// A device whose operations under way are counted.
pub(crate) struct Counted<D: ?Sized> {
    pub(crate) device: Arc<D>,
    pub(crate) busy: Arc<AtomicUsize>,
}

struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(busy: &Arc<AtomicUsize>) -> Self {
        busy.fetch_add(1, Ordering::SeqCst);
        Self(busy.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Crane for Counted<dyn Crane> {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        async move {
            let _under_way = UnderWay::new(&self.busy);
            self.device.go_to(visit).await
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        self.device.probe()
    }
    fn address(&self) -> &str {
        self.device.address()
    }
}

impl TagReader for Counted<dyn TagReader> {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        async move {
            let _under_way = UnderWay::new(&self.busy);
            self.device.inventory(visit).await
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        self.device.probe()
    }
    fn address(&self) -> &str {
        self.device.address()
    }
}

impl Camera for Counted<dyn Camera> {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        async move {
            let _under_way = UnderWay::new(&self.busy);
            self.device.capture(visit).await
        }
        .boxed()
    }
    fn probe(&self) -> DevicePending<'_, Probe> {
        self.device.probe()
    }
    fn address(&self) -> &str {
        self.device.address()
    }
    fn comparer(&self) -> Option<&dyn Comparer> {
        self.device.comparer()
    }
}

fn first<D: ?Sized>(kinds: &[Kind<D>], context: &BuildContext) -> Arc<D> {
    (kinds[0].parse)(toml::de::ValueDeserializer::parse("{}").unwrap()).unwrap().build(context).unwrap()
}

#[tokio::test]
async fn the_simulated_crane_keeps_the_contract() {
    let stage =
        SimStage::<dyn Crane>::new("crane", |context| first(&catalog().cranes, context), |device, busy| Arc::new(Counted { device, busy }));
    suite::check(&stage).await;
}

#[tokio::test]
async fn the_simulated_reader_keeps_the_contract() {
    let stage = SimStage::<dyn TagReader>::new(
        "reader",
        |context| first(&catalog().readers, context),
        |device, busy| Arc::new(Counted { device, busy }),
    );
    suite::check(&stage).await;
}

#[tokio::test]
async fn the_simulated_camera_keeps_the_contract() {
    let stage = SimStage::<dyn Camera>::new(
        "camera",
        |context| first(&catalog().cameras, context),
        |device, busy| Arc::new(Counted { device, busy }),
    );
    suite::check(&stage).await;
}
