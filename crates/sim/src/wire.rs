//! The simulation on the wire: servers of HTTP and of LLRP that real drivers, and any other client, speak to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pandian_devices::http::HttpClient;
use pandian_domain::CraneId;
use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::fault::FaultKind;
use crate::simulation::Simulation;

pub mod camera;
mod check;
pub mod crane;
mod listener;
pub mod llrp;
mod reply;
mod request;

use camera::CameraService;
pub use camera::{Account, CameraSpec, Channel, Make, Scheme};
use crane::CraneService;
pub use crane::{CraneRoute, Manner};
use llrp::LlrpService;
pub use llrp::{Flavour, LlrpReaderSpec, TlsFiles};

/// One server: an address and what is to be had there.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What it serves.
    pub serves: Serves,
}

/// What a server speaks, and about what.
#[derive(Debug, Clone)]
pub enum Serves {
    /// HTTP.
    Http(Vec<Route>),
    /// LLRP: one reader has an address for itself.
    Llrp(LlrpReaderSpec),
}

/// Something an HTTP server has to offer.
#[derive(Debug, Clone)]
pub enum Route {
    /// A crane or dispatcher.
    Crane(CraneRoute),
    /// Every crane's reader: `GET` or `POST /readers/{crane}/inventory?location=…`.
    Readers,
    /// A camera with paths of its own.
    Camera(CameraSpec),
    /// Every crane's camera: `GET` or `POST /cameras/{crane}/capture?location=…` and `POST /cameras/{crane}/compare`.
    Cameras,
}

/// An address that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the simulation cannot listen at {listen}: {source}")]
pub struct ListenError {
    /// The address.
    pub listen: SocketAddr,
    /// What the operating system says, or what is wrong with a file.
    pub source: io::Error,
}

/// Servers that run until they are stopped or dropped.
#[derive(Debug)]
pub struct SimServers {
    servers: Vec<Arc<Server>>,
    simulation: Arc<Simulation>,
    tasks: TaskTracker,
    /// Dropping it ends all tasks.
    stop: DropGuard,
}

/// How much the servers had to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that found something to ask, by what they asked.
    pub requests: Vec<(String, u64)>,
    /// Faults that struck, by kind.
    pub faults: Vec<(FaultKind, u64)>,
}

/// One running server.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    simulation: Arc<Simulation>,
    cranes: Vec<Arc<CraneService>>,
    /// Requests to all readers, where they are served.
    readers: Option<AtomicU64>,
    cameras: Option<AtomicU64>,
    /// Cameras with paths of their own.
    snapshots: Vec<Arc<CameraService>>,
    /// The reader behind an address that speaks LLRP; there is no HTTP then.
    llrp: Option<Arc<LlrpService>>,
    outages: mpsc::Sender<Outage>,
    /// Work that outlives its request: travels of tasks, call-backs.
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A time without a listener.
#[derive(Debug)]
struct Outage {
    time: Duration,
    /// Connections are cut too; else they end after the request that they carry.
    cuts: bool,
    /// Told, or dropped, when the listener is closed.
    begun: oneshot::Sender<()>,
}

impl SimServers {
    /// Binds every address and serves them until stopped. Needs a tokio runtime with time and network.
    pub async fn start(simulation: Arc<Simulation>, specs: Vec<ServerSpec>) -> Result<Self, ListenError> {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let http = HttpClient::new();
        let mut servers = Vec::with_capacity(specs.len());
        for spec in specs {
            let listen = spec.listen;
            let bound = bind(listen).and_then(|listener| Ok((listener.local_addr()?, listener)));
            let (address, listener) = bound.map_err(|source| ListenError { listen, source })?;
            let (outages, outage_requests) = mpsc::channel(16);
            let (routes, llrp) = match spec.serves {
                Serves::Http(routes) => (routes, None),
                Serves::Llrp(reader) => {
                    let service = LlrpService::new(reader, &simulation).map_err(|source| ListenError { listen, source })?;
                    (Vec::new(), Some(Arc::new(service)))
                }
            };
            let has = |wanted: fn(&Route) -> bool| routes.iter().any(wanted).then(AtomicU64::default);
            let server = Arc::new(Server {
                address,
                readers: has(|route| matches!(route, Route::Readers)),
                cameras: has(|route| matches!(route, Route::Cameras)),
                snapshots: routes.iter().filter_map(|route| CameraService::of(route, &simulation)).map(Arc::new).collect(),
                cranes: routes.into_iter().filter_map(|route| CraneService::of(route, &simulation, &http)).map(Arc::new).collect(),
                llrp,
                simulation: simulation.clone(),
                outages,
                tasks: tasks.clone(),
                stop: stop.clone(),
            });
            tasks.spawn(listener::serve(server.clone(), listener, outage_requests));
            servers.push(server);
        }
        Ok(Self { servers, simulation, tasks, stop: stop.drop_guard() })
    }

    /// The address of each server, in the order of the specifications.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// The same with the protocol: `http://…`, `llrp://…`, or `llrps://…` over TLS.
    pub fn urls(&self) -> Vec<String> {
        let scheme = |server: &Server| server.llrp.as_ref().map_or("http", |reader| if reader.is_encrypted() { "llrps" } else { "llrp" });
        self.servers.iter().map(|server| format!("{}://{}", scheme(server), server.address)).collect()
    }

    /// What the servers had to do so far.
    pub fn traffic(&self) -> Traffic {
        let of_server = |server: &Arc<Server>| {
            let cranes = server.cranes.iter().map(|crane| (format!("crane {}", crane.route.crane), crane.requests()));
            let checks = [("readers", &server.readers), ("cameras", &server.cameras)];
            let checks = checks.into_iter().filter_map(|(what, count)| Some((what.to_owned(), count.as_ref()?.load(Ordering::Relaxed))));
            let snapshots = server.snapshots.iter().map(|camera| (format!("camera {}", camera.name()), camera.requests()));
            let llrp = server.llrp.iter().map(|reader| (format!("LLRP reader {}", reader.name()), reader.requests()));
            cranes.chain(checks).chain(snapshots).chain(llrp).collect::<Vec<_>>()
        };
        Traffic { requests: self.servers.iter().flat_map(of_server).collect(), faults: self.simulation.faults_struck() }
    }

    /// Closes all listeners and connections and waits until nothing of the servers runs any more.
    pub async fn stop(self) -> Traffic {
        let traffic = self.traffic();
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
        traffic
    }
}

impl Server {
    /// The crane of that name, if this warehouse has it.
    fn known_crane(&self, name: &str) -> Option<CraneId> {
        let crane = CraneId::from(name);
        self.simulation.lanes(&crane).map(|_| crane)
    }

    /// Closes the listener for a while; ends when it is closed. Of outages that are asked for at the same time a few are enough.
    async fn be_away(&self, time: Duration, cuts: bool) {
        let (begun, closed) = oneshot::channel();
        if self.outages.try_send(Outage { time, cuts, begun }).is_ok() {
            let _ = closed.await;
        }
    }
}

/// A listener with room for thousands of connections that come at once.
fn bind(listen: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // The address is taken again at once after an outage, though old connections still linger.
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(16_384)
}
