//! `GET /alerts`: what asks for somebody's attention, of all runs.

use aether_ledger::{Entry, TimedEvent};
use axum::response::Response;
use serde_json::{Value, json};

use super::{
    super::{answer::Fault, call::Call, catalogue::Known},
    events,
};

/// Alerts in an answer at most.
const MOST: usize = 1_000;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let limit = call.parameters.number("limit", 200, MOST)?;
    let alerts = call.app.catalogue.ask(|known| told(all(known), limit))?;
    call.json(&json!({ "alerts": alerts }))
}

/// All alerts that are known, in no order.
pub(in super::super) fn all(known: &Known) -> impl Iterator<Item = (&Entry, &TimedEvent)> {
    known.entries().iter().flat_map(|entry| entry.alerts.iter().map(move |alert| (entry, alert)))
}

/// The newest of these, newest first, as the API tells them.
pub(in super::super) fn told<'a>(
    alerts: impl Iterator<Item = (&'a Entry, &'a TimedEvent)>,
    limit: usize,
) -> Vec<Value> {
    let mut all: Vec<(&Entry, &TimedEvent)> = alerts.collect();
    all.sort_by_key(|(_, alert)| std::cmp::Reverse(alert.time));
    all.truncate(limit);
    all.into_iter()
        .map(|(entry, alert)| {
            let mut value = events::event(alert);
            value["run"] = json!({
                "id": entry.id, "name": entry.name, "project": entry.project, "state": entry.standing,
            });
            value
        })
        .collect()
}
