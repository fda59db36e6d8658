//! `/boards`: dashboards of one's own, as the files in the home have them.

use std::sync::{Mutex, PoisonError};

use aether_core::config;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::super::{
    answer::{self, Answer, Fault},
    call::Call,
};
use crate::board::{Board, Boards, ShelfError};

/// Between the look at what there is and the writing of what shall be, nobody else writes.
static WRITING: Mutex<()> = Mutex::new(());

impl From<ShelfError> for Fault {
    fn from(error: ShelfError) -> Self {
        let status = match &error {
            ShelfError::Name(_) => StatusCode::BAD_REQUEST,
            ShelfError::Unknown { .. } => StatusCode::NOT_FOUND,
            ShelfError::Content(_) => StatusCode::BAD_REQUEST,
            ShelfError::Io { source, .. } => return Self::disk(&error, source),
        };
        match &error {
            // With the line and the caret.
            ShelfError::Content(_) => Self::new(status, "this is no board", error.to_string()),
            _ => {
                let text = error.to_string();
                let (error, help) = text.split_once("; ").unwrap_or((&text, ""));
                Self::new(status, error, help)
            }
        }
    }
}

pub(in super::super) fn list(call: &Call) -> Result<Response, Fault> {
    let boards = Boards::of(&call.app.home);
    let one = |name: String| match boards.load(&name) {
        Ok(board) => json!({ "name": name, "title": board.title }),
        // It is listed all the same, so that it can be mended.
        Err(e) => json!({ "name": name, "title": null, "error": e.to_string() }),
    };
    let listed: Vec<Value> = boards.names()?.into_iter().map(one).collect();
    call.json(&json!({ "boards": listed }))
}

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let name = &call.name;
    let text = Boards::of(&call.app.home).text(name)?;
    let revision = answer::tag(text.as_bytes());
    let as_json = call.header(header::ACCEPT).is_some_and(|accepts| accepts.contains("application/json"));
    let answer = if as_json {
        let board = Board::parse(&format!("{name}.yaml"), &text).map_err(ShelfError::from)?;
        Answer::json(&board)?
    } else {
        Answer::new("text/yaml; charset=utf-8", text)
    };
    Ok(marked(answer, &revision))
}

/// The revision is that of the file, in whatever form it is answered: so this is never answered as not modified, for
/// whoever asks may hold its other form.
fn marked(answer: Answer, revision: &str) -> Response {
    let mut response = answer.to(&HeaderMap::new());
    if let Ok(revision) = HeaderValue::from_str(revision) {
        response.headers_mut().insert(header::ETAG, revision);
    }
    response
}

pub(in super::super) fn put(call: &Call) -> Result<Response, Fault> {
    let name = &call.name;
    let keep = match call.parameters.one("keep") {
        None => false,
        Some("text") => true,
        Some(_) => return Err(Fault::wrong("no such thing can be kept", "keep=text, or nothing")),
    };
    let boards = Boards::of(&call.app.home);
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    check(&boards, call)?;
    if call.header(header::CONTENT_TYPE).is_some_and(|content| content.starts_with("application/json")) {
        let node = config::Node::from_json(&call.read()?).map_err(ShelfError::from)?;
        let board = Board::read(&node).map_err(ShelfError::from)?;
        if keep && boards.loses(name, &board)? {
            return Err(Fault::new(
                StatusCode::CONFLICT,
                "the board's file can only be written anew, without its comments and its layout",
                "save it without keep=text, or as YAML with the comments in it",
            ));
        }
        boards.save(name, &board)?;
    } else {
        let text = std::str::from_utf8(&call.body)
            .map_err(|e| Fault::wrong(format!("the board is no UTF-8: {e}"), "send UTF-8"))?;
        boards.save_text(name, text)?;
    }
    let revision = answer::tag(boards.text(name)?.as_bytes());
    Ok(marked(Answer::json(&json!({ "revision": revision.trim_matches('"') }))?, &revision))
}

pub(in super::super) fn delete(call: &Call) -> Result<Response, Fault> {
    let boards = Boards::of(&call.app.home);
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    check(&boards, call)?;
    boards.remove(&call.name)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whether the board is still the one that somebody changed.
fn check(boards: &Boards, call: &Call) -> Result<(), Fault> {
    let there = match boards.text(&call.name) {
        Ok(text) => Some(answer::tag(text.as_bytes())),
        Err(ShelfError::Unknown { .. }) => None,
        Err(e) => return Err(e.into()),
    };
    let as_expected = match (call.header(header::IF_MATCH), call.header(header::IF_NONE_MATCH)) {
        (Some("*"), _) => there.is_some(),
        (Some(revision), _) => there.as_deref() == Some(revision.trim()),
        (None, Some("*")) => there.is_none(),
        (None, _) => true,
    };
    if as_expected {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::PRECONDITION_FAILED,
        format!("somebody else saved the board '{}' meanwhile", call.name.escape_debug()),
        "load it again, or save yours under another name",
    ))
}
