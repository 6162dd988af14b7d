//! Who watches what, what is to be said to Redis for it, and what its answers mean. Pure: bytes to send are left in a buffer.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use uuid::Uuid;

use super::cause::Cause;
use super::wire::{Command, Said};
use crate::backend::Update;
use crate::report::Report;

/// How old a look becomes before the next one: a publication that got lost is made up for after this.
const FALLBACK: Duration = Duration::from_secs(5);
/// So many bytes are asked for at once, or a single text. Redis cuts off subscribers to whom it has more than 32 MB to send.
const UNDER_WAY: u64 = 4 * 1024 * 1024;

/// Every watched task, and the conversation with the server while there is one.
#[derive(Debug)]
pub(super) struct Watches {
    watched: HashMap<Uuid, Watch>,
    /// The longest text that is read, in bytes.
    longest: usize,
    /// What the answers will be to, in their order.
    asked: VecDeque<Asked>,
    /// Texts to be asked for, with their sizes.
    stored: VecDeque<(Uuid, u64)>,
    /// The sizes of the texts that were asked for, taken together.
    under_way: u64,
    is_connected: bool,
    /// What is to be sent.
    out: BytesMut,
}

#[derive(Debug)]
struct Watch {
    /// How many have come, less those that went.
    watchers: usize,
    updates: Vec<UnboundedSender<Update>>,
    /// The last word on it has been told: it is not subscribed to, and not looked for.
    is_over: bool,
    /// It was asked for, and there is no answer yet.
    is_looked_for: bool,
    looked: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Size(Uuid),
    Text(Uuid, u64),
    Life,
}

impl Watches {
    /// Nothing is watched yet. `longest` bounds what is read of a task, in bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self {
            watched: HashMap::new(),
            longest,
            asked: VecDeque::new(),
            stored: VecDeque::new(),
            under_way: 0,
            is_connected: false,
            out: BytesMut::new(),
        }
    }

    /// What is to be sent.
    pub(super) fn out(&mut self) -> &mut BytesMut {
        &mut self.out
    }

    /// Someone watches a task.
    pub(super) fn watch(&mut self, id: Uuid, updates: UnboundedSender<Update>, now: Instant) {
        let watch = self.watched.entry(id).or_insert_with(|| Watch {
            watchers: 0,
            updates: Vec::with_capacity(1),
            is_over: true,
            is_looked_for: false,
            looked: now,
        });
        watch.watchers += 1;
        watch.updates.push(updates);
        let is_new = std::mem::replace(&mut watch.is_over, false);
        if self.is_connected {
            if is_new {
                Command::Subscribe(id).encode(&mut self.out);
            }
            self.look(id, now);
        }
    }

    /// Someone watches a task no longer.
    pub(super) fn forget(&mut self, id: Uuid) {
        let Some(watch) = self.watched.get_mut(&id) else { return };
        watch.watchers = watch.watchers.saturating_sub(1);
        if watch.watchers > 0 {
            // Who went may still be about to close its end: then the next word finds that out.
            watch.updates.retain(|updates| !updates.is_closed());
            return;
        }
        let is_over = watch.is_over;
        self.watched.remove(&id);
        if self.is_connected && !is_over {
            Command::Unsubscribe(id).encode(&mut self.out);
        }
    }

    /// There is a connection, and nothing is known to it yet.
    pub(super) fn connected(&mut self, now: Instant) {
        self.is_connected = true;
        let open: Vec<_> = self.watched.iter().filter(|(_, watch)| !watch.is_over).map(|(&id, _)| id).collect();
        for &id in &open {
            Command::Subscribe(id).encode(&mut self.out);
        }
        // After every subscription: what is stored from then on is told.
        for id in open {
            self.look(id, now);
        }
    }

    /// The connection is gone, with all that was under way.
    pub(super) fn disconnected(&mut self) {
        self.is_connected = false;
        self.out = BytesMut::new();
        self.asked.clear();
        self.stored.clear();
        self.under_way = 0;
        for watch in self.watched.values_mut() {
            watch.is_looked_for = false;
        }
    }

    /// Looks again for what nothing was heard of for long.
    pub(super) fn fall_back(&mut self, now: Instant) {
        let stale = |watch: &Watch| !watch.is_over && now.saturating_duration_since(watch.looked) >= FALLBACK;
        let stale: Vec<_> = self.watched.iter().filter(|(_, watch)| stale(watch)).map(|(&id, _)| id).collect();
        for id in stale {
            self.look(id, now);
        }
    }

    /// Asks for a sign of life.
    pub(super) fn ping(&mut self) {
        Command::Ping.encode(&mut self.out);
        self.asked.push_back(Asked::Life);
    }

    fn look(&mut self, id: Uuid, now: Instant) {
        let Some(watch) = self.watched.get_mut(&id).filter(|watch| !watch.is_looked_for) else { return };
        (watch.is_looked_for, watch.looked) = (true, now);
        Command::Size(id).encode(&mut self.out);
        self.asked.push_back(Asked::Size(id));
    }

    /// Takes what the server said; whether it was the sign of life that was asked for.
    pub(super) fn hear(&mut self, said: Said) -> Result<bool, Cause> {
        match said {
            Said::Published { id, text } => self.tell(id, self.read(&text)),
            Said::Aside => {}
            // A subscription is refused out of turn, and nothing else has such an answer.
            Said::No(no) if !no.starts_with("WRONGTYPE ") => return Err(Cause::no(&no)),
            said => match (self.asked.pop_front(), said) {
                (Some(Asked::Life), Said::Done) => return Ok(true),
                (Some(Asked::Size(id)), Said::Number(0)) => self.answer(id, Update::NothingStored),
                (Some(Asked::Size(id)), Said::Number(bytes)) if bytes > self.longest as u64 => {
                    self.answer(id, Update::Report(Report::TooLarge { bytes: Some(bytes) }));
                }
                (Some(Asked::Size(id)), Said::Number(bytes)) => {
                    self.stored.push_back((id, bytes));
                    self.fetch();
                }
                (Some(Asked::Size(id)), Said::No(_)) => self.answer(id, foreign_key()),
                (Some(Asked::Text(id, bytes)), said) => {
                    self.under_way -= bytes;
                    match said {
                        Said::Text(text) if text.is_empty() => self.answer(id, Update::NothingStored),
                        Said::Text(text) => self.answer(id, self.read(&text)),
                        Said::No(_) => self.answer(id, foreign_key()),
                        _ => return Err(Cause::foreign()),
                    }
                    self.fetch();
                }
                _ => return Err(Cause::foreign()),
            },
        }
        Ok(false)
    }

    fn read(&self, text: &Bytes) -> Update {
        let is_too_large = text.len() > self.longest;
        Update::Report(if is_too_large { Report::TooLarge { bytes: None } } else { Report::read(text) })
    }

    /// Asks for texts, as many as may be under way.
    fn fetch(&mut self) {
        while let Some(&(id, bytes)) = self.stored.front() {
            if self.under_way > 0 && self.under_way + bytes > UNDER_WAY {
                return;
            }
            self.stored.pop_front();
            let Some(watch) = self.watched.get_mut(&id) else { continue };
            if watch.is_over {
                watch.is_looked_for = false;
                continue;
            }
            // One byte more tells what has grown too long since.
            Command::Text { id, most: self.longest.saturating_add(1) }.encode(&mut self.out);
            self.asked.push_back(Asked::Text(id, bytes));
            self.under_way += bytes;
        }
    }

    /// Tells what a look has found.
    fn answer(&mut self, id: Uuid, update: Update) {
        if let Some(watch) = self.watched.get_mut(&id) {
            watch.is_looked_for = false;
        }
        self.tell(id, update);
    }

    fn tell(&mut self, id: Uuid, update: Update) {
        let Some(watch) = self.watched.get_mut(&id).filter(|watch| !watch.is_over) else { return };
        if matches!(&update, Update::Report(report) if report.is_final()) {
            watch.is_over = true;
            Command::Unsubscribe(id).encode(&mut self.out);
        }
        watch.updates.retain(|updates| updates.send(update.clone()).is_ok());
    }
}

fn foreign_key() -> Update {
    Update::Report(Report::Garbled("the key holds no text: it is not a worker that stored it".to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    const LONGEST: usize = 1_000_000;
    const STORED: &[u8] = br#"{"status": "SUCCESS", "result": 5}"#;

    struct Bench {
        watches: Watches,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { watches: Watches::new(LONGEST), now: Instant::now() }
        }

        fn connected() -> Self {
            let mut bench = Self::new();
            bench.watches.connected(bench.now);
            bench
        }

        fn watch(&mut self, id: u128) -> UnboundedReceiver<Update> {
            let (updates, told) = unbounded_channel();
            self.watches.watch(Uuid::from_u128(id), updates, self.now);
            told
        }

        fn hear(&mut self, said: Said) {
            assert!(!self.watches.hear(said).unwrap());
        }

        /// The commands that are to be sent, each as its name and the last digit of the task.
        fn sent(&mut self) -> Vec<String> {
            let out = String::from_utf8(self.watches.out().split().to_vec()).unwrap();
            let commands = out.split('*').skip(1);
            let name = |words: &[&str]| words.get(4).map_or(words[2].to_owned(), |key| format!("{} {}", words[2], &key[key.len() - 1..]));
            commands.map(|command| name(&command.split("\r\n").filter(|word| !word.is_empty()).collect::<Vec<_>>())).collect()
        }
    }

    fn drained(told: &mut UnboundedReceiver<Update>) -> Vec<Update> {
        std::iter::from_fn(|| told.try_recv().ok()).collect()
    }

    fn success() -> Update {
        Update::Report(Report::Succeeded(Bytes::from_static(b"5")))
    }

    #[test]
    fn a_watch_subscribes_before_it_looks() {
        let mut bench = Bench::connected();
        let mut told = bench.watch(1);
        assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1"]);
        bench.hear(Said::Number(0));
        assert_eq!(drained(&mut told), [Update::NothingStored]);
        bench.hear(Said::Published { id: Uuid::from_u128(1), text: Bytes::from_static(STORED) });
        assert_eq!((drained(&mut told), bench.sent()), (vec![success()], vec!["UNSUBSCRIBE 1".to_owned()]));
        bench.watches.forget(Uuid::from_u128(1));
        assert!(bench.sent().is_empty());
    }

    #[test]
    fn what_is_stored_is_fetched_once_its_size_is_known() {
        let mut bench = Bench::connected();
        let mut told = bench.watch(1);
        bench.hear(Said::Number(STORED.len() as u64));
        assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1", "GETRANGE 1"]);
        bench.hear(Said::Text(Bytes::from_static(STORED)));
        assert_eq!(drained(&mut told), [success()]);
    }

    #[test]
    fn what_is_too_large_is_never_fetched_and_ends_the_watch() {
        let mut bench = Bench::connected();
        let mut told = bench.watch(1);
        bench.hear(Said::Number(100_000_000));
        assert_eq!(drained(&mut told), [Update::Report(Report::TooLarge { bytes: Some(100_000_000) })]);
        assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1", "UNSUBSCRIBE 1"]);
        bench.watches.disconnected();
        bench.watches.connected(bench.now);
        assert!(bench.sent().is_empty(), "nobody subscribes again");
        let mut told = bench.watch(2);
        bench.hear(Said::Number(10));
        bench.hear(Said::Text(Bytes::from(vec![b'x'; LONGEST + 1])));
        assert_eq!(drained(&mut told), [Update::Report(Report::TooLarge { bytes: None })]);
    }

    #[test]
    fn few_large_texts_are_under_way_at_once() {
        let mut bench = Bench::connected();
        let mut told: Vec<_> = (1..=8).map(|id| bench.watch(id)).collect();
        bench.sent();
        for _ in 1..=8 {
            bench.hear(Said::Number(LONGEST as u64));
        }
        assert_eq!(bench.sent(), ["GETRANGE 1", "GETRANGE 2", "GETRANGE 3", "GETRANGE 4"]);
        // One that nobody watches any longer is passed over.
        bench.watches.forget(Uuid::from_u128(5));
        bench.hear(Said::Text(Bytes::from_static(STORED)));
        assert_eq!(bench.sent(), ["UNSUBSCRIBE 5", "UNSUBSCRIBE 1", "GETRANGE 6"]);
        assert_eq!(drained(&mut told[0]), [success()]);
    }

    #[test]
    fn a_new_connection_knows_every_watch_and_tells_it_again() {
        let mut bench = Bench::new();
        let mut told = bench.watch(1);
        assert!(bench.sent().is_empty());
        for _ in 0..2 {
            bench.watches.connected(bench.now);
            assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1"]);
            bench.hear(Said::Number(0));
            assert_eq!(drained(&mut told), [Update::NothingStored]);
            bench.watches.ping();
            bench.watches.disconnected();
            assert!(bench.sent().is_empty());
        }
    }

    #[test]
    fn every_watcher_of_a_task_is_told_until_it_goes() {
        let mut bench = Bench::connected();
        let (mut first, mut second) = (bench.watch(1), bench.watch(1));
        assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1"]);
        bench.hear(Said::Number(0));
        assert_eq!((drained(&mut first).len(), drained(&mut second).len()), (1, 1));
        // Its end is closed only after it has said that it goes.
        bench.watches.forget(Uuid::from_u128(1));
        drop(first);
        bench.hear(Said::Published { id: Uuid::from_u128(1), text: Bytes::from_static(br#"{"status": "STARTED", "result": null}"#) });
        assert_eq!((drained(&mut second).len(), bench.sent().len()), (1, 0));
        bench.watches.forget(Uuid::from_u128(1));
        assert_eq!(bench.sent(), ["UNSUBSCRIBE 1"]);
    }

    #[test]
    fn a_task_is_looked_for_again_when_nothing_is_heard_for_long() {
        let mut bench = Bench::connected();
        let mut told = bench.watch(1);
        bench.watches.fall_back(bench.now + FALLBACK);
        assert_eq!(bench.sent(), ["SUBSCRIBE 1", "STRLEN 1"], "the first look has no answer yet");
        bench.hear(Said::Number(0));
        bench.watches.fall_back(bench.now + FALLBACK / 2);
        assert!(bench.sent().is_empty());
        bench.watches.fall_back(bench.now + FALLBACK);
        assert_eq!(bench.sent(), ["STRLEN 1"]);
        assert_eq!(drained(&mut told), [Update::NothingStored]);
    }

    #[test]
    fn an_answer_that_nobody_asked_for_is_foreign() {
        for said in [Said::Done, Said::Number(1), Said::Text(Bytes::new()), Said::Greeting(String::new()), Said::No("WRONGTYPE x".into())] {
            assert_eq!(Bench::connected().watches.hear(said), Err(Cause::foreign()));
        }
        let mut bench = Bench::connected();
        let mut told = bench.watch(1);
        bench.hear(Said::No("WRONGTYPE Operation against a key holding the wrong kind of value".into()));
        assert!(matches!(drained(&mut told)[..], [Update::Report(Report::Garbled(_))]));
        assert_eq!(bench.watches.hear(Said::No("NOPERM x".into())), Err(Cause::no("NOPERM x")));
    }
}
