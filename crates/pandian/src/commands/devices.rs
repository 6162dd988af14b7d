//! `pandian devices`: tries every device, all at once, and says what is wrong.

use std::sync::Arc;
use std::time::Duration;

use pandian_devices::{Camera, Crane, DeviceError, DevicePending, Probe, TagReader};
use pandian_domain::{Code, CraneId};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::listen::listen;
use crate::assemble::{Assembled, assemble, load};
use crate::cli::{DevicesArgs, DevicesCommand};
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::Lang;

/// A device that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

struct Tried {
    crane: CraneId,
    role: String,
    address: String,
    took: Duration,
    result: Result<Probe, DeviceError>,
}

/// One device of any kind.
enum Device {
    Crane(Arc<dyn Crane>),
    Reader(Arc<dyn TagReader>),
    Camera(Arc<dyn Camera>),
}

impl Device {
    fn role(&self) -> &'static str {
        match self {
            Self::Crane(_) => "crane",
            Self::Reader(_) => "reader",
            Self::Camera(_) => "camera",
        }
    }

    fn address(&self) -> &str {
        match self {
            Self::Crane(crane) => crane.address(),
            Self::Reader(reader) => reader.address(),
            Self::Camera(camera) => camera.address(),
        }
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        match self {
            Self::Crane(crane) => crane.probe(),
            Self::Reader(reader) => reader.probe(),
            Self::Camera(camera) => camera.probe(),
        }
    }
}

pub(super) async fn devices(args: DevicesArgs, lang: Lang) -> Result<Exit, Fault> {
    if let Some(DevicesCommand::Listen(args)) = args.command {
        return listen(args, lang).await;
    }
    let words = lang.words();
    // The grammar wants it where there is no subcommand.
    let warehouse = load(&args.warehouse.unwrap_or_default())?;
    let Assembled { site, llrp, .. } = assemble(&warehouse, None).await?;
    let mut trials = tokio::task::JoinSet::new();
    for crane in &warehouse.cranes {
        let devices = &site.devices[crane.lanes.start as usize];
        let cranes = [(None, Device::Crane(devices.crane.clone()))];
        let readers = devices.reader.iter().map(|(side, reader)| (side, Device::Reader(reader.clone())));
        let cameras = devices.camera.iter().map(|(side, camera)| (side, Device::Camera(camera.clone())));
        for (side, device) in cranes.into_iter().chain(readers).chain(cameras) {
            let (order, id) = (trials.len(), crane.id.clone());
            let role = match side {
                None => device.role().to_owned(),
                Some(side) => format!("{} {}", device.role(), side.letter()),
            };
            trials.spawn(async move {
                let begun = Instant::now();
                let result = timeout(PATIENCE, device.probe()).await.unwrap_or_else(|_elapsed| {
                    let address = device.address();
                    Err(DeviceError::new(Code::DeviceTimeout, format!("{role} of crane {id} at {address}: no answer within {PATIENCE:?}")))
                });
                (order, Tried { crane: id, role, address: device.address().to_owned(), took: begun.elapsed(), result })
            });
        }
    }
    let mut tried = Vec::new();
    while let Some(trial) = trials.join_next().await {
        tried.push(trial.map_err(|error| Fault::new(Code::Internal, format!("a device's trial failed: {error}")))?);
    }
    llrp.close().await;
    tried.sort_by_key(|(order, _)| *order);
    let mut bad = 0;
    for (_, Tried { crane, role, address, took, result }) in &tried {
        let ms = took.as_millis() as u64;
        bad += usize::from(result.is_err());
        say::line(match (args.json, result) {
            (true, Ok(probe)) => {
                json!({ "crane": crane, "device": role, "address": address, "good": true, "ms": ms, "message": probe.summary }).to_string()
            }
            (true, Err(error)) => {
                json!({ "crane": crane, "device": role, "address": address, "good": false, "ms": ms, "code": error.code, "message": error.message }).to_string()
            }
            (false, Ok(probe)) => format!("  ✓ {crane} {role}  {address}  {ms} ms  {}", probe.summary),
            (false, Err(error)) => {
                let advice = (words.what_to_do)(error.code.as_str());
                format!("  ✗ {crane} {role}  {address}  {ms} ms  {} [{}]\n    {advice}", error.message, error.code)
            }
        })?;
    }
    if !args.json {
        say::line(if bad == 0 { words.devices_good.to_owned() } else { (words.devices_bad)(bad) })?;
    }
    Ok(if bad == 0 { Exit::Done } else { Exit::Unreachable })
}
