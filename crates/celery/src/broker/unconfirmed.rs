//! Messages that the broker has not said a word on yet.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use uuid::Uuid;

use super::{Outgoing, Unpublished, trouble};
use crate::error::{Trouble, TroubleKind};

/// Messages on their way on one channel, oldest first.
#[derive(Default)]
pub(super) struct Unconfirmed {
    messages: VecDeque<InFlight>,
    news: News,
}

/// What was learnt beside the words on messages.
#[derive(Default)]
struct News {
    /// Tasks whose messages found no queue, and are not marked yet.
    returned: Vec<Uuid>,
    /// The channel is closed: this is why.
    closed: Option<lapin::Error>,
}

/// The future of the broker's word on a message.
pub(super) type Confirming = Pin<Box<dyn Future<Output = lapin::Result<Word>> + Send>>;

/// The broker's word on a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) is_taken: bool,
    /// A message found no queue: the one of this task, which need not be the one that this is the word on.
    pub(super) returned: Option<Uuid>,
}

struct InFlight {
    outgoing: Outgoing,
    stage: Stage,
    /// The broker has sent it back: it found no queue.
    is_returned: bool,
}

enum Stage {
    Waiting(Confirming),
    /// The broker's word is known since the last look.
    New {
        is_taken: bool,
    },
    /// It was known before.
    Known {
        is_taken: bool,
    },
    /// The channel was closed before the broker said a word.
    Unconfirmed,
}

impl Unconfirmed {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether the channel is open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.news.closed.is_none()
    }

    /// Takes up a message. Its future is asked at once for the first time.
    pub(super) fn push(&mut self, outgoing: Outgoing, confirming: Confirming) {
        let mut message = InFlight { outgoing, stage: Stage::Waiting(confirming), is_returned: false };
        message.look(&mut self.news);
        self.messages.push_back(message);
    }

    /// Settles whatever the broker has said a word on. Fails when the channel is closed.
    ///
    /// lapin hands a message that was sent back to whichever word the broker says next, not to that on the message itself. It never does
    /// so later, so a word holds when all the others have been looked at once more.
    pub(super) fn settle(&mut self, address: &Arc<str>) -> lapin::Result<()> {
        loop {
            let mut has_news = false;
            for message in &mut self.messages {
                if let Stage::New { is_taken } = message.stage {
                    message.stage = Stage::Known { is_taken };
                }
                has_news |= message.look(&mut self.news);
            }
            for id in self.news.returned.drain(..) {
                let sent_back = self.messages.iter_mut().find(|message| !message.is_returned && message.outgoing.message.task.id == id);
                if let Some(message) = sent_back {
                    message.is_returned = true;
                }
            }
            for _ in 0..self.messages.len() {
                match self.messages.pop_front() {
                    Some(InFlight { outgoing, stage: Stage::Known { is_taken }, is_returned }) => {
                        outgoing.settle(is_taken, is_returned, address);
                    }
                    Some(message) => self.messages.push_back(message),
                    None => {}
                }
            }
            if !has_news {
                return self.news.closed.clone().map_or(Ok(()), Err);
            }
        }
    }

    /// Forgets those that nobody waits for any longer.
    pub(super) fn forget_forsaken(&mut self) {
        self.messages.retain(|message| !message.outgoing.confirmed.is_closed());
    }

    /// Takes what was not confirmed, oldest first.
    pub(super) fn take(&mut self) -> impl DoubleEndedIterator<Item = Outgoing> + use<> {
        std::mem::take(&mut self.messages).into_iter().map(|message| message.outgoing)
    }
}

impl InFlight {
    /// Looks for the broker's word, unless it is known; gives whether it has become so. Nobody is woken by a word: that would be for
    /// each message twice, and costs more than all the rest.
    fn look(&mut self, news: &mut News) -> bool {
        let Stage::Waiting(confirming) = &mut self.stage else { return false };
        let Poll::Ready(word) = confirming.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { return false };
        self.stage = match word {
            Ok(Word { is_taken, returned }) => {
                news.returned.extend(returned);
                Stage::New { is_taken }
            }
            Err(error) => {
                news.closed.get_or_insert(error);
                Stage::Unconfirmed
            }
        };
        true
    }
}

impl Outgoing {
    fn settle(self, is_taken: bool, is_returned: bool, address: &Arc<str>) {
        let refused = || Unpublished::Trouble(trouble::new(address, TroubleKind::Refused, "it could not keep the message"));
        let _ = self.confirmed.send(match (is_returned, is_taken) {
            (true, _) => Err(Unpublished::NoQueue),
            (false, true) => Ok(()),
            (false, false) => Err(refused()),
        });
    }

    /// Tells who waits for it that it was not published.
    pub(super) fn refuse(self, trouble: Trouble) {
        let _ = self.confirmed.send(Err(Unpublished::Trouble(trouble)));
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use serde_json::Map;
    use tokio::sync::oneshot;

    use super::*;
    use crate::broker::Message;
    use crate::task::Task;

    type Confirmed = oneshot::Receiver<Result<(), Unpublished>>;

    fn in_flight(id: u128, confirming: Confirming) -> (InFlight, Confirmed) {
        let task = Task { id: Uuid::from_u128(id), name: "t".into(), queue: "q".into(), args: Vec::new(), kwargs: Map::new() };
        let (confirmed, receiver) = oneshot::channel();
        let outgoing = Outgoing { message: Message { task, deadline: None }, confirmed };
        (InFlight { outgoing, stage: Stage::Waiting(confirming), is_returned: false }, receiver)
    }

    fn taken(returned: Option<u128>) -> Confirming {
        Box::pin(ready(Ok(Word { is_taken: true, returned: returned.map(Uuid::from_u128) })))
    }

    fn settle(messages: &mut Unconfirmed) -> lapin::Result<()> {
        messages.settle(&"there".into())
    }

    #[test]
    fn a_message_that_comes_back_with_the_word_on_another_is_the_one_without_a_queue() {
        for carrier in [0, 1, 2] {
            let mut messages = Unconfirmed::default();
            let mut confirmed: Vec<Confirmed> = Vec::new();
            for id in 0..3 {
                let (message, receiver) = in_flight(id, taken((id == carrier).then_some(1)));
                messages.messages.push_back(message);
                confirmed.push(receiver);
            }
            settle(&mut messages).unwrap();
            let told: Vec<_> = confirmed.iter_mut().map(|confirmed| confirmed.try_recv().unwrap()).collect();
            assert_eq!(told, [Ok(()), Err(Unpublished::NoQueue), Ok(())], "carried by {carrier}");
        }
    }

    #[test]
    fn what_is_confirmed_behind_a_message_that_is_not_is_settled_too() {
        let mut messages = Unconfirmed::default();
        let (stuck, mut waits) = in_flight(0, Box::pin(pending()));
        let (message, mut confirmed) = in_flight(1, taken(None));
        messages.messages.extend([stuck, message]);
        settle(&mut messages).unwrap();
        assert_eq!(confirmed.try_recv(), Ok(Ok(())));
        assert!(waits.try_recv().is_err() && messages.messages.len() == 1);
    }

    #[test]
    fn what_was_not_confirmed_when_the_channel_closed_is_left_in_order() {
        let mut messages = Unconfirmed::default();
        let closed = || -> Confirming { Box::pin(ready(Err(lapin::ErrorKind::MissingHeartbeatError.into()))) };
        let mut confirmed = Vec::new();
        for (id, confirming) in [(0, closed()), (1, taken(None)), (2, closed())] {
            let (message, receiver) = in_flight(id, confirming);
            messages.messages.push_back(message);
            confirmed.push(receiver);
        }
        assert!(settle(&mut messages).is_err());
        assert_eq!(confirmed[1].try_recv(), Ok(Ok(())));
        let left: Vec<_> = messages.messages.iter().map(|message| message.outgoing.message.task.id.as_u128()).collect();
        assert_eq!(left, [0, 2]);
    }
}
