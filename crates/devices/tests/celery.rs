//! The kind `celery` passes the contract suite, with real servers and real workers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::sync::Arc;

use pandian_celery::stand::{Rabbit, Redis, WorkerSpec, Workers};
use pandian_devices::celery::CeleryClients;
use pandian_devices::suite::{self, Behaviour, Stage};
use pandian_devices::{BuildContext, Camera, TagReader};
use pandian_domain::Code;
use tempfile::TempDir;

#[path = "drivers/ground.rs"]
#[allow(dead_code, reason = "the drivers' tests use the rest")]
mod ground;

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn tasks_with_results_in_redis_keep_the_contract() {
    let (rabbit, redis) = tokio::join!(Rabbit::start(), Redis::start());
    tasks_keep_the_contract(&rabbit.url(), &redis.url()).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn tasks_with_results_through_the_broker_keep_the_contract() {
    let rabbit = Rabbit::start().await;
    tasks_keep_the_contract(&rabbit.url(), "rpc://").await;
}

async fn tasks_keep_the_contract(broker: &str, backend: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/celery");
    // Fewer processes than the suite has operations at the same time: some wait in the queue.
    let workers = Workers::start(&WorkerSpec { concurrency: 4, ..WorkerSpec::new(folder, "tasks", broker, backend, "stage") }).await;
    let settings = |task: &str, folder: &Path, result: &str| {
        let (common, folder) = ("queue = \"stage\", args = [\"{location}\"], abandoned = \"terminate\"", folder.display());
        let servers = format!("broker = \"{broker}\", backend = \"{backend}\"");
        format!("{{ {servers}, task = \"{task}\", {common}, kwargs = {{ folder = \"{folder}\" }}, result = {result} }}")
    };
    let clients = CeleryClients::named(|| "pandian.suite".to_owned());
    let reader: Tasks<dyn TagReader> =
        tasks(&clients, |context| ground::reader("celery", &settings("stage.rfid", &context.folder, "{}"), context));
    suite::check(&reader).await;
    let mapping = "{ pictures = \".\", acquired = \"ACQUIRED\" }";
    let camera: Tasks<dyn Camera> =
        tasks(&clients, |context| ground::camera("celery", &settings("stage.capture", &context.folder, mapping), context));
    suite::check(&camera).await;
    drop(workers);
}

/// A device whose counterpart is tasks that share a folder with us; their behaviour stands in its file `behaviour`.
struct Tasks<D: ?Sized> {
    device: Arc<D>,
    folder: TempDir,
}

fn tasks<D: ?Sized>(clients: &CeleryClients, build: impl FnOnce(&BuildContext) -> Arc<D>) -> Tasks<D> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shot.png"), ground::PNG).unwrap();
    let context = BuildContext { celery: clients.clone(), ..ground::context(folder.path()) };
    Tasks { device: build(&context), folder }
}

impl<D: ?Sized + Send + Sync> Stage<D> for Tasks<D> {
    fn device(&self) -> Arc<D> {
        self.device.clone()
    }
    fn behave(&self, behaviour: Behaviour) {
        std::fs::write(self.folder.path().join("behaviour"), format!("{behaviour:?}")).unwrap();
    }
    fn failure(&self, behaviour: Behaviour) -> Option<Code> {
        match behaviour {
            Behaviour::Garbage => Some(Code::DeviceBadReply),
            // A process that is killed at its task is a failure that the worker reports in its name: `WorkerLostError`.
            Behaviour::Fail | Behaviour::Drop => Some(Code::CeleryTaskFailed),
            _ => None,
        }
    }
    fn asked(&self) -> Option<Vec<String>> {
        let asked = std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        Some(asked.split_terminator('\0').map(str::to_owned).collect())
    }
    fn busy(&self) -> usize {
        // A process that was ended by a signal has left its file behind.
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name.strip_prefix("alive.").is_some_and(ground::is_alive)).count()
    }
}
