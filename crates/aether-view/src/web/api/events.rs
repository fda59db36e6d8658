//! `GET /runs/{id}/events`: what happened, alerts and findings among it.

use aether_ledger::TimedEvent;
use axum::response::Response;
use serde_json::{Value, json};

use super::{
    super::{answer::Fault, call::Call, cursor::Cursor},
    run,
};

/// Events in an answer at most.
pub(in super::super) const MOST: usize = 10_000;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let after: Option<Cursor> =
        call.parameters.parsed("after", "it takes the cursor of an earlier answer")?;
    let limit = call.parameters.number("limit", 1_000, MOST)?;
    let (_, run) = run::open(&call.app, &call.name)?;
    let reading = run.reading();
    let events = reading.reader.events();
    // Without a cursor the last ones.
    let (from, to) = match after.map(|after| after.place(events)) {
        Some(from) => (from, events.len().min(from.saturating_add(limit))),
        None => (events.len().saturating_sub(limit), events.len()),
    };
    let listed: Vec<Value> = events[from..to].iter().map(event).collect();
    call.json(&json!({
        "events": listed,
        "cursor": Cursor::after(&events[..to]).to_string(),
        "again": after.is_some_and(|after| after != Cursor::after(&events[..from])),
        "total": events.len(),
    }))
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
    if event.is_content() {
        said["content"] = json!(true);
    }
    if let Some(metric) = event.fields.get("metric").filter(|metric| metric.is_string()) {
        said["metric"] = metric.clone();
    }
    said
}
