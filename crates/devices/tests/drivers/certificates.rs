//! A device's certificate for `localhost`, signed by a private authority.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::peer::Peer;

/// The certificate, and the file `ca.pem` of its authority in a folder.
pub(crate) struct Certificates {
    pub(crate) folder: TempDir,
    /// Of the device's certificate, as `openssl` prints it.
    pub(crate) sha256: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Certificates {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority = ["-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(path, &[&["req"], &key[..], &authority[..]].concat()).await;
        openssl(path, &[&["req"], &key[..], &["-subj", "/CN=device", "-keyout", "device.key", "-out", "device.csr"]].concat()).await;
        std::fs::write(path.join("names"), "subjectAltName=DNS:localhost").unwrap();
        let sign = ["x509", "-req", "-in", "device.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
        openssl(path, &[&sign[..], &["-extfile", "names", "-out", "device.pem"]].concat()).await;

        let certificate = CertificateDer::from_pem_file(path.join("device.pem")).unwrap();
        let sha256 = Sha256::digest(&certificate).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02X}:");
            hex
        });
        let key = PrivateKeyDer::from_pem_file(path.join("device.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        Self { folder, sha256: sha256.trim_end_matches(':').to_owned(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// The address where a peer is spoken to over TLS.
    pub(crate) async fn in_front_of(&self, peer: &Peer) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, plain, acceptor) = (listener.local_addr().unwrap(), peer.address, self.acceptor.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(stream).await?;
                    let mut inside = TcpStream::connect(plain).await?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        address
    }
}

async fn openssl(folder: &Path, arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).current_dir(folder).output().await.unwrap();
    assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}
