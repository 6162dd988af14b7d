//! `pandian run`: a stocktake from its list to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::celery::CeleryClients;
use pandian_devices::reader::llrp::LlrpConnections;
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Code, Fact, LocationCode, StocktakeId};
use pandian_engine::run::{Recovered, RunError};
use pandian_engine::{Clock, Ending, Run, Summary};
use pandian_store::{Access, Health, Store, StoreError};
use rand::RngExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{find, no_data_directory};
use crate::assemble::{Assembled, assemble, list_fault, load};
use crate::cli::{OrderArg, RunArgs};
use crate::config::{OrderSetting, Warehouse};
use crate::ctl::ControlSocket;
use crate::fault::{Exit, Fault};
use crate::lists::{Limits, ListFile, read_locations};
use crate::say;
use crate::show::{Bars, Manner, keep_updated, show};
use crate::tail::Tail;
use crate::words::{Lang, Words};

pub(super) async fn run(args: RunArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let data = &args.data.data;
    let clock = if args.r#virtual { Clock::starting_at(Clock::System.now()) } else { Clock::System };
    let manner = if args.r#virtual && !args.json { Manner::Lines } else { Manner::choose(args.json, true) };
    let seed = rand::rng().random();
    if let Some(id) = &args.resume {
        if !data.is_dir() {
            return Err(no_data_directory(data));
        }
        let store = Store::open(data, Access::Write).await?;
        return resume(&store, data, id, args.warehouse, clock, seed, manner, words).await;
    }
    let path = args.warehouse.as_deref().unwrap_or(Path::new("."));
    let warehouse = load(path)?;
    check_virtual(&warehouse, args.r#virtual)?;
    let locations = locations(&warehouse, args.locations.as_deref())?;
    let store = Store::open(data, Access::Write).await?;
    let Assembled { site, celery, llrp, callbacks, .. } = assemble(&warehouse, Some(&store)).await?;
    let before = store.head().borrow().seq;
    let id = StocktakeId::new(clock.now(), rand::rng().random());
    let order = match (args.order, warehouse.order) {
        (Some(OrderArg::Given), _) | (None, OrderSetting::Given) => Sequence::Given,
        (Some(OrderArg::Planned), _) | (None, OrderSetting::Planned) => Sequence::Planned,
    };
    let count = locations.len() as u64;
    let lanes = site.devices.len();
    let run = unless_stalled(&store, Run::start(site, Arc::new(store.clone()), clock, id, locations, order, seed)).await?;
    tell(manner, || format!("{} {id}\n{}", words.stocktake, (words.counting)(count, lanes)));
    let ending = conduct(run, &store, &celery, &llrp, before, data, !args.r#virtual, manner, words).await?;
    drop(callbacks);
    finish(ending, store, data, id, manner, words).await
}

#[allow(clippy::too_many_arguments, reason = "what a command line gives")]
async fn resume(
    store: &Store,
    data: &Path,
    id: &str,
    warehouse: Option<PathBuf>,
    clock: Clock,
    seed: u64,
    manner: Manner,
    words: &'static Words,
) -> Result<Exit, Fault> {
    let summary = find(store, data, Some(id)).await?;
    let id = summary.id;
    let started = summary.started.record()?;
    let (path, configuration) = match started.fact {
        Fact::StocktakeStarted { warehouse_file, configuration, .. } => (PathBuf::from(&*warehouse_file), configuration),
        _ => return Err(Fault::new(Code::Internal, format!("stocktake {id} does not begin with its start"))),
    };
    if let Some(finished) = &summary.finished {
        tell(manner, || format!("{} {id}: {}", words.stocktake, words.already_finished));
        return match finished.record()?.fact {
            Fact::StocktakeFinished { ambiguous, not_counted, cancelled, .. } => Ok(exit_of(cancelled, ambiguous + not_counted)),
            _ => Ok(Exit::Done),
        };
    }
    let warehouse = load(warehouse.as_deref().unwrap_or(&path))?;
    let Assembled { site, celery, llrp, callbacks, .. } = assemble(&warehouse, Some(store)).await?;
    if site.configuration != configuration {
        say::aside(words.configuration_changed);
    }
    let recovered = Recovered::read(store, id, &site).await?;
    tell(manner, || format!("{} {id}\n{}", words.stocktake, (words.resuming)(recovered.stocktake.tally().open())));
    let before = store.head().borrow().seq;
    let run = unless_stalled(store, Run::resume(site, Arc::new(store.clone()), clock, recovered, seed)).await?;
    let ending = conduct(run, store, &celery, &llrp, before, data, true, manner, words).await?;
    drop(callbacks);
    finish(ending, store.clone(), data, id, manner, words).await
}

/// A beginning that cannot be written down is an error: no crane has moved yet that would have to wait.
async fn unless_stalled(store: &Store, begin: impl Future<Output = Result<Run, RunError>>) -> Result<Run, Fault> {
    let mut health = store.health();
    let stalled = async {
        match health.wait_for(|health| matches!(health, Health::Stalled(_))).await.as_deref() {
            Ok(Health::Stalled(error)) => Fault::from(StoreError::clone(error)),
            // The store outlives its own beginning.
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        begun = begin => Ok(begun?),
        fault = stalled => Err(fault),
    }
}

/// Virtual time outruns everything that has a clock of its own.
fn check_virtual(warehouse: &Warehouse, wanted: bool) -> Result<(), Fault> {
    if !wanted {
        return Ok(());
    }
    for crane in &warehouse.cranes {
        let keeps = crane.device.keeps_virtual_time()
            && crane.reader.iter().all(|(_, reader)| reader.keeps_virtual_time())
            && crane.camera.iter().all(|(_, camera)| camera.keeps_virtual_time());
        if !keeps {
            let message =
                format!("--virtual: crane {} has a device that is not of kind \"sim\"; only simulated devices keep virtual time", crane.id);
            return Err(Fault::new(Code::UsageInvalid, message));
        }
    }
    Ok(())
}

/// What is asked for: a list, or every location.
pub(super) fn locations(warehouse: &Warehouse, list: Option<&Path>) -> Result<Vec<LocationCode>, Fault> {
    let Some(list) = list else {
        return Ok(warehouse.layout.slots().iter().map(|slot| slot.code.clone()).collect());
    };
    let file = if list == Path::new("-") {
        ListFile::read("-", std::io::stdin().lock(), Limits::default())
    } else {
        ListFile::open(list, Limits::default())
    };
    let locations = read_locations(&file.map_err(list_fault)?, &warehouse.layout).map_err(list_fault)?;
    Ok(locations.into_iter().map(|(location, _line)| location).collect())
}

/// How long the last events of an interrupted run may take.
const LAST_EVENTS_WITHIN: Duration = Duration::from_secs(1);

/// Runs a stocktake under the eyes of its operator: shown, controllable, interruptible.
#[allow(clippy::too_many_arguments, reason = "what a command line gives")]
pub(super) async fn conduct(
    run: Run,
    store: &Store,
    celery: &CeleryClients,
    llrp: &LlrpConnections,
    before: u64,
    data: &Path,
    controlled: bool,
    manner: Manner,
    words: &'static Words,
) -> Result<Ending, Fault> {
    let controller = run.controller();
    let interrupter = run.interrupter();
    let socket = match controlled {
        true => Some(ControlSocket::bind(data, controller.clone()).map_err(|error| {
            Fault::new(Code::StoreUnavailable, format!("cannot make the control socket in {}: {error}", data.display()))
        })?),
        false => None,
    };
    let _interrupting = AbortOnDropHandle::new(tokio::spawn(interrupt_on_signal(interrupter.clone(), celery.clone(), signals()?)));
    let bars = (manner == Manner::Bars).then(|| Bars::new(&controller.status(), words));
    let _updating = bars.clone().map(|bars| AbortOnDropHandle::new(tokio::spawn(keep_updated(bars, controller.clone()))));
    let _stalls = controlled.then(|| AbortOnDropHandle::new(tokio::spawn(tell_stalls(controller.clone(), words))));
    let complete = CancellationToken::new();
    let showing = AbortOnDropHandle::new(tokio::spawn(show(
        Tail::new(store.clone(), controller.status().stocktake, before, complete.clone()),
        manner,
        words,
        bars.clone(),
    )));
    let ending = run.drive().await;
    llrp.close().await;
    let ending = ending?;
    match ending {
        // What happened until now is shown too, as far as the disk takes it and somebody reads it. That it is not is no news: the
        // interruption is what the caller must know.
        Ending::Interrupted => {
            let _ = timeout(LAST_EVENTS_WITHIN, async {
                let _ = store.flush().await;
                complete.cancel();
                showing.await
            })
            .await;
        }
        // The last record is on disk, so what is shown comes to its end by itself, unless nobody reads it.
        Ending::Finished(_) | Ending::Cancelled(_) => tokio::select! {
            shown = showing => shown.map_err(|error| Fault::new(Code::Internal, format!("showing the events failed: {error}")))??,
            () = interrupter.cancelled() => {
                return Err(Fault::new(Code::Interrupted, "the stocktake is finished, but not all of its events were read from standard output"));
            }
        },
    }
    if let Some(bars) = &bars {
        bars.update(&controller.status());
        bars.clear();
    }
    drop(socket);
    Ok(ending)
}

fn signals() -> Result<[Signal; 2], Fault> {
    let listen = |kind| signal(kind).map_err(|error| Fault::new(Code::Internal, format!("cannot listen for signals: {error}")));
    Ok([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?])
}

/// The first signal ends the run in order, the second at once; what is on record is safe either way.
async fn interrupt_on_signal(interrupter: CancellationToken, celery: CeleryClients, [mut interrupt, mut terminate]: [Signal; 2]) {
    for again in [false, true] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if again {
            std::process::exit(Exit::Interrupted as i32);
        }
        celery.leave_tasks();
        interrupter.cancel();
    }
}

/// Says on standard error when nothing can be written, and when that is over.
async fn tell_stalls(controller: pandian_engine::Controller, words: &'static Words) {
    let mut stalled = false;
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        let now = controller.stall();
        if let Some(failure) = now.as_ref().filter(|_| !stalled) {
            say::aside(format_args!("{} [{}]", (words.stalled)(&failure.message), failure.code));
        } else if now.is_none() && stalled {
            say::aside(words.mended);
        }
        stalled = now.is_some();
    }
}

async fn finish(ending: Ending, store: Store, data: &Path, id: StocktakeId, manner: Manner, words: &Words) -> Result<Exit, Fault> {
    let closing = store.close().await;
    match ending {
        Ending::Interrupted => {
            say_interrupted(id, data, words);
            // What could not be written was not acknowledged; the interruption is what the caller must know.
            drop(closing);
            Ok(Exit::Interrupted)
        }
        Ending::Finished(summary) => {
            closing?;
            tell(manner, || summary_text(&summary, words));
            Ok(exit_of(false, summary.tally.ambiguous + summary.tally.not_counted))
        }
        Ending::Cancelled(summary) => {
            closing?;
            tell(manner, || format!("{}\n{}", words.cancelled, summary_text(&summary, words)));
            Ok(Exit::Cancelled)
        }
    }
}

/// Says that a stocktake was broken off, and how to go on with it.
pub(super) fn say_interrupted(id: StocktakeId, data: &Path, words: &Words) {
    say::aside((words.interrupted)(&id.to_string()));
    say::aside(format_args!("  {}", (words.resume_with)(&id.to_string(), &data.display().to_string())));
}

fn exit_of(cancelled: bool, unsettled: u64) -> Exit {
    match (cancelled, unsettled) {
        (true, _) => Exit::Cancelled,
        (false, 0) => Exit::Done,
        (false, _) => Exit::Incomplete,
    }
}

/// A line for a person, unless the output is for a program.
pub(super) fn tell(manner: Manner, text: impl FnOnce() -> String) {
    if manner != Manner::Json {
        // Nobody is listening any more if this fails.
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), "{}", text());
    }
}

pub(super) fn summary_text(summary: &Summary, words: &Words) -> String {
    let tally = &summary.tally;
    let waits = summary.lanes.iter().filter(|(lane, _)| lane.waits > 0);
    let waits: String = waits.map(|(lane, _)| format!("\n{}", (words.waited)(&lane.lane, lane.waits, lane.waited_seconds))).collect();
    format!(
        "{} {}: {} {}, {} {}, {} {}, {} {}\n{}{waits}\n{}  {}",
        tally.requested,
        words.locations,
        tally.settled - tally.differences,
        words.agreements,
        tally.differences,
        words.differences,
        tally.ambiguous,
        words.ambiguous,
        tally.not_counted,
        words.not_counted,
        (words.makespan)(summary.makespan_seconds, summary.seconds),
        words.head,
        summary.head,
    )
}
