//! The conversation with the `http` crane.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::CONTENT_TYPE;
use hyper::{StatusCode, Uri};
use pandian_domain::Code;

use super::wire::{Answer, Refusal, TaskName, Wire};
use super::{HttpCraneSettings, Mode};
use crate::callback::CallbackTable;
use crate::catalog::{BuildContext, unbuildable};
use crate::http::{HeaderLines, HttpClient, HttpUrl, Reply, Request, TaskUrlTemplate, Verb};
use crate::template::Values;
use crate::{Arrival, Crane, DeviceError, DevicePending, Probe, Visit};

/// A crane, or a system that commands cranes, told over HTTP and JSON where to go.
pub(super) struct HttpCrane {
    http: HttpClient,
    url: HttpUrl,
    headers: HeaderLines,
    who: String,
    wire: Wire,
    arrival: ArrivalTold,
    max_reply: usize,
}

/// How the crane tells its arrival after it has accepted a task.
enum ArrivalTold {
    /// At once: a task is never accepted, only ended.
    InTheReply,
    WhenPolled {
        url: TaskUrlTemplate,
        headers: HeaderLines,
        every: Duration,
    },
    ByCallback(Arc<CallbackTable>),
}

impl HttpCrane {
    pub(super) fn new(settings: &HttpCraneSettings, context: &BuildContext) -> Result<Self, DeviceError> {
        let headers = settings.headers.lines(context, "device", &settings.url)?;
        let arrival = match (settings.mode, &settings.poll_url) {
            (Mode::Sync, _) => ArrivalTold::InTheReply,
            (Mode::Poll, Some(url)) => ArrivalTold::WhenPolled {
                url: url.clone(),
                headers: settings.headers.lines(context, "device", url.0.base())?,
                every: settings.poll_interval.0,
            },
            (Mode::Poll, None) => return Err(unbuildable(context, "device", "mode = \"poll\" needs a `poll_url`")),
            (Mode::Callback, _) => {
                context.callbacks.expect(&context.crane);
                ArrivalTold::ByCallback(context.callbacks.clone())
            }
        };
        Ok(Self {
            http: context.http.clone(),
            who: format!("crane {} at {}", context.crane, settings.url.shown()),
            url: settings.url.clone(),
            headers: if settings.headers.has(&CONTENT_TYPE) { headers } else { headers.with("content-type", "application/json") },
            wire: Wire::new(settings),
            arrival,
            max_reply: settings.max_reply.0,
        })
    }

    async fn travel(&self, visit: &Visit) -> Result<Arrival, DeviceError> {
        let body = self.wire.request(&visit.location);
        let reply = self.exchange(Verb::Post, self.url.uri(), &self.headers, visit, &body).await?.success(&self.who)?;
        match self.wire.read(&reply.body, visit).map_err(|refusal| self.refused(refusal))? {
            Answer::Arrived => Ok(Arrival::default()),
            Answer::Accepted(Some(task)) => self.await_task(visit, &task).await,
            Answer::Accepted(None) => Err(self.refused(self.wire.nameless(&reply.body))),
        }
    }

    async fn await_task(&self, visit: &Visit, task: &TaskName) -> Result<Arrival, DeviceError> {
        match &self.arrival {
            ArrivalTold::InTheReply => Err(DeviceError::new(Code::Internal, format!("{} accepted a task that nothing awaits", self.who))),
            ArrivalTold::WhenPolled { url, headers, every } => self.poll(visit, task, url, headers, *every).await,
            ArrivalTold::ByCallback(table) => {
                let callback = table.wait(&visit.crane, task.as_str()).await.map_err(|error| {
                    let what = format!("{} gave the task \"{}\" to two operations", self.who, task.as_str());
                    DeviceError::new(Code::DeviceBadReply, what).because(error)
                })?;
                self.wire.judge(&callback.code, &callback.message, visit).map_err(|refusal| self.refused(refusal))?;
                Ok(Arrival::default())
            }
        }
    }

    /// Asks for the task until it has ended. How long that may take is the executor's business.
    async fn poll(
        &self,
        visit: &Visit,
        task: &TaskName,
        url: &TaskUrlTemplate,
        headers: &HeaderLines,
        every: Duration,
    ) -> Result<Arrival, DeviceError> {
        let unknown = || DeviceError::new(Code::CraneTaskUnknown, format!("{} does not know the task \"{}\"", self.who, task.as_str()));
        let uri = url.0.fill(Values { visit, task: task.as_str() }).map_err(|error| {
            DeviceError::new(Code::DeviceBadReply, format!("{} named a task that fits into no URL", self.who)).because(error)
        })?;
        loop {
            tokio::time::sleep(every).await;
            let reply = self.exchange(Verb::Get, &uri, headers, visit, b"").await?;
            if reply.status == StatusCode::NOT_FOUND {
                return Err(unknown());
            }
            match self.wire.read(&reply.success(&self.who)?.body, visit) {
                Ok(Answer::Arrived) => return Ok(Arrival::default()),
                Ok(Answer::Accepted(_)) => {}
                Err(Refusal::WrongCode { code: super::ReplyCode::Number(404), .. }) => return Err(unknown()),
                Err(refusal) => return Err(self.refused(refusal)),
            }
        }
    }

    async fn exchange(&self, verb: Verb, uri: &Uri, headers: &HeaderLines, visit: &Visit, body: &[u8]) -> Result<Reply, DeviceError> {
        let request = Request { method: verb.as_str(), uri, headers, key: &visit.key(), body };
        self.http.send(&self.who, request, self.max_reply).await
    }

    fn refused(&self, refusal: Refusal) -> DeviceError {
        DeviceError::new(refusal.code(), format!("{} {refusal}", self.who)).because(refusal)
    }
}

impl Crane for HttpCrane {
    fn go_to<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Arrival> {
        Box::pin(self.travel(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(self.http.probe(&self.who, &self.url, &self.headers))
    }

    fn address(&self) -> &str {
        self.url.shown()
    }
}
