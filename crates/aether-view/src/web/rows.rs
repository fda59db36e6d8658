//! What the runs page shows of runs: rows with the columns that were asked for, chosen, sorted and counted here.

use std::{
    borrow::Cow,
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, HashMap},
};

use aether_ledger::{Entry, Query, Standing};
use aether_watch::Unit;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    answer::Fault,
    catalogue::{Known, Names},
    proposed,
};
use crate::board::Key;

/// One run in a table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    name: String,
    project: String,
    kind: String,
    state: Standing,
    tags: Vec<String>,
    created: Timestamp,
    ended: Option<Timestamp>,
    seconds: f64,
    columns: BTreeMap<String, Value>,
}

impl Row {
    pub(crate) fn of(entry: &Entry, columns: &[(String, Key)]) -> Self {
        let cell = |(text, key): &(String, Key)| Some((text.clone(), key.of(entry)?));
        Self {
            id: entry.id.to_string(),
            name: entry.name.clone(),
            project: entry.project.clone(),
            kind: entry.kind.clone(),
            state: entry.standing,
            tags: entry.tags.clone(),
            created: entry.created,
            ended: entry.ended,
            seconds: entry.duration().as_secs_f64(),
            columns: columns.iter().filter_map(cell).collect(),
        }
    }
}

/// Reads a key, as boards have them.
pub(crate) fn key(text: &str) -> Result<Key, Fault> {
    Key::parse(text).map_err(|e| Fault::wrong(format!("no column '{}'", text.escape_debug()), e.help))
}

/// By what a list is sorted: numbers before texts, and what is not there or NaN at the end, whichever way round.
#[derive(Debug, PartialEq)]
enum Rank {
    Number(f64),
    Text(String),
    None,
}

impl Rank {
    fn of(key: &Key, entry: &Entry) -> Self {
        if let Some(number) = key.number(entry) {
            return if number.is_nan() { Self::None } else { Self::Number(number) };
        }
        match key.of(entry) {
            Some(Value::String(text)) => Self::Text(text.to_lowercase()),
            None | Some(Value::Null) => Self::None,
            Some(other) => Self::Text(other.to_string()),
        }
    }

    fn compare(&self, other: &Self, turned: bool) -> Ordering {
        let turn = |order: Ordering| if turned { order.reverse() } else { order };
        match (self, other) {
            (Self::None, Self::None) => Ordering::Equal,
            (Self::None, _) => Ordering::Greater,
            (_, Self::None) => Ordering::Less,
            (Self::Number(a), Self::Number(b)) => turn(a.total_cmp(b)),
            (Self::Text(a), Self::Text(b)) => turn(a.cmp(b)),
            (Self::Number(_), Self::Text(_)) => turn(Ordering::Less),
            (Self::Text(_), Self::Number(_)) => turn(Ordering::Greater),
        }
    }
}

/// What of each run is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Columns {
    /// Each as it was asked for.
    These(Vec<(String, Key)>),
    /// Those that are proposed, as far as not every row has them.
    Proposed,
}

impl Columns {
    /// Their names and keys, where these are proposed.
    pub(crate) fn of(&self, proposed: &[String]) -> Cow<'_, [(String, Key)]> {
        match self {
            Self::These(these) => Cow::Borrowed(these),
            Self::Proposed => {
                let keys = proposed.iter().filter_map(|text| Some((text.clone(), Key::parse(text).ok()?)));
                keys.filter(|(_, key)| !matches!(key, Key::Field(_))).collect()
            }
        }
    }
}

/// What is asked of all runs.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) query: Option<Query>,
    pub(crate) sort: Key,
    pub(crate) turned: bool,
    pub(crate) group: Option<Key>,
    pub(crate) columns: Columns,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// One value of what is grouped by, and how many runs have it.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    value: Option<Value>,
    count: usize,
}

/// An answer to that.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    total: usize,
    matched: usize,
    revision: u64,
    #[serde(flatten)]
    names: Names,
    /// Columns to begin with.
    proposed: Vec<String>,
    /// What the columns count in, where that is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    units: BTreeMap<String, Unit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    /// What could not be read of the home.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passed_over: Vec<String>,
    runs: Vec<Row>,
}

/// Reads a query; what is wrong with it is shown by carets.
pub(crate) fn query(text: Option<&str>) -> Result<Option<Query>, Fault> {
    let wrong = |e: aether_ledger::QueryError| refused(&e);
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| Query::parse(text).map_err(wrong))
        .transpose()
}

/// Why a query is refused: the first line says what is wrong, the help shows where.
pub(crate) fn refused(error: &aether_ledger::QueryError) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "the query is not understood", error.to_string())
}

impl Asked {
    /// The direction of a sort key: `-` before it turns it round.
    pub(crate) fn order(text: Option<&str>) -> Result<(Key, bool), Fault> {
        let text = text.unwrap_or("-created");
        match text.strip_prefix('-') {
            Some(text) => Ok((key(text)?, true)),
            None => Ok((key(text)?, false)),
        }
    }

    /// Whether a run is among those asked for.
    pub(crate) fn matches(&self, entry: &Entry) -> bool {
        self.query.as_ref().is_none_or(|query| query.holds(entry))
    }

    /// Lists the runs.
    pub(crate) fn list(&self, known: &Known) -> Result<Listed, Fault> {
        if let Some(query) = &self.query {
            query.check(known.entries()).map_err(|e| refused(&e))?;
        }
        let mut matched: Vec<&Entry> = known.entries().iter().filter(|entry| self.matches(entry)).collect();
        // Newest first; the sort below keeps this order among equals.
        matched.sort_by_key(|entry| Reverse((entry.created, entry.id)));
        if self.sort != Key::Field("created") {
            let mut ranked: Vec<(Rank, &Entry)> =
                matched.into_iter().map(|entry| (Rank::of(&self.sort, entry), entry)).collect();
            ranked.sort_by(|(a, _), (b, _)| a.compare(b, self.turned));
            matched = ranked.into_iter().map(|(_, entry)| entry).collect();
        } else if !self.turned {
            matched.reverse();
        }
        let groups = self.group.as_ref().map(|key| group(key, &matched));
        let proposed = proposed::columns(known.names());
        let columns = self.columns.of(&proposed);
        let shown = matched.iter().skip(self.offset).take(self.limit);
        Ok(Listed {
            total: known.entries().len(),
            matched: matched.len(),
            revision: known.revision,
            names: known.names().clone(),
            units: columns.iter().filter_map(|(text, key)| Some((text.clone(), key.unit()?))).collect(),
            proposed,
            groups,
            passed_over: known.index.passed_over().iter().map(ToString::to_string).collect(),
            runs: shown.map(|entry| Row::of(entry, &columns)).collect(),
        })
    }
}

/// Counts the runs of each value, in the order of the values.
fn group(key: &Key, runs: &[&Entry]) -> Vec<Group> {
    let mut counts: HashMap<Option<String>, (Rank, Group)> = HashMap::new();
    for entry in runs {
        let value = key.of(entry);
        let same = counts.entry(value.as_ref().map(ToString::to_string));
        same.or_insert_with(|| (Rank::of(key, entry), Group { value, count: 0 })).1.count += 1;
    }
    let mut groups: Vec<(Rank, Group)> = counts.into_values().collect();
    groups.sort_by(|(a, _), (b, _)| a.compare(b, false));
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_stays_at_the_end() {
        let number = Rank::Number;
        for turned in [false, true] {
            assert_eq!(number(1.0).compare(&Rank::None, turned), Ordering::Less);
            assert_eq!(Rank::None.compare(&number(f64::INFINITY), turned), Ordering::Greater);
        }
        assert_eq!(number(1.0).compare(&number(2.0), false), Ordering::Less);
        assert_eq!(number(1.0).compare(&number(2.0), true), Ordering::Greater);
    }
}
