//! Pictures that others are held against: taken, decided on, and read back from the records.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use pandian_devices::camera::picture::media_type;
use pandian_devices::{DeviceError, DevicePending, Shot, Visit};
use pandian_domain::reference::Subject;
use pandian_domain::retry::RetryPolicy;
use pandian_domain::{Code, Digest, Fact, Layout, LocationCode, OpKind, Record, ReferenceName, References, Slot, StocktakeId};
use pandian_engine::{Clock, Devices, Site};
use pandian_store::{Batch, Store};
use pandian_vision::gates::{self, GateSettings};
use pandian_vision::picture::{Limits, decode};
use rand::RngExt;
use tokio::time::timeout;

use crate::config::Warehouse;
use crate::fault::Fault;

/// Pictures of at most so many locations are remembered from the last stocktake.
const PICTURES: usize = 200_000;

/// Every reference of a data directory, with what became of it.
pub async fn on_record(store: &Store) -> Result<References, Fault> {
    let mut references = References::default();
    for stored in store.all_of(&References::FACTS).await? {
        references.apply(&stored.record()?);
    }
    Ok(references)
}

/// The pictures of the last finished stocktake that were judged to show what the books say, by their locations.
pub async fn accepted_pictures(store: &Store) -> Result<HashMap<LocationCode, Digest>, Fault> {
    let mut accepted = HashMap::new();
    let stocktakes = store.stocktakes().await?;
    let Some(last) = stocktakes.iter().rev().find(|stocktake| stocktake.finished.is_some()) else { return Ok(accepted) };
    let mut stops = store.histories(last.id);
    while let Some((_, history)) = stops.next().await? {
        let picture = history.capture.and_then(|capture| capture.picture);
        let is_agreement = history.judgement.is_some_and(|(judgement, _)| judgement.verdict.is_agreement());
        if let (Some(location), Some(picture), true) = (history.location, picture, is_agreement) {
            accepted.insert(location, picture.sha256);
        }
        if accepted.len() >= PICTURES {
            break;
        }
    }
    Ok(accepted)
}

/// Whether slots of that kind are in a warehouse.
///
/// # Errors
/// None is; the message names the kinds that there are.
pub fn check_kind(warehouse: &Warehouse, kind: &str) -> Result<(), Fault> {
    let Warehouse { layout, vision, .. } = warehouse;
    let kinds: BTreeSet<&str> = layout.slots().iter().map(|slot| vision.kind_of(slot.place)).collect();
    if kinds.contains(kind) {
        return Ok(());
    }
    let kinds = kinds.into_iter().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(", ");
    let message = format!("no slot of {} is of the kind \"{kind}\"; there are {kinds}", warehouse.name);
    Err(Fault::new(Code::UsageInvalid, message))
}

/// Whether a location is in a warehouse, and of that kind where one is given.
///
/// # Errors
/// It is not there, or of another kind.
pub fn check_location(warehouse: &Warehouse, location: &LocationCode, kind: Option<&str>) -> Result<(), Fault> {
    let is = warehouse.vision.kind_of(slot_of(&warehouse.layout, location)?.place);
    match kind.filter(|kind| *kind != is) {
        None => Ok(()),
        Some(kind) => {
            let message = format!("location \"{location}\" is of the kind \"{is}\": a picture of it cannot stand for \"{kind}\"");
            Err(Fault::new(Code::UsageInvalid, message))
        }
    }
}

fn slot_of<'a>(layout: &'a Layout, location: &LocationCode) -> Result<&'a Slot, Fault> {
    let unknown = || Fault::new(Code::LocationUnknown, format!("there is no location \"{location}\" in this warehouse"));
    layout.find(location.as_str()).ok_or_else(unknown)
}

/// A picture that may become a reference.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What it shows.
    pub subject: Subject,
    /// In which light.
    pub light: Arc<str>,
    /// Where it is from; messages name it.
    pub source: Arc<str>,
    /// The picture's bytes.
    pub picture: Bytes,
}

/// Puts pictures on record, all or none, and gives the names that they got. Nothing is held against them until a person accepts them.
///
/// # Errors
/// A picture that cannot be decoded or is not fit; the store.
pub async fn put(store: &Store, candidates: Vec<Candidate>, gates: &GateSettings) -> Result<Vec<ReferenceName>, Fault> {
    for Candidate { source, picture, .. } in &candidates {
        check(source, picture, gates)?;
    }
    let mut references = on_record(store).await?;
    let mut records = Vec::with_capacity(candidates.len());
    for Candidate { subject, light, source, picture } in candidates {
        let reference = references.next_name(subject, light);
        let (bytes, media_type) = (picture.len() as u64, media_type(&picture).unwrap_or("application/octet-stream").into());
        let picture = store.put_picture(picture).await?;
        let record = record(Fact::ReferenceTaken { reference, picture, bytes, media_type, source });
        references.apply(&record);
        records.push(record);
    }
    let names = records.iter().filter_map(|record| match &record.fact {
        Fact::ReferenceTaken { reference, .. } => Some(reference.clone()),
        _ => None,
    });
    let names = names.collect();
    store.append(Batch { records, reads: Vec::new() }).await?;
    Ok(names)
}

fn check(source: &str, picture: &[u8], gates: &GateSettings) -> Result<(), Fault> {
    let decoded = decode(picture, &Limits::default())
        .map_err(|error| Fault::new(Code::CameraBadPicture, format!("{source}: this picture cannot be used: {error}")))?;
    match gates::measure(&decoded, gates).unfit {
        None => Ok(()),
        Some(unfit) => {
            Err(Fault::new(Code::CameraUnfit, format!("{source}: this picture is no use as a reference: it is {}", unfit.as_str())))
        }
    }
}

/// What a person decides.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It shows the slot empty and as it is.
    Accept,
    /// It does not; why.
    Reject(Arc<str>),
}

/// Puts a person's decision on some references on record, all or none.
///
/// # Errors
/// A name that is not on record; the store.
pub async fn decide(store: &Store, names: &[ReferenceName], by: &Arc<str>, decision: &Decision) -> Result<(), Fault> {
    let known = on_record(store).await?;
    if let Some(unknown) = names.iter().find(|name| known.get(name).is_none()) {
        let message = format!("there is no reference {unknown} in {}; `pandian references list` shows them", store.dir().display());
        return Err(Fault::new(Code::UsageInvalid, message));
    }
    let fact = |reference: &ReferenceName| match decision {
        Decision::Accept => Fact::ReferenceAccepted { reference: reference.clone(), by: by.clone() },
        Decision::Reject(reason) => Fact::ReferenceRejected { reference: reference.clone(), by: by.clone(), reason: reason.clone() },
    };
    let records = names.iter().map(|name| record(fact(name))).collect();
    store.append(Batch { records, reads: Vec::new() }).await?;
    Ok(())
}

fn record(fact: Fact) -> Record {
    let location = match &fact {
        Fact::ReferenceTaken { reference, .. } => match &reference.subject {
            Subject::Location(location) => Some(location.clone()),
            Subject::Kind(_) => None,
        },
        _ => None,
    };
    Record { at: Clock::System.now(), fact, stocktake: None, stop: None, lane: None, crane: None, location, attempt: None }
}

/// Sends the crane to a location and takes a picture, as at a stop, with the time-outs and tries of its rules.
///
/// # Errors
/// A location that no crane goes to; the device that failed for good.
pub async fn photograph(site: &Site, location: &LocationCode, gates: &GateSettings) -> Result<(Bytes, String), Fault> {
    let slot = slot_of(&site.layout, location)?;
    if let Some((barred, note)) = site.layout.index_of(location.as_str()).and_then(|slot| site.layout.barred(slot)) {
        let message = format!("no crane goes to location \"{location}\": {} ({note})", barred.reason().as_str());
        return Err(Fault::new(Code::UsageInvalid, message));
    }
    let lane = site.layout.lanes().iter().position(|lane| lane.queue == slot.queue);
    let (Some(lane), Some(devices)) = (lane.map(|lane| &site.layout.lanes()[lane]), lane.and_then(|lane| site.devices.get(lane))) else {
        return Err(Fault::new(Code::ConfigInvalid, format!("no crane serves the location \"{location}\"")));
    };
    let Some(camera) = devices.camera.on(slot.place.map(|place| place.side)) else {
        return Err(Fault::new(Code::ConfigInvalid, format!("crane {} has no camera that faces \"{location}\"", lane.crane)));
    };
    let stop = StocktakeId::new(Clock::System.now(), rand::rng().random()).stop(1);
    let visit = |op: OpKind, attempt: u16, rule: &RetryPolicy| Visit {
        stop,
        op,
        attempt,
        timeout: rule.timeout,
        location: location.clone(),
        place: slot.place,
        lane: lane.id.clone(),
        crane: lane.crane.clone(),
    };
    let Devices { crane, rules, .. } = devices;
    patiently(&rules.goto, crane.address(), |attempt| {
        let visit = visit(OpKind::Goto, attempt, &rules.goto);
        Box::pin(async move { crane.go_to(&visit).await })
    })
    .await?;
    let picture = patiently(&rules.capture, camera.address(), |attempt| {
        let visit = visit(OpKind::Capture, attempt, &rules.capture);
        Box::pin(async move {
            let end = match camera.capture(&visit).await? {
                Shot::Whole(end) => end,
                Shot::Working(rest) => rest.await?,
            };
            let none = || DeviceError::new(Code::CameraBadPicture, format!("the camera at {} brought no picture", camera.address()));
            let picture = end.picture.ok_or_else(none)?;
            check(camera.address(), &picture, gates).map_err(|fault| DeviceError::new(fault.code, fault.message))?;
            Ok(picture)
        })
    })
    .await?;
    Ok((picture, camera.address().to_owned()))
}

/// Tries an operation as its rule says.
async fn patiently<'a, T>(rule: &RetryPolicy, address: &str, operate: impl Fn(u16) -> DevicePending<'a, T>) -> Result<T, Fault> {
    let mut attempt = 1;
    loop {
        let failure = match timeout(rule.timeout, operate(attempt)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => error.into(),
            Err(_elapsed) => pandian_domain::Failure::new(Code::DeviceTimeout, format!("{address}: no answer within {:?}", rule.timeout)),
        };
        match rule.after(attempt, &failure, 1.0) {
            pandian_domain::retry::AfterFailure::Retry(pause) => tokio::time::sleep(pause).await,
            _ => return Err(Fault::new(failure.code, failure.message)),
        }
        attempt += 1;
    }
}
