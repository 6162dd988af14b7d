//! `pandian demo`: a seeded warehouse on the wire simulators, counted at speed; what was found stands beside what was planted.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use pandian_domain::book::Book;
use pandian_domain::reference::{REFERENCES_AT_MOST, Subject};
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Code, StocktakeId};
use pandian_engine::{Clock, Ending, Run, Site, SlotKind};
use pandian_sim::Simulation;
use pandian_sim::wire::SimServers;
use pandian_store::{Access, Store};
use rand::RngExt;
use tokio::signal::unix::{SignalKind, signal};

use self::folder::{Folder, Ports};
use super::run::{conduct, say_interrupted, summary_text, tell};
use super::sim::write_planted;
use crate::assemble::{Assembled, assemble, list_fault, load, simulation};
use crate::cli::DemoArgs;
use crate::fault::{Exit, Fault};
use crate::references::{Candidate, Decision, decide, photograph, put};
use crate::rehearsal::servers;
use crate::say;
use crate::show::Manner;
use crate::words::{Lang, Words};

mod folder;
mod truth;

pub use truth::{Outcome, Pictures};

pub(super) async fn demo(args: DemoArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let manner = Manner::choose(args.json, true);
    let folder = Folder::prepare(&args).await?;
    let ports = Ports::placeholders(args.cranes);
    folder.write_warehouse(&ports, "simulated = true", None)?;
    folder.write_book(&load(&folder.path)?)?;
    folder.write_warehouse(&ports, "file = \"book.csv\"", None)?;
    let warehouse = load(&folder.path)?;
    let book = warehouse.read_book().map_err(list_fault)?.map(|book| Arc::new(book) as Arc<dyn Book>);
    let missing = || Fault::new(Code::Internal, "the demonstration has no simulation");
    let world = simulation(&warehouse, book)?.ok_or_else(missing)?;
    write_planted(&world, &folder.path.join("planted.csv"))?;
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = SimServers::start(world.clone(), servers(&warehouse, Some(anywhere))?)
        .await
        .map_err(|error| Fault::new(Code::DeviceUnreachable, error.to_string()))?;
    // Whoever mounts a camera sees this on its first picture.
    let first = world.world().scene(0, 0);
    folder.write_warehouse(&Ports::of(&running), "file = \"book.csv\"", Some(first.look.opening(first.size)))?;

    let locations = warehouse.layout.slots().len();
    tell(manner, || (words.demo_title)(args.cranes, locations, args.speed));
    let (id, ending, data) = count(&folder, &world, manner, words).await?;
    let exit = match ending {
        Ending::Finished(summary) => {
            tell(manner, || format!("{}\n", summary_text(&summary, words)));
            let exit = truth::compare(&world, &data, summary.stocktake, manner, words).await?;
            tell(manner, || format!("\n{}", (words.demo_next)(&data.display().to_string())));
            exit
        }
        Ending::Cancelled(_) => Exit::Cancelled,
        Ending::Interrupted => {
            say_interrupted(id, &data, words);
            say::aside(format_args!("  {}", (words.serve_devices)(&folder.path.display().to_string())));
            Exit::Interrupted
        }
    };
    if !args.once && exit != Exit::Interrupted {
        tell(manner, || format!("\n{} http://{} · {}", words.serving, running.addresses()[0], words.stop_with_ctrl_c));
        signal(SignalKind::interrupt())?.recv().await;
    }
    running.stop().await;
    Ok(exit)
}

async fn count(
    folder: &Folder,
    world: &Simulation,
    manner: Manner,
    words: &'static Words,
) -> Result<(StocktakeId, Ending, PathBuf), Fault> {
    let data = folder.path.join("data");
    let warehouse = load(&folder.path)?;
    let store = Store::open(&data, Access::Write).await?;
    let Assembled { site, llrp, .. } = assemble(&warehouse, Some(&store)).await?;
    take_references(&site, &store, world, manner, words).await?;
    llrp.close().await;
    let Assembled { site, celery, llrp, .. } = assemble(&warehouse, Some(&store)).await?;
    let clock = Clock::System;
    let id = StocktakeId::new(clock.now(), rand::rng().random());
    let locations = warehouse.layout.slots().iter().map(|slot| slot.code.clone()).collect();
    let before = store.head().borrow().seq;
    let run = Run::start(site, Arc::new(store.clone()), clock, id, locations, Sequence::Planned, rand::rng().random()).await?;
    let ending = conduct(run, &store, &celery, &llrp, before, &data, true, manner, words).await?;
    store.close().await?;
    Ok((id, ending, data))
}

/// Takes pictures of slots that the books have empty. The person who looks at them before anything is held against them is played here by
/// whoever knows what is really there.
async fn take_references(site: &Site, store: &Store, world: &Simulation, manner: Manner, words: &Words) -> Result<(), Fault> {
    let (Some(sighting), Some(book)) = (&site.sighting, &site.book) else { return Ok(()) };
    let is_empty = |code| book.lines(code).is_some_and(|lines| lines.iter().all(|line| line.quantity.is_zero()));
    let booked_empty: Vec<_> = site.layout.slots().iter().map(|slot| &slot.code).filter(|code| is_empty(code)).collect();
    let every = booked_empty.len().div_ceil(REFERENCES_AT_MOST).max(1);
    let (mut accepted, mut rejected) = (0, 0);
    for (n, location) in booked_empty.into_iter().step_by(every).enumerate() {
        let (picture, camera) = photograph(site, location, &sighting.rules.gates).await?;
        let (subject, light) = (Subject::Kind(SlotKind::USUAL.into()), format!("{}", n + 1).into());
        let candidate = Candidate { subject, light, source: format!("{location} · {camera}").into(), picture };
        let name = put(store, vec![candidate], &sighting.rules.gates).await?;
        let truth = site.layout.index_of(location.as_str()).map(|slot| world.world().scene_truth(slot));
        let decision = match truth.is_some_and(|truth| truth.occupied || truth.blocked) {
            true => Decision::Reject("the slot is not empty, or not to be seen".into()),
            false => Decision::Accept,
        };
        match decision {
            Decision::Accept => accepted += 1,
            Decision::Reject(_) => rejected += 1,
        }
        decide(store, &name, &"demo".into(), &decision).await?;
    }
    tell(manner, || (words.references_taken)(accepted, rejected));
    Ok(())
}
