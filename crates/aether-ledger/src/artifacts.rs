//! What runs leave and take, as their `artifact` events say, and which blobs anything of a run names.

use std::fmt;

use aether_core::{Event, Level};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Digest;

/// Which way an artifact went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The run took it.
    Input,
    /// The run left it.
    Output,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Input => "input",
            Self::Output => "output",
        })
    }
}

/// A content by its digest, with what a run calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedBlob {
    /// What the run calls it.
    pub name: String,
    /// What it is: `model`, `dataset`, ...
    #[serde(default)]
    pub kind: String,
    /// Its content.
    pub digest: Digest,
    /// Its length.
    #[serde(default)]
    pub bytes: u64,
    /// Whether the run took it or left it; left it, if it did not say.
    #[serde(default = "output")]
    pub direction: Direction,
}

fn output() -> Direction {
    Direction::Output
}

impl NamedBlob {
    /// What an event says, if it is an `artifact` event that names a blob.
    pub fn said_by(event: &Event) -> Option<Self> {
        if event.kind != "artifact" {
            return None;
        }
        serde_json::from_value(Value::Object(event.fields.clone())).ok()
    }

    /// The event that says it.
    pub fn event(&self, step: u64) -> Event {
        let fields = match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let verb = match self.direction {
            Direction::Input => "Took",
            Direction::Output => "Left",
        };
        Event {
            kind: "artifact".to_owned(),
            level: Level::Info,
            step,
            message: format!("{verb} {} ({} bytes)", self.name, self.bytes),
            fields,
        }
    }
}

/// Adds every digest that stands anywhere in `value`.
pub(crate) fn digests_in(value: &Value, found: &mut Vec<Digest>) {
    match value {
        Value::String(text) => found.extend(text.parse::<Digest>()),
        Value::Array(items) => items.iter().for_each(|item| digests_in(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| digests_in(field, found)),
        _ => {}
    }
}
