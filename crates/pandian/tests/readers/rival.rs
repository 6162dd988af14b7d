//! Another client of a reader.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use pandian_llrp::parameter::event::ConnectionAttemptStatus;
use pandian_llrp::{Framer, Message};

use super::program::PATIENCE;

/// A client that holds the reader until it is dropped.
pub(crate) struct Rival {
    _stream: TcpStream,
}

impl Rival {
    /// Takes the reader, as soon as it is free.
    pub(crate) fn take(reader: SocketAddr) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut stream = TcpStream::connect(reader).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            match greeting(&mut stream) {
                ConnectionAttemptStatus::Success => return Self { _stream: stream },
                refusal => assert!(Instant::now() < deadline, "{refusal:?}"),
            }
        }
    }
}

/// What the reader says to a new client.
fn greeting(stream: &mut TcpStream) -> ConnectionAttemptStatus {
    let (mut framer, mut bytes) = (Framer::default(), [0; 1024]);
    loop {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the reader greets nobody");
        let mut input = &bytes[..count];
        if let Some(frame) = framer.take_frame(&mut input).unwrap() {
            let Message::ReaderEventNotification(told) = frame.decode().unwrap() else { panic!("not a greeting") };
            return told.event.connection_attempt.unwrap().status;
        }
    }
}
