//! Brings an index that is kept open up to date: looks at few files, and keeps in memory what has not changed.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
};

use aether_core::RunId;

use super::{
    Entry, Index, cache,
    listed::{self, Project},
    parallel, scan, stamp,
};
use crate::{LedgerError, RunDirectory, Standing};

/// Threads that look at runs.
const LOOKERS: usize = 8;

/// What has changed since the index was last brought up to date.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Runs that are new, or of which anything in their entries has changed.
    pub changed: Vec<RunId>,
    /// Runs that were removed.
    pub gone: Vec<RunId>,
}

impl Changes {
    /// Whether nothing has.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

impl Index {
    /// Brings it up to date as [`Index::refresh`] does, and tells what has changed. Entries of runs whose files are as
    /// they were stay as they are. Unless `whole`, only new runs and those that may be alive are looked at: what is
    /// done to a run after its end (tags, artifacts, taken up again) is then seen by the next whole look, or by one at
    /// that run.
    ///
    /// # Errors
    /// As [`Index::open`]. What was known before stands.
    pub fn catch_up(&mut self, whole: bool) -> Result<Changes, LedgerError> {
        let mut changes = Changes::default();
        let new = self.list_anew(whole, &mut changes)?;
        let mut stale = self.look(|entry| whole || entry.standing.may_live(), &mut changes);
        stale.extend(new);
        self.read_anew(stale, whole, &mut changes);
        Ok(changes)
    }

    /// Brings one run up to date, and tells whether anything of it has changed. That it is gone, [`Index::catch_up`]
    /// finds out.
    pub fn catch_up_with(&mut self, run: &RunDirectory) -> Changes {
        let mut changes = Changes::default();
        let stale = self.look(|entry| entry.id == run.id() && entry.directory == *run, &mut changes);
        self.read_anew(stale, false, &mut changes);
        changes
    }

    /// Looks at the files of the runs that are `due`. Those that are to be read anew.
    fn look(&mut self, due: impl Fn(&Entry) -> bool, changes: &mut Changes) -> Vec<RunDirectory> {
        let looked: Vec<(usize, Option<stamp::Seen>)> = {
            let due = self.entries.iter().enumerate().filter(|(_, entry)| due(entry)).collect();
            parallel::map(due, LOOKERS, |(at, entry): (usize, &Entry)| {
                (at, stamp::look(&entry.directory, Some(&entry.seen.stamp)).ok())
            })
        };
        let mut stale = Vec::new();
        for (at, seen) in looked {
            let entry = &mut self.entries[at];
            match seen {
                // A run that cannot be looked at just now is removed when its directory is not listed any more.
                None => {}
                Some(seen) if entry.seen.stamp.agrees(&seen.stamp) => {
                    if entry.stands(&seen) {
                        changes.changed.push(entry.id);
                    }
                    entry.seen.stamp = seen.stamp;
                }
                Some(_) => stale.push(entry.directory.clone()),
            }
        }
        stale
    }

    /// Drops runs that are gone; those that are new.
    fn list_anew(&mut self, whole: bool, changes: &mut Changes) -> Result<Vec<RunDirectory>, LedgerError> {
        let projects = listed::projects(&self.home)?;
        // One that was listed unsettled is another one when it has settled, and is listed once more.
        let settled = projects.iter().all(Project::is_settled);
        if !whole && settled && self.listed.as_ref() == Some(&projects) {
            return Ok(Vec::new());
        }
        let mut there: HashMap<PathBuf, RunDirectory> = self
            .home
            .run_directories()?
            .into_iter()
            .map(|directory| (directory.path().to_owned(), directory))
            .collect();
        self.listed = Some(projects);
        let mut gone = Vec::new();
        self.entries.retain(|entry| {
            let stays = there.remove(entry.directory.path()).is_some();
            if !stays {
                changes.gone.push(entry.id);
                gone.push(cache::key(&entry.directory));
            }
            stays
        });
        self.cache.store(&[], &gone);
        Ok(there.into_values().collect())
    }

    fn read_anew(&mut self, runs: Vec<RunDirectory>, whole: bool, changes: &mut Changes) {
        if runs.is_empty() {
            if whole {
                self.passed_over.clear();
            }
            return;
        }
        let known = |directory: RunDirectory| {
            let packed = self.cache.known(&cache::key(&directory));
            (directory, packed)
        };
        let runs = runs.into_iter().map(known).collect();
        let scan = scan::some(runs, &mut self.cache);
        if whole {
            self.passed_over.clear();
        }
        for trouble in scan.passed_over {
            if !self.passed_over.iter().any(|known| known.to_string() == trouble.to_string()) {
                self.passed_over.push(trouble);
            }
        }
        let read: HashSet<PathBuf> =
            scan.entries.iter().map(|entry| entry.directory.path().to_owned()).collect();
        self.entries.retain(|entry| !read.contains(entry.directory.path()));
        changes.changed.extend(scan.entries.iter().map(|entry| entry.id));
        self.entries.extend(scan.entries);
    }
}

impl Entry {
    /// Notes when it last wrote; whether it stands elsewhere than it did.
    fn stands(&mut self, seen: &stamp::Seen) -> bool {
        self.written = seen.written;
        let standing =
            Standing::of_state(self.seen.state, &self.host, self.pid, self.seen.pid_start, seen.written);
        std::mem::replace(&mut self.standing, standing) != standing
    }
}
