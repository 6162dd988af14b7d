//! Whom to trust.

use std::io;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The means of encryption: Mozilla's roots, and those of a private authority as PEM.
pub(crate) fn connector(private: Option<&[u8]>) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let public = roots.len();
    for certificate in CertificateDer::pem_slice_iter(private.unwrap_or_default()) {
        let added = certificate.map_err(|error| error.to_string()).and_then(|it| roots.add(it).map_err(|error| error.to_string()));
        added.map_err(|error| unusable(&error))?;
    }
    if private.is_some() && roots.len() == public {
        return Err(unusable("there is none"));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into())
}

fn unusable(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the certificates of the private authority cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_without_a_certificate_is_refused() {
        assert!(connector(None).is_ok());
        for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!\n"] {
            let refused = connector(Some(pem.as_bytes())).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.starts_with("the certificates of the private authority cannot be used: "), "{pem}: {refused}");
        }
    }
}
