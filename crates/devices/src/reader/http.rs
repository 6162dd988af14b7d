//! Kind `http`: a service that is asked for the tags over HTTP.
//!
//! The page `docs/devices/http-reader.md` describes what is expected of the service, and the settings.

use std::sync::Arc;

use pandian_domain::{Code, Inventory};
use schemars::JsonSchema;
use serde::Deserialize;

use super::wire;
use crate::catalog::{Build, BuildContext};
use crate::http::{BodyTemplate, Headers, RequestTemplate, UrlTemplate, Verb, check_verb};
use crate::json;
use crate::settings::ByteSize;
use crate::{DeviceError, DevicePending, Probe, TagReader, Visit};

/// Settings of a tag reader of kind `http`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpReaderSettings {
    /// Where the tags are asked for.
    pub url: UrlTemplate,
    /// `GET` or `POST`; `POST` unless given if there is a `body`, else `GET`.
    pub method: Option<Verb>,
    /// Request headers; `env:NAME` takes the value from the environment.
    #[serde(default)]
    pub headers: Headers,
    /// The JSON body of the request.
    pub body: Option<BodyTemplate>,
    /// The longest reply that is read: 4MiB unless given.
    #[serde(default = "max_reply")]
    pub max_reply: ByteSize,
}

fn max_reply() -> ByteSize {
    ByteSize(4 << 20)
}

impl Build<dyn TagReader> for HttpReaderSettings {
    fn check(&self) -> Result<(), String> {
        check_verb(self.method, self.body.as_ref())
    }

    fn secrets(&self) -> Vec<String> {
        self.headers.secrets()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        let (target, max_reply) = ((self.method, &self.url), self.max_reply.0);
        let request = RequestTemplate::build(context, "reader", target, &self.headers, self.body.as_ref(), max_reply)?;
        Ok(Arc::new(HttpReader { request }))
    }
}

struct HttpReader {
    request: RequestTemplate,
}

impl HttpReader {
    async fn read(&self, visit: &Visit) -> Result<Inventory, DeviceError> {
        let reply = self.request.send(visit).await?;
        // A text is a note only if it says that it is one: an error page is none.
        let read = if reply.media_type() == Some("text/plain") { wire::tags_or_note } else { wire::tags };
        json::read_aside(reply.body, read).await.map_err(|error| {
            let what = format!("{} sent a reply that cannot be understood: {error}", self.request.who);
            DeviceError::new(Code::DeviceBadReply, what).because(error)
        })
    }
}

impl TagReader for HttpReader {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        Box::pin(self.read(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.request.probe())
    }

    fn address(&self) -> &str {
        self.request.base().shown()
    }
}
