//! A notification on the desktop.

use std::process::Command;

use aether_core::Level;

use super::{Message, child};

/// By `notify-send`, which speaks to whatever shows notifications.
pub(super) fn send(message: &Message) -> Result<(), String> {
    let urgency = match message.level {
        Level::Info => "low",
        Level::Warning => "normal",
        Level::Error => "critical",
    };
    // Bodies may hold marks; a sentence is to be read as it is.
    let text = message.text().replace('&', "&amp;").replace('<', "&lt;");
    let mut command = Command::new("notify-send");
    command.args(["--app-name=Aether", "--urgency", urgency, "--", &message.title(), &text]);
    child::feed(command, b"").map_err(|error| {
        if error.contains("cannot be run") {
            format!("{error}; it comes with the package libnotify-bin")
        } else {
            error
        }
    })
}
