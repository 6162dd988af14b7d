//! The task that owns the connection.

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use lapin::options::QueueDeclareOptions;
use lapin::types::{FieldTable, ShortString};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::inflow::Inflow;
use super::link::{Events, FAREWELL, Link};
use super::mailbox;
use super::publisher::Publisher;
use super::trouble::is_not_found;
use super::{Outgoing, Question, Request};
use crate::backend::rpc::{Inbound, Inbox};
use crate::client::ClientSettings;
use crate::error::Trouble;
use crate::pace::Pace;

/// Pauses between attempts to connect: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A connection that held for so long was a good one.
const GOOD: Duration = Duration::from_secs(5);
/// How often the session looks for confirmations while it waits for some.
const LOOK: Duration = Duration::from_millis(10);
/// How often the session looks after what nothing wakes it for.
const ROUND: Duration = Duration::from_millis(500);
/// So many requests are taken at once.
const AT_ONCE: usize = 256;
/// So many messages may wait before those that nobody waits for any longer are sorted out.
const SORTED_AT: usize = 1_024;

/// What the session does beside its loop, until it is done or the connection breaks.
type Asides<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>;

/// Serves requests until the last handle is dropped.
pub(super) async fn run(
    settings: Arc<ClientSettings>,
    inbox: Option<Inbox>,
    requests: mpsc::UnboundedReceiver<Request>,
    trouble: watch::Sender<Option<Trouble>>,
    pace: Pace,
) {
    let address = settings.broker.to_string().into();
    let mut session = Session {
        settings,
        address,
        inbox,
        requests,
        trouble,
        waiting: VecDeque::new(),
        sorted_at: SORTED_AT,
        questions: Vec::new(),
        pace,
    };
    session.serve().await;
}

struct Session {
    settings: Arc<ClientSettings>,
    address: Arc<str>,
    inbox: Option<Inbox>,
    requests: mpsc::UnboundedReceiver<Request>,
    trouble: watch::Sender<Option<Trouble>>,
    /// Messages that are not published, oldest first.
    waiting: VecDeque<Outgoing>,
    /// So many of them make the session sort out the forsaken ones.
    sorted_at: usize,
    /// Asked while there was no connection.
    questions: Vec<Question>,
    pace: Pace,
}

/// A connection with its channels.
struct Line {
    link: Link,
    events: Events,
    publisher: Publisher,
    inflow: Option<Inflow>,
}

/// The last handle was dropped.
struct Unused;

impl Session {
    async fn serve(&mut self) {
        // Results are consumed from the start; otherwise the first request is the first reason to connect.
        if self.inbox.is_none() {
            match self.requests.recv().await {
                Some(request) => self.put_off(request),
                None => return,
            }
        }
        let mut pause = PAUSES.0;
        loop {
            let opening = Line::open(self.settings.clone(), self.address.clone(), self.inbox.clone());
            let broken = match self.meanwhile(opening).await {
                Err(Unused) => return,
                Ok(Err(trouble)) => trouble,
                Ok(Ok(line)) => {
                    let since = Instant::now();
                    self.trouble.send_replace(None);
                    let broken = self.talk(line).await;
                    if since.elapsed() >= GOOD {
                        pause = PAUSES.0;
                    }
                    match broken {
                        Err(Unused) => return,
                        Ok(trouble) => trouble,
                    }
                }
            };
            self.troubled(broken);
            if self.meanwhile(sleep(pause)).await.is_err() {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn troubled(&mut self, trouble: Trouble) {
        for question in self.questions.drain(..) {
            question.fail(trouble.clone());
        }
        if let Some(inbox) = &self.inbox {
            let _ = inbox.send(Inbound::Lost(trouble.clone()));
        }
        self.trouble.send_replace(Some(trouble));
    }

    /// Takes requests for later while something goes on.
    async fn meanwhile<T>(&mut self, goes_on: impl Future<Output = T>) -> Result<T, Unused> {
        let mut goes_on = std::pin::pin!(goes_on);
        loop {
            tokio::select! {
                done = &mut goes_on => return Ok(done),
                request = self.requests.recv() => self.put_off(request.ok_or(Unused)?),
            }
        }
    }

    fn put_off(&mut self, request: Request) {
        match request {
            Request::Publish(outgoing) => self.queue(outgoing),
            // A worker that is told later would be told what is no longer so.
            Request::Tell(_) => {}
            Request::Question(question) => self.questions.push(question),
        }
    }

    fn queue(&mut self, outgoing: Outgoing) {
        self.waiting.push_back(outgoing);
        if self.waiting.len() >= self.sorted_at {
            self.waiting.retain(|outgoing| !outgoing.confirmed.is_closed());
            self.sorted_at = SORTED_AT.max(2 * self.waiting.len());
        }
    }

    /// Serves requests over a connection until it breaks, and says why it did.
    async fn talk(&mut self, line: Line) -> Result<Trouble, Unused> {
        let Line { link, mut events, mut publisher, mut inflow } = line;
        let (commands, told) = mpsc::channel(mailbox::WAITING);
        let mut asides = Asides::new();
        asides.push(mailbox::tell(&link.connection, told).boxed());
        asides.extend(self.questions.drain(..).map(|question| question.answer(&link).boxed()));
        let mut requested = Vec::with_capacity(AT_ONCE);
        let [mut looks, mut rounds] = [LOOK, ROUND].map(|every| {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        let address = self.address.clone();
        let broken = loop {
            while publisher.has_room() {
                let Some(outgoing) = self.waiting.pop_front() else { break };
                publisher.publish(outgoing, &address);
            }
            // Beside the one who tells workers, asides are questions: few, and waited for.
            if asides.len() < 2 {
                self.pace.rest().await;
            }
            let consumed = async {
                match &mut inflow {
                    Some(inflow) => poll_fn(|context| inflow.poll_results(context)).await,
                    None => pending().await,
                }
            };
            let wake = tokio::select! {
                trouble = link.broken(&mut events) => Wake::Broken(trouble),
                taken = self.requests.recv_many(&mut requested, AT_ONCE) => Wake::Requested(taken),
                error = consumed => Wake::Broken(match error {
                    Some(error) => link.trouble(&error),
                    None if link.stands() => link.refused("the queue of results was deleted"),
                    None => link.lost(),
                }),
                Some(()) = asides.next() => Wake::Aside,
                _ = looks.tick(), if publisher.has_unconfirmed() => Wake::Look,
                _ = rounds.tick() => Wake::Round,
            };
            let settled = match wake {
                Wake::Broken(trouble) => break Some(trouble),
                Wake::Requested(0) => break None,
                Wake::Requested(_) | Wake::Aside => Ok(()),
                Wake::Look => publisher.unconfirmed().settle(&address),
                Wake::Round if !link.stands() => break Some(link.lost()),
                Wake::Round => {
                    asides.extend(inflow.as_mut().and_then(Inflow::acknowledgement).map(FutureExt::boxed));
                    if !publisher.has_room() {
                        // A queue in trouble keeps its messages unconfirmed, and everybody else's out.
                        let _ = publisher.unconfirmed().settle(&address);
                        publisher.unconfirmed().forget_forsaken();
                    }
                    Ok(())
                }
            };
            for request in requested.drain(..) {
                match request {
                    Request::Publish(outgoing) => self.queue(outgoing),
                    Request::Tell(command) => {
                        let _ = commands.try_send(command);
                    }
                    Request::Question(question) => asides.push(question.answer(&link).boxed()),
                }
            }
            let Err(error) = settled else { continue };
            let trouble = link.trouble(&error);
            if !error.is_amqp_soft_error() || !link.stands() {
                break Some(trouble);
            }
            // Only the channel is closed: the broker refuses one of the messages, and does not say which.
            let reply_to = inflow.as_ref().map(|inflow| inflow.queue.clone());
            match link.answer(Publisher::open(&link.connection, &self.settings, reply_to)).await {
                Ok(open) => {
                    publisher.unconfirmed().take().for_each(|outgoing| outgoing.refuse(trouble.clone()));
                    publisher = open;
                }
                Err(trouble) => break Some(trouble),
            }
        };
        // What was confirmed is settled. The rest is published again, in the order it was in.
        let unconfirmed = publisher.unconfirmed();
        let _ = unconfirmed.settle(&address);
        unconfirmed.take().rev().for_each(|outgoing| self.waiting.push_front(outgoing));
        if broken.is_none() {
            // Workers are still told what was abandoned last.
            drop(commands);
            let _ = timeout(FAREWELL, asides.by_ref().collect::<()>()).await;
        }
        drop(asides);
        match broken {
            Some(trouble) => Ok(link.reason(&mut events, trouble).await),
            None => {
                link.close().await;
                Err(Unused)
            }
        }
    }
}

/// What the session woke for.
enum Wake {
    Broken(Trouble),
    Requested(usize),
    Aside,
    Look,
    Round,
}

impl Line {
    async fn open(settings: Arc<ClientSettings>, address: Arc<str>, inbox: Option<Inbox>) -> Result<Self, Trouble> {
        let (link, events) = Link::open(&settings, &address).await?;
        let channels = async {
            let inflow = match inbox {
                // Results find their queue before the first task is published.
                Some(inbox) => Some(Inflow::open(&link, &settings.queue_of_results(), inbox).await?),
                None => None,
            };
            let reply_to = inflow.as_ref().map(|inflow| inflow.queue.clone());
            Ok((inflow, link.answer(Publisher::open(&link.connection, &settings, reply_to)).await?))
        };
        match channels.await {
            Ok((inflow, publisher)) => Ok(Self { link, events, publisher, inflow }),
            Err(trouble) => {
                link.close().await;
                Err(trouble)
            }
        }
    }
}

impl Question {
    fn fail(self, trouble: Trouble) {
        // Whoever does not wait any longer is not told.
        match self {
            Self::Workers { answered, .. } => drop(answered.send(Err(trouble))),
            Self::Consumers { answered, .. } => drop(answered.send(Err(trouble))),
            Self::Check { answered } => drop(answered.send(Err(trouble))),
        }
    }

    async fn answer(self, link: &Link) {
        match self {
            Self::Workers { command, within, answered } => drop(answered.send(mailbox::ask(link, &command, within).await)),
            Self::Consumers { queue, answered } => drop(answered.send(consumers(link, queue).await)),
            Self::Check { answered } => drop(answered.send(link.product().await)),
        }
    }
}

/// Counts a queue's consumers on a channel that is thrown away: the broker closes it when there is no such queue.
async fn consumers(link: &Link, queue: String) -> Result<Option<u32>, Trouble> {
    // No queue can have a longer name than this type.
    let Ok(queue) = ShortString::try_new(queue) else { return Ok(None) };
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let counting = async {
        let channel = link.connection.create_channel().await?;
        Ok(channel.queue_declare(queue, passive, FieldTable::default()).await)
    };
    match link.answer(counting).await? {
        Ok(queue) => Ok(Some(queue.consumer_count())),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(link.trouble(&error)),
    }
}
