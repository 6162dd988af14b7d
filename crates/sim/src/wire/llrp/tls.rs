//! Encryption.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a reader shows to its clients when it speaks TLS. Both are PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let certificate = |error: &dyn std::fmt::Display| unusable("certificate", &self.certificate, error);
        let chain = CertificateDer::pem_file_iter(&self.certificate).map_err(|error| certificate(&error))?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| certificate(&error))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable("private key", &self.key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| certificate(&error))?;
        Ok(Arc::new(config).into())
    }
}

fn unusable(what: &str, file: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the {what} {} cannot be used: {error}", file.display()))
}
