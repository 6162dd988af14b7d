//! A small warehouse with an LLRP reader on each of two cranes. Each crane is simulated in a process of its own, so that it can die.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::program::{PATIENCE, Running, pandian};

/// The crane that nothing happens to, and the one whose reader has troubles.
pub(crate) const CRANES: [&str; 2] = ["C1", "C2"];
const BAYS: usize = 4;
/// How many locations the warehouse has: an aisle with two sides for each crane.
pub(crate) const LOCATIONS: usize = CRANES.len() * 2 * BAYS;
/// How many inventories of the troubled reader are in order. The next one begins late, so that something can happen to it.
pub(crate) const IN_ORDER: usize = 2;

/// The warehouse and its simulators.
pub(crate) struct Ground {
    folder: TempDir,
    plants: [Plant; CRANES.len()],
    tables: &'static str,
}

/// A crane, its reader and its camera as they are simulated.
struct Plant {
    running: Option<Running>,
    ends: Ends,
}

/// Where the devices of a crane are.
#[derive(Clone, Copy)]
struct Ends {
    http: SocketAddr,
    reader: SocketAddr,
}

impl Ground {
    /// `fault` befalls the second crane's devices, `tables` are further ones of the configuration.
    pub(crate) fn new(fault: &str, tables: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plants = CRANES.map(|crane| {
            let fault = if crane == CRANES[1] { fault } else { "" };
            Plant::start(&folder.path().join(crane), crane, fault)
        });
        let ground = Self { folder, plants, tables };
        ground.write(ground.reader());
        ground
    }

    /// Where the second crane's reader really is.
    pub(crate) fn reader(&self) -> SocketAddr {
        self.plants[1].ends.reader
    }

    /// The configuration that is counted with.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("warehouse.toml")
    }

    /// Has the program look for the second crane's reader at this address.
    pub(crate) fn write(&self, reader: SocketAddr) {
        let [first, second] = [self.plants[0].ends, Ends { reader, ..self.plants[1].ends }];
        std::fs::write(self.file(), warehouse("", self.tables, [Some(first), Some(second)])).unwrap();
    }

    /// A data directory.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a stocktake of everything.
    pub(crate) fn run(&self, data: &str) -> Running {
        let (file, data) = (self.file(), self.data(data));
        Running::start(&mut pandian([
            "run".as_ref(),
            file.as_os_str(),
            "--all".as_ref(),
            "--json".as_ref(),
            "--data".as_ref(),
            data.as_os_str(),
        ]))
    }

    /// Takes one up again.
    pub(crate) fn resume(&self, data: &str, id: &str) -> Running {
        Running::start(&mut pandian(["run", "--resume", id, "--json", "--data", self.data(data).to_str().unwrap()]))
    }

    /// Kills the second crane's simulator (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.plants[1].running.take().unwrap().kill();
    }

    /// Starts it again where it was, now without faults. Its crane stands where it stood, at this location.
    pub(crate) fn revive(&mut self, location: &str) {
        let plant = &mut self.plants[1];
        let file = self.folder.path().join(CRANES[1]).join("warehouse.toml");
        std::fs::write(&file, warehouse("", "", alone(CRANES[1], plant.ends))).unwrap();
        plant.running = Some(serve(&mut pandian(["sim".as_ref(), file.as_os_str()])).0);
        plant.send(location);
    }
}

impl Plant {
    fn start(folder: &Path, crane: &str, fault: &str) -> Self {
        std::fs::create_dir(folder).unwrap();
        let file = folder.join("warehouse.toml");
        let nowhere = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        std::fs::write(&file, warehouse(fault, "", alone(crane, Ends { http: nowhere(1), reader: nowhere(2) }))).unwrap();
        let (running, ends) = serve(&mut pandian(["sim".as_ref(), file.as_os_str(), "--listen".as_ref(), "127.0.0.1:0".as_ref()]));
        Self { running: Some(running), ends }
    }

    /// Sends the crane to a location, and waits until it is there.
    fn send(&self, location: &str) {
        let mut stream = TcpStream::connect(self.ends.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = format!("{{\"space_number\": \"{location}\"}}");
        write!(
            stream,
            "POST /execute_queue/ HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            self.ends.http,
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.contains("\"code\": 200"), "{reply}");
    }
}

/// A simulator, and where it serves.
fn serve(command: &mut std::process::Command) -> (Running, Ends) {
    let mut running = Running::start(command);
    let mut address = |scheme: &str| {
        let line = running.wait_for_line(scheme, |line| line.contains(scheme));
        line.split_once(scheme).unwrap().1.parse().unwrap()
    };
    let ends = Ends { http: address(" http://"), reader: address(" llrp://") };
    (running, ends)
}

/// The devices of one crane are on the wire.
fn alone(crane: &str, ends: Ends) -> [Option<Ends>; CRANES.len()] {
    CRANES.map(|other| (other == crane).then_some(ends))
}

/// The warehouse. Devices that are not on the wire are simulated in process, for nobody to use.
fn warehouse(fault: &str, tables: &str, cranes: [Option<Ends>; CRANES.len()]) -> String {
    let mut text = format!(
        "name = \"Readers\"\n{tables}\n[book]\nsimulated = true\n\n[simulation]\nseed = 11\nspeed = 25.0\ndifferences = 0.2\n\
         misplaced_within = 2\n\n[simulation.radio]\n\n{fault}\n"
    );
    for ((crane, ends), aisle) in CRANES.into_iter().zip(cranes).zip(["A01", "A02"]) {
        text += &format!(
            "\n[[aisle]]\nid = \"{aisle}\"\nbays = {BAYS}\nlevels = 1\ncode = \"{{aisle}}-{{side}}-{{bay:02}}\"\n\n\
             [[crane]]\nid = \"{crane}\"\naisles = [\"{aisle}\"]\n"
        );
        text += &match ends {
            None => "device = { kind = \"sim\" }\nreader = { kind = \"sim\" }\ncamera = { kind = \"sim\" }\n".to_owned(),
            Some(Ends { http, reader }) => format!(
                "device = {{ kind = \"http\", url = \"http://{http}/execute_queue/\" }}\n\
                 reader = {{ kind = \"llrp\", address = \"{reader}\", dwell = \"5s\", keepalive = \"500ms\" }}\n\
                 camera = {{ kind = \"http\", url = \"http://{http}/cameras/{{crane}}/capture?location={{location}}\", \
                 compare_url = \"http://{http}/cameras/{{crane}}/compare?location={{location}}\" }}\n"
            ),
        };
    }
    text
}
