//! All runs of a home, found by id, name or property. `index.db` only saves reading every log again: it is derived
//! from the runs' files, and when it is missing, damaged, locked or of another version the answers are the same.

use std::{collections::BTreeMap, time::SystemTime};

use aether_core::RunId;
use jiff::Timestamp;

use crate::{Home, LedgerError, RunDirectory, Standing, Summary};

/// One run as the index knows it; [`RunDirectory::run`] has the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// What kind of work it is.
    pub kind: String,
    /// Where it stood when the index was refreshed.
    pub standing: Standing,
    /// When it began.
    pub created: Timestamp,
    /// When it ended, if it has said so.
    pub ended: Option<Timestamp>,
    /// Why it ended.
    pub reason: Option<String>,
    /// How often it was taken up again.
    pub resumed: u32,
    /// When it last wrote anything: the end of a run that died.
    pub written: SystemTime,
    /// Its metrics in a few numbers each, by name.
    pub metrics: BTreeMap<String, Summary>,
    /// Its files.
    pub directory: RunDirectory,
}

/// Which runs to list; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Of this project only.
    pub project: Option<String>,
    /// Of one of these standings; any when empty.
    pub standings: Vec<Standing>,
    /// With this text in its name, whatever the case of its letters.
    pub name: Option<String>,
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// At most so many, after sorting.
    pub limit: Option<usize>,
}

/// In which order to list runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// By name, then newest first.
    Name,
    /// Longest first.
    Duration,
    /// By the last value of a metric, least first; NaN and runs without it at the end.
    Ascending(String),
    /// By the last value of a metric, greatest first; NaN and runs without it at the end.
    Descending(String),
}

impl Entry {
    /// How long it has worked: to its end, or now, or, if it died, to when it last wrote.
    pub fn duration(&self) -> std::time::Duration {
        todo!()
    }
}

/// All runs of a home, as they were when it was last refreshed.
#[derive(Debug)]
pub struct Index {
    home: Home,
    entries: Vec<Entry>,
    passed_over: Vec<LedgerError>,
}

impl Index {
    /// Opens the index and brings it up to date with the files.
    ///
    /// # Errors
    /// When the home exists and its directories cannot be listed. An index file that does not work is no error.
    pub fn open(_home: &Home) -> Result<Self, LedgerError> {
        todo!()
    }

    /// Forgets the index file and reads every run again.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn rebuild(_home: &Home) -> Result<Self, LedgerError> {
        todo!()
    }

    /// Brings it up to date with the files again.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn refresh(&mut self) -> Result<(), LedgerError> {
        let _ = &self.home;
        todo!()
    }

    /// Runs that could not be read, with the reason; they are in no list.
    pub fn passed_over(&self) -> &[LedgerError] {
        &self.passed_over
    }

    /// Lists the runs that `filter` lets through.
    pub fn list(&self, _filter: &Filter, _sort: &Sort) -> Vec<&Entry> {
        let _ = &self.entries;
        todo!()
    }

    /// Finds the run that `query` names, in this order: `@latest`, the newest; an id; a name, the newest run of it;
    /// a prefix of one id.
    ///
    /// # Errors
    /// When no run answers, or the prefix is one of several ids.
    pub fn find(&self, _query: &str) -> Result<&Entry, LedgerError> {
        todo!()
    }

    /// As [`Index::find`], but a name that several runs have is refused: for what cannot be undone.
    ///
    /// # Errors
    /// When not exactly one run answers.
    pub fn find_one(&self, _query: &str) -> Result<&Entry, LedgerError> {
        todo!()
    }

    /// Removes a run with all its files. A run that may be alive is refused, but for `force`.
    ///
    /// # Errors
    /// When the run may be alive or its files cannot be removed.
    pub fn remove(&mut self, _id: RunId, _force: bool) -> Result<(), LedgerError> {
        todo!()
    }
}
