//! A request as the configuration writes it, made for each visit: the HTTP side of readers and cameras.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use pandian_domain::Code;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BodyTemplate, Headers, HttpUrl, UrlTemplate};
use crate::catalog::BuildContext;
use crate::{DeviceError, Visit};

/// The header that bears [`Visit::key`], so that a repeated request can be recognised.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How the request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

/// A request to be filled in by each visit. Everything that does not change is prepared.
pub(crate) struct RequestTemplate {
    /// The device and its address, as messages name them.
    pub(crate) who: String,
    /// Headers that every request bears.
    pub(crate) headers: HeaderMap,
    method: Method,
    url: UrlTemplate,
    body: Option<BodyTemplate>,
}

/// The headers of every request to a URL: its host, and what the configuration adds.
pub(crate) fn standing_headers(context: &BuildContext, what: &str, url: &HttpUrl, configured: &Headers) -> Result<HeaderMap, DeviceError> {
    let mut headers = configured.resolve(context, what)?;
    headers.insert(HOST, url.host().clone());
    Ok(headers)
}

/// Makes one request: nothing of it is parsed, and only the key is new.
pub(crate) fn request(
    method: Method,
    uri: Uri,
    standing: &HeaderMap,
    visit: &Visit,
    who: &str,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, DeviceError> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().clone_from(standing);
    let key = HeaderValue::from_maybe_shared(Bytes::from(visit.key()))
        .map_err(|error| DeviceError::new(Code::Internal, format!("{who} cannot be given the key of its operation")).because(error))?;
    request.headers_mut().insert(IDEMPOTENCY_KEY, key);
    Ok(request)
}

impl RequestTemplate {
    /// Prepares the request of a device. `verb` defaults to `POST` with a body and `GET` without.
    pub(crate) fn build(
        context: &BuildContext,
        what: &str,
        url: &UrlTemplate,
        verb: Option<Verb>,
        headers: &Headers,
        body: Option<&BodyTemplate>,
    ) -> Result<Self, DeviceError> {
        let mut headers = standing_headers(context, what, url.base(), headers)?;
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let method = match verb {
            Some(Verb::Get) => Method::GET,
            Some(Verb::Post) => Method::POST,
            None if body.is_some() => Method::POST,
            None => Method::GET,
        };
        let who = format!("the {what} of crane {} at {}", context.crane, url.base().shown());
        Ok(Self { who, headers, method, url: url.clone(), body: body.cloned() })
    }

    /// The request of one visit.
    pub(crate) fn fill(&self, visit: &Visit) -> Result<Request<Full<Bytes>>, DeviceError> {
        let body = self.body.as_ref().map_or_else(Bytes::new, |body| Bytes::from(body.fill(visit.into())));
        request(self.method.clone(), self.uri(visit)?, &self.headers, visit, &self.who, body)
    }

    /// The URL of one visit.
    pub(crate) fn uri(&self, visit: &Visit) -> Result<Uri, DeviceError> {
        self.url.fill(visit.into()).map_err(|error| {
            DeviceError::new(Code::ConfigInvalid, format!("{} has no URL for the location \"{}\"", self.who, visit.location)).because(error)
        })
    }

    /// The URL with nothing filled in.
    pub(crate) fn base(&self) -> &HttpUrl {
        self.url.base()
    }
}

/// A body needs a method that has one.
pub(crate) fn check_verb(verb: Option<Verb>, body: Option<&BodyTemplate>) -> Result<(), String> {
    match (verb, body) {
        (Some(Verb::Get), Some(_)) => Err("a `body` is sent with method = \"POST\" only".to_owned()),
        _ => Ok(()),
    }
}
