//! Warehouses whose readers and cameras are tasks, with what is done to them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pandian_celery::stand::{Rabbit, Redis, WorkerSpec};
use pandian_store::{Access, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::program::{Ended, Running, event, pandian};
use super::tasklog::TaskLog;

/// A broker and a backend.
pub(crate) struct Servers {
    pub(crate) rabbit: Rabbit,
    pub(crate) redis: Redis,
}

/// The servers of all tests that do nothing to them. They end with this program.
pub(crate) async fn servers() -> &'static Servers {
    static SERVERS: OnceCell<Servers> = OnceCell::const_new();
    let start = || async {
        let (rabbit, redis) = tokio::join!(Rabbit::start(), Redis::start());
        Servers { rabbit, redis }
    };
    SERVERS.get_or_init(start).await
}

/// A warehouse to be written. Its cranes are simulated, its readers and cameras are tasks.
pub(crate) struct Draft {
    /// Its name, which its queues bear, too: no other test's.
    pub(crate) name: &'static str,
    /// The broker and the backend, as the workers reach them.
    pub(crate) servers: [String; 2],
    /// The same as pandian reaches them.
    pub(crate) reached: [String; 2],
    /// How many locations, and cranes behind one dispatcher.
    pub(crate) size: [usize; 2],
    /// How long the tasks `rfid` and `capture` take, in seconds.
    pub(crate) seconds: [f64; 2],
    /// Settings that reader and camera have in common: the time-out.
    pub(crate) device: &'static str,
    /// Whether workers have the settings that the example recommends, or Celery's own.
    pub(crate) is_careful: bool,
}

impl Draft {
    /// Six locations, two cranes.
    pub(crate) fn new(name: &'static str, broker: &str, backend: &str) -> Self {
        let servers = [broker.to_owned(), backend.to_owned()];
        let (size, seconds, device) = ([6, 2], [0.5, 1.5], "timeout = \"40s\"");
        Self { name, reached: servers.clone(), servers, size, seconds, device, is_careful: false }
    }

    /// Writes it down.
    pub(crate) fn write(self) -> Ground {
        let [locations, lanes] = self.size;
        let locations: Vec<String> = (1..=locations).map(|n| format!("A{n:02}")).collect();
        let (reader, camera) = (self.device("rfid"), self.device("capture"));
        let table = format!(
            "[[dispatcher]]\nid = \"WCS\"\nlanes = {lanes}\nlocations = {locations:?}\ndevice = {{ kind = \"sim\" }}\n\
             reader = {{ {reader} }}\ncamera = {{ {camera} }}\n"
        );
        self.write_with(locations, &table)
    }

    /// Writes it down with tables of cranes of its own.
    pub(crate) fn write_with(self, locations: Vec<String>, cranes: &str) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let mut book = "location,item,handling_unit,epc,quantity\n".to_owned();
        for (n, location) in (1..).zip(&locations) {
            book += &format!("{location},tea,HU{n},3034257BF7194E40{n:08},1\n");
        }
        std::fs::write(folder.path().join("book.csv"), book).unwrap();
        let text = format!(
            "name = {:?}\nrelease = \"after-verification\"\n\n[book]\nfile = \"book.csv\"\n\n{cranes}\n\
             [simulation]\nseed = 1\nopaque_travel = [\"100ms\", \"100ms\"]\n",
            self.name
        );
        std::fs::write(folder.path().join("warehouse.toml"), text).unwrap();
        let log = TaskLog(folder.path().join("tasks.log"));
        Ground { folder, draft: self, locations, log }
    }

    /// The settings of a reader or a camera whose task is at the queue of that name.
    pub(crate) fn device(&self, task: &str) -> String {
        let [broker, backend] = &self.reached;
        let queue = self.queue(task);
        format!(
            "kind = \"celery\", broker = {broker:?}, backend = {backend:?}, task = {task:?}, queue = {queue:?}, \
             args = [\"{{location}}\"], {}",
            self.device
        )
    }

    pub(crate) fn queue(&self, task: &str) -> String {
        format!("{}-{task}", self.name)
    }
}

/// A warehouse in a folder of its own.
pub(crate) struct Ground {
    folder: TempDir,
    draft: Draft,
    locations: Vec<String>,
    pub(crate) log: TaskLog,
}

impl Ground {
    /// The folder with its configuration.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A worker for both tasks, with as many processes as tasks can be under way.
    pub(crate) fn worker(&self, name: &str) -> WorkerSpec {
        let tasks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/celery");
        let draft = &self.draft;
        let [broker, backend] = &draft.servers;
        let variable = |name: &str, value: &dyn ToString| (name.to_owned(), OsString::from(value.to_string()));
        WorkerSpec {
            queues: vec![draft.queue("rfid"), draft.queue("capture")],
            concurrency: 2 * draft.size[1] as u16,
            env: vec![
                ("TASK_LOG".to_owned(), self.log.0.clone().into()),
                ("BOOK".to_owned(), self.folder().join("book.csv").into()),
                variable("RFID_SECONDS", &draft.seconds[0]),
                variable("CAPTURE_SECONDS", &draft.seconds[1]),
                variable("CAREFUL", &u8::from(draft.is_careful)),
            ],
            ..WorkerSpec::new(tasks, "tasks", broker, backend, &format!("{}-{name}", draft.name))
        }
    }

    fn start(&self, arguments: &[&str], environment: &[(&str, String)]) -> Running {
        let data = self.data();
        let always = ["run", "--json", "--data", data.to_str().unwrap()];
        Running::start(pandian(always.iter().chain(arguments)).envs(environment.iter().cloned()))
    }

    /// Starts a stocktake of everything.
    pub(crate) fn run(&self) -> Running {
        self.run_with(&[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn run_with(&self, environment: &[(&str, String)]) -> Running {
        self.start(&["--all", self.folder().to_str().unwrap()], environment)
    }

    /// Takes the stocktake of an event up again.
    pub(crate) fn resume(&self, event: &Value) -> Running {
        self.start(&["--resume", event["stocktake"].as_str().unwrap()], &[])
    }

    /// What is on record.
    pub(crate) async fn records(&self) -> Vec<Value> {
        let store = Store::open(&self.data(), Access::Read).await.unwrap();
        store.records_after(0, u32::MAX).await.unwrap().iter().map(|stored| event(&stored.body)).collect()
    }

    /// Makes sure that every location is counted once, and as the book has it. Gives the failures on the way there.
    pub(crate) async fn counted(&self, ended: &Ended) -> Vec<Value> {
        let records = self.records().await;
        let failures: Vec<Value> = records.iter().filter(|record| record["type"] == "operation_failed").cloned().collect();
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""), "{failures:#?}");
        let mut judged: Vec<(&str, &str)> = Vec::new();
        for record in records.iter().filter(|record| record["type"] == "judged") {
            judged.push((record["location"].as_str().unwrap(), record["verdict"].as_str().unwrap()));
        }
        judged.sort_unstable();
        let expected: Vec<(&str, &str)> = self.locations.iter().map(|location| (location.as_str(), "match")).collect();
        assert_eq!(judged, expected, "every location is judged once");
        failures
    }
}

/// The codes of failures, in order.
pub(crate) fn codes(failures: &[Value]) -> Vec<&str> {
    failures.iter().map(|failure| failure["code"].as_str().unwrap()).collect()
}
