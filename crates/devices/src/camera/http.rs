//! Kind `http`: a service that takes a picture over HTTP, and perhaps one that compares pictures.
//!
//! The page `docs/devices/http-camera.md` describes what is expected of the services, and the settings.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use pandian_domain::{Code, Findings};
use schemars::JsonSchema;
use serde::Deserialize;

use super::picture::{self, media_type};
use super::wire::{self, PictureAt};
use crate::catalog::{Build, BuildContext};
use crate::http::{BodyTemplate, Headers, HttpClient, Reply, RequestTemplate, UrlTemplate, Verb, check_verb, request};
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

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Camera>, DeviceError> {
        let shoot = RequestTemplate::build(context, "camera", &self.url, self.method, &self.headers, self.body.as_ref())?;
        let mut fetch = shoot.headers.clone();
        fetch.remove(CONTENT_TYPE);
        let compare = self
            .compare_url
            .as_ref()
            .map(|url| RequestTemplate::build(context, "picture comparison", url, Some(Verb::Post), &self.compare_headers, None));
        let (http, max_reply) = (context.http.clone(), self.max_reply.0);
        let comparison = compare.transpose()?.map(|request| Comparison { http: http.clone(), request, max_reply });
        Ok(Arc::new(HttpCamera { http, shoot, fetch, max_reply, comparison }))
    }
}

struct HttpCamera {
    http: HttpClient,
    shoot: RequestTemplate,
    /// Headers of the request for a picture that a reply names.
    fetch: HeaderMap,
    max_reply: usize,
    comparison: Option<Comparison>,
}

impl HttpCamera {
    async fn shoot(&self, visit: &Visit) -> Result<Shot, DeviceError> {
        let who = &self.shoot.who;
        let reply = self.http.send(who, self.shoot.fill(visit)?, self.max_reply).await?.success(who)?;
        if media_type(&reply.body).is_some() || !reply.is_json() {
            return Ok(Shot::Whole(ShotEnd { picture: Some(self.checked(reply)?), ..ShotEnd::default() }));
        }
        let report = json::read_aside(reply.body, wire::report).await.map_err(|error| {
            DeviceError::new(Code::DeviceBadReply, format!("{who} sent a reply that cannot be understood: {error}")).because(error)
        })?;
        let picture = match report.picture {
            None => None,
            Some(PictureAt::Here(body)) => Some(self.checked(Reply { body, ..Reply::default() })?),
            Some(PictureAt::Address(address)) => Some(self.fetch(visit, &address).await?),
        };
        Ok(Shot::Whole(ShotEnd { picture, findings: report.findings, note: report.note.map(|note| note.to_string()) }))
    }

    /// Fetches a picture that a reply names.
    async fn fetch(&self, visit: &Visit, address: &str) -> Result<Bytes, DeviceError> {
        let who = &self.shoot.who;
        let uri = self.shoot.base().same_origin(address).map_err(|error| {
            let what = format!("{who} names the picture \"{}\", which is not fetched: {error}", crate::error::excerpt(address));
            DeviceError::new(Code::DeviceBadReply, what).because(error)
        })?;
        let request = request(Method::GET, uri, &self.fetch, visit, who, Bytes::new())?;
        self.checked(self.http.send(who, request, self.max_reply).await?.success(who)?)
    }

    /// The picture that a reply is.
    fn checked(&self, reply: Reply) -> Result<Bytes, DeviceError> {
        match picture::check(&reply.body) {
            Ok(_) => Ok(reply.body),
            Err(error) => {
                let declared = reply.media_type().map(|media| format!(" (it is declared as {media})")).unwrap_or_default();
                let what = format!("{} sent no whole picture: {error}{declared}", self.shoot.who);
                Err(DeviceError::new(Code::CameraBadPicture, what).because(error))
            }
        }
    }
}

impl Camera for HttpCamera {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        Box::pin(self.shoot(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.http.probe(&self.shoot.who, self.shoot.base(), &self.shoot.headers))
    }

    fn address(&self) -> &str {
        self.shoot.base().shown()
    }

    fn comparer(&self) -> Option<&dyn Comparer> {
        self.comparison.as_ref().map(|comparison| comparison as &dyn Comparer)
    }
}

/// A service that compares pictures: it is posted the picture's bytes and answers with findings.
struct Comparison {
    http: HttpClient,
    request: RequestTemplate,
    max_reply: usize,
}

impl Comparison {
    async fn ask(&self, visit: &Visit, picture: Bytes) -> Result<Findings, DeviceError> {
        let who = &self.request.who;
        let kind = HeaderValue::from_static(media_type(&picture).unwrap_or("application/octet-stream"));
        let mut request = request(Method::POST, self.request.uri(visit)?, &self.request.headers, visit, who, picture)?;
        request.headers_mut().insert(CONTENT_TYPE, kind);
        let reply = self.http.send(who, request, self.max_reply).await?.success(who)?;
        json::read_aside(reply.body, wire::findings).await.map_err(|error| {
            DeviceError::new(Code::DeviceBadReply, format!("{who} sent a reply that cannot be understood: {error}")).because(error)
        })
    }
}

impl Comparer for Comparison {
    fn compare<'a>(&'a self, visit: &'a Visit, picture: Bytes) -> DevicePending<'a, Findings> {
        Box::pin(self.ask(visit, picture))
    }
}
