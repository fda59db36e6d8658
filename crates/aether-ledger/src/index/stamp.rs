//! Whether what is known of a run may still be believed: how its files stood when they were read.
//!
//! A new record is a new file, a log only grows, and a new log changes its directory. So for each run that has not
//! changed the kernel is asked about its record, its directory of logs and each log, and no directory is listed.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{LedgerError, RunDirectory};

/// A directory that changed more recently is listed each time. Clocks of file systems tick in steps of up to two
/// seconds: until the next one, another change would not be seen.
const SETTLED: Duration = Duration::from_secs(3);

/// How a run's files stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    record: File,
    /// The directory of logs; `None` while it may change without being seen to.
    signals: Option<File>,
    /// The logs' names and lengths, ascending.
    logs: Vec<(String, u64)>,
}

/// Which file has a name, and when it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    number: u64,
    seconds: i64,
    nanos: i64,
}

impl File {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { number: metadata.ino(), seconds: metadata.mtime(), nanos: metadata.mtime_nsec() }
    }

    /// As a database takes it.
    pub(super) fn numbers(&self) -> [i64; 3] {
        [self.number.cast_signed(), self.seconds, self.nanos]
    }
}

/// A directory as it stood before it was listed: what is made after that changes it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) file: File,
    /// Whether any change after that is seen to.
    pub(super) settled: bool,
}

impl Directory {
    /// What was found of it, by somebody who asked for it after `now`.
    pub(super) fn of(metadata: &fs::Metadata, now: SystemTime) -> Self {
        let age = metadata.modified().ok().and_then(|changed| now.duration_since(changed).ok());
        Self { file: File::of(metadata), settled: age.is_some_and(|age| age >= SETTLED) }
    }
}

/// What was seen of a run's files.
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    /// When the record or a log last changed.
    pub(super) written: SystemTime,
}

impl Stamp {
    /// Whether what was read under the one is what would be read under the other.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        // Whether the directory may be believed has nothing to do with what is in it.
        self.record == other.record && self.logs == other.logs
    }
}

/// Looks at a run's files. Of a run that looked as `before` no directory is listed.
pub(super) fn look(directory: &RunDirectory, before: Option<&Stamp>) -> Result<Seen, LedgerError> {
    let path = directory.record();
    let record = fs::metadata(&path).map_err(LedgerError::io("look at", &path))?;
    let empty = record.len() == 0;
    let mut written = record.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let record = File::of(&record);
    let mut path = directory.signals();
    // Asked before the directory is listed: what is made after that changes it again.
    let now = SystemTime::now();
    let signals = match fs::metadata(&path) {
        Ok(signals) => Some(Directory::of(&signals, now)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(LedgerError::io("look at", &path)(e)),
    };
    let directory_now = signals.map(|signals| signals.file);
    let known = before.filter(|before| before.signals.is_some() && before.signals == directory_now);
    let known = known.and_then(|before| again(&mut path, &before.logs));
    let (logs, logs_written) = match known {
        Some(known) => known,
        None => list(directory)?,
    };
    if empty && logs.is_empty() {
        // A power cut came as the run began: there is no more of it than if it were just being made.
        return Err(LedgerError::io("read", directory.record())(io::ErrorKind::NotFound.into()));
    }
    written = written.max(logs_written);
    let signals = signals.filter(|signals| signals.settled).map(|signals| signals.file);
    Ok(Seen { stamp: Stamp { record, signals, logs }, written })
}

/// Logs by name and length, and when the last of them changed.
type Logs = (Vec<(String, u64)>, SystemTime);

/// Looks at the same logs again. `None`: one of them is gone.
fn again(signals: &mut PathBuf, before: &[(String, u64)]) -> Option<Logs> {
    let (mut logs, mut written) = (Vec::with_capacity(before.len()), SystemTime::UNIX_EPOCH);
    for (name, _) in before {
        signals.push(name);
        let metadata = fs::metadata(&signals);
        signals.pop();
        let metadata = metadata.ok()?;
        written = written.max(metadata.modified().ok()?);
        logs.push((name.clone(), metadata.len()));
    }
    Some((logs, written))
}

fn list(directory: &RunDirectory) -> Result<Logs, LedgerError> {
    let (mut logs, mut written) = (Vec::new(), SystemTime::UNIX_EPOCH);
    for (path, _) in directory.logs()? {
        let metadata = fs::metadata(&path).map_err(LedgerError::io("look at", &path))?;
        written = written.max(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        logs.push((name, metadata.len()));
    }
    logs.sort_unstable();
    Ok((logs, written))
}
