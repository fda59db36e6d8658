//! Retention: which runs go, and what nothing needs any more. What lives is never touched.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use aether_core::RunId;

use crate::{Entry, Home, Index, LedgerError, Query, Standing, compact, drop_covered_logs, mend, series};

/// What to keep. Runs are removed only if any of the first four says something; then those that all of them point at.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The newest so many runs of each project stay.
    pub keep_last: Option<usize>,
    /// Only runs that ended so long ago go.
    pub older_than: Option<Duration>,
    /// Only runs of these standings go; of any when empty.
    pub standings: Vec<Standing>,
    /// Only runs for which this holds go.
    pub query: Option<Query>,
    /// What nothing names, and what was left half written, goes when it is older than this.
    pub grace: Duration,
    /// Nothing is done; only told.
    pub dry_run: bool,
}

/// So many of something, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pile {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Pile {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What was removed, or would be.
#[derive(Debug, Default)]
pub struct Collected {
    /// Runs, by id and name.
    pub runs: Vec<(RunId, String)>,
    /// Logs that compacted series cover.
    pub logs: Pile,
    /// Contents that no run names.
    pub blobs: Pile,
    /// Files that were left half written.
    pub parts: Pile,
    /// What could not be done, and why.
    pub failed: Vec<LedgerError>,
}

impl Retention {
    /// The runs that go.
    fn doomed<'a>(&self, index: &'a Index) -> Vec<&'a Entry> {
        if self.keep_last.is_none()
            && self.older_than.is_none()
            && self.standings.is_empty()
            && self.query.is_none()
        {
            return Vec::new();
        }
        let mut newest: Vec<&Entry> = index.entries().iter().collect();
        newest.sort_by_key(|entry| std::cmp::Reverse((entry.created, entry.id)));
        let mut seen = std::collections::HashMap::<&str, usize>::new();
        let old = |entry: &Entry| {
            let end = entry.ended.map_or(entry.written, Into::into);
            let age = SystemTime::now().duration_since(end).unwrap_or_default();
            self.older_than.is_none_or(|least| age >= least)
        };
        newest.retain(|entry| {
            let rank = seen.entry(entry.project.as_str()).or_default();
            *rank += 1;
            let kept = self.keep_last.is_some_and(|most| *rank <= most);
            !kept
                && !entry.standing.may_live()
                && old(entry)
                && (self.standings.is_empty() || self.standings.contains(&entry.standing))
                && self.query.as_ref().is_none_or(|query| query.holds(entry))
        });
        newest
    }
}

/// Removes what `retention` does not keep, compacts logs of runs that have ended and removes what is then covered,
/// and removes contents that no run names and files that were left half written.
///
/// # Errors
/// When the home cannot be listed. What fails for one run or file is told and does not keep the rest from going.
pub fn collect(home: &Home, retention: &Retention) -> Result<Collected, LedgerError> {
    let mut index = Index::open(home)?;
    let mut collected = Collected::default();
    let doomed: Vec<(RunId, String)> =
        retention.doomed(&index).into_iter().map(|entry| (entry.id, entry.name.clone())).collect();
    for (id, name) in doomed {
        match if retention.dry_run { Ok(()) } else { index.remove(id, false) } {
            Ok(()) => collected.runs.push((id, name)),
            Err(e) => collected.failed.push(e),
        }
    }
    let removed: HashSet<RunId> = collected.runs.iter().map(|(id, _)| *id).collect();
    let kept = || index.entries().iter().filter(|entry| !removed.contains(&entry.id));
    for entry in kept().filter(|entry| !entry.standing.may_live()) {
        if let Err(e) = logs(entry, retention.dry_run, &mut collected.logs) {
            collected.failed.push(e);
        }
    }
    let young = |modified: SystemTime| {
        SystemTime::now().duration_since(modified).unwrap_or_default() < retention.grace
    };
    parts(home, &young, retention.dry_run, &mut collected)?;
    // A run that cannot be read may name anything.
    if index.passed_over().is_empty() {
        let named: HashSet<_> = kept().flat_map(|entry| entry.blobs.iter().copied()).collect();
        let blobs = home.blobs();
        for blob in blobs.list()?.into_iter().filter(|b| !named.contains(&b.digest) && !young(b.put)) {
            remove(&blobs.path(blob.digest), blob.bytes, retention.dry_run, |c| &mut c.blobs, &mut collected);
        }
    }
    Ok(collected)
}

/// Compacts the logs of a run that has ended, and removes them.
fn logs(entry: &Entry, dry: bool, pile: &mut Pile) -> Result<(), LedgerError> {
    // Nobody takes the run up meanwhile.
    let claim = entry.directory.claim()?;
    if entry.directory.standing(&entry.directory.run()?).may_live() {
        return Ok(());
    }
    if entry.directory.is_long()? && !dry {
        compact(&entry.directory)?;
    }
    if series::newest(&entry.directory)?.is_some() {
        let (count, bytes) = match drop_covered_logs(&entry.directory, dry) {
            Err(LedgerError::DamagedSeries { .. }) if !dry => {
                mend(&entry.directory)?;
                drop_covered_logs(&entry.directory, dry)?
            }
            dropped => dropped?,
        };
        pile.count += count;
        pile.bytes += bytes;
    }
    drop(claim);
    Ok(())
}

/// Removes files that a process left half written, wherever in the home: `.NAME.PID.N.part`.
fn parts(
    home: &Home,
    young: &impl Fn(SystemTime) -> bool,
    dry: bool,
    collected: &mut Collected,
) -> Result<(), LedgerError> {
    let mut files: Vec<(PathBuf, fs::Metadata)> = home.blobs().files()?;
    for run in home.run_directories()? {
        for directory in [run.path().to_owned(), run.series(), run.output()] {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            files.extend(entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?))));
        }
    }
    for (path, metadata) in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = name.starts_with('.') && name.ends_with(".part") && metadata.is_file();
        if part && !metadata.modified().is_ok_and(young) {
            remove(&path, metadata.len(), dry, |c| &mut c.parts, collected);
        }
    }
    Ok(())
}

fn remove(
    path: &Path,
    bytes: u64,
    dry: bool,
    pile: fn(&mut Collected) -> &mut Pile,
    collected: &mut Collected,
) {
    match if dry { Ok(()) } else { fs::remove_file(path) } {
        Ok(()) => pile(collected).add(bytes),
        Err(e) => collected.failed.push(LedgerError::io("remove", path)(e)),
    }
}
