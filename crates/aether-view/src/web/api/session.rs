//! `POST /session`: a browser shows the token once, and is let in by a cookie from then on.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::super::{answer::Fault, call::Call};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    token: String,
}

pub(in super::super) fn post(call: &Call) -> Result<Response, Fault> {
    let asked: Asked = call.read()?;
    let gate = &call.app.gate;
    if !gate.needs_token() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    match gate.session(asked.token.trim()) {
        Some(cookie) => Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()),
        None => Err(Fault::new(
            StatusCode::UNAUTHORIZED,
            "this is not the token",
            "it was shown when the server first started; `aether dash --new-token` makes another one",
        )),
    }
}
