//! Kind `http`: a service that takes a picture over HTTP, and perhaps one that compares pictures.
//!
//! The page `docs/devices/http-camera.md` describes what is expected of the services, and the settings.

use std::sync::Arc;

use bytes::Bytes;
use pandian_domain::{Code, Findings};
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::media_type;
use super::reference;
use super::wire::{self, PictureAt};
use crate::catalog::{Build, BuildContext};
use crate::http::{BodyTemplate, Headers, RequestTemplate, UrlTemplate, Verb, check_verb};
use crate::json;
use crate::settings::ByteSize;
use crate::{Camera, Comparer, DeviceError, DevicePending, Probe, Shot, ShotEnd, Visit};

/// Settings of a camera of kind `http`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCameraSettings {
    /// Where a picture is asked for.
    pub url: UrlTemplate,
    /// `GET` or `POST`; `POST` unless given if there is a `body`, else `GET`.
    pub method: Option<Verb>,
    /// Request headers; `env:NAME` takes the value from the environment.
    #[serde(default)]
    pub headers: Headers,
    /// The JSON body of the request.
    pub body: Option<BodyTemplate>,
    /// The longest reply, and the largest picture, that is read: 32MiB unless given.
    #[serde(default = "max_reply")]
    pub max_reply: ByteSize,
    /// Where pictures are sent to be compared; without it the camera compares none.
    pub compare_url: Option<UrlTemplate>,
    /// Headers of the requests to `compare_url`; `env:NAME` takes the value from the environment.
    #[serde(default)]
    pub compare_headers: Headers,
}

fn max_reply() -> ByteSize {
    ByteSize(32 << 20)
}

impl Build<dyn Camera> for HttpCameraSettings {
    fn check(&self) -> Result<(), String> {
        if self.compare_url.is_none() && self.compare_headers != Headers::default() {
            return Err("`compare_headers` are used with a `compare_url` only".to_owned());
        }
        check_verb(self.method, self.body.as_ref())
    }

    fn secrets(&self) -> Vec<String> {
        [self.headers.secrets(), self.compare_headers.secrets()].concat()
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        let (target, max_reply) = ((self.method, &self.url), self.max_reply.0);
        let request = RequestTemplate::build(context, "camera", target, &self.headers, self.body.as_ref(), max_reply)?;
        let comparison = self.compare_url.as_ref().map(|url| {
            let target = (Some(Verb::Post), url);
            RequestTemplate::build(context, "picture comparison", target, &self.compare_headers, None, max_reply)
        });
        Ok(Arc::new(HttpCamera { request, comparison: comparison.transpose()?.map(|request| Comparison { request }) }))
    }
}

struct HttpCamera {
    request: RequestTemplate,
    comparison: Option<Comparison>,
}

impl HttpCamera {
    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let reply = self.request.send(visit).await?;
        if media_type(&reply.body).is_some() || !reply.is_json() {
            let picture = Some(reference::whole(&self.request.who, reply.body, reply.headers.content_type.as_deref())?);
            return Ok(Shot::Whole(ShotEnd { picture, ..ShotEnd::default() }));
        }
        let report = json::read_aside(reply.body, wire::report).await.map_err(|error| not_understood(&self.request, error))?;
        let picture = match report.picture {
            None => None,
            Some(PictureAt::Here(bytes)) => Some(reference::whole(&self.request.who, bytes, None)?),
            Some(PictureAt::Address(address)) => Some(reference::fetch(&self.request, &self.request.who, visit, &address).await?),
        };
        Ok(Shot::Whole(ShotEnd { picture, findings: report.findings, note: report.note.map(|note| note.to_string()) }))
    }
}

fn not_understood(request: &RequestTemplate, error: json::BadJson) -> DeviceError {
    let what = format!("{} sent a reply that cannot be understood: {error}", request.who);
    DeviceError::new(Code::DeviceBadReply, what).because(error)
}

impl Camera for HttpCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.request.probe())
    }

    fn address(&self) -> &str {
        self.request.base().shown()
    }

    fn comparer(&self) -> Option<&dyn Comparer> {
        self.comparison.as_ref().map(|comparison| comparison as &dyn Comparer)
    }
}

/// A service that compares pictures: it is posted the picture's bytes and answers with findings.
struct Comparison {
    request: RequestTemplate,
}

impl Comparison {
    async fn ask(&self, visit: &Visit, picture: Bytes) -> Result<Findings, DeviceError> {
        let kind = media_type(&picture).unwrap_or("application/octet-stream");
        let reply = self.request.send_body(visit, kind, &picture).await?;
        json::read_aside(reply.body, wire::findings).await.map_err(|error| not_understood(&self.request, error))
    }
}

impl Comparer for Comparison {
    fn compare<'a>(&'a self, visit: &'a Visit, picture: Bytes) -> DevicePending<'a, Findings> {
        Box::pin(self.ask(visit, picture))
    }
}
