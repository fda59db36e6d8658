//! `GET /host`: the machine that this server works on, now and in the last minutes.

use std::time::Duration;

use axum::response::Response;
use serde_json::json;

use super::super::{answer::Fault, call::Call};
use crate::host::Reading;

/// An answer's last reading is no older.
const FRESH: Duration = Duration::from_secs(1);

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let value = call.app.host(FRESH, |host| {
        let history: Vec<&Reading> = host.history().collect();
        json!({ "name": host.name(), "now": host.now(), "history": history })
    });
    call.json(&value)
}
