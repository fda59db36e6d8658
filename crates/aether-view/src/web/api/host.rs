//! `GET /host`: the machine that this server works on, now and in the last minutes.

use std::time::Duration;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde_json::json;

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
            let history: Vec<&Reading> = host.history().collect();
            json!({ "name": host.name(), "now": host.now(), "history": history })
        });
        Answer::json(&value)
    });
    Ok(answer.await?.to(&headers))
}
