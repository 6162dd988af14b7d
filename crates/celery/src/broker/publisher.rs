//! Publishing, confirmed by the broker.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::time::Instant;
use uuid::Uuid;

use super::unconfirmed::{Confirming, Unconfirmed, Word};
use super::{Outgoing, Unpublished, trouble};
use crate::client::ClientSettings;
use crate::error::TroubleKind;

/// So many messages at most are on their way at the same time: enough for tens of thousands a second.
const WINDOW: usize = 128;
/// What a message's header frame holds beside the headers, in bytes, with room to spare.
const BESIDE_HEADERS: usize = 2_048;
/// The delivery mode of messages that survive the broker's end.
const PERSISTENT: u8 = 2;

/// A channel in confirm mode, and the messages on it that are not confirmed yet.
pub(super) struct Publisher {
    channel: Arc<Channel>,
    /// How the program is called in the messages' headers.
    origin: Arc<str>,
    /// The queue for results, if they come back through the broker.
    reply_to: Option<ShortString>,
    /// The longest frame that the broker takes, in bytes.
    frame_max: usize,
    unconfirmed: Unconfirmed,
}

impl Publisher {
    /// Opens a channel. `reply_to` is the queue for results, if they come back through the broker.
    pub(super) async fn open(connection: &Connection, settings: &ClientSettings, reply_to: Option<ShortString>) -> lapin::Result<Self> {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let origin = settings.name.clone();
        let frame_max = connection.configuration().frame_max() as usize;
        Ok(Self { channel: Arc::new(channel), origin, reply_to, frame_max, unconfirmed: Unconfirmed::default() })
    }

    /// Whether another message may be published now.
    pub(super) fn has_room(&self) -> bool {
        self.unconfirmed.len() < WINDOW && self.unconfirmed.is_open()
    }

    /// Hands a message to lapin, which writes it in a moment. One that nobody waits for any longer, or that would come too late, is
    /// dropped.
    pub(super) fn publish(&mut self, outgoing: Outgoing, address: &Arc<str>) {
        if outgoing.confirmed.is_closed() {
            return;
        }
        let left = outgoing.message.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return;
        }
        let task = &outgoing.message.task;
        let Ok(queue) = ShortString::try_new(task.queue.as_str()) else {
            // No queue can have so long a name.
            let _ = outgoing.confirmed.send(Err(Unpublished::NoQueue));
            return;
        };
        let headers = task.headers(&self.origin);
        if length(&headers) + BESIDE_HEADERS > self.frame_max {
            // Headers travel in one frame. The broker would break the connection for it, again and again.
            return outgoing.refuse(trouble::new(address, TroubleKind::Refused, "the task's headers are longer than it takes"));
        }
        let body = task.body();
        let properties = self.properties(task.id, headers, left);
        let channel = self.channel.clone();
        let confirming: Confirming = Box::pin(async move {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let confirmation = channel.basic_publish(ShortString::default(), queue, options, &body, properties).await?.await?;
            Ok(Word::read(&confirmation))
        });
        // lapin queues the message when it is asked for the first time, and writes it soon, along with what follows.
        self.unconfirmed.push(outgoing, confirming);
    }

    fn properties(&self, id: Uuid, headers: FieldTable, left: Option<Duration>) -> BasicProperties {
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_headers(headers)
            .with_delivery_mode(PERSISTENT)
            .with_correlation_id(id.to_string().into());
        if let Some(queue) = &self.reply_to {
            properties = properties.with_reply_to(queue.clone());
        }
        if let Some(left) = left {
            properties = properties.with_expiration(left.as_millis().max(1).to_string().into());
        }
        properties
    }

    /// Whether a confirmation is waited for.
    pub(super) fn has_unconfirmed(&self) -> bool {
        self.unconfirmed.len() > 0
    }

    /// What was not confirmed.
    pub(super) fn unconfirmed(&mut self) -> &mut Unconfirmed {
        &mut self.unconfirmed
    }
}

/// The length of headers in a frame, in bytes, rounded up.
fn length(headers: &FieldTable) -> usize {
    let value = |value: &AMQPValue| value.as_long_string().map_or(16, |text| 5 + text.len());
    headers.into_iter().map(|(name, held)| 1 + name.as_str().len() + value(held)).sum()
}

impl Word {
    fn read(confirmation: &Confirmation) -> Self {
        let (is_taken, returned) = match confirmation {
            Confirmation::Ack(returned) => (true, returned.as_ref()),
            Confirmation::Nack(returned) => (false, returned.as_ref()),
            Confirmation::NotRequested => (true, None),
        };
        let task = returned.and_then(|message| message.properties.correlation_id().as_ref());
        Self { is_taken, returned: task.and_then(|id| Uuid::parse_str(id.as_str()).ok()) }
    }
}
