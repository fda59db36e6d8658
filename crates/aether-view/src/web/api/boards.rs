//! `/boards`: dashboards of one's own, as the files in the home have them.

use std::sync::{Mutex, PoisonError};

use aether_core::config;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::super::{
    answer::{self, Answer, Fault, blocking},
    state::Shared,
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
            ShelfError::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
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

pub(in super::super) async fn list(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Fault> {
    let answer = blocking(move || {
        let boards = Boards::of(&app.home);
        let one = |name: String| match boards.load(&name) {
            Ok(board) => json!({ "name": name, "title": board.title }),
            // It is listed all the same, so that it can be mended.
            Err(e) => json!({ "name": name, "title": null, "error": e.to_string() }),
        };
        let listed: Vec<Value> = boards.names()?.into_iter().map(one).collect();
        Answer::json(&json!({ "boards": listed }))
    });
    Ok(answer.await?.to(&headers))
}

pub(in super::super) async fn get(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let as_json = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepts| accepts.contains("application/json"));
    let (text, board) = blocking(move || {
        let text = Boards::of(&app.home).text(&name)?;
        let board = as_json.then(|| Board::parse(&format!("{name}.yaml"), &text)).transpose();
        Ok((text, board.map_err(ShelfError::from)?))
    })
    .await?;
    let revision = answer::tag(text.as_bytes());
    // Never "not modified": the revision is that of the file, and a browser may hold its other form under it.
    let mut response = match board {
        Some(board) => Answer::json(&board)?,
        None => Answer::new("text/yaml; charset=utf-8", text),
    }
    .to(&HeaderMap::new());
    mark(&mut response, &revision);
    Ok(response)
}

/// The revision is that of the file, in whatever form it is answered.
fn mark(response: &mut Response, revision: &str) {
    if let Ok(revision) = HeaderValue::from_str(revision) {
        response.headers_mut().insert(header::ETAG, revision);
    }
}

pub(in super::super) async fn put(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|content| content.starts_with("application/json"));
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (only_over, only_new) = (text(header::IF_MATCH), text(header::IF_NONE_MATCH));
    let revision = blocking(move || {
        let boards = Boards::of(&app.home);
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        check(&boards, &name, only_over.as_deref(), only_new.as_deref())?;
        if is_json {
            let value: Value = super::read(&body)?;
            let node = config::Node::from_json(&value).map_err(ShelfError::from)?;
            boards.save(&name, &Board::read(&node).map_err(ShelfError::from)?)?;
        } else {
            let text = std::str::from_utf8(&body)
                .map_err(|e| Fault::wrong(format!("the board is no UTF-8: {e}"), "send UTF-8"))?;
            boards.save_text(&name, text)?;
        }
        Ok(answer::tag(boards.text(&name)?.as_bytes()))
    })
    .await?;
    let mut response =
        Answer::json(&json!({ "revision": revision.trim_matches('"') }))?.to(&HeaderMap::new());
    mark(&mut response, &revision);
    Ok(response)
}

pub(in super::super) async fn delete(
    State(app): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let only_over = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    blocking(move || {
        let boards = Boards::of(&app.home);
        let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        check(&boards, &name, only_over.as_deref(), None)?;
        Ok(boards.remove(&name)?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whether the board is still the one that somebody changed.
fn check(boards: &Boards, name: &str, only_over: Option<&str>, only_new: Option<&str>) -> Result<(), Fault> {
    let there = match boards.text(name) {
        Ok(text) => Some(answer::tag(text.as_bytes())),
        Err(ShelfError::Unknown { .. }) => None,
        Err(e) => return Err(e.into()),
    };
    let as_expected = match (only_over, only_new) {
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
        format!("somebody else saved the board '{}' meanwhile", name.escape_debug()),
        "load it again, or save yours under another name",
    ))
}
