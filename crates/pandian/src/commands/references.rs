//! `pandian references`: pictures of empty slots that others are held against.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use pandian_domain::reference::{Reference, Standing, Subject};
use pandian_domain::{Code, LocationCode, ReferenceName};
use pandian_store::{Access, Store};
use pandian_vision::gates::GateSettings;
use pandian_vision::picture::Limits;
use serde::Serialize;

use super::open_existing;
use crate::assemble::{assemble, load};
use crate::cli::{AddReferencesArgs, DecideArgs, ListReferencesArgs, ReferencesCommand, ShowReferenceArgs, TakeReferencesArgs};
use crate::fault::{Exit, Fault};
use crate::references::{Candidate, Decision, check_kind, check_location, decide, on_record, photograph, put};
use crate::say;
use crate::words::{Lang, Words};

pub(super) async fn references(command: ReferencesCommand, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    match command {
        ReferencesCommand::List(args) => list(args, words).await,
        ReferencesCommand::Add(args) => add(args, words).await,
        ReferencesCommand::Take(args) => take(args, words).await,
        ReferencesCommand::Show(args) => show(args).await,
        ReferencesCommand::Accept(args) => decided(args, Decision::Accept, words).await,
        ReferencesCommand::Reject { decide, reason } => decided(decide, Decision::Reject(reason.into()), words).await,
    }
}

/// A reference, as a program reads it.
#[derive(Serialize)]
struct Listed<'a> {
    reference: String,
    light: &'a str,
    version: u32,
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(flatten)]
    on_record: &'a Reference,
}

async fn list(args: ListReferencesArgs, words: &Words) -> Result<Exit, Fault> {
    let store = open_existing(&args.data.data).await?;
    let references = on_record(&store).await?;
    for (name, reference) in references.iter() {
        if args.json {
            let listed = Listed {
                reference: name.to_string(),
                light: &name.light,
                version: name.version,
                subject: &name.subject,
                on_record: reference,
            };
            let line = serde_json::to_string(&listed).map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
            say::line(line)?;
        } else {
            let Reference { picture, source, taken_at, by, reason, .. } = reference;
            let standing = (words.standing)(reference.standing);
            let by = by.as_ref().map_or_else(String::new, |by| format!(" · {by}"));
            let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            say::line(format_args!("{name}  {standing}{by}{reason}  {taken_at:.0}  {source}  {picture}"))?;
        }
    }
    store.close().await?;
    Ok(Exit::Done)
}

async fn add(args: AddReferencesArgs, words: &Words) -> Result<Exit, Fault> {
    let subject = match (args.subject.location, args.subject.kind) {
        (Some(location), _) => Subject::Location(location.as_str().into()),
        (None, Some(kind)) => Subject::Kind(kind.into()),
        (None, None) => return Err(Fault::new(Code::UsageInvalid, "--location or --kind says what the pictures show")),
    };
    // A picture must be fit as one of a count must; where no warehouse is given, as if its configuration said nothing.
    let mut gates = GateSettings::default();
    if let Some(path) = &args.warehouse {
        let warehouse = load(path)?;
        match &subject {
            Subject::Location(location) => check_location(&warehouse, location, None)?,
            Subject::Kind(kind) => check_kind(&warehouse, kind)?,
        }
        gates = warehouse.vision.rules.gates;
    }
    let mut candidates = Vec::with_capacity(args.pictures.len());
    for path in &args.pictures {
        let source = path.display().to_string().into();
        candidates.push(Candidate { subject: subject.clone(), light: args.light.light.as_str().into(), source, picture: read(path)? });
    }
    let store = Store::open(&args.data.data, Access::Write).await?;
    let put = put(&store, candidates, &gates).await;
    store.close().await?;
    told(&put?, words)
}

async fn take(args: TakeReferencesArgs, words: &Words) -> Result<Exit, Fault> {
    let warehouse = load(&args.warehouse)?;
    let kind = args.kind.as_deref();
    if let Some(kind) = kind {
        check_kind(&warehouse, kind)?;
    }
    let locations: Vec<LocationCode> = args.locations.iter().map(|location| location.as_str().into()).collect();
    locations.iter().try_for_each(|location| check_location(&warehouse, location, kind))?;
    let store = Store::open(&args.data.data, Access::Write).await?;
    let assembled = assemble(&warehouse, Some(&store)).await?;
    let gates = warehouse.vision.rules.gates;
    let mut exit = Exit::Done;
    for location in locations {
        let subject = kind.map_or_else(|| Subject::Location(location.clone()), |kind| Subject::Kind(kind.into()));
        match photograph(&assembled.site, &location, &gates).await {
            Ok((picture, camera)) => {
                let source = format!("{location} · {camera}").into();
                let candidate = Candidate { subject, light: args.light.light.as_str().into(), source, picture };
                told(&put(&store, vec![candidate], &gates).await?, words)?;
            }
            Err(fault) => {
                say::aside(format_args!("{location}: {}", fault.message));
                exit = fault.exit();
            }
        }
    }
    assembled.llrp.close().await;
    store.close().await?;
    Ok(exit)
}

async fn show(args: ShowReferenceArgs) -> Result<Exit, Fault> {
    let name = parse(&args.reference)?;
    let store = open_existing(&args.data.data).await?;
    let references = on_record(&store).await?;
    let unknown = || Fault::new(Code::UsageInvalid, format!("there is no reference {name}; `pandian references list` shows them"));
    let reference = references.get(&name).ok_or_else(unknown)?;
    let missing = || Fault::new(Code::EvidenceBroken, format!("picture {} is missing from the data directory", reference.picture));
    let bytes = store.evidence(reference.picture).await?.ok_or_else(missing)?;
    store.close().await?;
    std::fs::write(&args.out, bytes)
        .map_err(|error| Fault::new(Code::UsageInvalid, format!("cannot write {}: {error}", args.out.display())))?;
    Ok(Exit::Done)
}

async fn decided(args: DecideArgs, decision: Decision, words: &Words) -> Result<Exit, Fault> {
    let names = args.references.iter().map(|name| parse(name)).collect::<Result<Vec<_>, _>>()?;
    let by: Arc<str> = match args.by.filter(|by| !by.trim().is_empty()) {
        Some(by) => by.into(),
        None => return Err(Fault::new(Code::UsageInvalid, "--by NAME says who decides")),
    };
    // To decide needs references, and these a data directory.
    open_existing(&args.data.data).await?.close().await?;
    let store = Store::open(&args.data.data, Access::Write).await?;
    let done = decide(&store, &names, &by, &decision).await;
    store.close().await?;
    done?;
    let standing = if matches!(decision, Decision::Accept) { Standing::Accepted } else { Standing::Rejected };
    for name in &names {
        say::line(format_args!("{name}  {}", (words.standing)(standing)))?;
    }
    Ok(Exit::Done)
}

fn told(names: &[ReferenceName], words: &Words) -> Result<Exit, Fault> {
    for name in names {
        say::line(format_args!("{name}  {}", (words.standing)(Standing::Taken)))?;
    }
    Ok(Exit::Done)
}

fn parse(text: &str) -> Result<ReferenceName, Fault> {
    text.parse().map_err(|error: pandian_domain::reference::NoReferenceName| Fault::new(Code::UsageInvalid, error.to_string()))
}

fn read(path: &Path) -> Result<Bytes, Fault> {
    let failed = |error: std::io::Error| Fault::new(Code::UsageInvalid, format!("{}: {error}", path.display()));
    let (bound, mut bytes) = (Limits::default().bytes, Vec::new());
    std::fs::File::open(path).and_then(|file| file.take(bound as u64 + 1).read_to_end(&mut bytes)).map_err(failed)?;
    Ok(bytes.into())
}
