//! `GET /server`: which server this is.

use axum::response::Response;
use rustix::fs::{Access, access};
use serde_json::json;

use super::super::{answer::Fault, call::Call};

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let app = &call.app;
    let projects = app.catalogue.ask(|known| known.names().projects.len())?;
    let home = app.home.path();
    // A home that is not there yet is made by who first writes.
    let read_only = home.exists() && access(home, Access::WRITE_OK).is_err();
    call.json(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "home": home.display().to_string(),
        "project_count": projects,
        "read_only": read_only,
        "started": app.started,
        "token": app.gate.needs_token(),
    }))
}
