//! `pandian devices`: tries every device, all at once, and says what is wrong.

use std::sync::Arc;
use std::time::Duration;

use pandian_devices::{DeviceError, Probe};
use pandian_domain::{Code, CraneId};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::assemble::{Assembled, assemble, load};
use crate::cli::DevicesArgs;
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::Lang;

/// A device that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

struct Tried {
    crane: CraneId,
    role: &'static str,
    address: String,
    took: Duration,
    result: Result<Probe, DeviceError>,
}

pub(super) async fn devices(args: DevicesArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let warehouse = load(&args.warehouse)?;
    let Assembled { site, .. } = assemble(&warehouse, None).await?;
    let mut trials = tokio::task::JoinSet::new();
    for (order, crane) in warehouse.cranes.iter().enumerate() {
        let devices = site.devices[crane.lanes.start as usize].clone();
        let id = crane.id.clone();
        let devices = Arc::new(devices);
        for role in ["crane", "reader", "camera"] {
            let (devices, id) = (devices.clone(), id.clone());
            let (address, there) = match role {
                "crane" => (devices.crane.address().to_owned(), true),
                "reader" => (devices.reader.as_ref().map_or("", |reader| reader.address()).to_owned(), devices.reader.is_some()),
                _ => (devices.camera.as_ref().map_or("", |camera| camera.address()).to_owned(), devices.camera.is_some()),
            };
            if !there {
                continue;
            }
            trials.spawn(async move {
                let begun = Instant::now();
                let probe = match (role, &devices.reader, &devices.camera) {
                    ("reader", Some(reader), _) => reader.probe(),
                    ("camera", _, Some(camera)) => camera.probe(),
                    _ => devices.crane.probe(),
                };
                let result = timeout(PATIENCE, probe).await.unwrap_or_else(|_elapsed| {
                    Err(DeviceError::new(Code::DeviceTimeout, format!("{role} of crane {id} at {address}: no answer within {PATIENCE:?}")))
                });
                (order, Tried { crane: id, role, address, took: begun.elapsed(), result })
            });
        }
    }
    let mut tried = Vec::new();
    while let Some(trial) = trials.join_next().await {
        tried.push(trial.map_err(|error| Fault::new(Code::Internal, format!("a device's trial failed: {error}")))?);
    }
    tried.sort_by_key(|(order, tried)| (*order, tried.role != "crane", tried.role != "reader"));
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
