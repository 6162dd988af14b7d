//! A small warehouse whose one crane and LLRP reader are served in this process, and others' programs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pandian::assemble::{load, simulation};
use pandian_sim::wire::{CraneRoute, LlrpReaderSpec, Route, ServerSpec, Serves, SimServers};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::program::{Ended, Running, event, pandian};

/// A configuration of one crane with an LLRP reader, `C1`, on an aisle of four bays. `reader` are further settings of it.
pub(crate) fn warehouse(folder: &Path, crane: &str, address: SocketAddr, reader: &str) -> PathBuf {
    let file = folder.join("warehouse.toml");
    let text = format!(
        "name = \"Interop\"\n[book]\nsimulated = true\n[[aisle]]\nid = \"A01\"\nbays = 4\nlevels = 1\n\
         code = \"{{aisle}}-{{side}}-{{bay:02}}-{{level:02}}\"\n[[crane]]\nid = \"C1\"\naisles = [\"A01\"]\ndevice = {{ {crane} }}\n\
         reader = {{ kind = \"llrp\", address = \"{address}\", dwell = \"500ms\"{reader} }}\n\
         [simulation]\nseed = 7\nspeed = 50.0\ndifferences = 0.0\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// Every location of such a warehouse.
pub(crate) const LOCATIONS: usize = 8;

/// Our emulator of a reader, and the crane that it rides on.
pub(crate) struct Stand {
    pub(crate) folder: TempDir,
    /// Where the reader is.
    pub(crate) reader: SocketAddr,
    crane: SocketAddr,
    servers: Option<SimServers>,
    runtime: Runtime,
}

impl Stand {
    /// Serves the reader that `spec` describes.
    pub(crate) fn start(spec: impl FnOnce(LlrpReaderSpec) -> LlrpReaderSpec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        // Nobody looks for the reader at this address.
        let warehouse = load(&warehouse(folder.path(), "kind = \"sim\"", SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), "")).unwrap();
        let world = simulation(&warehouse, None).unwrap().unwrap();
        let crane = warehouse.cranes[0].id.clone();
        let specs = [Serves::Http(vec![Route::Crane(CraneRoute::new(crane.clone()))]), Serves::Llrp(spec(LlrpReaderSpec::new(crane)))];
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let specs = specs.map(|serves| ServerSpec { listen: any, serves }).into();
        let servers = runtime.block_on(SimServers::start(world, specs)).unwrap();
        let [crane, reader] = servers.addresses()[..] else { panic!("two servers") };
        Self { folder, reader, crane, servers: Some(servers), runtime }
    }

    /// The configuration for it, with the reader at `address`, behind a recorder for instance.
    pub(crate) fn warehouse(&self, address: SocketAddr, reader: &str) -> PathBuf {
        let crane = format!("kind = \"http\", url = \"http://{}/api/smart_check/execute_queue/\"", self.crane);
        warehouse(self.folder.path(), &crane, address, reader)
    }

    /// Counts everything in it; gives the events.
    pub(crate) fn count(&self, file: &Path) -> Vec<Value> {
        count(file, &self.folder.path().join("data"))
    }

    /// Sends the crane to a location, and waits until it is there.
    pub(crate) fn send_to(&self, location: &str) {
        let mut stream = TcpStream::connect(self.crane).unwrap();
        let body = format!("{{\"space_number\": \"{location}\"}}");
        let host = self.crane;
        write!(
            stream,
            "POST /api/smart_check/execute_queue/ HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.contains("\"code\": 200"), "{reply}");
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let servers = self.servers.take().unwrap();
        self.runtime.block_on(servers.stop());
    }
}

/// Counts everything in a warehouse; gives the events. Nothing may fail on the way.
pub(crate) fn count(file: &Path, data: &Path) -> Vec<Value> {
    let arguments = ["run", file.to_str().unwrap(), "--all", "--json", "--data", data.to_str().unwrap()];
    let ended = Running::start(&mut pandian(arguments)).end();
    let events = ended.events();
    let failures: Vec<_> = events.iter().filter(|event| event["type"] == "operation_failed").collect();
    assert!(failures.is_empty() && ended.stderr.is_empty(), "{failures:#?} {}", ended.stderr);
    let inventories = events.iter().filter(|event| event["type"] == "inventory_done").count();
    assert_eq!(inventories, LOCATIONS, "{events:#?}");
    events
}

/// How many tags the inventories of a stocktake heard in all.
pub(crate) fn heard(events: &[Value]) -> u64 {
    events.iter().filter(|event| event["type"] == "inventory_done").map(|event| event["tags"].as_u64().unwrap()).sum()
}

/// What `pandian devices` says of the reader.
pub(crate) fn tried(file: &Path) -> Value {
    let ended = Running::start(&mut pandian(["devices", file.to_str().unwrap(), "--json"])).end();
    let devices = ended.events();
    devices.into_iter().find(|device| device["device"] == "reader").unwrap_or_else(|| panic!("{}", ended.stderr))
}

/// What `pandian devices listen` hears for so many seconds.
pub(crate) fn listened(arguments: &[&str], seconds: &str) -> Ended {
    let always = ["devices", "listen", "--json", "--seconds", seconds];
    Running::start(&mut pandian(always.iter().chain(arguments))).end()
}

/// A program in Python of `tests/interop`.
pub(crate) fn python(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script)).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs one that prints one line of JSON.
pub(crate) fn told_by(script: &str, arguments: &[&str]) -> Value {
    let ended = Running::start(&mut python(script, arguments)).end();
    let line = ended.lines.last().unwrap_or_else(|| panic!("{script}: {}", ended.stderr));
    assert!(ended.status.success(), "{script}: {}", ended.stderr);
    event(line)
}
