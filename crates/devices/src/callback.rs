//! Call-backs of cranes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::DeviceError;

/// Who waits for which call-back.
#[derive(Debug, Default)]
pub struct CallbackTable {}

/// Takes the cranes' call-backs; stops when dropped.
#[derive(Debug)]
pub struct CallbackListener {
    address: SocketAddr,
}

impl CallbackListener {
    /// Listens.
    pub async fn bind(address: SocketAddr, _secret: &str, _table: Arc<CallbackTable>) -> Result<Self, DeviceError> {
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
