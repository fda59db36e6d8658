//! JSON posted to a URL: Slack's form, which Mattermost, Rocket.Chat, Zulip and Discord (`/slack`) take too, or the
//! message as it is.

use std::{collections::BTreeMap, fs};

use aether_core::{ConfigError, Level, config::Node};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::{
    Agent,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::{Message, PATIENCE, Secret};

/// What is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// `{"text": ...}` with Slack's marks, <https://api.slack.com/messaging/webhooks>.
    #[default]
    Slack,
    /// The [`Message`].
    Json,
}

/// Where to post.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// `https://...`; such addresses are secrets themselves.
    url: Secret,
    /// What is posted.
    #[serde(default)]
    form: Form,
    /// More headers, such as `Authorization`.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    /// A file of certificates (PEM) to trust in place of the public authorities.
    ca: Option<String>,
}

impl Webhook {
    pub(super) fn read(node: &Node) -> Result<Self, ConfigError> {
        let webhook: Self = node.read()?;
        let url = webhook.url.written();
        if url.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            let help = "a secret address can stay out of the file: $NAME or @FILE";
            return Err(node.error_at("url", "must begin with https:// or http://").with_help(help));
        }
        Ok(webhook)
    }

    pub(super) fn send(&self, message: &Message) -> Result<(), String> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = &self.ca {
            let pem = fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
            let certificates = parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            tls = tls.root_certs(RootCerts::from(certificates));
        }
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            // A redirected POST would arrive as a GET, and be lost.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .tls_config(tls.build())
            .build()
            .into();
        let mut request = agent.post(self.url.reveal()?).content_type("application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal()?);
        }
        let body = match self.form {
            Form::Slack => slack(message).to_string(),
            Form::Json => serde_json::to_string(message).map_err(|error| error.to_string())?,
        };
        let answer = request.send(&body).map_err(|error| match error {
            // These repeat the address.
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address is not one".to_owned(),
            error => format!("no answer: {error}"),
        })?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("the answer was {status}")) }
    }
}

/// Slack's marks in what others said would make links and mentions of it.
fn slack(message: &Message) -> Value {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let sign = match message.level {
        Level::Error => ":red_circle:",
        Level::Warning => ":warning:",
        Level::Info => ":information_source:",
    };
    json!({"text": format!("{sign} *{}*\n{}", escape(&message.title()), escape(&message.text()))})
}
