//! `GET /host`: the machine that this server works on, now and in the last minutes.

use std::time::Duration;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde_json::{Value, json};

use super::super::{
    answer::{Answer, Fault, blocking},
    state::Shared,
};
use crate::host::Reading;

/// An answer's last reading is no older.
const FRESH: Duration = Duration::from_secs(1);

pub(in super::super) async fn get(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Fault> {
    let answer = blocking(move || {
        let value = app.host(FRESH, |host| {
            let history: Vec<Value> = host.history().map(reading).collect();
            json!({ "name": host.name(), "now": host.now().map(reading), "history": history })
        });
        Answer::json(&value)
    });
    Ok(answer.await?.to(&headers))
}

/// A reading as the API tells it: its time as RFC 3339.
pub(in super::super) fn reading(reading: &Reading) -> Value {
    let mut value = serde_json::to_value(reading).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("time".to_owned(), json!(super::run::time(reading.time)));
    }
    value
}
