//! Another client of a reader.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use pandian_llrp::parameter::event::ConnectionAttemptStatus;
use pandian_llrp::{Framer, Message, Version};

use super::program::PATIENCE;

/// A client that holds the reader until it is dropped.
pub(crate) struct Rival {
    stream: TcpStream,
}

impl Rival {
    /// Takes the reader, as soon as it is free.
    pub(crate) fn take(reader: SocketAddr) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stream = TcpStream::connect(reader).unwrap();
            let mut hearing = Hearing { stream: stream.try_clone().unwrap(), framer: Framer::default() };
            match hearing.greeting() {
                ConnectionAttemptStatus::Success => {
                    std::thread::spawn(move || hearing.stays_alive());
                    return Self { stream };
                }
                refusal => assert!(Instant::now() < deadline, "{refusal:?}"),
            }
        }
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }
}

/// What the reader says.
struct Hearing {
    stream: TcpStream,
    framer: Framer,
}

impl Hearing {
    /// The next message; none once the connection has ended.
    fn next(&mut self) -> Option<Message> {
        let mut byte = [0];
        loop {
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            if let Some(frame) = self.framer.take_frame(&mut &byte[..]).unwrap() {
                return Some(frame.decode().unwrap());
            }
        }
    }

    /// Whether a new client may stay.
    fn greeting(&mut self) -> ConnectionAttemptStatus {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let Some(Message::ReaderEventNotification(told)) = self.next() else { panic!("the reader does not greet") };
        told.event.connection_attempt.unwrap().status
    }

    /// Answers the reader, which leaves those who do not to themselves.
    fn stays_alive(mut self) {
        let answer = Message::KeepaliveAck.encode(Version::V1_0_1, 1).unwrap();
        while let Some(message) = self.next() {
            if message == Message::Keepalive && self.stream.write_all(&answer).is_err() {
                return;
            }
        }
    }
}
