//! `index.db`: what is known of each run, with a stamp of the files that it was read from, and a checksum.
//!
//! Every failure of SQLite means doing without: nothing is lost but time. A rollback journal and not WAL, because WAL
//! needs memory shared between the processes, which a network file system does not give; without locks at all, SQLite
//! fails, and the index does without.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use aether_core::{RunState, signal::Nanos};
use jiff::{Timestamp, fmt::serde::timestamp};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Entry, details::Packed, stamp::Stamp};
use crate::{Described, RunDirectory, Standing, state::State};

/// Raised with every change of what is stored.
const VERSION: i32 = 9;

/// How long to wait for another process's transaction, which takes milliseconds.
const WAIT: Duration = Duration::from_millis(250);

/// Names a run in the file: its project and id, so that a home may be moved, or reached by several paths.
pub(super) fn key(directory: &RunDirectory) -> String {
    let project = directory.path().parent().and_then(Path::file_name).unwrap_or_default();
    format!("{}/{}", project.to_string_lossy(), directory.id())
}

/// A time in nanoseconds since 1970.
pub(super) fn nanos(time: Timestamp) -> Nanos {
    Nanos::try_from(time.as_nanosecond()).unwrap_or(Nanos::MAX)
}

/// What is kept of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) stamp: Stamp,
    pub(super) name: String,
    pub(super) project: String,
    pub(super) kind: String,
    pub(super) state: RunState,
    pub(super) host: String,
    pub(super) user: String,
    pub(super) pid: u32,
    pub(super) pid_start: u64,
    #[serde(with = "timestamp::nanosecond::required")]
    pub(super) created: Timestamp,
    #[serde(with = "timestamp::nanosecond::optional")]
    pub(super) ended: Option<Timestamp>,
    pub(super) reason: Option<String>,
    pub(super) resumed: u32,
    #[serde(skip)]
    pub(super) details: Packed,
}

impl Known {
    /// What [`Known::pack`] made; `None` for anything else.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let (crc, content) = bytes.split_first_chunk()?;
        if crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (known, details) = postcard::take_from_bytes::<Self>(content).ok()?;
        Some(Self { details: Packed::from_index(details), ..known })
    }

    /// As it is stored: a checksum, what every list shows, the details. `None`: it cannot be stored.
    fn pack(&self) -> Option<Vec<u8>> {
        let mut bytes = postcard::to_extend(self, vec![0; 4]).ok()?;
        self.details.pack(&mut bytes).ok()?;
        let crc = crc32fast::hash(&bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        Some(bytes)
    }

    /// Where the run stands, given when it last wrote anything.
    pub(super) fn standing(&self, written: SystemTime) -> Standing {
        Standing::of_state(self.state, &self.host, self.pid, self.pid_start, written)
    }

    /// What is shown of the run as it stands now.
    pub(super) fn entry(self, directory: RunDirectory, written: SystemTime) -> Entry {
        Entry {
            id: directory.id(),
            standing: self.standing(written),
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
            details: self.details,
            seen: super::Seen { stamp: self.stamp, state: self.state, pid_start: self.pid_start },
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

/// What is to be stored of a run, packed: many threads pack, and one stores.
pub(super) struct Changed {
    run: String,
    began: Nanos,
    name: String,
    known: Vec<u8>,
    state: Option<String>,
}

impl Changed {
    /// `progress` only of runs that may say more: one that is taken up again after its end is read once from its
    /// beginning. `None`: it cannot be stored, and is read from the run's files each time.
    pub(super) fn of(directory: &RunDirectory, known: &Known, progress: Option<&Progress>) -> Option<Self> {
        Some(Self {
            run: key(directory),
            began: nanos(known.created),
            name: known.name.clone(),
            known: known.pack()?,
            state: progress.and_then(|progress| serde_json::to_string(progress).ok()),
        })
    }
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

    /// What is known, packed, by the runs' keys.
    pub(super) fn load(&mut self) -> HashMap<String, Vec<u8>> {
        self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT run, known FROM runs")?;
            let mut rows = select.query([])?;
            let mut all = HashMap::new();
            while let Some(row) = rows.next()? {
                all.insert(row.get(0)?, row.get(1)?);
            }
            Ok(all)
        })
    }

    /// When each run began, in nanoseconds since 1970, by the runs' keys.
    pub(super) fn began(&mut self) -> HashMap<String, Nanos> {
        self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT run, began FROM runs")?;
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    /// What each run is called, by the runs' keys.
    pub(super) fn names(&mut self) -> HashMap<String, String> {
        self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT run, name FROM runs")?;
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    /// What is known of one run, packed.
    pub(super) fn known(&mut self, run: &str) -> Option<Vec<u8>> {
        self.attempt(|connection| {
            let mut select = connection.prepare_cached("SELECT known FROM runs WHERE run = ?")?;
            select.query_row([run], |row| row.get(0)).optional()
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

    /// Replaces what is known of some runs and forgets others, in one transaction. A project of which one is forgotten
    /// has to be listed: who listed it before the run was made takes the run for gone.
    pub(super) fn store(&mut self, changed: &[Changed], gone: &[String]) {
        if changed.is_empty() && gone.is_empty() {
            return;
        }
        self.attempt(|connection| {
            let transaction = connection.transaction()?;
            for Changed { run, began, name, known, state } in changed {
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO runs (run, began, name, known) VALUES (?, ?, ?, ?)",
                    )?
                    .execute(params![run, began, name, known])?;
                match state {
                    Some(state) => transaction
                        .prepare_cached("INSERT OR REPLACE INTO states (run, state) VALUES (?, ?)")?
                        .execute(params![run, state])?,
                    None => transaction.prepare_cached("DELETE FROM states WHERE run = ?")?.execute([run])?,
                };
            }
            for run in gone {
                transaction.prepare_cached("DELETE FROM runs WHERE run = ?")?.execute([run])?;
                transaction.prepare_cached("DELETE FROM states WHERE run = ?")?.execute([run])?;
                let project = run.rsplit_once('/').map(|(project, _)| project);
                transaction.prepare_cached("DELETE FROM projects WHERE project = ?")?.execute([project])?;
            }
            transaction.commit()
        });
    }

    /// Does something with the file, if there is one that works. A damaged one is removed, and made anew next time.
    pub(super) fn attempt<T: Default>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> T {
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
    // What a power cut damages is found by its checksum or its stamp, and read from the runs' files: no need to wait.
    connection.execute_batch("PRAGMA synchronous = OFF")?;
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        VERSION => {}
        0 => connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS runs (
                run TEXT PRIMARY KEY, began INTEGER NOT NULL, name TEXT NOT NULL, known BLOB NOT NULL);
             CREATE INDEX IF NOT EXISTS listed ON runs (run, began, name);
             CREATE INDEX IF NOT EXISTS newest ON runs (began, substr(run, -8), run);
             CREATE TABLE IF NOT EXISTS projects (
                project TEXT PRIMARY KEY, number INTEGER NOT NULL, seconds INTEGER NOT NULL,
                nanos INTEGER NOT NULL, count INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS states (run TEXT PRIMARY KEY, state TEXT NOT NULL);
             PRAGMA user_version = {VERSION};
             COMMIT;"
        ))?,
        newer if newer > VERSION => return Err(Useless::Leave),
        _ => return Err(Useless::Replace),
    }
    Ok(connection)
}
