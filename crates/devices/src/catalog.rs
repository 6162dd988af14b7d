//! The one table of device kinds: name → configuration schema, what it can do, how it is built.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use pandian_domain::retry::RetryPolicy;
use pandian_domain::{Code, CraneId};
use schemars::Schema;
use serde::de::DeserializeOwned;
use toml::de::ValueDeserializer;

use crate::callback::CallbackTable;
use crate::camera::SharedCameras;
use crate::celery::CeleryClients;
use crate::http::HttpClient;
use crate::process::ProcessPool;
use crate::reader::llrp::LlrpConnections;
use crate::{Camera, Crane, DeviceError, TagReader};

/// What a driver is built with. Everything in it is shared by all devices.
#[derive(Clone)]
pub struct BuildContext {
    /// The crane that the device is, or that it rides on; messages name it.
    pub crane: CraneId,
    /// The folder of the configuration file; relative paths start here.
    pub folder: PathBuf,
    /// The one pooled HTTP client.
    pub http: HttpClient,
    /// The bounded pool that programs run in.
    pub processes: ProcessPool,
    /// The clients of Celery workers.
    pub celery: CeleryClients,
    /// The connections to LLRP readers.
    pub llrp: LlrpConnections,
    /// What cameras share that are one device, or look into one folder.
    pub cameras: SharedCameras,
    /// Where cranes that call back are awaited.
    pub callbacks: Arc<CallbackTable>,
    /// The simulated world, for kinds that live in it.
    pub world: Option<Arc<dyn Any + Send + Sync>>,
}

impl BuildContext {
    /// What a driver of a crane is built with that shares nothing with others yet.
    pub fn new(crane: CraneId, folder: impl Into<PathBuf>) -> Self {
        Self {
            crane,
            folder: folder.into(),
            http: HttpClient::default(),
            processes: ProcessPool::default(),
            celery: CeleryClients::default(),
            llrp: LlrpConnections::default(),
            cameras: SharedCameras::default(),
            callbacks: Arc::default(),
            world: None,
        }
    }
}

/// A device's configuration, read and checked, ready to be built.
pub trait Build<D: ?Sized>: Any + Send + Sync + std::fmt::Debug {
    /// Checks what no single field can tell, such as settings that contradict each other. Asked once, when the settings are read.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
    /// Whether the device lives on tokio's clock alone, so that virtual time does not outrun it. True of simulated devices only.
    fn keeps_virtual_time(&self) -> bool {
        false
    }
    /// Time-outs and retries where the configuration says nothing.
    fn usual_rule(&self) -> RetryPolicy {
        RetryPolicy::default()
    }
    /// The environment variables that it takes secrets from. Programs that devices run do not get them.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
    /// Builds the driver.
    fn build(&self, context: &BuildContext) -> Result<Arc<D>, DeviceError>;
}

/// Reads and checks the settings of one kind.
pub type Parse<D> = fn(ValueDeserializer<'_>) -> Result<Arc<dyn Build<D>>, toml::de::Error>;

/// One kind of device.
pub struct Kind<D: ?Sized + 'static> {
    /// The `kind` in the configuration.
    pub name: &'static str,
    /// One line: what it speaks to.
    pub summary: &'static str,
    /// JSON Schema of its settings, `kind` excluded.
    pub schema: fn() -> Schema,
    /// Reads its settings (the table without `kind`); errors keep their place in the file.
    pub parse: Parse<D>,
}

impl<D: ?Sized + 'static> Kind<D> {
    /// A line of the table, from the settings' type.
    pub const fn of<C>(name: &'static str, summary: &'static str) -> Self
    where
        C: Build<D> + DeserializeOwned + schemars::JsonSchema + 'static,
    {
        Self {
            name,
            summary,
            schema: || schemars::schema_for!(C),
            parse: |table| {
                let settings = C::deserialize(table)?;
                settings.check().map_err(serde::de::Error::custom)?;
                Ok(Arc::new(settings) as Arc<dyn Build<D>>)
            },
        }
    }
}

/// The kinds at hand. The simulator adds its own to the real ones.
#[derive(Default)]
pub struct Catalog {
    /// Cranes and dispatchers.
    pub cranes: Vec<Kind<dyn Crane>>,
    /// Tag readers.
    pub readers: Vec<Kind<dyn TagReader>>,
    /// Cameras.
    pub cameras: Vec<Kind<dyn Camera>>,
}

impl Catalog {
    /// Every real driver.
    pub fn real() -> Self {
        Self {
            cranes: vec![Kind::of::<crate::crane::http::HttpCraneSettings>("http", "a crane system commanded over HTTP and JSON")],
            readers: vec![
                Kind::of::<crate::reader::command::CommandReaderSettings>("command", "any program that prints the tags as JSON"),
                Kind::of::<crate::reader::celery::CeleryReaderSettings>("celery", "a Celery task that returns the tags"),
                Kind::of::<crate::reader::http::HttpReaderSettings>("http", "an HTTP service that returns the tags as JSON"),
                Kind::of::<crate::reader::llrp::LlrpReaderSettings>("llrp", "a fixed UHF reader that speaks LLRP"),
            ],
            cameras: vec![
                Kind::of::<crate::camera::command::CommandCameraSettings>(
                    "command",
                    "any program that takes a picture and prints what it found as JSON",
                ),
                Kind::of::<crate::camera::celery::CeleryCameraSettings>("celery", "a Celery task that takes and compares a picture"),
                Kind::of::<crate::camera::folder::FolderCameraSettings>("folder", "a folder that a vendor's tool drops pictures into"),
                Kind::of::<crate::camera::http::HttpCameraSettings>("http", "an HTTP service that returns a picture, or JSON about one"),
                Kind::of::<crate::camera::http_snapshot::HttpSnapshotSettings>(
                    "http-snapshot",
                    "a network camera that sends a picture over HTTP (Hikvision, Axis, others)",
                ),
                Kind::of::<crate::camera::onvif::OnvifSettings>("onvif", "a network camera that says over ONVIF where its pictures are"),
                Kind::of::<crate::camera::rtsp::RtspCameraSettings>("rtsp", "a network camera that sends a video stream (feature `rtsp`)"),
            ],
        }
    }

    /// Adds the kinds of another table.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.cranes.extend(other.cranes);
        self.readers.extend(other.readers);
        self.cameras.extend(other.cameras);
        self
    }
}

/// The settings name something that cannot be had.
pub(crate) fn unbuildable(context: &BuildContext, what: &str, why: impl std::fmt::Display) -> DeviceError {
    DeviceError::new(Code::ConfigInvalid, format!("the {what} of crane {}: {why}", context.crane))
}
