//! Connections to a reader: TCP, and TLS over it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::address::Endpoint;

/// How long a connection may take to come about, and again its encryption.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 8;
/// When a silent peer is first asked by the system whether it is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);

/// How a reader is recognised over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// By the authorities in a PEM file.
    Authority(Arc<[u8]>),
    /// By the SHA-256 of its own certificate.
    Pinned([u8; 32]),
    /// By the public authorities.
    Public,
}

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
        let name = match (ServerName::try_from(name.to_owned()), trust) {
            (Ok(name), _) => name,
            // No name is compared, and what is sent need not be the host's.
            (Err(_), Trust::Pinned(_)) => ServerName::IpAddress(IpAddr::from(Ipv4Addr::UNSPECIFIED).into()),
            (Err(_), _) => return Err(format!("\"{name}\" cannot be the name in a certificate")),
        };
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?;
        let config = match trust {
            Trust::Pinned(pin) => config.dangerous().with_custom_certificate_verifier(Arc::new(Pinned { pin: *pin, provider })),
            Trust::Public => config.with_root_certificates(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Trust::Authority(pem) => config.with_root_certificates(authority(pem)?),
        };
        Ok(Self { connector: Arc::new(config.with_no_client_auth()).into(), name })
    }
}

fn authority(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let added = certificate.map_err(|error| error.to_string()).and_then(|it| roots.add(it).map_err(|error| error.to_string()));
        added.map_err(|why| format!("its certificates cannot be used: {why}"))?;
    }
    if roots.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(roots) }
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

/// What the certificate was refused for by us: TLS itself prints it for programmers.
fn in_own_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(why)))) => io::Error::other(why.to_string()),
        _ => error,
    }
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_WITHIN, connecting).await.unwrap_or_else(|_| Err(no_answer()))
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", CONNECT_WITHIN.as_secs()))
}

/// The reader shows another certificate than the one that is pinned.
#[derive(Debug, thiserror::Error)]
#[error("the SHA-256 of the reader's certificate is {}, which is not `tls.sha256`", hex(.shown))]
struct NotPinned {
    shown: [u8; 32],
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes one certificate and no other, whoever signed it.
#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Sha256::digest(certificate).into();
        if shown == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NotPinned { shown })))))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
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

    #[test]
    fn a_pinned_certificate_needs_no_name() {
        for (trust, is_taken) in [(Trust::Pinned([0; 32]), true), (Trust::Public, false)] {
            assert_eq!(Tls::new(&trust, "读写器.local").is_ok(), is_taken, "{trust:?}");
        }
    }
}
