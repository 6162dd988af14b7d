//! Ports that nobody else gets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, ipproto, listen, socket_with, sockopt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A port on loopback. It is bound as long as this lives, so that the system gives it to nobody else, and without listening, so that a
/// server that allows itself the reuse of addresses, as all of them do, can listen there.
#[derive(Debug)]
pub(super) struct Port {
    number: u16,
    _bound: OwnedFd,
}

impl Port {
    /// A free one.
    pub(super) fn free() -> Self {
        let bound = reusable(0).unwrap_or_else(|error| panic!("no port is free on loopback: {error}"));
        let address = getsockname(&bound).and_then(SocketAddr::try_from);
        let number = address.unwrap_or_else(|error| panic!("a bound socket has no address: {error}")).port();
        Self { number, _bound: bound }
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// A listener at this port.
    pub(super) fn listen(&self) -> io::Result<TcpListener> {
        let socket = reusable(self.number)?;
        listen(&socket, 128)?;
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

fn reusable(port: u16) -> io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket)
}

/// What the server at a port answers first to some bytes; nothing if it does not answer soon.
pub(super) async fn answer(port: u16, said: &[u8]) -> Option<Vec<u8>> {
    let exchange = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(said).await?;
        let mut answered = vec![0; 64];
        let length = stream.read(&mut answered).await?;
        answered.truncate(length);
        io::Result::Ok(answered)
    };
    timeout(Duration::from_secs(2), exchange).await.ok()?.ok().filter(|answered| !answered.is_empty())
}

/// Whether anyone listens at a port.
pub(super) async fn is_listening(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok()
}
