//! A call of the API, and how each is answered: what an address takes is read here, before the work for it begins on a
//! thread that reads files. So a resource says only what is its own.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{RawPathParams, RawQuery, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderName, StatusCode},
    response::Response,
    routing::{MethodFilter, MethodRouter, on},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    answer::{Answer, Fault, blocking},
    catalogue::Fresh,
    parameters::Parameters,
    state::Shared,
};

/// A request carries no more than this.
const LONGEST: usize = 4 << 20;

/// And all of it comes in this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody asks.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) app: Shared,
    /// What the address names, if it names anything: a run, a board, a content.
    pub(crate) name: String,
    pub(crate) parameters: Parameters,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) fresh: Fresh,
}

/// What answers a call. It may read files.
pub(crate) type Work = fn(&Call) -> Result<Response, Fault>;

impl Call {
    /// A header's text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What the call carries, as JSON.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Fault::wrong(format!("the request's JSON is not what is expected: {e}"), "see openapi.yaml")
        })
    }

    /// Answers with JSON.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<Response, Fault> {
        Ok(self.answer(Answer::json(value)?))
    }

    /// Answers, in the form that whoever asks takes.
    pub(crate) fn answer(&self, answer: Answer) -> Response {
        answer.to(&self.headers)
    }
}

/// All that a request carries.
async fn whole(body: Body) -> Result<Bytes, Fault> {
    match timeout(PATIENCE, to_bytes(body, LONGEST)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(e)) => Err(Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("what the request carries cannot be taken: {e}"),
            format!("send no more than {LONGEST} bytes"),
        )),
        Err(_) => Err(Fault::new(
            StatusCode::REQUEST_TIMEOUT,
            "the request did not come to its end",
            "send it again",
        )),
    }
}

/// Has calls with this method answered by `work`; parameters behind the `?` are those that are `known`.
pub(super) fn answered(
    method: MethodFilter,
    known: &'static [&'static str],
    work: Work,
) -> MethodRouter<Shared> {
    let handler = move |State(app): State<Shared>,
                        path: Result<RawPathParams, RawPathParamsRejection>,
                        RawQuery(query): RawQuery,
                        headers: HeaderMap,
                        body: Body| async move {
        let path = path.map_err(|e| Fault::wrong(e.body_text(), "addresses are UTF-8"))?;
        let name = path.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
        let body = whole(body).await?;
        let parameters = Parameters::read(query.as_deref(), known)?;
        let call = Call { app, name, parameters, headers, body, fresh: Fresh::Now };
        blocking(move || work(&call)).await
    };
    on(method, handler)
}
