//! `GET /runs/{id}/diff`: what the code was beside its commit.

use std::io::Read;

use aether_ledger::{Digest, Entry, Home};
use axum::response::Response;

use super::super::{
    answer::{Answer, Fault},
    call::Call,
};

/// A diff is cut there.
const LONGEST: u64 = 8 << 20;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let entry = call.app.catalogue.find(&call.name)?;
    let text = text(&call.app.home, &entry)?.ok_or_else(|| {
        Fault::nothing(
            format!("run {} has no diff", entry.id),
            "its code was as committed, was in no repository, or nobody looked",
        )
    });
    Ok(call.answer(Answer::text(text?)))
}

/// The diff of a run's code, if it has one.
pub(crate) fn text(home: &Home, entry: &Entry) -> Result<Option<String>, Fault> {
    let run = entry.directory.run()?;
    let git = run.environment.get("git").and_then(|git| git.get("diff"));
    let digest: Option<Digest> = git.and_then(|diff| diff.as_str()).and_then(|digest| digest.parse().ok());
    let Some(digest) = digest else { return Ok(None) };
    let mut text = Vec::new();
    let file = home.blobs().open(digest)?;
    file.take(LONGEST).read_to_end(&mut text).map_err(|e| Fault::work(e, "look at the disk"))?;
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}
