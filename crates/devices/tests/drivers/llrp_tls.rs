//! A reader of kind `llrp` behind TLS, recognised by its authority or by its certificate.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use pandian_domain::Code;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::ground;
use crate::llrp_peer::{LlrpPeer, epc};
use crate::llrp_reader::{epcs, refused};

/// A reader with a certificate for `localhost` of a private authority.
struct Encrypted {
    peer: LlrpPeer,
    folder: TempDir,
    sha256: String,
}

impl Encrypted {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority = ["-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(path, &[&["req"], &key[..], &authority[..]].concat()).await;
        openssl(path, &[&["req"], &key[..], &["-subj", "/CN=reader", "-keyout", "reader.key", "-out", "reader.csr"]].concat()).await;
        std::fs::write(path.join("names"), "subjectAltName=DNS:localhost").unwrap();
        let sign = ["x509", "-req", "-in", "reader.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
        openssl(path, &[&sign[..], &["-extfile", "names", "-out", "reader.pem"]].concat()).await;

        let certificate = CertificateDer::from_pem_file(path.join("reader.pem")).unwrap();
        let sha256 = Sha256::digest(&certificate).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02X}:");
            hex
        });
        let key = PrivateKeyDer::from_pem_file(path.join("reader.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let peer = LlrpPeer::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), Some(TlsAcceptor::from(Arc::new(config))));
        Self { peer, folder, sha256: sha256.trim_end_matches(':').to_owned() }
    }

    fn reader(&self, tls: &str) -> Arc<dyn pandian_devices::TagReader> {
        let settings = format!("{{ address = \"{}\", tls = {tls} }}", self.peer.address);
        ground::reader("llrp", &settings, &ground::context(self.folder.path()))
    }
}

async fn openssl(folder: &Path, arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).current_dir(folder).output().await.unwrap();
    assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn a_reader_is_recognised_by_its_authority_or_by_its_certificate() {
    let encrypted = Encrypted::start().await;
    assert_eq!(epcs(&encrypted.reader("{ ca = \"ca.pem\", server_name = \"localhost\" }")).await, [epc(1)]);
    assert_eq!(epcs(&encrypted.reader(&format!("{{ sha256 = \"{}\" }}", encrypted.sha256))).await, [epc(1)]);
}

#[tokio::test]
async fn a_reader_that_is_not_recognised_is_not_spoken_to() {
    let encrypted = Encrypted::start().await;
    let other = "00".repeat(32);
    for (tls, told) in [
        ("{ ca = \"ca.pem\" }".to_owned(), "certificate"),
        ("{ public = true, server_name = \"localhost\" }".to_owned(), "UnknownIssuer"),
        (format!("{{ sha256 = \"{other}\" }}"), &*encrypted.sha256.replace(':', "").to_lowercase()),
    ] {
        let (code, message) = refused(&encrypted.reader(&tls)).await;
        assert_eq!(code, Code::DeviceUnreachable, "{tls}: {message}");
        assert!(message.contains(told), "{tls}: {message}");
    }
    assert!(encrypted.peer.heard().is_empty());
}

#[tokio::test]
async fn plain_and_encrypted_do_not_mix() {
    let plain = LlrpPeer::start().await;
    let settings = format!("{{ address = \"{}\", tls = {{ public = true, server_name = \"localhost\" }} }}", plain.address);
    let (code, message) = refused(&ground::reader("llrp", &settings, &ground::context(".".as_ref()))).await;
    assert_eq!(code, Code::DeviceUnreachable, "{message}");
}
