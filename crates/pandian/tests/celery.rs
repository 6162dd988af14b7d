//! Readers and cameras that are tasks of Celery workers: the built program with a real broker, backends and workers.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "celery/ground.rs"]
mod ground;
#[path = "celery/losses.rs"]
mod losses;
#[path = "celery/outages.rs"]
mod outages;
#[path = "support/program.rs"]
mod program;
#[path = "celery/scenario.rs"]
mod scenario;
#[path = "celery/tasklog.rs"]
mod tasklog;
#[path = "celery/trials.rs"]
mod trials;
#[path = "celery/troubles.rs"]
mod troubles;
