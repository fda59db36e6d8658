//! Sends requests.

use std::{env, io::Read, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ureq::{Agent, Body, http::Response};

use crate::ExchangeError;

/// How long one request may take; of a download, how long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer that is taken as a text: a page of a metric's history has some megabytes.
const LONGEST: u64 = 256 << 20;

/// A client for one server.
#[derive(Debug)]
pub(crate) struct Server {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

impl Server {
    pub(crate) fn new(base: &str) -> Self {
        let agent =
            Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
        Self { agent, base: base.trim_end_matches('/').to_owned(), authorization: None }
    }

    /// One of MLflow, with what its own client shows it: `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and
    /// `MLFLOW_TRACKING_PASSWORD`.
    pub(crate) fn of_mlflow(base: &str) -> Self {
        let said = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let user = || {
            let (user, password) = (said("MLFLOW_TRACKING_USERNAME")?, said("MLFLOW_TRACKING_PASSWORD")?);
            Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
        };
        let authorization = user().or_else(|| Some(format!("Bearer {}", said("MLFLOW_TRACKING_TOKEN")?)));
        Self { authorization, ..Self::new(base) }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Gets; the answer's status and text.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String), ExchangeError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.answer(path, request.call())
    }

    /// Gets what is longer than a text: its bytes, as they come.
    pub(crate) fn download(&self, path: &str) -> Result<impl Read + use<>, ExchangeError> {
        let url = format!("{}{path}", self.base);
        let mut request =
            self.agent.get(&url).config().timeout_global(None).timeout_per_read(Some(PATIENCE)).build();
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let answer = request.call().map_err(|e| self.failed(path, e))?;
        if !answer.status().is_success() {
            return Err(self.failed(path, format!("status {}", answer.status().as_u16())));
        }
        Ok(answer.into_body().into_reader())
    }

    /// Posts a body; the answer's status and text. An answer of any status is an answer.
    pub(crate) fn post(&self, path: &str, media: &str, body: &[u8]) -> Result<(u16, String), ExchangeError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.post(&url).header("content-type", media);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.answer(path, request.send(body))
    }

    fn answer(
        &self,
        path: &str,
        sent: Result<Response<Body>, ureq::Error>,
    ) -> Result<(u16, String), ExchangeError> {
        let answer = sent.map_err(|e| self.failed(path, e))?;
        let status = answer.status().as_u16();
        let text = answer.into_body().into_with_config().limit(LONGEST).read_to_string();
        Ok((status, text.map_err(|e| self.failed(path, e))?))
    }

    /// Posts a body that must be taken.
    pub(crate) fn demand(&self, path: &str, media: &str, body: &[u8]) -> Result<String, ExchangeError> {
        let answer = self.post(path, media, body)?;
        self.accepted(path, answer)
    }

    /// Gets a text that must be there.
    pub(crate) fn demand_text(&self, path: &str) -> Result<String, ExchangeError> {
        let answer = self.get(path)?;
        self.accepted(path, answer)
    }

    fn accepted(&self, path: &str, (status, text): (u16, String)) -> Result<String, ExchangeError> {
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let said: String = text.chars().take(300).collect();
        Err(self.failed(path, format!("status {status}: {said}")))
    }

    /// Says which address something went wrong with, but for what it asked.
    pub(crate) fn failed(&self, path: &str, reason: impl ToString) -> ExchangeError {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        ExchangeError::Server { url: format!("{}{path}", self.base), reason: reason.to_string() }
    }
}

/// For a query.
pub(crate) fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
