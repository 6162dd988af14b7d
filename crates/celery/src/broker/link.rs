//! One connection to the broker, from its first byte to its last.

use std::future::Future;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, OwnedTLSConfig, TLSConfig};
use lapin::types::ShortString;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Event};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::greeting::greeting;
use super::trouble::{self, trouble};
use crate::client::ClientSettings;
use crate::error::{Trouble, TroubleKind};

/// How long the broker may take to answer: to a new connection, and to what is asked of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long each half of a polite farewell may take.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);
/// How long the reason of a break may come after the break.
const AFTERTHOUGHT: Duration = Duration::from_millis(200);

/// A connection that stands, or has stood. Dropping it ends it at once.
pub(super) struct Link {
    pub(super) connection: Connection,
    address: Arc<str>,
    socket: Socket,
    settings: Arc<ClientSettings>,
    product: OnceCell<String>,
}

/// What lapin says of a connection.
pub(super) type Events = Pin<Box<dyn Stream<Item = Event> + Send>>;

/// A second handle of the connection's socket. lapin runs a thread for each connection, and one that waits for a silent broker would
/// wait for ever: shutting the socket ends it.
#[derive(Default)]
struct Socket(Arc<Mutex<SocketState>>);

#[derive(Default)]
enum SocketState {
    #[default]
    Awaited,
    Open(TcpStream),
    Shut,
}

impl Socket {
    fn lock(state: &Mutex<SocketState>) -> MutexGuard<'_, SocketState> {
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a handle of a socket that was opened, unless nobody waits for it any longer.
    fn opened(state: &Mutex<SocketState>, socket: TcpStream) -> io::Result<()> {
        match &mut *Self::lock(state) {
            SocketState::Shut => Err(io::ErrorKind::ConnectionAborted.into()),
            state => {
                *state = SocketState::Open(socket);
                Ok(())
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let SocketState::Open(socket) = std::mem::replace(&mut *Self::lock(&self.0), SocketState::Shut) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Link {
    /// Connects and logs in.
    pub(super) async fn open(settings: &Arc<ClientSettings>, address: &Arc<str>) -> Result<(Self, Events), Trouble> {
        let refused = |reason: &str| trouble::new(address, TroubleKind::Refused, reason);
        // lapin panics at longer ones.
        let uri = settings.broker.to_lapin();
        ShortString::try_new(uri.vhost.as_str()).map_err(|_| refused("a virtual host's name has 255 bytes at most"))?;
        let authority = settings.ca.as_deref().map(|pem| String::from_utf8(pem.to_vec())).transpose();
        let cert_chain = authority.map_err(|_| refused("the authority's certificates are no PEM"))?;
        let tls = OwnedTLSConfig { identity: None, cert_chain };
        let runtime = lapin::runtime::default_runtime().map_err(|error| trouble(address, &error))?;
        let socket = Socket::default();
        let (seen, reactor) = (socket.0.clone(), runtime.clone());
        let connect = async move |uri: AMQPUri, _| {
            let connecting = async {
                // Without TLS at first, to get hold of the socket.
                let is_tls = uri.scheme == AMQPScheme::AMQPS;
                let uri = AMQPUri { scheme: AMQPScheme::AMQP, ..uri };
                let stream = uri.connect_with_config_async(TLSConfig::default(), &reactor).await?;
                if let AsyncTcpStream::Plain(stream) = &stream {
                    Socket::opened(&seen, stream.get_ref().as_fd().try_clone_to_owned()?.into())?;
                }
                if is_tls { stream.into_tls(&uri.authority.host, tls.as_ref()).await } else { Ok(stream) }
            };
            let connected: io::Result<_> = timeout(PATIENCE, connecting).await.unwrap_or_else(|late| Err(late.into()));
            Ok(connected?)
        };
        let properties = ConnectionProperties::default()
            .with_connection_name(settings.name.as_bytes().into())
            .with_client_property("product".into(), "pandian".into())
            .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into());
        let connecting = Connection::connector(uri, runtime, connect, properties).boxed();
        let connection = in_time(address, connecting).await?;
        let events = connection.events_listener().boxed();
        Ok((Self { connection, address: address.clone(), socket, settings: settings.clone(), product: OnceCell::new() }, events))
    }

    /// Waits until the connection breaks, and says why it did.
    pub(super) async fn broken(&self, events: &mut Events) -> Trouble {
        while let Some(event) = events.next().await {
            match event {
                // Errors of channels come here, too.
                Event::Error(error) if !self.connection.status().connected() => return self.trouble(&error),
                Event::ConnectionBlocked(reason) => tracing::warn!(broker = %self.address, %reason, "the broker takes no messages for now"),
                Event::ConnectionUnblocked => tracing::info!(broker = %self.address, "the broker takes messages again"),
                _ => {}
            }
        }
        self.lost()
    }

    /// Says why the connection broke, as far as lapin knows better than what was seen of it.
    pub(super) async fn reason(&self, events: &mut Events, seen: Trouble) -> Trouble {
        if self.stands() || seen != self.lost() {
            return seen;
        }
        timeout(AFTERTHOUGHT, self.broken(events)).await.unwrap_or(seen)
    }

    /// Whether the connection stands, as far as is known.
    pub(super) fn stands(&self) -> bool {
        self.connection.status().connected()
    }

    pub(super) fn lost(&self) -> Trouble {
        trouble::new(&self.address, TroubleKind::Unreachable, "the connection was lost")
    }

    pub(super) fn refused(&self, reason: &str) -> Trouble {
        trouble::new(&self.address, TroubleKind::Refused, reason)
    }

    pub(super) fn trouble(&self, error: &lapin::Error) -> Trouble {
        trouble(&self.address, error)
    }

    /// Waits for an answer of the broker, for a bounded time.
    pub(super) async fn answer<T>(&self, answering: impl Future<Output = lapin::Result<T>>) -> Result<T, Trouble> {
        let answered = in_time(&self.address, answering).await;
        if self.connection.status().blocked() {
            let blocked =
                || trouble::new(&self.address, TroubleKind::Unreachable, "it takes no messages for now: it is short of memory or disk");
            return answered.map_err(|_| blocked());
        }
        answered
    }

    /// What the broker says of itself, such as `RabbitMQ 3.10.8`. It is asked each time for a sign of life.
    pub(super) async fn product(&self) -> Result<String, Trouble> {
        self.answer(self.connection.create_channel()).await?;
        let greeted = async {
            let greeted = timeout(PATIENCE, greeting(&self.settings)).await;
            greeted.unwrap_or_else(|late| Err(late.into())).unwrap_or_else(|_| "AMQP 0-9-1".to_owned())
        };
        Ok(self.product.get_or_init(|| greeted).await.clone())
    }

    /// Takes leave of the broker.
    pub(super) async fn close(self) {
        let _ = timeout(FAREWELL, self.connection.close(200, "OK".into())).await;
        drop(self.socket);
    }
}

async fn in_time<T>(address: &Arc<str>, answering: impl Future<Output = lapin::Result<T>>) -> Result<T, Trouble> {
    match timeout(PATIENCE, answering).await {
        Ok(answered) => answered.map_err(|error| trouble(address, &error)),
        Err(_) => Err(trouble::new(address, TroubleKind::Unreachable, &format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}
