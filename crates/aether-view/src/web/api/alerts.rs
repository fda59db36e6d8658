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
    let alerts = call.app.catalogue.ask(|known| newest(known, limit, i64::MIN))?;
    call.json(&json!({ "alerts": alerts }))
}

/// The newest alerts of all runs that came after `after`, newest first.
pub(in super::super) fn newest(known: &Known, limit: usize, after: i64) -> Vec<Value> {
    let of = |entry| -> Vec<(&Entry, &TimedEvent)> {
        let entry: &Entry = entry;
        entry.alerts.iter().filter(|alert| alert.time > after).map(|alert| (entry, alert)).collect()
    };
    let mut all: Vec<(&Entry, &TimedEvent)> = known.entries().iter().flat_map(of).collect();
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
