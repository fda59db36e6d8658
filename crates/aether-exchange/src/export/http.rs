//! Sends requests.

use std::time::Duration;

use ureq::Agent;

use crate::ExchangeError;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client for one server.
#[derive(Debug)]
pub(crate) struct Server {
    agent: Agent,
    base: String,
}

impl Server {
    pub(crate) fn new(base: &str) -> Self {
        let agent =
            Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
        Self { agent, base: base.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Gets; the answer's status and text.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String), ExchangeError> {
        let url = format!("{}{path}", self.base);
        self.answer(&url, self.agent.get(&url).call())
    }

    /// Posts a body; the answer's status and text. An answer of any status is an answer.
    pub(crate) fn post(&self, path: &str, media: &str, body: &[u8]) -> Result<(u16, String), ExchangeError> {
        let url = format!("{}{path}", self.base);
        self.answer(&url, self.agent.post(&url).header("content-type", media).send(body))
    }

    fn answer(
        &self,
        url: &str,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<(u16, String), ExchangeError> {
        let failed = |e: ureq::Error| ExchangeError::Server { url: url.to_owned(), reason: e.to_string() };
        let mut answer = sent.map_err(failed)?;
        let text = answer.body_mut().read_to_string().map_err(failed)?;
        Ok((answer.status().as_u16(), text))
    }

    /// Posts a body that must be taken.
    pub(crate) fn demand(&self, path: &str, media: &str, body: &[u8]) -> Result<String, ExchangeError> {
        let (status, text) = self.post(path, media, body)?;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        let said: String = text.chars().take(300).collect();
        Err(ExchangeError::Server {
            url: format!("{}{path}", self.base),
            reason: format!("status {status}: {said}"),
        })
    }
}
