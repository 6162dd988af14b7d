//! A request as the configuration writes it, made for each visit: the HTTP side of readers and cameras.

use std::io::Write as _;

use hyper::Uri;
use hyper::header::CONTENT_TYPE;
use pandian_domain::Code;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{BodyTemplate, HeaderLines, Headers, HttpClient, HttpUrl, Reply, Request, UrlTemplate};
use crate::catalog::BuildContext;
use crate::{DeviceError, Probe, Visit};

/// How the request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
}

impl Verb {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Request<'_> {
    /// The request's head, as it goes out.
    pub(super) fn head(&self) -> Vec<u8> {
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut head =
            Vec::with_capacity(self.method.len() + target.len() + self.headers.as_bytes().len() + 128 + self.body.len().min(1024));
        for part in [self.method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n", self.headers.as_bytes()] {
            head.extend_from_slice(part);
        }
        if !self.key.is_empty() {
            for part in [b"idempotency-key: ", self.key.as_bytes(), b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        if self.method == Verb::Post.as_str() {
            // Writing to a Vec cannot fail.
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// A request to be filled in by each visit. Everything that does not change is prepared.
pub(crate) struct RequestTemplate {
    /// The device and its address, as messages name them.
    pub(crate) who: String,
    http: HttpClient,
    verb: Verb,
    url: UrlTemplate,
    base: HttpUrl,
    /// What every request bears.
    headers: HeaderLines,
    /// The type of the body, if it has one that is always the same.
    content_type: Option<&'static str>,
    body: Option<BodyTemplate>,
    max_reply: usize,
}

impl RequestTemplate {
    /// Prepares the request of a device. `verb` defaults to `POST` with a body and `GET` without.
    pub(crate) fn build(
        context: &BuildContext,
        what: &str,
        (verb, url): (Option<Verb>, &UrlTemplate),
        headers: &Headers,
        body: Option<&BodyTemplate>,
        max_reply: usize,
    ) -> Result<Self, DeviceError> {
        let base = url.base_of(&context.crane);
        Ok(Self {
            who: format!("the {what} of crane {} at {}", context.crane, base.shown()),
            http: context.http.clone(),
            verb: verb.unwrap_or(if body.is_some() { Verb::Post } else { Verb::Get }),
            url: url.clone(),
            headers: headers.lines(context, what, &base)?,
            base,
            content_type: (body.is_some() && !headers.has(&CONTENT_TYPE)).then_some("application/json"),
            body: body.cloned(),
            max_reply,
        })
    }

    /// Makes the request of one visit and reads its reply, which must be a success.
    pub(crate) async fn send(&self, visit: &Visit) -> Result<Reply, DeviceError> {
        let body = self.body.as_ref().map_or_else(String::new, |body| body.fill(visit.into()));
        self.request(visit, self.verb, &self.uri(visit)?, self.content_type, body.as_bytes()).await
    }

    /// Makes the request of one visit with a body of its own.
    pub(crate) async fn send_body(&self, visit: &Visit, content_type: &'static str, body: &[u8]) -> Result<Reply, DeviceError> {
        self.request(visit, self.verb, &self.uri(visit)?, Some(content_type), body).await
    }

    /// Fetches another address of the same service.
    pub(crate) async fn fetch(&self, visit: &Visit, uri: &Uri) -> Result<Reply, DeviceError> {
        self.request(visit, Verb::Get, uri, None, b"").await
    }

    async fn request(&self, visit: &Visit, verb: Verb, uri: &Uri, content_type: Option<&str>, body: &[u8]) -> Result<Reply, DeviceError> {
        let typed = content_type.map(|content_type| self.headers.with("content-type", content_type));
        let headers = typed.as_ref().unwrap_or(&self.headers);
        let request = Request { method: verb.as_str(), uri, headers, key: &visit.key(), body };
        self.http.send(&self.who, request, self.max_reply).await?.success(&self.who)
    }

    /// Tries whether the service is there.
    pub(crate) async fn probe(&self) -> Result<Probe, DeviceError> {
        self.http.probe(&self.who, self.base(), &self.headers).await
    }

    fn uri(&self, visit: &Visit) -> Result<Uri, DeviceError> {
        self.url.fill(visit.into()).map_err(|error| {
            DeviceError::new(Code::ConfigInvalid, format!("{} has no URL for the location \"{}\"", self.who, visit.location)).because(error)
        })
    }

    /// The URL with nothing filled in but the crane.
    pub(crate) fn base(&self) -> &HttpUrl {
        &self.base
    }
}

/// A body needs a method that has one.
pub(crate) fn check_verb(verb: Option<Verb>, body: Option<&BodyTemplate>) -> Result<(), String> {
    match (verb, body) {
        (Some(Verb::Get), Some(_)) => Err("a `body` is sent with method = \"POST\" only".to_owned()),
        _ => Ok(()),
    }
}
