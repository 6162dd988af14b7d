//! What a broker says of itself. It does so in its first words on a connection, which lapin keeps to itself, so they are listened to on
//! one that is closed again at once.

use std::io;

use lapin::types::AMQPValue;
use lapin::types::parsing::parse_field_table;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::client::ClientSettings;
use crate::tls;

/// The client's first words (AMQP 0-9-1, section 4.2.2).
const PROTOCOL: &[u8] = b"AMQP\x00\x00\x09\x01";
/// Type, channel and size of a frame.
const FRAME_HEADER: usize = 7;
/// Class and method of `connection.start`, and two bytes of version.
const METHOD_HEADER: usize = 6;
/// The longest greeting that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// The broker's product and version, such as `RabbitMQ 3.10.8`.
pub(super) async fn greeting(settings: &ClientSettings) -> io::Result<String> {
    let broker = &settings.broker;
    let stream = TcpStream::connect((broker.host.as_str(), broker.port)).await?;
    if !broker.is_tls {
        return listen(stream).await;
    }
    let name = ServerName::try_from(broker.host.clone()).map_err(io::Error::other)?;
    listen(tls::connector(settings.ca.as_deref())?.connect(name, stream).await?).await
}

async fn listen(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<String> {
    stream.write_all(PROTOCOL).await?;
    stream.flush().await?;
    let mut header = [0; FRAME_HEADER];
    stream.read_exact(&mut header).await?;
    let length = u32::from_be_bytes([header[3], header[4], header[5], header[6]]) as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut start = vec![0; length];
    stream.read_exact(&mut start).await?;
    product(&start).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn product(start: &[u8]) -> Option<String> {
    let (_, properties) = parse_field_table(start.get(METHOD_HEADER..)?).ok()?;
    let text = |name: &str| match properties.inner().get(name) {
        Some(AMQPValue::LongString(text)) => Some(text.to_string().chars().filter(|c| !c.is_control()).take(80).collect::<String>()),
        _ => None,
    };
    Some(format!("{} {}", text("product")?, text("version")?))
}
