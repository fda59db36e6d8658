//! Compaction: what a run's logs say, as columns in one file.
//!
//! A file covers whole frames of logs, from each log's beginning, and says which. It is written beside, synced and
//! renamed, never changed, and counts instead of the bytes that it covers: so nothing is counted twice and, whenever a
//! process dies, nothing is lost. Only then older files go. Logs go by themselves ([`drop_covered_logs`]), and only
//! when the newest file was read and found to be whole.

use std::{fs, io, path::PathBuf};

use aether_core::atomic;

use crate::{
    LedgerError, RunDirectory, RunReader, mend, series,
    state::{LogState, State},
};

/// Points in memory at most, about: what is beyond goes into the next round.
pub(crate) const ROUND: usize = 16 << 20;

/// What a compaction came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compacted {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// The points in it.
    pub points: u64,
}

/// Compacts all that a run's logs say so far. `None`: the newest file covers it already, or there is nothing. The run
/// may be alive. Where the newest file turns out to be damaged it is made anew, as by [`mend`](crate::mend).
///
/// # Errors
/// When a log or the newest file cannot be read, or a file not be written. What there was is then as it was.
pub fn compact(directory: &RunDirectory) -> Result<Option<Compacted>, LedgerError> {
    compact_in_rounds(directory, ROUND)
}

pub(crate) fn compact_in_rounds(
    directory: &RunDirectory,
    round: usize,
) -> Result<Option<Compacted>, LedgerError> {
    let mut last = None;
    loop {
        let mut reader = RunReader::unread(directory.clone());
        let outcome = reader.poll_some(round, &mut |_| {}, false);
        let base = series::newest(directory)?;
        if base.as_deref() != reader.base() {
            // Somebody else compacts it too.
            continue;
        }
        outcome?;
        if let Some(damaged) = base.as_deref().filter(|_| reader.base_is_unusable()) {
            return mend::in_rounds(directory, damaged, round).map(Some);
        }
        let (state, more) = (reader.state(), reader.held() >= round);
        let path = directory.series().join(series::name(&state));
        if state.covered() == 0 || base.as_ref() == Some(&path) {
            return Ok(last);
        }
        last = Some(match (publish(directory, &mut reader, &state, path), base) {
            (Err(LedgerError::DamagedSeries { .. }), Some(damaged)) => {
                return mend::in_rounds(directory, &damaged, round).map(Some);
            }
            (published, _) => published?,
        });
        if !more {
            return Ok(last);
        }
    }
}

/// Writes what `reader` has read to a file that readers look at, and removes those that cover less.
pub(crate) fn publish(
    directory: &RunDirectory,
    reader: &mut RunReader,
    state: &State,
    path: PathBuf,
) -> Result<Compacted, LedgerError> {
    let folder = directory.series();
    match fs::create_dir(&folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(LedgerError::io("make", &folder)(e));
        }
        Err(_) => {}
        Ok(()) => {
            atomic::sync_directory(directory.path()).map_err(LedgerError::io("sync", directory.path()))?
        }
    }
    let rest = serde_json::to_vec(state).map_err(|e| LedgerError::io("describe", &path)(e.into()))?;
    let older = series::all(directory)?;
    series::file::write(&path, reader.compactable(), &rest)?;
    // Whatever covers less: another process may just have published one that covers more.
    for file in older.into_iter().filter(|file| *file < path) {
        // Left behind, it is no matter: it covers less.
        let _ = fs::remove_file(file);
    }
    let bytes = fs::metadata(&path).map_err(LedgerError::io("look at", &path))?.len();
    let points = reader.metrics().filter_map(|(_, series)| Some(series.summary()?.count)).sum();
    Ok(Compacted { file: path, bytes, points })
}

/// Removes logs whose every byte the newest file of series covers, after reading that file to its end. For runs that
/// nobody writes any more. Returns how many logs and bytes went.
///
/// # Errors
/// When the file is damaged, or a log cannot be removed.
pub fn drop_covered_logs(directory: &RunDirectory, dry: bool) -> Result<(u64, u64), LedgerError> {
    let reader = RunReader::open(directory.clone())?;
    let Some(base) = reader.base() else { return Ok((0, 0)) };
    let rest = series::file::SeriesFile::open(base)?.rest;
    let damaged = |reason| LedgerError::DamagedSeries { path: base.to_owned(), reason };
    let state: State = serde_json::from_slice(&rest).map_err(|e| damaged(e.to_string()))?;
    // What a log has beyond its covered frames is torn, if the reader could read no more of it: its writer is gone.
    let read = reader.state().logs;
    let whole = |name: &str| {
        let offset = |logs: &[LogState]| logs.iter().find(|log| log.file == name).map(|log| log.offset);
        offset(&state.logs).is_some_and(|covered| offset(&read) == Some(covered))
    };
    let mut covered = directory.logs()?;
    covered.retain(|(path, _)| path.file_name().is_some_and(|name| whole(&name.to_string_lossy())));
    if covered.is_empty() {
        return Ok((0, 0));
    }
    // Every chunk is read, one series at a time.
    reader.metrics().for_each(|(_, series)| series.verify());
    if let Some(damage) = reader.series_damage().into_iter().next() {
        return Err(damage);
    }
    let bytes = covered.iter().map(|(_, length)| length).sum();
    if !dry {
        for (path, _) in &covered {
            fs::remove_file(path).map_err(LedgerError::io("remove", path))?;
        }
    }
    Ok((covered.len() as u64, bytes))
}
