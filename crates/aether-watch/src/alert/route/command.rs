//! A command of the user's.

use std::process;

use serde::Deserialize;

use super::{Message, child};

/// A line for the shell. It is given the [`Message`] as JSON on its standard input, and must end with status 0 within
/// half a minute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    run: String,
}

impl Command {
    pub(super) fn send(&self, message: &Message) -> Result<(), String> {
        let input = serde_json::to_vec(message).map_err(|error| error.to_string())?;
        let mut command = process::Command::new("sh");
        command.args(["-c", &self.run]);
        command.env("AETHER_ALERT_TITLE", message.title()).env("AETHER_RUN_ID", &message.run.id);
        child::feed(command, &input)
    }
}
