//! Encryption of connections to devices: how a device is recognised over TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use crate::catalog::BuildContext;

/// How a device is recognised over TLS: one of `ca`, `sha256`, `public`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// A file of certificates (PEM) of the authority that signed the device's.
    pub ca: Option<PathBuf>,
    /// The SHA-256 of the device's own certificate (DER), as 64 hex digits, colons allowed.
    pub sha256: Option<String>,
    /// Whether the public authorities are trusted.
    #[serde(default)]
    pub public: bool,
    /// The name in the device's certificate. The host of its address unless given.
    pub server_name: Option<String>,
}

impl TlsSettings {
    /// What no single field can tell.
    ///
    /// # Errors
    /// The advice, if the device is to be recognised in no way, in several, or by what is no fingerprint.
    pub fn check(&self) -> Result<(), String> {
        let ways = usize::from(self.ca.is_some()) + usize::from(self.sha256.is_some()) + usize::from(self.public);
        if ways != 1 {
            return Err("`tls` says how the device is recognised: by one of `ca`, `sha256` and `public`".to_owned());
        }
        self.fingerprint().map(drop)
    }

    /// The certificate that is pinned.
    fn fingerprint(&self) -> Result<Option<[u8; 32]>, String> {
        let Some(text) = &self.sha256 else { return Ok(None) };
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        let wrong =
            || "`tls.sha256` is the SHA-256 of a certificate: 64 hex digits, as `openssl x509 -fingerprint -sha256` prints them".to_owned();
        if digits.len() != 64 {
            return Err(wrong());
        }
        let mut pin = [0; 32];
        for (byte, pair) in pin.iter_mut().zip(digits.chunks_exact(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else { return Err(wrong()) };
            *byte = high << 4 | low;
        }
        Ok(Some(pin))
    }

    /// Whom to trust, with the file of certificates read.
    ///
    /// # Errors
    /// Why the fingerprint or the file cannot be used.
    pub(crate) fn trust(&self, context: &BuildContext) -> Result<Trust, String> {
        if let Some(pin) = self.fingerprint()? {
            return Ok(Trust::Pinned(pin));
        }
        let Some(file) = &self.ca else { return Ok(Trust::Public) };
        let file = context.folder.join(file);
        let read = std::fs::read(&file).map_err(|error| format!("`tls.ca` {} cannot be read: {error}", file.display()))?;
        Ok(Trust::Authority(read.into()))
    }
}

/// How a device is recognised over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// By the authorities in a PEM file.
    Authority(Arc<[u8]>),
    /// By the SHA-256 of its own certificate.
    Pinned([u8; 32]),
    /// By the public authorities.
    Public,
}

impl Trust {
    /// The means to encrypt.
    ///
    /// # Errors
    /// Why the certificates cannot be used.
    pub(crate) fn connector(&self) -> Result<TlsConnector, String> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?;
        let config = match self {
            Self::Pinned(pin) => config.dangerous().with_custom_certificate_verifier(Arc::new(Pinned { pin: *pin, provider })),
            Self::Public => config.with_root_certificates(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            Self::Authority(pem) => config.with_root_certificates(authority(pem)?),
        };
        Ok(Arc::new(config.with_no_client_auth()).into())
    }

    /// The name that the device's certificate must bear.
    ///
    /// # Errors
    /// If no certificate can bear it, and one has to.
    pub(crate) fn name(&self, name: &str) -> Result<ServerName<'static>, String> {
        match (ServerName::try_from(name.to_owned()), self) {
            (Ok(name), _) => Ok(name),
            // No name is compared, and what is sent need not be the host's.
            (Err(_), Self::Pinned(_)) => Ok(ServerName::IpAddress(IpAddr::from(Ipv4Addr::UNSPECIFIED).into())),
            (Err(_), _) => Err(format!("\"{name}\" cannot be the name in a certificate")),
        }
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

/// What the certificate was refused for by us: TLS itself prints it for programmers.
pub(crate) fn in_own_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(why)))) => io::Error::other(why.to_string()),
        _ => error,
    }
}

/// The device shows another certificate than the one that is pinned.
#[derive(Debug, thiserror::Error)]
#[error("the SHA-256 of the device's certificate is {}, which is not `tls.sha256`", hex(.shown))]
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

    #[test]
    fn a_pinned_certificate_needs_no_name() {
        for (trust, is_taken) in [(Trust::Pinned([0; 32]), true), (Trust::Public, false)] {
            assert_eq!(trust.name("读写器.local").is_ok(), is_taken, "{trust:?}");
        }
    }
}
