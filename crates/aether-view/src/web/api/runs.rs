//! `GET /runs`: all runs, chosen, sorted and cut to what a table shows.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use super::super::{
    answer::{Answer, Fault, blocking},
    parameters::Parameters,
    rows::{self, Asked},
    state::Shared,
};
use crate::board::Key;

/// Rows in an answer at most.
const MOST: usize = 5_000;

/// The same from a page that subscribes, and from an address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    q: Option<String>,
    sort: Option<String>,
    group: Option<String>,
    columns: Option<String>,
}

impl Wanted {
    /// What is asked for.
    pub(in super::super) fn asked(&self, offset: usize, limit: usize) -> Result<Asked, Fault> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (sort, turned) = Asked::order(some(&self.sort).as_deref())?;
        Ok(Asked {
            query: rows::query(self.q.as_deref())?,
            sort,
            turned,
            group: some(&self.group).as_deref().map(rows::key).transpose()?,
            columns: columns(self.columns.as_deref().unwrap_or_default())?,
            offset,
            limit,
        })
    }
}

/// Keys between commas; a comma that is written twice is one of a name.
fn columns(text: &str) -> Result<Vec<(String, Key)>, Fault> {
    let parts = text.replace(",,", "\0");
    let parts = parts.split(',').filter(|part| !part.is_empty()).map(|part| part.replace('\0', ","));
    parts.map(|part| Ok((part.clone(), rows::key(&part)?))).collect()
}

pub(in super::super) async fn get(
    State(app): State<Shared>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let parameters = Parameters::read(raw.as_deref(), &["q", "sort", "offset", "limit", "columns", "group"])?;
    let one = |name: &str| parameters.one(name).map(str::to_owned);
    let wanted = Wanted { q: one("q"), sort: one("sort"), group: one("group"), columns: one("columns") };
    let asked =
        wanted.asked(parameters.number("offset", 0, usize::MAX)?, parameters.number("limit", 200, MOST)?)?;
    let answer = blocking(move || Answer::json(&app.catalogue.ask(|known| asked.list(known))??));
    Ok(answer.await?.to(&headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_name() {
        let read: Vec<String> =
            columns("name,metric.a,,b,param.c").unwrap().into_iter().map(|(text, _)| text).collect();
        assert_eq!(read, ["name", "metric.a,b", "param.c"]);
    }
}
