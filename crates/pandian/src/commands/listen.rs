//! `pandian devices listen`: the tags that one reader hears, as it hears them.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pandian_domain::TagRead;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::channel;
use tokio::time::{sleep, timeout};

use crate::cli::ListenArgs;
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::Lang;

mod screen;
mod source;
mod table;

use screen::{Manner, show};
use source::Source;

/// So many reads may wait to be shown.
const WAITING: usize = 1 << 16;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) async fn listen(args: ListenArgs, lang: Lang) -> Result<Exit, Fault> {
    let words = lang.words();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let source = Source::find(&args).await?;
    let manner = Manner::choose(args.json);
    if manner != Manner::Json {
        say::line((words.listen.listening)(source.address()))?;
    }
    let (say_heard, heard) = channel(WAITING);
    let lost = AtomicU64::new(0);
    let hear = |read: TagRead| {
        let count = u64::from(read.count);
        if say_heard.try_send(read).is_err() {
            lost.fetch_add(count, Ordering::Relaxed);
        }
    };
    let time_is_up = async {
        match args.seconds {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let mut show = pin!(show(heard, manner, words));
    let ended = tokio::select! {
        // It ends before the reader does only when nobody looks any more.
        shown = &mut show => {
            source.close().await;
            return shown.map(|()| Exit::Done);
        }
        failed = source.listen(&hear, &|notice| say::aside(notice)) => failed,
        () = time_is_up => Ok(()),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    };
    drop(say_heard);
    source.close().await;
    let shown = timeout(LAST_WORDS, show).await.unwrap_or(Ok(()));
    let lost = lost.into_inner();
    if lost > 0 {
        say::aside((words.listen.lost)(lost));
    }
    ended.and(shown).map(|()| Exit::Done)
}
