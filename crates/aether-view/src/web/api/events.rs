//! `GET /runs/{id}/events`: what happened, alerts and findings among it.

use aether_core::signal::Nanos;
use aether_ledger::TimedEvent;
use axum::response::Response;
use serde_json::{Value, json};

use super::{
    super::{answer::Fault, call::Call},
    run,
};

/// Events in an answer at most.
pub(in super::super) const MOST: usize = 10_000;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let after: Option<Nanos> = call.parameters.parsed("after", "it takes the cursor of an earlier answer")?;
    let limit = call.parameters.number("limit", 1_000, MOST)?;
    let (_, run) = run::open(&call.app, &call.name)?;
    let reading = run.reading();
    let events = reading.reader.events();
    let chosen: Vec<&TimedEvent> = match after {
        Some(after) => events.iter().filter(|event| event.time > after).take(limit).collect(),
        // Without a cursor the last ones.
        None => events.iter().skip(events.len().saturating_sub(limit)).collect(),
    };
    let cursor = cursor(chosen.iter().copied(), after);
    let listed: Vec<Value> = chosen.into_iter().map(event).collect();
    call.json(&json!({ "events": listed, "cursor": cursor, "total": events.len() }))
}

/// Where to go on: the time of the last event, in nanoseconds since 1970, as a text because JavaScript's numbers are
/// too coarse.
pub(in super::super) fn cursor<'a>(
    events: impl Iterator<Item = &'a TimedEvent>,
    before: Option<Nanos>,
) -> String {
    events.map(|event| event.time).chain(before).max().unwrap_or(0).to_string()
}

/// An event as the API tells it.
pub(crate) fn event(timed: &TimedEvent) -> Value {
    let event = &timed.event;
    let mut said = json!({
        "time": run::time(timed.time),
        "step": event.step,
        "kind": event.kind,
        "severity": event.level,
        "message": event.message,
        "data": event.fields,
    });
    if let Some(metric) = event.fields.get("metric").filter(|metric| metric.is_string()) {
        said["metric"] = metric.clone();
    }
    said
}
