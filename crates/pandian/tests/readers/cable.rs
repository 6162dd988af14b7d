//! The cable between the program and a reader, to be cut and pulled.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// A relay to a reader.
pub(crate) struct Cable {
    /// Where the program finds the reader.
    pub(crate) address: SocketAddr,
    state: watch::Sender<State>,
    _runtime: Runtime,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Bytes go both ways.
    Whole,
    /// No byte gets through, and neither end learns of it: no connection ends, none is refused.
    Cut,
    /// The reader's end is dead: connections are closed, and others refused.
    Dead,
}

impl Cable {
    /// A whole cable to this reader.
    pub(crate) fn to(reader: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (state, changes) = watch::channel(State::Whole);
        runtime.spawn(serve(listener, changes, reader));
        Self { address, state, _runtime: runtime }
    }

    /// Nothing gets through any more.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// What a reader's death does to its connections.
    pub(crate) fn die(&self) {
        self.state.send_replace(State::Dead);
    }

    /// It is whole again.
    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn serve(listener: TcpListener, mut state: watch::Receiver<State>, reader: SocketAddr) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let Some(open) = &listener else {
            if state.wait_for(|state| *state != State::Dead).await.is_err() {
                return;
            }
            listener = Some(TcpListener::bind(address).await.unwrap());
            continue;
        };
        let changes = state.clone();
        tokio::select! {
            accepted = open.accept() => {
                let (program, _) = accepted.unwrap();
                tokio::spawn(carry(program, changes, reader));
            }
            gone = dead(&mut state) => match gone {
                Ok(()) => listener = None,
                Err(_) => return,
            },
        }
    }
}

/// Waits for the death of the reader's end.
async fn dead(state: &mut watch::Receiver<State>) -> Result<(), watch::error::RecvError> {
    state.wait_for(|state| *state == State::Dead).await.map(drop)
}

/// Carries one connection. Begun while the cable is cut, it comes about when that is whole again, like one whose first packet was lost.
async fn carry(program: TcpStream, state: watch::Receiver<State>, reader: SocketAddr) {
    let mut life = state.clone();
    let carrying = async {
        let (mut changes, mut said) = (state.clone(), [0]);
        tokio::select! {
            biased;
            // It was given up: a client of a reader says nothing before it is greeted.
            _ = program.peek(&mut said) => return Ok(()),
            whole = changes.wait_for(|state| *state == State::Whole) => drop(whole.map_err(io::Error::other)?),
        }
        let reader = TcpStream::connect(reader).await?;
        let ((from_program, to_program), (from_reader, to_reader)) = (split(program), split(reader));
        tokio::select! {
            ended = forward(from_program, to_reader, state.clone()) => ended,
            ended = forward(from_reader, to_program, state) => ended,
        }
    };
    tokio::select! {
        // That a connection ended is for its two ends to notice.
        _ = carrying => {}
        _ = dead(&mut life) => {}
    }
}

/// Carries bytes one way. What comes to a cut cable waits there, an end of the connection too.
async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<State>) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = from.read(&mut bytes).await?;
        state.wait_for(|state| *state == State::Whole).await.map_err(io::Error::other)?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
