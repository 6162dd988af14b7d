//! Trying a task without running it: broker, backend, a worker that listens and knows it.

use std::time::Duration;

use pandian_celery::{Trouble, Worker};
use pandian_domain::Code;

use super::{Worked, code_of};
use crate::{DeviceError, Probe};

/// How long workers are listened for. One that works at a task in its own process answers only afterwards.
const ANSWERS: Duration = Duration::from_millis(1500);
/// How many names a message shows.
const NAMES: usize = 8;

impl Worked {
    /// Checks everything that a task needs.
    pub(crate) async fn probe(&self) -> Result<Probe, DeviceError> {
        let refused = |server: &str, trouble: Trouble| {
            DeviceError::new(code_of(&trouble), format!("{}: the {server} at {trouble}", self.who)).because(trouble)
        };
        let (broker, backend) = tokio::join!(self.client.check_broker(), self.client.check_backend());
        let broker = broker.map_err(|trouble| refused("broker", trouble))?;
        let backend = backend.map_err(|trouble| refused("result backend", trouble))?;
        let (consumers, workers) = tokio::join!(self.client.consumers(&self.queue), self.client.workers(ANSWERS));
        let consumers = consumers.map_err(|trouble| refused("broker", trouble))?;
        let workers = workers.map_err(|trouble| refused("broker", trouble))?;
        let listening = self.listening(consumers, &workers)?;
        let backend = match &self.backend {
            Some(address) => format!("{backend} at {address}"),
            None => "results through the broker".to_owned(),
        };
        Ok(Probe { summary: format!("{broker}, {backend}; {listening}") })
    }

    /// Who listens for the task, or why nobody does and what to do.
    fn listening(&self, consumers: Option<u32>, workers: &[Worker]) -> Result<String, DeviceError> {
        let (task, queue) = (&self.task, &self.queue);
        let no_worker = |why: &str| {
            let advice = format!("start one: celery -A YOUR_APP worker -Q {queue}");
            let elsewhere = match names(workers.iter().map(|worker| worker.name.as_str())) {
                Some(names) => format!("; on other queues there are {names}"),
                None => String::new(),
            };
            DeviceError::new(Code::CeleryNoWorker, format!("{}: no worker listens ({why}){elsewhere}; {advice}", self.who))
        };
        match consumers {
            None => return Err(no_worker("there is no such queue")),
            Some(0) => return Err(no_worker("the queue has no consumer")),
            Some(_) => {}
        }
        let consumes = |worker: &&Worker| worker.queues.as_ref().is_none_or(|queues| queues.contains(queue));
        let on_queue: Vec<&Worker> = workers.iter().filter(consumes).collect();
        let Some(answering) = names(on_queue.iter().map(|worker| worker.name.as_str())) else {
            let count = consumers.unwrap_or_default();
            return Ok(format!(
                "{count} on queue {queue}, and none answers to remote control (busy without processes of its own, or switched off): \
                 whether task {task} is known cannot be told"
            ));
        };
        // One of several workers that does not know the task would fail whatever it happens to get.
        let ignorant = on_queue.iter().filter(|worker| worker.tasks.as_ref().is_some_and(|tasks| !tasks.contains(task)));
        let ignorant: Vec<&Worker> = ignorant.copied().collect();
        if let Some(workers) = names(ignorant.iter().map(|worker| worker.name.as_str())) {
            let known = ignorant.iter().flat_map(|worker| worker.tasks.iter().flatten()).map(String::as_str);
            let known = names(known).map_or("no task at all".to_owned(), |known| format!("only {known}"));
            let what = format!(
                "{}: {workers} listens and knows no task \"{task}\", {known}; correct `task`, or start the worker with the application \
                 that has it",
                self.who
            );
            return Err(DeviceError::new(Code::CeleryTaskUnknown, what));
        }
        Ok(format!("task {task} on queue {queue}: {answering} listens"))
    }
}

/// The first few of some names; none if there are none.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(NAMES);
    names.truncate(NAMES);
    let shown = names.join(", ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(shown),
        (false, more) => Some(format!("{shown} and {more} more")),
    }
}
