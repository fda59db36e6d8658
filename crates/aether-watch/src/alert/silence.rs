//! What somebody wants no word of for now.

use aether_core::{
    ConfigError, Event,
    config::{self, Node},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;

use super::RunFacts;

/// An entry of `silence:`. All that it names must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Only events of this kind.
    pub kind: Option<String>,
    /// Only of the run with this name, or whose id begins so.
    pub run: Option<String>,
    /// Until then; else for good.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Option<String>,
    run: Option<String>,
    until: Option<Node>,
}

impl Silence {
    pub(super) fn read(node: &Node) -> Result<Self, ConfigError> {
        let written: Written = node.read()?;
        if written.kind.is_none() && written.run.is_none() {
            return Err(node.error("must say which `kind` or which `run` to silence"));
        }
        let until = written.until.as_ref().filter(|node| !node.is_null()).map(until).transpose()?;
        Ok(Self { kind: written.kind, run: written.run, until })
    }

    /// Whether nothing is to be said of `event` at `now`.
    pub fn covers(&self, event: &Event, run: &RunFacts, now: Timestamp) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == event.kind)
            && self.run.as_ref().is_none_or(|name| *name == run.name || run.id.starts_with(name.as_str()))
            && self.until.is_none_or(|until| now < until)
    }
}

/// A time, or a day at whose beginning, in UTC, it is over.
fn until(node: &Node) -> Result<Timestamp, config::ConfigError> {
    let read = |text: &str| {
        let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        text.parse::<Timestamp>().ok().or_else(day)
    };
    node.text()
        .and_then(read)
        .ok_or_else(|| node.error("must be a time such as 2026-12-01T08:00:00Z, or a day such as 2026-12-01"))
}
