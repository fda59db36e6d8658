//! Finds the run that a text names.

use std::cmp::Reverse;

use aether_core::RunId;

use super::{Entry, Index};
use crate::LedgerError;

/// The newest run.
pub(super) const LATEST: &str = "@latest";

/// Characters of an id that are enough to mean it: fewer are more likely somebody's name for another run, mistyped.
const SHORTEST_PREFIX: usize = 3;

impl Index {
    /// Finds the run that `query` names, in this order: `@latest`, the newest; an id; a name, the newest run of it;
    /// a prefix of one id, of three characters at least. Letters of ids may be of either case.
    ///
    /// # Errors
    /// When no run answers, or the prefix is one of several ids.
    pub fn find(&self, query: &str) -> Result<&Entry, LedgerError> {
        if let Some(entry) = self.exactly(query)? {
            return Ok(entry);
        }
        if let Some(newest) = newest_first(&self.entries, |entry| entry.name == query).first() {
            return Ok(newest);
        }
        self.only(query, newest_first(&self.entries, |entry| begins(entry.id, query)))
    }

    /// As [`Index::find`], but a text that can mean several runs, by their names or ids, is refused: for what cannot
    /// be undone.
    ///
    /// # Errors
    /// When not exactly one run answers.
    pub fn find_one(&self, query: &str) -> Result<&Entry, LedgerError> {
        if let Some(entry) = self.exactly(query)? {
            return Ok(entry);
        }
        self.only(query, newest_first(&self.entries, |entry| entry.name == query || begins(entry.id, query)))
    }

    /// What can mean one run only. An empty text means none.
    fn exactly(&self, query: &str) -> Result<Option<&Entry>, LedgerError> {
        match query {
            "" => Err(self.nothing(query)),
            LATEST => {
                newest_first(&self.entries, |_| true).first().map(|&e| Some(e)).ok_or(self.nothing(query))
            }
            _ => Ok(self.entries.iter().find(|entry| entry.id.as_str().eq_ignore_ascii_case(query))),
        }
    }

    fn only<'a>(&self, query: &str, found: Vec<&'a Entry>) -> Result<&'a Entry, LedgerError> {
        match found[..] {
            [] => Err(self.nothing(query)),
            [entry] => Ok(entry),
            _ => Err(LedgerError::Ambiguous {
                query: query.to_owned(),
                candidates: found.iter().map(|entry| (entry.id, entry.name.clone())).collect(),
            }),
        }
    }

    fn nothing(&self, query: &str) -> LedgerError {
        LedgerError::NotFound { query: query.to_owned(), home: self.home.path().to_owned() }
    }
}

/// Whether the text is the beginning of the id, and long enough to mean it.
pub(super) fn begins(id: RunId, query: &str) -> bool {
    query.len() >= SHORTEST_PREFIX
        && id.as_str().get(..query.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(query))
}

fn newest_first(entries: &[Entry], which: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
    let mut found: Vec<_> = entries.iter().filter(|entry| which(entry)).collect();
    found.sort_by_key(|entry| Reverse((entry.created, entry.id)));
    found
}
