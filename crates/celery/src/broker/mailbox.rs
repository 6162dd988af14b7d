//! Remote control of workers, as kombu's `pidbox` does it. Neither exchange need be there: where no worker ever was, nobody answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer, ExchangeKind};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::link::Link;
use super::trouble::is_not_found;
use crate::control::{ANSWERS, COMMANDS, Command, answers};
use crate::error::Trouble;

/// So many commands at most wait to be told; the rest is not told.
pub(super) const WAITING: usize = 10_000;
/// So many answers at most are collected.
const ANSWERED: usize = 10_000;
/// After so long without a reader the broker removes a queue for answers, as kombu has it.
const UNREAD_MS: i32 = 10_000;

/// Tells workers whatever comes in, on a channel of its own: the broker closes it when the exchange does not exist.
pub(super) async fn tell(connection: &Connection, mut commands: mpsc::Receiver<Command>) {
    let mut channel: Option<Channel> = None;
    while let Some(command) = commands.recv().await {
        let open = match channel.take().filter(|channel| channel.status().connected()) {
            Some(open) => Ok(open),
            None => connection.create_channel().await,
        };
        // Without a connection nothing is told.
        let Ok(open) = open else { continue };
        let options = BasicPublishOptions::default();
        let _ = open.basic_publish(COMMANDS.into(), ShortString::default(), options, &command.body(None), properties()).await;
        channel = Some(open);
    }
}

/// Asks all workers and collects what they answer within a time.
pub(super) async fn ask(link: &Link, command: &Command, within: Duration) -> Result<BTreeMap<String, Value>, Trouble> {
    let until = Instant::now() + within;
    let Some((_open, mut consumer)) = link.answer(send(link, command, within)).await? else { return Ok(BTreeMap::new()) };
    let mut answered = BTreeMap::new();
    while answered.len() < ANSWERED {
        match timeout_at(until, consumer.next()).await {
            Ok(Some(Ok(delivery))) => answers(&delivery.data).into_iter().for_each(|(worker, answer)| join(&mut answered, worker, answer)),
            Ok(Some(Err(error))) => return Err(link.trouble(&error)),
            Ok(None) => return Err(link.lost()),
            Err(_) => break,
        }
    }
    Ok(answered)
}

/// Workers that nobody named have the same name: what one of them says, both say.
fn join(answered: &mut BTreeMap<String, Value>, worker: String, answer: Value) {
    match (answered.get_mut(&worker), answer) {
        (Some(Value::Array(said)), Value::Array(more)) => said.extend(more),
        (_, answer) => drop(answered.insert(worker, answer)),
    }
}

/// Publishes a command; gives the consumer of its answers, unless there is nobody to answer.
async fn send(link: &Link, command: &Command, within: Duration) -> lapin::Result<Option<(Channel, Consumer)>> {
    let connection = &link.connection;
    let mut channel = connection.create_channel().await?;
    let transient = ExchangeDeclareOptions::default();
    let declared = channel.exchange_declare(ANSWERS.into(), ExchangeKind::Direct, transient, FieldTable::default()).await;
    if declared.is_err() {
        // Another program has declared it otherwise, or we may not. The broker has closed the channel for that. It may well be usable.
        channel = connection.create_channel().await?;
    }
    let key = Uuid::new_v4().to_string();
    let queue: ShortString = format!("{key}.{ANSWERS}").into();
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), AMQPValue::LongInt(UNREAD_MS));
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.clone(), own, arguments).await?;
    channel.queue_bind(queue.clone(), ANSWERS.into(), key.as_str().into(), QueueBindOptions::default(), FieldTable::default()).await?;
    let unacknowledged = BasicConsumeOptions { no_ack: true, exclusive: true, ..BasicConsumeOptions::default() };
    let consumer = channel.basic_consume(queue, ShortString::default(), unacknowledged, FieldTable::default()).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    // Nobody asks any longer when it has expired.
    let properties = properties().with_expiration(within.as_millis().max(1).to_string().into());
    let body = command.body(Some(&key));
    let confirmed = async { channel.basic_publish(COMMANDS.into(), ShortString::default(), mandatory, &body, properties).await?.await };
    match confirmed.await.map(Confirmation::take_message) {
        // No worker's mailbox is bound to the exchange.
        Ok(Some(_returned)) => Ok(None),
        Ok(None) => Ok(Some((channel, consumer))),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn properties() -> BasicProperties {
    let mut headers = FieldTable::default();
    // A Lamport clock that never advances, and no expiry.
    headers.insert("clock".into(), AMQPValue::LongInt(0));
    headers.insert("expires".into(), AMQPValue::LongInt(0));
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_delivery_mode(1)
        .with_headers(headers)
}
