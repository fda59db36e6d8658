//! `index.db`: what is known of each run, with a stamp of the files that it was read from.
//!
//! Every failure of SQLite means doing without: nothing is lost but time. A rollback journal and not WAL, because WAL
//! needs memory shared between the processes, which a network file system does not give; without locks at all, SQLite
//! fails, and the index does without.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aether_core::RunState;
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Entry;
use crate::{Described, Digest, LogDamage, NamedBlob, RunDirectory, Standing, Summary, state::State};

/// Raised with every change of what is stored.
const VERSION: i32 = 5;

/// How long to wait for another process's transaction, which takes milliseconds.
const WAIT: Duration = Duration::from_millis(250);

/// Names a run in the file: its project and id, so that a home may be moved, or reached by several paths.
pub(super) fn key(directory: &RunDirectory) -> String {
    let project = directory.path().parent().and_then(Path::file_name).unwrap_or_default();
    format!("{}/{}", project.to_string_lossy(), directory.id())
}

/// What is kept of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    #[serde(skip)]
    pub(super) stamp: String,
    pub(super) name: String,
    pub(super) project: String,
    pub(super) kind: String,
    pub(super) state: RunState,
    pub(super) host: String,
    pub(super) user: String,
    pub(super) pid: u32,
    pub(super) pid_start: u64,
    pub(super) created: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) reason: Option<String>,
    pub(super) resumed: u32,
    pub(super) tags: Vec<String>,
    pub(super) parameters: Map<String, Value>,
    pub(super) summary: Map<String, Value>,
    pub(super) artifacts: Vec<NamedBlob>,
    pub(super) blobs: Vec<Digest>,
    pub(super) metrics: BTreeMap<String, Summary>,
    pub(super) damage: Vec<LogDamage>,
}

impl Known {
    /// What is shown of the run as it stands now.
    pub(super) fn entry(self, directory: RunDirectory) -> Entry {
        let written = directory.last_written();
        Entry {
            id: directory.id(),
            standing: Standing::of_state(self.state, &self.host, self.pid, self.pid_start, written),
            name: self.name,
            project: self.project,
            kind: self.kind,
            host: self.host,
            user: self.user,
            pid: self.pid,
            created: self.created,
            ended: self.ended,
            reason: self.reason,
            resumed: self.resumed,
            written,
            tags: self.tags,
            parameters: self.parameters,
            summary: self.summary,
            artifacts: self.artifacts,
            blobs: self.blobs,
            metrics: self.metrics,
            damage: self.damage,
            directory,
        }
    }
}

/// How far a run was read, so that only what is new is read next time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// All but the events, which are not kept.
    pub(super) state: State,
    /// What was said in events.
    pub(super) described: Described,
    /// The session and the time of the last event.
    pub(super) last_event: Option<(u32, i64)>,
    /// What identifies the logs: each name with its file's number.
    pub(super) files: BTreeMap<String, u64>,
}

/// The index's file, or nothing when it does not work.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    connection: Option<Connection>,
}

/// Why a file is of no use.
enum Useless {
    /// Damaged or of an older version: a new one can take its place.
    Replace,
    /// Locked, unreadable, or of a newer version, which another program still uses.
    Leave,
}

impl From<rusqlite::Error> for Useless {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Replace,
            _ => Self::Leave,
        }
    }
}

impl Cache {
    pub(super) fn open(path: PathBuf) -> Self {
        let connection = match connect(&path) {
            Ok(connection) => Some(connection),
            Err(Useless::Leave) => None,
            Err(Useless::Replace) => {
                Self::forget(&path);
                connect(&path).ok()
            }
        };
        Self { path, connection }
    }

    /// Removes the file. It is no matter if that fails: stamps tell what is out of date.
    pub(super) fn forget(path: &Path) {
        let journal = path.with_extension("db-journal");
        let _ = fs::remove_file(path);
        let _ = fs::remove_file(journal);
    }

    /// What is known, by the runs' keys.
    pub(super) fn load(&mut self) -> HashMap<String, Known> {
        self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT run, stamp, known FROM runs")?;
            let mut rows = select.query([])?;
            let mut all = HashMap::new();
            while let Some(row) = rows.next()? {
                let (run, stamp, known): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                // What cannot be read is read from the run's files again.
                if let Ok(known) = serde_json::from_str(&known) {
                    all.insert(run, Known { stamp, ..known });
                }
            }
            Ok(all)
        })
    }

    /// How far a run's logs were read when what is known of it was stored.
    pub(super) fn state(&mut self, run: &str) -> Option<Progress> {
        let text: Option<String> = self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT state FROM states WHERE run = ?")?;
            select.query_row([run], |row| row.get(0)).optional()
        });
        serde_json::from_str(&text?).ok()
    }

    /// Replaces what is known of some runs and forgets others, in one transaction.
    pub(super) fn store(&mut self, changed: &[(String, Known, Progress)], gone: &[String]) {
        if changed.is_empty() && gone.is_empty() {
            return;
        }
        self.attempt(|connection| {
            let transaction = connection.transaction()?;
            for (run, known, progress) in changed {
                // What does not go into JSON is read from the run's files each time.
                if let (Ok(text), Ok(state)) = (serde_json::to_string(known), serde_json::to_string(progress))
                {
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO states (run, state) VALUES (?, ?)")?
                        .execute(params![run, state])?;
                    transaction
                        .prepare_cached("INSERT OR REPLACE INTO runs (run, stamp, known) VALUES (?, ?, ?)")?
                        .execute(params![run, known.stamp, text])?;
                }
            }
            for run in gone {
                transaction.prepare_cached("DELETE FROM runs WHERE run = ?")?.execute([run])?;
                transaction.prepare_cached("DELETE FROM states WHERE run = ?")?.execute([run])?;
            }
            transaction.commit()
        });
    }

    /// Does something with the file, if there is one that works. A damaged one is removed, and made anew next time.
    fn attempt<T: Default>(&mut self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> T {
        let Some(connection) = &mut self.connection else { return T::default() };
        work(connection).unwrap_or_else(|e| {
            if matches!(e.into(), Useless::Replace) {
                Self::forget(&self.path);
                self.connection = None;
            }
            T::default()
        })
    }
}

fn connect(path: &Path) -> Result<Connection, Useless> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(WAIT)?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        VERSION => {}
        0 => connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, stamp TEXT NOT NULL, known TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS states (run TEXT PRIMARY KEY, state TEXT NOT NULL);
             PRAGMA user_version = {VERSION};
             COMMIT;"
        ))?,
        newer if newer > VERSION => return Err(Useless::Leave),
        _ => return Err(Useless::Replace),
    }
    Ok(connection)
}
