//! The ways by which a message leaves, one file each.

mod child;
mod command;
mod desktop;
mod email;
mod secret;
mod terminal;
mod webhook;

use std::time::Duration;

use aether_core::{ConfigError, config::Node};

use super::Message;

pub use command::Command;
pub use email::{Email, Security};
pub use secret::Secret;
pub use terminal::Terminal;
pub use webhook::{Form, Webhook};

/// No receiver is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A way by which a message leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// A line on a terminal.
    Terminal(Terminal),
    /// A notification on the desktop, by `notify-send`.
    Desktop,
    /// JSON posted to a URL.
    Webhook(Webhook),
    /// A mail, over SMTP.
    Email(Email),
    /// A command that is given the message on its standard input.
    Command(Command),
}

impl Route {
    /// What a file calls them.
    pub const KINDS: [&'static str; 5] = ["terminal", "desktop", "webhook", "email", "command"];

    /// The route of this `kind` that a file describes; none if there is no such kind.
    pub(super) fn read(kind: &str, node: &Node) -> Result<Option<Self>, ConfigError> {
        Ok(Some(match kind {
            "terminal" => Self::Terminal(node.read()?),
            "desktop" => {
                if let Some(entry) = node.entries().first() {
                    return Err(entry.unknown("`desktop` has nothing to set but `level` and `kinds`"));
                }
                Self::Desktop
            }
            "webhook" => Self::Webhook(Webhook::read(node)?),
            "email" => Self::Email(Email::read(node)?),
            "command" => Self::Command(node.read()?),
            _ => return Ok(None),
        }))
    }

    /// What a file calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Terminal(_) => "terminal",
            Self::Desktop => "desktop",
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::Command(_) => "command",
        }
    }

    /// Sends `message` and waits until its receiver has it, half a minute at most.
    ///
    /// # Errors
    /// When the receiver did not take it; the text says why, and holds no secret.
    pub fn send(&self, message: &Message) -> Result<(), String> {
        match self {
            Self::Terminal(terminal) => terminal.send(message),
            Self::Desktop => desktop::send(message),
            Self::Webhook(webhook) => webhook.send(message),
            Self::Email(email) => email.send(message),
            Self::Command(command) => command.send(message),
        }
    }
}
