//! Which projects need not be listed: those that stand as they did when every run in them was in the cache.
//!
//! Making, removing or renaming a run's directory changes that of its project. So what is in the cache is all of a
//! project for as long as its directory has not changed since it was listed, the cache has forgotten no run of it, which
//! `Cache::store` sees to, and there are as many as there were: somebody who was slow may have stored one that is gone,
//! and a power cut may have taken some.

use std::{ffi::OsStr, fs, path::PathBuf, time::SystemTime};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{cache::Cache, stamp::Directory};
use crate::{Home, LedgerError};

/// A project's directory, as it stood before it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    path: PathBuf,
    /// `None`: it cannot be looked at, or is just being removed.
    directory: Option<Directory>,
}

/// All projects. They are listed each time: each has to be looked at anyway.
pub(super) fn projects(home: &Home) -> Result<Vec<Project>, LedgerError> {
    let now = SystemTime::now();
    let look = |path: PathBuf| {
        // It is opened, as to list it: of what is not, network file systems tell for a minute how it stood before.
        let metadata = fs::File::open(&path).and_then(|directory| directory.metadata());
        Project { directory: metadata.ok().map(|metadata| Directory::of(&metadata, now)), path }
    };
    Ok(home.projects()?.into_iter().map(look).collect())
}

impl Project {
    /// Whether whatever changes in it after it was looked at is seen to.
    pub(super) fn is_settled(&self) -> bool {
        self.directory.is_some_and(|directory| directory.settled)
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|own| own.to_string_lossy() == name)
    }

    /// What tells in the cache how it stands. `None`: its runs are not told there from those of another project,
    /// because its name is no text, or it cannot be looked at.
    fn stamp(&self) -> Option<(&str, [i64; 3])> {
        let name = self.path.file_name().and_then(OsStr::to_str)?;
        Some((name, self.directory?.file.numbers()))
    }
}

/// The newest runs that the cache knows.
pub(super) struct Newest {
    /// By their keys, packed, newest first.
    pub(super) runs: Vec<(String, Vec<u8>)>,
    /// How many there are with all older ones.
    pub(super) count: usize,
}

impl Cache {
    /// The newest runs of all `projects`, or of the one that is called `only`. `None`: one of them has to be listed.
    pub(super) fn newest(&mut self, projects: &[Project], only: Option<&str>, most: usize) -> Option<Newest> {
        self.attempt(|connection| {
            // One transaction: runs that others store or forget meanwhile are in all of the answers, or in none.
            let transaction = connection.transaction()?;
            let mut count = 0;
            for project in projects.iter().filter(|project| only.is_none_or(|name| project.is_named(name))) {
                let Some(runs) = count_if_listed(&transaction, project)? else { return Ok(None) };
                count += runs;
            }
            // What is asked next is read from `newest`, and what was counted is not: a power cut may have taken a part
            // of the one only. The condition makes SQLite count in it.
            let is_whole: bool = transaction
                .prepare_cached(
                    "SELECT COUNT(*) = (SELECT COUNT(*) FROM runs INDEXED BY newest WHERE began IS NOT NULL)
                     FROM runs",
                )?
                .query_row([], |row| row.get(0))?;
            if !is_whole {
                return Ok(None);
            }
            let beginning = only.map_or_else(String::new, |project| format!("{project}/"));
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            // In this order a few rows are read; SQLite could think of sorting all of them. An id has 8 characters.
            let mut select = transaction.prepare_cached(
                "SELECT run, known FROM runs INDEXED BY newest WHERE substr(run, 1, length(?1)) = ?1
                 ORDER BY began DESC, substr(run, -8) DESC LIMIT ?2",
            )?;
            let runs = select.query_map(params![beginning, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let runs: Vec<_> = runs.collect::<Result<_, _>>()?;
            Ok(Some(Newest { runs, count }))
        })
    }

    /// Notes which of `projects` need not be listed again: those that have settled and whose runs are all in the cache.
    /// `runs` are the keys of those that were listed after the projects were looked at.
    pub(super) fn note_listed(&mut self, projects: &[Project], mut runs: Vec<String>) {
        if !projects.iter().any(Project::is_settled) {
            return;
        }
        runs.sort_unstable();
        self.attempt(|connection| {
            // Nobody forgets a run between the look at the runs and the note.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for project in projects.iter().filter(|project| project.is_settled()) {
                let Some((name, [number, seconds, nanos])) = project.stamp() else { continue };
                if count_if_listed(&transaction, project)?.is_some() {
                    continue;
                }
                let end_before = |end: String| runs.partition_point(|run| *run < end);
                let listed = &runs[end_before(format!("{name}/"))..end_before(format!("{name}0"))];
                let mut select = transaction.prepare_cached(
                    "SELECT run FROM runs WHERE run > ?1 || '/' AND run < ?1 || '0' ORDER BY run",
                )?;
                let known: Vec<String> =
                    select.query_map([name], |row| row.get(0))?.collect::<Result<_, _>>()?;
                if known == listed {
                    let count = i64::try_from(known.len()).unwrap_or(i64::MAX);
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO projects VALUES (?, ?, ?, ?, ?)")?
                        .execute(params![name, number, seconds, nanos, count])?;
                }
            }
            transaction.commit()
        });
    }
}

/// How many runs the project has, if those that are in the cache are all.
fn count_if_listed(connection: &Connection, project: &Project) -> rusqlite::Result<Option<usize>> {
    let Some((name, [number, seconds, nanos])) = project.stamp() else { return Ok(None) };
    // The keys of a project's runs begin with its name and '/', after which comes '0'.
    let mut select = connection.prepare_cached(
        "SELECT count FROM projects WHERE project = ?1 AND number = ?2 AND seconds = ?3 AND nanos = ?4
         AND count = (SELECT COUNT(*) FROM runs WHERE run > ?1 || '/' AND run < ?1 || '0')",
    )?;
    let count = select.query_row(params![name, number, seconds, nanos], |row| row.get::<_, i64>(0));
    Ok(count.optional()?.and_then(|count| usize::try_from(count).ok()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A project with a run that is being made, changed last so long ago.
    fn making(home: &Home, ago: Duration) {
        let project = home.runs().join("a");
        fs::create_dir_all(project.join("00000001")).unwrap();
        fs::File::open(&project).unwrap().set_modified(SystemTime::now() - ago).unwrap();
    }

    #[test]
    fn only_what_was_all_known_and_has_not_changed_is_believed() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path());
        let hour = Duration::from_secs(3600);
        fs::create_dir_all(home.runs().join("a")).unwrap();
        for (ago, listed, changed, believed) in [
            (2 * hour, vec![], false, true),
            // Made after the listing.
            (3 * hour, vec![], true, false),
            // Listed, and not in the cache.
            (4 * hour, vec!["a/00000001".to_owned()], false, false),
            (Duration::ZERO, vec![], false, false),
        ] {
            let mut cache = Cache::open(home.index());
            making(&home, ago);
            let looked = projects(&home).unwrap();
            if changed {
                making(&home, hour);
            }
            cache.note_listed(&looked, listed);
            let newest = cache.newest(&projects(&home).unwrap(), None, 1);
            assert_eq!(newest.map(|newest| newest.count), believed.then_some(0), "{ago:?}");
        }
    }
}
