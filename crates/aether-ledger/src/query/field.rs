//! What can be asked of a run: fixed fields, metrics with what they come to, and parameters.

use std::{ops::Range, time::Duration};

use aether_core::suggest;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::{Entry, Standing, Summary};

/// The fixed fields.
const FIXED: [(&str, Kind); 11] = [
    ("id", Kind::Text),
    ("name", Kind::Text),
    ("state", Kind::State),
    ("project", Kind::Text),
    ("kind", Kind::Text),
    ("tag", Kind::Text),
    ("host", Kind::Text),
    ("user", Kind::Text),
    ("created", Kind::Time),
    ("ended", Kind::Time),
    ("duration", Kind::Duration),
];

/// What a series can be asked for.
const STATISTICS: [&str; 6] = ["min", "max", "mean", "last", "first", "count"];

/// What kind of thing a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    State,
    Time,
    Duration,
    /// A metric or a parameter: whatever it is.
    Open,
}

/// A name in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) place: Range<usize>,
}

/// What a run has in a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Truth(bool),
    Time(Timestamp),
    Duration(Duration),
    /// A list or so, as its JSON.
    Other(String),
}

impl Value<'_> {
    /// Whether its being there says yes.
    pub(super) fn is_said(&self) -> bool {
        !matches!(self, Value::Truth(false))
    }
}

impl Field {
    pub(super) fn named(name: String, place: Range<usize>) -> Self {
        let kind = FIXED.iter().find(|(fixed, _)| *fixed == name).map_or(Kind::Open, |(_, kind)| *kind);
        Self { name, kind, place }
    }

    /// What a run has in it: nothing, one value, or of tags any number.
    pub(super) fn values<'a>(&self, entry: &'a Entry) -> Vec<Value<'a>> {
        let one = |value| vec![value];
        match self.name.as_str() {
            "id" => one(Value::Text(entry.id.as_str())),
            "name" => one(Value::Text(&entry.name)),
            "state" => one(Value::Text(entry.standing.as_str())),
            "project" => one(Value::Text(&entry.project)),
            "kind" => one(Value::Text(&entry.kind)),
            "tag" => entry.tags.iter().map(|tag| Value::Text(tag)).collect(),
            "host" => one(Value::Text(&entry.host)),
            "user" => one(Value::Text(&entry.user)),
            "created" => one(Value::Time(entry.created)),
            "ended" => entry.ended.map(Value::Time).into_iter().collect(),
            "duration" => one(Value::Duration(entry.duration())),
            name => open(name, entry).into_iter().collect(),
        }
    }

    /// Whether a run has such a thing, or could.
    pub(super) fn is_known_to(&self, entry: &Entry) -> bool {
        self.kind != Kind::Open || open(&self.name, entry).is_some()
    }

    /// The nearest name that some run knows.
    pub(super) fn nearest(&self, entries: &[Entry]) -> Option<String> {
        let fixed = FIXED.iter().map(|(name, _)| *name);
        let (stem, statistic) = split(&self.name).unwrap_or((&self.name, ""));
        // Of a thousand runs alike, a hundred say enough.
        let known = entries.iter().take(100);
        let metrics = known.clone().flat_map(|entry| entry.metrics.keys().chain(entry.summary.keys()));
        let parameters = known.flat_map(|entry| entry.parameters.keys());
        let names: Vec<&str> = fixed.chain(metrics).chain(parameters).collect();
        let near = suggest::nearest(&self.name, names.iter().copied()).map(str::to_owned);
        near.or_else(|| {
            let stem = suggest::nearest(stem, names.iter().copied())?;
            Some(if statistic.is_empty() { stem.to_owned() } else { format!("{stem}.{statistic}") })
        })
    }
}

/// `loss.min` as `loss` and `min`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (metric, statistic) = name.rsplit_once('.')?;
    STATISTICS.contains(&statistic).then_some((metric, statistic))
}

/// A metric's last value, or what its summary says in its place; a statistic of a metric; or a parameter.
fn open<'a>(name: &str, entry: &'a Entry) -> Option<Value<'a>> {
    if let Some(value) = entry.headline(name) {
        return Some(Value::Number(value));
    }
    if let Some((metric, statistic)) = split(name)
        && let Some(summary) = entry.metrics.get(metric)
    {
        return Some(Value::Number(number(summary, statistic)));
    }
    let said = entry.parameters.get(name).or_else(|| entry.summary.get(name))?;
    Some(match said {
        Json::String(text) => Value::Text(text),
        Json::Bool(truth) => Value::Truth(*truth),
        Json::Number(number) => Value::Number(number.as_f64()?),
        other => Value::Other(other.to_string()),
    })
}

fn number(summary: &Summary, statistic: &str) -> f64 {
    match statistic {
        "min" => summary.min,
        "max" => summary.max,
        "mean" => summary.mean,
        "first" => summary.first,
        "count" => summary.count as f64,
        _ => summary.last,
    }
}

/// The states, for errors.
pub(super) fn states() -> [&'static str; 6] {
    use Standing::{Died, Done, Failed, Interrupted, Running, Unknown};
    [Running, Done, Failed, Interrupted, Died, Unknown].map(Standing::as_str)
}
