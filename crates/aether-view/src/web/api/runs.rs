//! `GET /runs`: all runs, chosen, sorted and cut to what a table shows.

use axum::response::Response;
use serde::Deserialize;

use super::super::{
    answer::Fault,
    call::Call,
    rows::{self, Asked, Columns},
};
use crate::board::Key;

/// Rows in an answer at most.
const MOST: usize = 5_000;

/// In place of keys: the answer says which.
const PROPOSED: &str = "proposed";

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
            columns: match self.columns.as_deref().unwrap_or_default() {
                PROPOSED => Columns::Proposed,
                text => Columns::These(columns(text)?),
            },
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

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let one = |name| call.parameters.one(name).map(str::to_owned);
    let wanted = Wanted { q: one("q"), sort: one("sort"), group: one("group"), columns: one("columns") };
    let offset = call.parameters.number("offset", 0, usize::MAX)?;
    let asked = wanted.asked(offset, call.parameters.number("limit", 200, MOST)?)?;
    call.json(&call.app.catalogue.ask_as(call.fresh, |known| asked.list(known))??)
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
