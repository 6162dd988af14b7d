//! Connections to a reader: TCP, and TLS over it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::address::Endpoint;
use crate::tls::{Trust, in_own_words};

/// How long a connection may take to come about, and again its encryption.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 8;
/// When a silent peer is first asked by the system whether it is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);

/// The means of encryption, and the name that the reader's certificate must bear.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A byte stream to a reader.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Tls {
    /// The means to encrypt for a reader of this name.
    ///
    /// # Errors
    /// Why certificates or name cannot be used.
    pub(super) fn new(trust: &Trust, name: &str) -> Result<Self, String> {
        Ok(Self { name: trust.name(name)?, connector: trust.connector()? })
    }
}

/// Connects.
pub(super) async fn connect(endpoint: &Endpoint, tls: Option<&Tls>) -> io::Result<Box<dyn Stream>> {
    let stream = in_time(reach(endpoint)).await?;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE_AFTER)?;
    Ok(match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(in_time(tls.connector.connect(tls.name.clone(), stream)).await.map_err(in_own_words)?),
    })
}

/// Connects to the first address of the host that answers. Each has its share of the time, so that a dead one leaves some to the others.
async fn reach(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let began = Instant::now();
    let addresses: Vec<SocketAddr> = lookup_host((&*endpoint.host, endpoint.port)).await?.take(MOST_ADDRESSES).collect();
    reach_any(&addresses, CONNECT_WITHIN.saturating_sub(began.elapsed())).await
}

async fn reach_any(addresses: &[SocketAddr], within: Duration) -> io::Result<TcpStream> {
    let until = Instant::now() + within;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its name has no address");
    for (place, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - place).unwrap_or(u32::MAX);
        let share = until.saturating_duration_since(Instant::now()) / left;
        last = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => no_answer(),
        };
    }
    Err(last)
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_WITHIN, connecting).await.unwrap_or_else(|_| Err(no_answer()))
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", CONNECT_WITHIN.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpSocket;

    /// An address that takes no more connections, and what keeps it so: to those who try it is as if it were dead.
    async fn dead() -> (SocketAddr, tokio::net::TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            waiting.push(stream);
            assert!(waiting.len() < 8, "its queue has an end");
        }
        (address, listener, waiting)
    }

    #[tokio::test]
    async fn a_dead_address_leaves_time_to_the_next_one() {
        let (dead, _listener, _waiting) = dead().await;
        let alive = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = reach_any(&[dead, alive.local_addr().unwrap()], Duration::from_millis(600)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive.local_addr().unwrap());
        let error = reach_any(&[dead, dead], Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
