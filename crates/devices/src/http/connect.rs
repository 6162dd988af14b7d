//! Connections: TCP, and TLS over it.

use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use rustix::net::{RecvFlags, sockopt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::tls::{Trust, in_own_words};

/// How long a connection may take to come about, and again its encryption. A peer in the same building answers in milliseconds; one
/// that does not within this time is not there, whatever the operation's own time-out is.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// When a silent peer is first asked by the system whether it is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);

/// Where connections lead: what the pool tells apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    is_tls: bool,
    authority: Authority,
}

/// A byte stream to a peer.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The means of encryption, made when they are first needed.
pub(super) struct Tls {
    trust: Trust,
    /// The name that certificates must bear, where it is not the host's.
    server_name: Option<String>,
    connector: OnceLock<Result<TlsConnector, String>>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { trust: Trust::Public, server_name: None, connector: OnceLock::new() }
    }
}

impl Origin {
    /// The origin of a URL; none if it has no host.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        Some(Self { is_tls: uri.scheme() == Some(&Scheme::HTTPS), authority: uri.authority()?.clone() })
    }

    /// Connects.
    pub(super) async fn connect(&self, tls: &Tls) -> io::Result<Stream> {
        let host = self.authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = self.authority.port_u16().unwrap_or(if self.is_tls { 443 } else { 80 });
        let stream = in_time(TcpStream::connect((host, port))).await?;
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&stream, true)?;
        sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE_AFTER)?;
        if !self.is_tls {
            return Ok(Stream::Plain(stream));
        }
        let name = tls.trust.name(tls.server_name.as_deref().unwrap_or(host)).map_err(io::Error::other)?;
        let stream = in_time(tls.connector().map_err(io::Error::other)?.connect(name, stream)).await.map_err(in_own_words)?;
        Ok(Stream::Tls(Box::new(stream)))
    }
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_WITHIN, connecting)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", CONNECT_WITHIN.as_secs()))))
}

impl Tls {
    /// The means to encrypt for servers that are recognised so.
    pub(super) fn new(trust: Trust, server_name: Option<String>) -> Result<Self, String> {
        let tls = Self { trust, server_name, connector: OnceLock::new() };
        tls.connector()?;
        Ok(tls)
    }

    fn connector(&self) -> Result<&TlsConnector, String> {
        self.connector.get_or_init(|| self.trust.connector()).as_ref().map_err(Clone::clone)
    }
}

impl Stream {
    /// Asks the system, not the event loop (which may not know yet), whether the peer has closed or sent what nobody asked for.
    pub(super) fn is_plainly_closed(&self) -> bool {
        let is_silent = |tcp: &TcpStream| {
            let peeked = rustix::net::recv(tcp.as_fd(), &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT);
            peeked.is_err_and(|error| error == rustix::io::Errno::WOULDBLOCK)
        };
        match self {
            Self::Plain(tcp) => !is_silent(tcp),
            // Encrypted bytes may be the protocol's own: reading them tells.
            Self::Tls(_) => false,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
