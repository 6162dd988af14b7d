//! The queue of results (`rpc://`), consumed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::time::Instant;
use uuid::Uuid;

use super::link::Link;
use super::trouble::is_access_refused;
use crate::backend::rpc::{Inbound, Inbox};
use crate::error::Trouble;

/// A queue of results that nobody consumes is removed after a day.
const UNCONSUMED_MS: i32 = 86_400_000;
/// A result is acknowledged when it has been here for so long. A process that is killed before that finds it again when it has been
/// restarted: it may not have made anything of it yet.
const KEPT: Duration = Duration::from_secs(10);
/// Results that come within so long are acknowledged together.
const TOGETHER: Duration = Duration::from_secs(1);
/// So many results at most are handed on before the session looks at anything else.
const AT_ONCE: usize = 256;

/// The consumer of the queue, and what it has not acknowledged.
pub(super) struct Inflow {
    channel: Arc<Channel>,
    /// The name of the queue.
    pub(super) queue: ShortString,
    consumer: Consumer,
    inbox: Inbox,
    unacknowledged: VecDeque<Batch>,
}

/// Results that came together.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// When the first of them came.
    since: Instant,
    /// The delivery tag of the last of them.
    last: u64,
}

impl Inflow {
    /// Declares the queue and consumes it, alone.
    pub(super) async fn open(link: &Link, name: &str, inbox: Inbox) -> Result<Self, Trouble> {
        let queue = ShortString::try_new(name).map_err(|_| link.refused("a queue's name has 255 bytes at most"))?;
        let channel = Arc::new(link.answer(link.connection.create_channel()).await?);
        let (mut arguments, mut options) = (FieldTable::default(), QueueDeclareOptions::default());
        if name.is_empty() {
            // The broker names it, and deletes it with the connection.
            options.exclusive = true;
        } else {
            options.durable = true;
            arguments.insert("x-expires".into(), AMQPValue::LongInt(UNCONSUMED_MS));
        }
        let declared = link.answer(channel.queue_declare(queue, options, arguments)).await?;
        let queue = declared.name().clone();
        let alone = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
        let consuming = channel.basic_consume(queue.clone(), ShortString::default(), alone, FieldTable::default());
        let consumer = link.answer(async { Ok(consuming.await) }).await?.map_err(|error| {
            // Our own connection from before a cut holds the queue, too, until the broker notices the cut.
            let taken = || format!("the queue of results \"{queue}\" is consumed by another process of the name, or still by this one");
            if is_access_refused(&error) { link.refused(&taken()) } else { link.trouble(&error) }
        })?;
        // A handle that nobody reads any longer: the session is about to end, too.
        let _ = inbox.send(Inbound::Connected { backlog: declared.message_count() });
        Ok(Self { channel, queue, consumer, inbox, unacknowledged: VecDeque::new() })
    }

    /// Hands on what comes, until the queue is no longer consumed. Why not, is told if it is no secret of the broker.
    pub(super) fn poll_results(&mut self, context: &mut Context<'_>) -> Poll<Option<lapin::Error>> {
        for _ in 0..AT_ONCE {
            match ready!(self.consumer.poll_next_unpin(context)) {
                Some(Ok(delivery)) => self.deliver(delivery),
                Some(Err(error)) => return Poll::Ready(Some(error)),
                None => return Poll::Ready(None),
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn deliver(&mut self, delivery: Delivery) {
        let now = Instant::now();
        match self.unacknowledged.back_mut() {
            Some(batch) if now < batch.since + TOGETHER => batch.last = delivery.delivery_tag,
            _ => self.unacknowledged.push_back(Batch { since: now, last: delivery.delivery_tag }),
        }
        let task = delivery.properties.correlation_id().as_ref();
        // What bears no task's id is no result of ours.
        if let Some(id) = task.and_then(|id| Uuid::parse_str(id.as_str()).ok()) {
            let _ = self.inbox.send(Inbound::Result { id, body: Bytes::from(delivery.data) });
        }
    }

    /// Acknowledges what has been here long enough.
    pub(super) fn acknowledgement(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let now = Instant::now();
        let mut last = None;
        while let Some(batch) = self.unacknowledged.pop_front_if(|batch| now >= batch.since + TOGETHER + KEPT) {
            last = Some(batch.last);
        }
        let (last, channel) = (last?, self.channel.clone());
        Some(async move {
            // If this fails, the connection has broken, and the results come again.
            let _ = channel.basic_ack(last, BasicAckOptions { multiple: true }).await;
        })
    }
}
