//! A mail, over SMTP (RFC 5321), encrypted unless the file says otherwise.

use std::fs;

use aether_core::{ConfigError, config::Node};
use lettre::{
    Message as Mail, SmtpTransport, Transport,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use serde::Deserialize;

use super::{super::message::one_line, Message, PATIENCE, Secret};

/// How the connection is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// It begins in the open and is encrypted before anything is said, or given up: port 587.
    #[default]
    Starttls,
    /// It is encrypted from the start: port 465.
    Tls,
    /// Not at all: for a server on this machine; port 25.
    None,
}

/// From whom, to whom, over which server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    from: String,
    to: Vec<String>,
    server: String,
    /// Where nothing is said, the usual one of `security`.
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    user: Option<Secret>,
    password: Option<Secret>,
    /// A file of certificates (PEM) to trust beside the public authorities.
    ca: Option<String>,
}

impl Email {
    pub(super) fn read(node: &Node) -> Result<Self, ConfigError> {
        let email: Self = node.read()?;
        mailbox(&email.from).map_err(|error| node.error_at("from", error))?;
        if email.to.is_empty() {
            return Err(node.error_at("to", "must name somebody"));
        }
        for (at, to) in email.to.iter().enumerate() {
            mailbox(to).map_err(|error| node.error_at(&format!("to.{at}"), error))?;
        }
        if email.user.is_some() != email.password.is_some() {
            return Err(node.error("must have both `user` and `password`, or neither"));
        }
        if email.user.is_some() && email.security == Security::None {
            return Err(
                node.error_at("security", "cannot be `none` with a password: all on the way could read it")
            );
        }
        Ok(email)
    }

    pub(super) fn send(&self, message: &Message) -> Result<(), String> {
        let mut mail = Mail::builder()
            .from(mailbox(&self.from)?)
            .subject(one_line(&format!("[aether] {}", message.title())))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(mailbox(to)?);
        }
        let text = format!("{}\r\n", message.text().replace('\n', "\r\n"));
        let mail = mail.body(text).map_err(|error| format!("no mail can be made of it: {error}"))?;
        let usual = match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        };
        let mut transport = SmtpTransport::builder_dangerous(&self.server)
            .port(self.port.unwrap_or(usual))
            .tls(self.tls()?)
            .timeout(Some(PATIENCE));
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            transport = transport.credentials(Credentials::new(user.reveal()?, password.reveal()?));
        }
        let sent = transport.build().send(&mail);
        sent.map(drop).map_err(|error| format!("{} did not take the mail: {error}", self.server))
    }

    fn tls(&self) -> Result<Tls, String> {
        let mut parameters =
            TlsParameters::builder(self.server.clone()).certificate_store(CertificateStore::WebpkiRoots);
        if let Some(path) = &self.ca {
            let wrong = |error: &dyn std::fmt::Display| format!("{path}: {error}");
            let pem = fs::read(path).map_err(|error| wrong(&error))?;
            let certificate = Certificate::from_pem(&pem).map_err(|error| wrong(&error))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let parameters = || parameters.build_rustls().map_err(|error| error.to_string());
        Ok(match self.security {
            Security::Starttls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        })
    }
}

fn mailbox(address: &str) -> Result<Mailbox, String> {
    address.parse().map_err(|_| "must be an address such as me@example.org".to_owned())
}
