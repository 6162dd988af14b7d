//! The real drivers against the simulation on the wire: what each fault is to them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::callback::{CallbackListener, CallbackTable};
use pandian_devices::catalog::Kind;
use pandian_devices::{BuildContext, Catalog, DeviceError, Shot, Visit};
use pandian_domain::{Code, OpKind, StocktakeId};
use pandian_sim::wire::{CraneRoute, Manner};
use pandian_sim::{FaultKind, SimServers, Simulation};
use tokio::time::timeout;

use crate::warehouse::{opaque, simulation};
use crate::wire::{PATH, serve};

fn build<D: ?Sized>(kinds: &[Kind<D>], settings: &str) -> Arc<D> {
    build_awaiting(kinds, settings, &Arc::default())
}

fn build_awaiting<D: ?Sized>(kinds: &[Kind<D>], settings: &str, callbacks: &Arc<CallbackTable>) -> Arc<D> {
    let context = BuildContext { callbacks: callbacks.clone(), ..BuildContext::new("WCS".into(), ".") };
    let http = kinds.iter().find(|kind| kind.name == "http").unwrap();
    (http.parse)(toml::de::ValueDeserializer::parse(settings).unwrap()).unwrap().build(&context).unwrap()
}

fn visit(op: OpKind, attempt: u16) -> Visit {
    let stocktake = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
    Visit {
        stop: stocktake.stop(1),
        op,
        attempt,
        timeout: Duration::from_secs(60),
        location: "1号".into(),
        place: None,
        lane: "WCS/1".into(),
        crane: "WCS".into(),
    }
}

async fn within<T>(work: impl Future<Output = Result<T, DeviceError>>) -> Result<T, Code> {
    timeout(Duration::from_millis(1500), work).await.map_or(Err(Code::DeviceTimeout), |done| done.map_err(|error| error.code))
}

/// Does one operation of the real drivers: travel, inventory, capture with comparison.
async fn operate(address: SocketAddr, op: OpKind, attempt: u16) -> Result<(), Code> {
    let (catalog, visit) = (Catalog::real(), visit(op, attempt));
    match op {
        OpKind::Goto => {
            let crane = build(&catalog.cranes, &format!("{{ url = \"http://{address}{PATH}\", alarm_codes = [500] }}"));
            within(crane.go_to(&visit)).await.map(|_| ())
        }
        OpKind::Inventory => {
            let url = format!("{{ url = \"http://{address}/readers/{{crane}}/inventory?location={{location}}\" }}");
            let inventory = within(build(&catalog.readers, &url).inventory(&visit)).await?;
            assert!(inventory.tags.is_some_and(|tags| !tags.is_empty()));
            Ok(())
        }
        _ => {
            let camera = build(
                &catalog.cameras,
                &format!(
                    "{{ url = \"http://{address}/cameras/{{crane}}/capture?location={{location}}\", \
                     compare_url = \"http://{address}/cameras/{{crane}}/compare\" }}"
                ),
            );
            let Shot::Whole(end) = within(camera.capture(&visit)).await? else { panic!("an HTTP camera ends with its reply") };
            let findings = within(camera.comparer().unwrap().compare(&visit, end.picture.unwrap())).await?;
            assert_eq!(findings.occupied, Some(true));
            Ok(())
        }
    }
}

async fn faulty(kind: FaultKind, device: &str) -> (Arc<Simulation>, SimServers, SocketAddr) {
    let fault = format!(
        "speed = 1000.0\nfill = 1.0\ndifferences = 0.0\n[[fault]]\nkind = \"{}\"\ndevice = \"{device}\"\ntimes = 1\nlasting = \"400s\"\n",
        kind.as_str()
    );
    let fault =
        if matches!(kind, FaultKind::Refuse | FaultKind::DeviceRestart) { fault } else { fault.replace("lasting = \"400s\"\n", "") };
    let simulation = simulation(opaque(3, 1), &fault);
    let (servers, address) = serve(&simulation, CraneRoute::new("WCS".into())).await;
    (simulation, servers, address)
}

#[tokio::test]
async fn each_fault_is_its_own_error_to_the_real_drivers_and_passes() {
    use FaultKind as Kind;
    let any = [
        (Kind::Hang, Code::DeviceTimeout),
        (Kind::Refuse, Code::DeviceDropped),
        (Kind::Drop, Code::DeviceDropped),
        (Kind::Garbage, Code::DeviceBadReply),
        (Kind::ServerError, Code::DeviceHttpStatus),
        (Kind::DeviceRestart, Code::DeviceDropped),
    ];
    let own = [
        ("crane", Kind::WrongCode, Code::CraneWrongCode),
        ("crane", Kind::WrongLocation, Code::CraneWrongLocation),
        ("crane", Kind::CraneAlarm, Code::CraneAlarm),
        ("camera", Kind::CorruptPicture, Code::CameraBadPicture),
    ];
    let devices = [("crane", OpKind::Goto), ("reader", OpKind::Inventory), ("camera", OpKind::Capture)];
    let cases = devices.iter().flat_map(|(device, _)| any.map(|(kind, code)| (*device, kind, code))).chain(own);
    for (device, kind, code) in cases {
        let (simulation, servers, address) = faulty(kind, device).await;
        let op = devices.iter().find(|(name, _)| *name == device).unwrap().1;
        assert_eq!(operate(address, op, 1).await, Err(code), "{device} {kind:?}");
        if matches!(kind, Kind::Refuse | Kind::DeviceRestart) {
            assert_eq!(operate(address, op, 2).await, Err(Code::DeviceUnreachable), "{device} {kind:?}");
        }
        let healed = async {
            while operate(address, op, 3).await == Err(Code::DeviceUnreachable) {
                tokio::task::yield_now().await;
            }
            operate(address, op, 4).await
        };
        assert_eq!(timeout(Duration::from_secs(20), healed).await.unwrap(), Ok(()), "{device} {kind:?}");
        assert_eq!(simulation.faults_struck(), [(kind, 1)]);
        servers.stop().await;
    }
}

#[tokio::test]
async fn a_polled_crane_arrives() {
    let simulation = simulation(opaque(3, 1), "speed = 100.0");
    let tasks = "/api/smart_check/tasks/";
    let route = CraneRoute { manner: Manner::Poll { tasks: tasks.into() }, ..CraneRoute::new("WCS".into()) };
    let (servers, address) = serve(&simulation, route).await;
    let settings = format!(
        "{{ url = \"http://{address}{PATH}\", mode = \"poll\", poll_url = \"http://{address}{tasks}{{task_id}}\", poll_interval = \"10ms\" }}"
    );
    let crane = build(&Catalog::real().cranes, &settings);
    assert!(within(crane.go_to(&visit(OpKind::Goto, 1))).await.is_ok());
    servers.stop().await;
}

#[tokio::test]
async fn a_crane_that_calls_back_arrives_also_for_a_process_that_was_started_again() {
    let simulation = simulation(opaque(3, 1), "speed = 100.0");
    let secret = "a secret of some length";
    let orders = Arc::new(CallbackTable::new());
    let listener = CallbackListener::bind(([127, 0, 0, 1], 0).into(), secret, orders.clone()).await.unwrap();
    let url = format!("http://{}/callbacks/cranes/WCS", listener.address());
    let manner = Manner::CallBack { url, secret: Some(secret.into()) };
    let (servers, address) = serve(&simulation, CraneRoute { manner, ..CraneRoute::new("WCS".into()) }).await;
    let settings = format!("{{ url = \"http://{address}{PATH}\", mode = \"callback\" }}");
    let go = async |orders: &Arc<CallbackTable>| {
        let crane = build_awaiting(&Catalog::real().cranes, &settings, orders);
        timeout(Duration::from_secs(20), crane.go_to(&visit(OpKind::Goto, 1))).await.unwrap().unwrap()
    };
    go(&orders).await;
    let callbacks = listener.address();
    drop(listener);
    // Started again, the process knows nothing of the call that came.
    let orders = Arc::new(CallbackTable::new());
    let bound = async {
        loop {
            match CallbackListener::bind(callbacks, secret, orders.clone()).await {
                Ok(listener) => break listener,
                // The old listener is closed by its task, a moment later.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let _listener = timeout(Duration::from_secs(20), bound).await.unwrap();
    go(&orders).await;
    servers.stop().await;
}
