//! A reader of kind `llrp` behind TLS, recognised by its authority or by its certificate.

use std::sync::Arc;

use pandian_domain::Code;
use tokio::net::TcpListener;

use crate::certificates::Certificates;
use crate::ground;
use crate::llrp_peer::{LlrpPeer, epc};
use crate::llrp_reader::{epcs, refused};

/// A reader with a certificate for `localhost` of a private authority.
struct Encrypted {
    peer: LlrpPeer,
    certificates: Certificates,
}

impl Encrypted {
    async fn start() -> Self {
        let certificates = Certificates::new().await;
        let peer = LlrpPeer::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), Some(certificates.acceptor.clone()));
        Self { peer, certificates }
    }

    fn reader(&self, tls: &str) -> Arc<dyn pandian_devices::TagReader> {
        let settings = format!("{{ address = \"{}\", tls = {tls} }}", self.peer.address);
        ground::reader("llrp", &settings, &ground::context(self.certificates.folder.path()))
    }
}

#[tokio::test]
async fn a_reader_is_recognised_by_its_authority_or_by_its_certificate() {
    let encrypted = Encrypted::start().await;
    assert_eq!(epcs(&encrypted.reader("{ ca = \"ca.pem\", server_name = \"localhost\" }")).await, [epc(1)]);
    assert_eq!(epcs(&encrypted.reader(&format!("{{ sha256 = \"{}\" }}", encrypted.certificates.sha256))).await, [epc(1)]);
}

#[tokio::test]
async fn a_reader_that_is_not_recognised_is_not_spoken_to() {
    let encrypted = Encrypted::start().await;
    let other = "00".repeat(32);
    for (tls, told) in [
        ("{ ca = \"ca.pem\" }".to_owned(), "certificate"),
        ("{ public = true, server_name = \"localhost\" }".to_owned(), "UnknownIssuer"),
        (format!("{{ sha256 = \"{other}\" }}"), &*encrypted.certificates.sha256.replace(':', "").to_lowercase()),
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
