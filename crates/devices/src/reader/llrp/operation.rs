//! One ROSpec from its beginning to its end.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::OwnedMutexGuard;

use super::gathering::{End, Gathered, Gathering};
use super::handshake::Ready;
use super::session::Session;
use super::trouble::Trouble;
use super::tuning::Tuned;
use super::wire::{self, Span};

/// An ROSpec at a reader. Dropped before its end, it is stopped and deleted in the background; until then nobody else has a turn.
pub(super) struct Operation {
    ready: Arc<Ready>,
    gathering: Arc<Gathering>,
    /// None once it is over.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Operation {
    /// Has the reader ready to begin.
    ///
    /// # Errors
    /// Why it refuses, or what is wrong with the connection.
    pub(super) async fn prepare(
        turn: OwnedMutexGuard<()>,
        ready: Arc<Ready>,
        rospec_id: u32,
        tuned: &Tuned,
        span: Span,
    ) -> Result<Self, Trouble> {
        let gathering = Arc::new(Gathering::new(rospec_id));
        ready.session.gather(Some(gathering.clone()));
        let operation = Self { ready, gathering, turn: Some(turn) };
        operation.add_as_it_can(tuned, span).await?;
        Ok(operation)
    }

    /// Adds the ROSpec, without what the reader refuses if it can be done without: `quiet`, and PC words.
    async fn add_as_it_can(&self, tuned: &Tuned, span: Span) -> Result<(), Trouble> {
        let ready = &self.ready;
        let has_quiet = matches!(span, Span::Dwell { quiet: Some(_), .. });
        let wants_quiet = has_quiet && !ready.refuses_quiet.load(Ordering::Relaxed);
        let wants_pc = !ready.refuses_pc.load(Ordering::Relaxed);
        let ways = [(true, true), (false, true), (true, false), (false, false)];
        let mut refusals = Vec::new();
        for (with_quiet, with_pc) in ways.into_iter().filter(|(quiet, pc)| (wants_quiet || !quiet) && (wants_pc || !pc)) {
            if !refusals.is_empty() {
                ready.session.request_if_possible(wire::delete(self.gathering.rospec_id)).await?;
            }
            match self.add(tuned, if with_quiet { span } else { span.without_quiet() }, with_pc).await {
                Err(Trouble::Refused { request, status }) => refusals.push((request, status)),
                Err(trouble) => return Err(trouble),
                Ok(()) => {
                    let Some((request, status)) = refusals.first() else { return Ok(()) };
                    if wants_quiet && !with_quiet {
                        ready.refuses_quiet.store(true, Ordering::Relaxed);
                        let what = "it refuses `quiet`, each inventory takes its whole `dwell`";
                        ready.session.notice(format!("{what} ({request}: {status})"));
                    }
                    if wants_pc && !with_pc {
                        ready.refuses_pc.store(true, Ordering::Relaxed);
                        let what = "it refuses to tell PC words: a tag with an ISO code cannot be told from one with an EPC";
                        ready.session.notice(format!("{what} ({request}: {status})"));
                    }
                    return Ok(());
                }
            }
        }
        // The last one was about nothing that could be done without.
        Err(refusals.pop().map_or(Trouble::Ended, |(request, status)| Trouble::Refused { request, status }))
    }

    async fn add(&self, tuned: &Tuned, span: Span, with_pc: bool) -> Result<(), Trouble> {
        let (session, id) = (&self.ready.session, self.gathering.rospec_id);
        session.request(wire::add(wire::rospec(id, tuned, &self.ready.abilities, span, with_pc)?)).await?;
        session.request(wire::enable(id)).await.map(drop)
    }

    /// Begins to read.
    ///
    /// # Errors
    /// Why the reader refuses, or what is wrong with the connection.
    pub(super) async fn start(&self) -> Result<(), Trouble> {
        self.ready.session.request(wire::start(self.gathering.rospec_id)).await.map(drop)
    }

    /// What is read.
    pub(super) fn gathering(&self) -> &Gathering {
        &self.gathering
    }

    /// The reader that it runs at.
    pub(super) fn ready(&self) -> &Arc<Ready> {
        &self.ready
    }

    /// Ends it, and takes what came until the reader has deleted it.
    ///
    /// # Errors
    /// What is wrong with the connection, that it gave way to another one, or that too much was read.
    pub(super) async fn finish(mut self, end: Option<End>) -> Result<Gathered, Trouble> {
        let (session, id) = (&self.ready.session, self.gathering.rospec_id);
        match end {
            Some(End::Lost) => return Err(session.trouble()),
            // The one who is dropped clears away.
            Some(End::Preempted) => return Err(Trouble::Preempted),
            Some(End::Beyond(what)) => return Err(Trouble::TooMuch(what)),
            Some(End::Told) => {}
            None => drop(session.request_if_possible(wire::stop(id)).await?),
        }
        clear_away(session, id).await?;
        session.gather(None);
        self.turn = None;
        Ok(self.gathering.take())
    }
}

/// Deletes an ROSpec that does not run. Both requests are sent at once.
async fn clear_away(session: &Session, id: u32) -> Result<(), Trouble> {
    let (disabled, deleted) = tokio::join!(session.request_if_possible(wire::disable(id)), session.request_if_possible(wire::delete(id)));
    disabled.and(deleted).map(drop)
}

impl Drop for Operation {
    fn drop(&mut self) {
        let Some(turn) = self.turn.take() else { return };
        self.ready.session.gather(None);
        let (ready, id) = (self.ready.clone(), self.gathering.rospec_id);
        let clearing = async move {
            // A connection that is lost takes the ROSpec with it: the next one begins with deleting all.
            if ready.session.request_if_possible(wire::stop(id)).await.is_ok() {
                drop(clear_away(&ready.session, id).await);
            }
            drop(turn);
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(clearing);
        }
    }
}
