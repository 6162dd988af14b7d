//! Tags told as they are heard.

use std::collections::BTreeSet;
use std::time::Duration;

use pandian_domain::TagRead;
use tokio::time::{Instant, sleep, timeout_at};

use super::gathering::{End, Gathered};
use super::operation::Operation;
use super::trouble::Trouble;
use super::wire::Span;
use super::{GRACE, LlrpReader, PATIENCE};
use crate::{DevicePending, LiveReader};

/// How long tags are gathered before they are told again.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// A reader that ends an endless ROSpec sooner than this does not read.
const SHORTEST_ROUND: Duration = Duration::from_millis(250);
/// So many malformed reports in a row, and no whole one, are worth nothing.
const MOST_GARBLED: u32 = 10;

/// Whom it is told, and what was told before.
struct Telling<'a> {
    heard: &'a (dyn Fn(TagRead) + Send + Sync),
    noticed: &'a (dyn Fn(String) + Send + Sync),
    /// Each kind of remark is told once.
    remarked: BTreeSet<&'static str>,
    /// Malformed reports since the last whole one.
    garbled: u32,
}

impl LiveReader for LlrpReader {
    fn listen<'a>(
        &'a self,
        heard: &'a (dyn Fn(TagRead) + Send + Sync),
        noticed: &'a (dyn Fn(String) + Send + Sync),
    ) -> DevicePending<'a, ()> {
        let telling = Telling { heard, noticed, remarked: BTreeSet::new(), garbled: 0 };
        Box::pin(async move { self.tell(telling).await.map_err(|trouble| self.failed(trouble)) })
    }
}

impl LlrpReader {
    /// Reads round after round: the reader ends each by itself, so that it falls silent when nobody starts the next one.
    async fn tell(&self, mut telling: Telling<'_>) -> Result<(), Trouble> {
        loop {
            self.link.ready(PATIENCE).await?;
            let turn = self.link.turn().await;
            let (operation, _) = self.begin(turn, &self.settings.usual_tuning(), Span::Endless).await?;
            self.tell_round(operation, &mut telling).await?;
        }
    }

    async fn tell_round(&self, operation: Operation, telling: &mut Telling<'_>) -> Result<(), Trouble> {
        let began = Instant::now();
        let until = began + Span::Endless.ends_within() + GRACE;
        loop {
            drop(timeout_at(until, operation.gathering().changed()).await);
            let gathered = operation.gathering().take();
            let end = gathered.end();
            self.link.take_notices().into_iter().for_each(telling.noticed);
            telling.tell(gathered, end.is_some())?;
            match end {
                None if Instant::now() < until => sleep(TOLD_EVERY).await,
                Some(End::Told) if began.elapsed() < SHORTEST_ROUND => return Err(Trouble::Stopped),
                end => {
                    let last = operation.finish(end).await?;
                    return telling.tell(last, true);
                }
            }
        }
    }
}

impl Telling<'_> {
    /// Tells what was gathered since the last time.
    fn tell(&mut self, mut gathered: Gathered, is_end: bool) -> Result<(), Trouble> {
        for (what, _) in gathered.remarks() {
            if self.remarked.insert(what) {
                (self.noticed)(what.to_owned());
            }
        }
        let [whole, malformed] = gathered.reports();
        self.garbled = if whole > 0 { 0 } else { self.garbled.saturating_add(malformed) };
        match gathered.garbled() {
            Some(error) if is_end || self.garbled >= MOST_GARBLED => Err(error.into()),
            _ => {
                gathered.into_tags().into_iter().for_each(self.heard);
                Ok(())
            }
        }
    }
}
