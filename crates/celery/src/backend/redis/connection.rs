//! A connection to Redis: made, greeted, and tried.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::pki_types::ServerName;
use uuid::Uuid;

use super::cause::Cause;
use super::wire::{Command, Said, decode};
use crate::address::BackendUrl;
use crate::client::ClientSettings;
use crate::error::Trouble;
use crate::tls;

/// How long it may take from the first packet until the server has answered everything that a connection begins with.
const WITHIN: Duration = Duration::from_secs(5);
/// What a frame has beside the text in it, at most, in bytes.
const FRAMING: usize = 4 * 1024;
/// The longest name that a connection is given.
const NAME: usize = 64;

/// A server, and how it is greeted.
pub(super) struct Server {
    address: Arc<str>,
    host: String,
    port: u16,
    is_tls: bool,
    ca: Option<Arc<[u8]>>,
    credentials: Option<(String, String)>,
    database: u32,
    name: String,
    /// The longest text that is read, in bytes.
    longest: usize,
}

impl Server {
    /// The server of the settings, if it is a Redis.
    pub(super) fn of(settings: &ClientSettings, longest: usize) -> Option<Self> {
        let BackendUrl::Redis { host, port, is_tls, user, password, database } = &settings.backend else { return None };
        // Redis takes no other characters in a name.
        let name = settings.name.chars().map(|character| if character.is_ascii_graphic() { character } else { '-' });
        Some(Self {
            address: settings.backend.to_string().into(),
            host: host.clone(),
            port: *port,
            is_tls: *is_tls,
            ca: settings.ca.clone(),
            credentials: password.clone().map(|password| (user.clone().unwrap_or_else(|| "default".to_owned()), password)),
            database: *database,
            name: name.take(NAME).collect(),
            longest,
        })
    }

    pub(super) fn trouble(&self, cause: &Cause) -> Trouble {
        cause.trouble(&self.address)
    }

    /// Connects, says who asks, and tries what will be needed; the server says what it is.
    pub(super) async fn connect(&self) -> Result<(Connection, String), Cause> {
        let connected = timeout(WITHIN, async {
            let mut connection = Connection::over(self.reach().await?, self.longest.saturating_add(FRAMING));
            let server = self.greet(&mut connection).await?;
            Ok((connection, server))
        });
        connected.await.unwrap_or_else(|_| Err(Cause::unreachable(format!("no answer within {} s", WITHIN.as_secs()))))
    }

    async fn reach(&self) -> Result<Box<dyn Transport>, Cause> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| Cause::from(&error))?;
        stream.set_nodelay(true).map_err(|error| Cause::from(&error))?;
        if !self.is_tls {
            return Ok(Box::new(stream));
        }
        let name =
            ServerName::try_from(self.host.clone()).map_err(|error| Cause::tls(&io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let connector = tls::connector(self.ca.as_deref()).map_err(|error| Cause::tls(&error))?;
        Ok(Box::new(connector.connect(name, stream).await.map_err(|error| Cause::tls(&error))?))
    }

    /// A right that is missing is found here, not by the first task: what is asked of tasks is asked of one that does not exist.
    async fn greet(&self, connection: &mut Connection) -> Result<String, Cause> {
        let nobody = Uuid::nil();
        let credentials = self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
        let mut out = BytesMut::new();
        for command in [
            Command::Hello { credentials, name: &self.name },
            Command::Select(self.database),
            Command::Subscribe(nobody),
            Command::Unsubscribe(nobody),
            Command::Size(nobody),
            Command::Text { id: nobody, most: 1 },
        ] {
            command.encode(&mut out);
        }
        connection.sender.send(&mut out).await?;
        let mut server = None;
        loop {
            match connection.receiver.next().await? {
                Said::Greeting(greeting) => server = Some(greeting),
                Said::No(no) => return Err(Cause::no(&no)),
                Said::Text(_) => return server.ok_or_else(Cause::foreign),
                Said::Done | Said::Number(_) | Said::Aside | Said::Published { .. } => {}
            }
        }
    }
}

/// What bytes travel over.
trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A connection, by its two directions.
pub(super) struct Connection {
    pub(super) receiver: Receiver,
    pub(super) sender: Sender,
}

/// The direction from the server.
pub(super) struct Receiver {
    stream: ReadHalf<Box<dyn Transport>>,
    received: BytesMut,
    /// The longest frame, in bytes.
    bound: usize,
}

/// The direction to the server.
pub(super) struct Sender(WriteHalf<Box<dyn Transport>>);

impl Connection {
    fn over(transport: Box<dyn Transport>, bound: usize) -> Self {
        let (reader, writer) = split(transport);
        Self { receiver: Receiver { stream: reader, received: BytesMut::new(), bound }, sender: Sender(writer) }
    }
}

impl Receiver {
    /// Waits until something was received. Nothing is lost if this is given up.
    pub(super) async fn receive(&mut self) -> Result<(), Cause> {
        match self.stream.read_buf(&mut self.received).await {
            Ok(0) => Err(Cause::closed()),
            Ok(_) => Ok(()),
            Err(error) => Err((&error).into()),
        }
    }

    /// The next of what was received, if it is whole.
    pub(super) fn take(&mut self) -> Result<Option<Said>, Cause> {
        decode(&mut self.received, self.bound)
    }

    async fn next(&mut self) -> Result<Said, Cause> {
        loop {
            if let Some(said) = self.take()? {
                return Ok(said);
            }
            self.receive().await?;
        }
    }
}

impl Sender {
    /// Sends all of it. If this is given up, what was not sent stands in `out` still, and it is to be called again.
    pub(super) async fn send(&mut self, out: &mut BytesMut) -> Result<(), Cause> {
        let sent = async {
            while !out.is_empty() {
                self.0.write_buf(out).await?;
            }
            // TLS keeps some of it.
            self.0.flush().await
        };
        sent.await.map_err(|error: io::Error| Cause::from(&error))
    }
}
