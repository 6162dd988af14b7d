//! Addresses of brokers and result backends, as Celery's users write them. Pure.

use std::fmt;

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use url::Url;

/// Seconds between the signs of life of a connection to a broker: one that is cut is noticed after twice this.
const HEARTBEAT: u16 = 5;

/// Where a broker is: `amqp://user:password@host:5672/vhost`, or `amqps://`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BrokerUrl {
    /// The name of the host, or its IP address without brackets.
    pub host: String,
    /// The port: 5672, or 5671 with TLS, unless given.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
    /// Who asks: `guest` unless given.
    pub user: String,
    /// Its password: `guest` unless given.
    pub password: String,
    /// The virtual host: `/` unless given.
    pub vhost: String,
}

/// Where results come back.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum BackendUrl {
    /// `redis://user:password@host:6379/0`, or `rediss://`.
    Redis {
        /// The name of the host, or its IP address without brackets.
        host: String,
        /// The port: 6379 unless given.
        port: u16,
        /// Whether the connection is encrypted.
        is_tls: bool,
        /// Who asks; `default` if only a password is given.
        user: Option<String>,
        /// Its password.
        password: Option<String>,
        /// The number of the database: 0 unless given.
        database: u32,
    },
    /// `rpc://`: through the broker.
    Rpc,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// A broker of another kind, or none at all.
    #[error("a broker is reached by amqp:// or amqps://, such as amqp://host:5672/vhost")]
    BrokerScheme,
    /// A backend of another kind, or none at all.
    #[error("results come back by redis:// or rediss://, such as redis://host:6379/0, or by rpc://")]
    BackendScheme,
    /// The host is missing.
    #[error("the host is missing")]
    Host,
    /// The database is no number.
    #[error("the database of Redis is a number, such as redis://host:6379/0")]
    Database,
    /// The virtual host has more than one part.
    #[error("a virtual host has no slashes but its own: write %2F for one")]
    VirtualHost,
    /// Credentials where they would be passed over.
    #[error("user and password stand before the @, such as redis://user:password@host:6379/0, not after the ?")]
    Query,
    /// It cannot be read. The reason does not repeat the text, where a password may stand.
    #[error("it is no URL: {0}")]
    Other(String),
}

/// Other settings of Celery's may stand after the `?`; they concern Celery.
fn parse(text: &str) -> Result<Url, BadAddress> {
    let url = Url::parse(text).map_err(|error| BadAddress::Other(error.to_string()))?;
    let has_credentials = url.query_pairs().any(|(name, _)| ["password", "username", "user"].contains(&&*name));
    if has_credentials { Err(BadAddress::Query) } else { Ok(url) }
}

fn host(url: &Url) -> Result<String, BadAddress> {
    let host = url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']').to_owned());
    host.filter(|host| !host.is_empty()).ok_or(BadAddress::Host)
}

/// Undoes percent-encoding; bytes that are no text afterwards are left as they stand.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.first_chunk::<2>().filter(|_| first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl BrokerUrl {
    /// Reads an address. As everywhere in Celery, `amqp://host`, `amqp://host/` and `amqp://host//` all mean the virtual host `/`.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let is_tls = match text.split_once("://") {
            Some(("amqp" | "pyamqp", _)) => false,
            Some(("amqps", _)) => true,
            _ => return Err(BadAddress::BrokerScheme),
        };
        let url = parse(text)?;
        let vhost = match url.path().strip_prefix('/').unwrap_or_default() {
            "" | "/" => "/".to_owned(),
            name if name.contains('/') => return Err(BadAddress::VirtualHost),
            name => decoded(name),
        };
        let or_guest = |text: &str| if text.is_empty() { "guest".to_owned() } else { decoded(text) };
        Ok(Self {
            host: host(&url)?,
            port: url.port().unwrap_or(if is_tls { 5671 } else { 5672 }),
            is_tls,
            user: or_guest(url.username()),
            password: or_guest(url.password().unwrap_or_default()),
            vhost,
        })
    }

    /// Whether it bears a password that is no public default.
    pub fn has_secret(&self) -> bool {
        self.password != "guest"
    }

    pub(crate) fn to_lapin(&self) -> AMQPUri {
        AMQPUri {
            scheme: if self.is_tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo { username: self.user.clone(), password: self.password.clone() },
                host: self.host.clone(),
                port: self.port,
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString { heartbeat: Some(HEARTBEAT), ..AMQPQueryString::default() },
        }
    }
}

impl BackendUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let is_tls = match text.split_once("://") {
            Some(("rpc", "")) => return Ok(Self::Rpc),
            Some(("redis", _)) => false,
            Some(("rediss", _)) => true,
            _ => return Err(BadAddress::BackendScheme),
        };
        let url = parse(text)?;
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => number.parse().map_err(|_| BadAddress::Database)?,
        };
        Ok(Self::Redis {
            host: host(&url)?,
            port: url.port().unwrap_or(6379),
            is_tls,
            user: Some(decoded(url.username())).filter(|user| !user.is_empty()),
            password: url.password().map(decoded),
            database,
        })
    }

    /// Whether it bears a password.
    pub fn has_secret(&self) -> bool {
        matches!(self, Self::Redis { password: Some(_), .. })
    }
}

/// Brackets around the colons of an IPv6 address.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// As messages may show it: without credentials.
impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let vhost = self.vhost.replace('%', "%25").replace('/', "%2F");
        let vhost = if vhost == "%2F" { "/" } else { &vhost };
        write!(f, "{}://{}/{vhost}", if self.is_tls { "amqps" } else { "amqp" }, authority(&self.host, self.port))
    }
}

/// As messages may show it: without credentials.
impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis { host, port, is_tls, database, .. } => {
                write!(f, "{}://{}/{database}", if *is_tls { "rediss" } else { "redis" }, authority(host, *port))
            }
            Self::Rpc => f.write_str("rpc://"),
        }
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerUrl({self})")
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackendUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_read_as_celery_reads_it() {
        for (text, shown) in [
            ("amqp://localhost", "amqp://localhost:5672//"),
            ("amqp://localhost/", "amqp://localhost:5672//"),
            ("pyamqp://guest:guest@localhost:5673//", "amqp://localhost:5673//"),
            ("amqps://rack.example/stock", "amqps://rack.example:5671/stock"),
            ("amqp://[::1]:5673/%2Fa", "amqp://[::1]:5673/%2Fa"),
        ] {
            assert_eq!(BrokerUrl::parse(text).unwrap().to_string(), shown);
        }
        let read = BrokerUrl::parse("amqp://p%40n:a%2Fb@host/v").unwrap();
        assert_eq!((read.user.as_str(), read.password.as_str(), read.vhost.as_str()), ("p@n", "a/b", "v"));
        assert!(read.has_secret() && !BrokerUrl::parse("amqp://guest:guest@host//").unwrap().has_secret());
    }

    #[test]
    fn a_backend_is_redis_or_the_broker_itself() {
        assert_eq!(BackendUrl::parse("rpc://"), Ok(BackendUrl::Rpc));
        let read = BackendUrl::parse("rediss://:s%20x@host/3").unwrap();
        assert_eq!(read.to_string(), "rediss://host:6379/3");
        assert!(matches!(read, BackendUrl::Redis { user: None, password: Some(password), .. } if password == "s x"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["redis://host", "host:5672", "", "amqp:/host"] {
            assert_eq!(BrokerUrl::parse(text), Err(BadAddress::BrokerScheme), "{text}");
        }
        assert_eq!(BrokerUrl::parse("amqp:///v"), Err(BadAddress::Host));
        assert_eq!(BrokerUrl::parse("amqp://host/a/b"), Err(BadAddress::VirtualHost));
        for text in ["amqp://host", "db+sqlite:///x", "rpc", ""] {
            assert_eq!(BackendUrl::parse(text), Err(BadAddress::BackendScheme), "{text}");
        }
        assert_eq!(BackendUrl::parse("redis://host/zero"), Err(BadAddress::Database));
        assert_eq!(BackendUrl::parse("redis://host/0?password=x"), Err(BadAddress::Query));
        assert!(BackendUrl::parse("rediss://host/0?ssl_cert_reqs=required").is_ok());
        let told = BrokerUrl::parse("amqp://me:secret@host:99999/").unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }
}
