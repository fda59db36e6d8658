//! All runs of a home, found by id, name or property.
//!
//! `index.db` only saves reading every log again (`cache`): it is derived from the runs' files, and when it is
//! missing, damaged, locked or of another version, the answers are the same.

mod cache;
mod filter;
mod find;
mod remove;
mod scan;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use aether_core::RunId;
use cache::Cache;
pub use filter::{Filter, Sort};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Digest, Home, LedgerError, LogDamage, NamedBlob, RunDirectory, Standing, Summary};

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
    /// Words to find it by: its record's, then those that it said.
    pub tags: Vec<String>,
    /// Its parameters by their paths, such as `optimizer.kind`: what was asked for, then what it said in `config`.
    pub parameters: Map<String, Value>,
    /// Values that it said stand for it, by name.
    pub summary: Map<String, Value>,
    /// What it took and left, in the order in which it said so.
    pub artifacts: Vec<NamedBlob>,
    /// Every content that its record or anything it said names, each once.
    pub blobs: Vec<Digest>,
    /// Its metrics in a few numbers each, by name.
    pub metrics: BTreeMap<String, Summary>,
    /// What of its logs could not be read.
    pub damage: Vec<LogDamage>,
    /// Its files.
    pub directory: RunDirectory,
}

impl Entry {
    /// The number that stands for a metric in tables: what the run said in its summary, else the last value.
    pub fn headline(&self, metric: &str) -> Option<f64> {
        let said = self.summary.get(metric).and_then(Value::as_f64);
        said.or_else(|| self.metrics.get(metric).map(|summary| summary.last))
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
}

impl Index {
    /// Opens the index and brings it up to date with the files.
    ///
    /// # Errors
    /// When the home exists and its directories cannot be listed. An index file that does not work is no error.
    pub fn open(home: &Home) -> Result<Self, LedgerError> {
        let mut index = Self {
            home: home.clone(),
            cache: Cache::open(home.index()),
            entries: Vec::new(),
            passed_over: Vec::new(),
        };
        index.refresh()?;
        Ok(index)
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
        let scan = scan::scan(&self.home, &mut self.cache)?;
        (self.entries, self.passed_over) = (scan.entries, scan.passed_over);
        Ok(())
    }

    /// All runs, in no order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What could not be read: runs that are in no list, or are there without all of their metrics.
    pub fn passed_over(&self) -> &[LedgerError] {
        &self.passed_over
    }
}
