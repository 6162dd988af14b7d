//! Where a reader is, as it stands in the configuration.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A reader's address: `host`, `host:port`, `[IPv6]` or `[IPv6]:port`. Without a port it is that of LLRP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ReaderAddress {
    host: String,
    port: Option<u16>,
}

/// A text that is no [`ReaderAddress`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a reader's address as \"10.0.3.7\", \"reader-1:5084\" or \"[fd00::7]:5084\"")]
pub struct NotAReaderAddress;

/// LLRP's port, and that of LLRP over TLS.
const PORTS: [u16; 2] = [5084, 5085];

/// A host and the port that connections go to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

impl ReaderAddress {
    /// The host: a name or an IP address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, with or without TLS.
    pub fn port(&self, is_tls: bool) -> u16 {
        self.port.unwrap_or(PORTS[usize::from(is_tls)])
    }

    /// Where connections go to.
    pub(super) fn endpoint(&self, is_tls: bool) -> Endpoint {
        Endpoint { host: self.host.clone(), port: self.port(is_tls) }
    }
}

impl FromStr for ReaderAddress {
    type Err = NotAReaderAddress;

    fn from_str(text: &str) -> Result<Self, NotAReaderAddress> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or(NotAReaderAddress)?;
                host.parse::<Ipv6Addr>().map_err(|_| NotAReaderAddress)?;
                let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(NotAReaderAddress)?) };
                (host, port)
            }
            None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || host.len() > 253 || !host.chars().all(is_name) {
            return Err(NotAReaderAddress);
        }
        // `parse` alone would take "+5084".
        let port = port.map(|port| port.parse().ok().filter(|&it: &u16| it > 0 && !port.starts_with('+')).ok_or(NotAReaderAddress));
        Ok(Self { host: host.to_ascii_lowercase(), port: port.transpose()? })
    }
}

impl TryFrom<String> for ReaderAddress {
    type Error = NotAReaderAddress;

    fn try_from(text: String) -> Result<Self, NotAReaderAddress> {
        text.parse()
    }
}

impl JsonSchema for ReaderAddress {
    fn schema_name() -> Cow<'static, str> {
        "ReaderAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10.0.3.7", "reader-1:5084", "[fd00::7]:5084"] })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_with_or_without_a_port() {
        for (text, plain, tls) in [
            ("10.0.3.7", "10.0.3.7:5084", "10.0.3.7:5085"),
            ("Reader-1:4000", "reader-1:4000", "reader-1:4000"),
            ("[fd00::7]:5084", "[fd00::7]:5084", "[fd00::7]:5084"),
            ("fd00::7", "[fd00::7]:5084", "[fd00::7]:5085"),
            ("[::1]", "[::1]:5084", "[::1]:5085"),
            ("读写器.local", "读写器.local:5084", "读写器.local:5085"),
        ] {
            let address: ReaderAddress = text.parse().unwrap();
            assert_eq!((address.endpoint(false).to_string(), address.endpoint(true).to_string()), (plain.into(), tls.into()), "{text}");
        }
        for text in ["", ":5084", "h:", "h:0", "h:+1", "h:65536", "h:1:2", "[::1", "[::1]5084", "[h]:1", "tcp://h", "a b", "h/x", "u@h"] {
            assert_eq!(text.parse::<ReaderAddress>(), Err(NotAReaderAddress), "{text}");
        }
    }
}
