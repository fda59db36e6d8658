//! `GET /server`: which server this is.

use axum::{extract::State, http::HeaderMap, response::Response};
use rustix::fs::{Access, access};
use serde_json::json;

use super::super::{
    answer::{Answer, Fault, blocking},
    state::Shared,
};

pub(in super::super) async fn get(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Fault> {
    let answer = blocking(move || {
        let projects = app.catalogue.ask(|known| known.names().projects.len())?;
        let home = app.home.path();
        // A home that is not there yet is made by who first writes.
        let read_only = home.exists() && access(home, Access::WRITE_OK).is_err();
        Answer::json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "home": home.display().to_string(),
            "project_count": projects,
            "read_only": read_only,
            "started": app.started,
            "token": app.gate.needs_token(),
        }))
    });
    Ok(answer.await?.to(&headers))
}
