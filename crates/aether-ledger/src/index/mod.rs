//! All runs of a home, found by id, name or property.
//!
//! `index.db` only saves reading every log again (`cache`): it is derived from the runs' files, and when it is
//! missing, damaged, locked or of another version, the answers are the same.

mod cache;
mod catch_up;
mod details;
mod filter;
mod find;
mod listed;
mod named;
mod names;
mod newest;
mod parallel;
mod remove;
mod scan;
mod stamp;

use std::{
    ops::Deref,
    time::{Duration, SystemTime},
};

use aether_core::{RunId, RunState};
use cache::Cache;
pub use catch_up::Changes;
pub use details::Details;
use details::Packed;
pub use filter::{Filter, Sort};
use jiff::Timestamp;
pub use named::Named;
pub use names::NameOf;
use serde_json::Value;

use crate::{Home, LedgerError, RunDirectory, Standing};

/// One run as the index knows it; [`RunDirectory::run`] has the rest. Its [`Details`] are unpacked when one of them is
/// asked for.
#[derive(Debug, Clone)]
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
    /// The host it runs or ran on.
    pub host: String,
    /// Whose it is: the owner of its record.
    pub user: String,
    /// Its process there.
    pub pid: u32,
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
    details: Packed,
    seen: Seen,
    /// Its files.
    pub directory: RunDirectory,
}

/// What was seen of a run's files, by which it is told whether an entry still holds.
#[derive(Debug, Clone)]
struct Seen {
    stamp: stamp::Stamp,
    state: RunState,
    pid_start: u64,
}

impl Deref for Entry {
    type Target = Details;

    fn deref(&self) -> &Details {
        self.details.get()
    }
}

impl Entry {
    /// The number that stands for a metric in tables: what the run said in its summary, else the last value.
    pub fn headline(&self, metric: &str) -> Option<f64> {
        let said = self.summary.get(metric).and_then(Value::as_f64);
        said.or_else(|| self.metrics.get(metric).map(|summary| summary.last))
    }

    /// Says the names of its tags, parameters and metrics, each as often as it stands there. Cheap for runs of which
    /// nothing else is asked.
    pub fn names(&self, mut heard: impl FnMut(NameOf, &str)) {
        self.details.names(&mut heard);
    }

    /// How long it took from its beginning to its end, to now when it is running, or to when it last wrote when it
    /// died or nothing is known. Pauses before it was taken up again count.
    pub fn duration(&self) -> Duration {
        let end = match (self.ended, self.standing) {
            (Some(ended), _) => ended.into(),
            (None, Standing::Running) => SystemTime::now(),
            (None, _) => self.written,
        };
        end.duration_since(self.created.into()).unwrap_or_default()
    }
}

/// All runs of a home, as they were when it was last refreshed.
#[derive(Debug)]
pub struct Index {
    home: Home,
    cache: Cache,
    entries: Vec<Entry>,
    passed_over: Vec<LedgerError>,
    left_out: usize,
    /// The projects as they stood before all of their runs were last listed.
    listed: Option<Vec<listed::Project>>,
}

impl Index {
    /// Opens the index and brings it up to date with the files.
    ///
    /// # Errors
    /// When the home exists and its directories cannot be listed. An index file that does not work is no error.
    pub fn open(home: &Home) -> Result<Self, LedgerError> {
        let mut index = Self::unread(home);
        index.refresh()?;
        Ok(index)
    }

    /// Opens the index of the newest runs, `most` of them, of one project or of all. Only their files are looked at.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn of_newest(home: &Home, project: Option<&str>, most: usize) -> Result<Self, LedgerError> {
        let mut index = Self::unread(home);
        let (scan, left_out) = newest::newest(home, &mut index.cache, project, most)?;
        index.take(scan);
        index.left_out = left_out;
        Ok(index)
    }

    /// The run that `query` names, as [`Index::find`] understands it. Only the files of runs that it can name are looked
    /// at; those of all when it names none of them.
    ///
    /// # Errors
    /// As [`Index::open`] and [`Index::find`].
    pub fn find_in(home: &Home, query: &str) -> Result<Entry, LedgerError> {
        match Self::found_alone(home, query)? {
            Some(entry) => Ok(entry),
            None => Self::of_named(home, &[query])?.find_here_or_anywhere(query),
        }
    }

    /// The runs that `queries` name, in their order; otherwise as [`Index::find_in`].
    ///
    /// # Errors
    /// As [`Index::open`] and [`Index::find`].
    pub fn find_all_in<Q: AsRef<str>>(home: &Home, queries: &[Q]) -> Result<Vec<Entry>, LedgerError> {
        let queries: Vec<&str> = queries.iter().map(AsRef::as_ref).collect();
        let mut named = None;
        let find = |query: &&str| {
            if let Some(entry) = Self::found_alone(home, query)? {
                return Ok(entry);
            }
            let index = match named.take() {
                Some(index) => index,
                None => Self::of_named(home, &queries)?,
            };
            named.insert(index).find_here_or_anywhere(query)
        };
        queries.iter().map(find).collect()
    }

    /// The index of the runs that one of `queries` can name, by its name or by how its id begins.
    fn of_named(home: &Home, queries: &[&str]) -> Result<Self, LedgerError> {
        let mut index = Self::unread(home);
        let scan = scan::named(home, &mut index.cache, queries)?;
        index.take(scan);
        Ok(index)
    }

    /// Finds a run among these; when it is none of them, all are looked at: somebody may have written a record anew, with
    /// another name.
    fn find_here_or_anywhere(&mut self, query: &str) -> Result<Entry, LedgerError> {
        if let Err(LedgerError::NotFound { .. }) = self.find(query) {
            self.refresh()?;
        }
        self.find(query).cloned()
    }

    /// The run that `query` names, if that can be told without a look at all runs.
    fn found_alone(home: &Home, query: &str) -> Result<Option<Entry>, LedgerError> {
        let mut index = Self::unread(home);
        let scan = match query.to_ascii_lowercase().parse() {
            Ok(id) => scan::of_id(home, &mut index.cache, id)?,
            Err(_) if query == find::LATEST => newest::newest(home, &mut index.cache, None, 1)?.0,
            Err(_) => return Ok(None),
        };
        index.take(scan);
        Ok(index.entries.pop())
    }

    fn unread(home: &Home) -> Self {
        Self {
            home: home.clone(),
            cache: Cache::open(home.index()),
            entries: Vec::new(),
            passed_over: Vec::new(),
            left_out: 0,
            listed: None,
        }
    }

    /// Forgets the index file and reads every run again.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn rebuild(home: &Home) -> Result<Self, LedgerError> {
        Cache::forget(&home.index());
        Self::open(home)
    }

    /// Brings it up to date with the files again. Only runs whose files have changed are read.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn refresh(&mut self) -> Result<(), LedgerError> {
        let projects = listed::projects(&self.home)?;
        let scan = scan::everything(&self.home, &mut self.cache)?;
        self.take(scan);
        self.listed = Some(projects);
        Ok(())
    }

    fn take(&mut self, scan: scan::Scan) {
        (self.entries, self.passed_over) = (scan.entries, scan.passed_over);
        self.left_out = 0;
    }

    /// All runs, in no order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many runs there are beside these, that it was not asked for.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// What could not be read: runs that are in no list, or are there without all of their metrics.
    pub fn passed_over(&self) -> &[LedgerError] {
        &self.passed_over
    }
}
