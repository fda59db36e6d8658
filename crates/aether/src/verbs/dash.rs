//! `dash`: all runs in a browser.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    process::{Command, Stdio},
};

use aether_view::web::{Options, Server, Tls, WebError};
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure};

/// A server that answers.
#[derive(Debug, Serialize)]
pub(crate) struct Serving {
    /// Where a browser finds it.
    pub(crate) url: String,
    /// Where it listens.
    pub(crate) address: String,
    /// The token, if it was just made: it is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The certificate that it made itself, and its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<(PathBuf, String)>,
}

impl From<WebError> for Failure {
    fn from(error: WebError) -> Self {
        match error {
            WebError::System(_) | WebError::Token { .. } => Self::work(error),
            _ => Self::request(error),
        }
    }
}

pub(super) fn run(args: &cli::Dash, context: &mut Context<'_>) -> Result<(), Failure> {
    let tls = match (&args.cert, &args.key) {
        (Some(certificate), Some(key)) => Tls::Files { certificate: certificate.clone(), key: key.clone() },
        _ if args.tls => Tls::SelfMade,
        _ => Tls::Off,
    };
    let server = Server::bind(Options {
        home: context.home()?,
        host: args.host,
        port: args.port,
        allow_hosts: args.allow_host.clone(),
        new_token: args.new_token,
        tls,
    })?;
    let secret = server.token().and_then(|token| token.secret()).map(str::to_owned);
    let serving = Serving {
        url: server.url(),
        address: server.address().to_string(),
        token: secret,
        certificate: server.certificate().map(|c| (c.path().to_owned(), c.fingerprint().to_owned())),
    };
    context.render().serving(&serving)?;
    context.render().flush()?;
    if server.token().is_some() && serving.token.is_none() {
        context.note("the token that was shown before lets you in; --new-token makes another one");
    }
    if !args.host.is_loopback() && serving.certificate.is_none() {
        context.note("what is shown goes over the network in the clear; --tls encrypts it");
    }
    if io::stdout().is_terminal() {
        context.note("open it in a browser; Ctrl-C ends it");
    }
    if args.open {
        open(&serving.url, context);
    }
    Ok(server.run()?)
}

/// Has the desktop open an address, without waiting for it.
fn open(url: &str, context: &Context<'_>) {
    let quiet = Stdio::null;
    let started = Command::new("xdg-open").arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(e) = started {
        context.note(&format!("cannot start xdg-open: {e}; open the address by hand"));
    }
}
