//! `GET /alerts`: what asks for somebody's attention, of all runs.

use aether_ledger::{Entry, TimedEvent};
use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    super::{
        answer::{Answer, Fault, blocking},
        catalogue::Known,
        parameters::Parameters,
        state::Shared,
    },
    events,
};

/// Alerts in an answer at most.
const MOST: usize = 1_000;

pub(in super::super) async fn get(
    State(app): State<Shared>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let parameters = Parameters::read(raw.as_deref(), &["limit"])?;
    let limit = parameters.number("limit", 200, MOST)?;
    let answer = blocking(move || {
        let alerts = app.catalogue.ask(|known| newest(known, limit, i64::MIN))?;
        Answer::json(&json!({ "alerts": alerts }))
    });
    Ok(answer.await?.to(&headers))
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
