//! `GET /runs/{id}/output`: what a run's program printed.

use aether_exec::recording::Stream;
use axum::response::Response;

use super::super::{
    answer::Fault,
    call::Call,
    output::{self, Reader, Wanted},
};

/// Lines in an answer at most.
pub(in super::super) const MOST: usize = 10_000;

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let parameters = &call.parameters;
    let lines = parameters.number("lines", 500, MOST)?.max(1);
    let place = "it takes a place in the output, as answers have them";
    let (from, before) = (parameters.parsed("from", place)?, parameters.parsed("before", place)?);
    let wanted = Wanted {
        only: stream(parameters.one("stream").unwrap_or("all"))?,
        search: parameters.one("search").map(str::to_owned),
    };
    let directory = call.app.catalogue.find(&call.name)?.directory;
    let over = !directory.standing(&directory.run()?).may_live();
    let until = before.unwrap_or(u64::MAX);
    let from = match from {
        Some(from) => from,
        // Who searches begins at the beginning; who looks, at the end.
        None if wanted.search.is_some() && before.is_none() => 0,
        None => output::begin_of_last(&directory, until, lines)?,
    };
    // Those before a place are as many as they are.
    let most = if before.is_some() { usize::MAX } else { lines };
    call.json(&Reader::from(directory, from).read(most, until, &wanted, over)?)
}

/// A stream by its name; `None` for all.
pub(in super::super) fn stream(name: &str) -> Result<Option<Stream>, Fault> {
    match name {
        "all" => Ok(None),
        "stdout" => Ok(Some(Stream::Stdout)),
        "stderr" => Ok(Some(Stream::Stderr)),
        other => Err(Fault::wrong(format!("stream={}", other.escape_debug()), "it is stdout, stderr or all")),
    }
}
