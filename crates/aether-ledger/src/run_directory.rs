//! One run's directory: `run.json`, `signals/`, `output/`.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use aether_core::{Run, RunId, atomic};

use crate::{LedgerError, RunReader, Standing, part::Part, series};

/// Logs of fewer bytes are not worth a file of series.
const WORTH: u64 = 256 * 1024;

/// Where one run is kept. Holds no file open; what it tells is read anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
    id: RunId,
}

impl RunDirectory {
    pub(crate) fn new(path: PathBuf, id: RunId) -> Self {
        Self { path, id }
    }

    /// The run it belongs to.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// The directory itself. What else a run leaves, such as snapshots, goes into directories of its own in here.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's record.
    pub fn record(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The directory of the logs, one per writing process.
    pub fn signals(&self) -> PathBuf {
        self.path.join("signals")
    }

    /// The directory of compacted series.
    pub fn series(&self) -> PathBuf {
        self.path.join("series")
    }

    /// The directory of the run's raw standard output and error.
    pub fn output(&self) -> PathBuf {
        self.path.join("output")
    }

    /// Reads the run's record.
    ///
    /// # Errors
    /// When it cannot be read or does not hold this run.
    pub fn run(&self) -> Result<Run, LedgerError> {
        let path = self.record();
        let text = fs::read(&path).map_err(LedgerError::io("read", &path))?;
        if text.is_empty() {
            let reason = "it is empty: a power cut came as the run began".to_owned();
            return Err(LedgerError::NotARun { path, reason });
        }
        let run: Run = serde_json::from_slice(&text)
            .map_err(|e| LedgerError::NotARun { path: path.clone(), reason: e.to_string() })?;
        if run.id != self.id {
            let reason = format!("it is the record of run {}", run.id);
            return Err(LedgerError::NotARun { path, reason });
        }
        Ok(run)
    }

    /// Where the run stands now, given its record.
    pub fn standing(&self, run: &Run) -> Standing {
        Standing::of(run, self.last_written())
    }

    /// The logs' paths and lengths in bytes, in no order.
    ///
    /// # Errors
    /// When the directory cannot be listed; one that does not exist has no logs.
    pub fn logs(&self) -> Result<Vec<(PathBuf, u64)>, LedgerError> {
        let directory = self.signals();
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(LedgerError::io("list", &directory)(e)),
        };
        let mut logs = Vec::new();
        for entry in entries {
            let path = entry.map_err(LedgerError::io("list", &directory))?.path();
            if path.extension().is_some_and(|e| e == "log") {
                let length = fs::metadata(&path).map_err(LedgerError::io("look at", &path))?.len();
                logs.push((path, length));
            }
        }
        Ok(logs)
    }

    /// Whether its logs are long enough to be worth a file of series.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn is_long(&self) -> Result<bool, LedgerError> {
        Ok(self.logs()?.iter().map(|(_, length)| length).sum::<u64>() >= WORTH)
    }

    /// Why its newest file of compacted series cannot be used, if it cannot. Its chunks of points are not looked at.
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub fn damaged_series(&self) -> Result<Option<LedgerError>, LedgerError> {
        let Some(file) = series::newest(self)? else { return Ok(None) };
        match RunReader::upon(self.clone(), &file) {
            Err(e @ LedgerError::DamagedSeries { .. }) => Ok(Some(e)),
            opened => opened.map(|_| None),
        }
    }

    /// When the run's record or any of its logs last changed.
    pub(crate) fn last_written(&self) -> SystemTime {
        let changed = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
        let logs = self.logs().unwrap_or_default();
        logs.iter()
            .filter_map(|(path, _)| changed(path))
            .chain(changed(&self.record()))
            .max()
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Replaces the run's record.
    pub(crate) fn write(&self, run: &Run) -> Result<(), LedgerError> {
        self.write_name_unsynced(run)?;
        self.sync_names()
    }

    /// Replaces the run's record; until [`RunDirectory::sync_names`], a power cut may bring back the one before.
    pub(crate) fn write_name_unsynced(&self, run: &Run) -> Result<(), LedgerError> {
        self.write_as(run, Part::name)
    }

    /// Writes a record where none is safe that could be lost, so that its content need not be synced before its name is
    /// given: until what is returned is synced and then [`RunDirectory::sync_names`], a power cut may
    /// leave it empty.
    pub(crate) fn write_first_unsynced(&self, run: &Run) -> Result<File, LedgerError> {
        self.write_as(run, Part::name_unsynced)
    }

    fn write_as<T>(
        &self,
        run: &Run,
        name: impl FnOnce(Part, &Path) -> io::Result<T>,
    ) -> Result<T, LedgerError> {
        let path = self.record();
        let mut text = serde_json::to_vec_pretty(run)
            .map_err(|e| LedgerError::NotARun { path: path.clone(), reason: e.to_string() })?;
        text.push(b'\n');
        let write = || {
            let mut part = Part::create(&self.path)?;
            part.file.write_all(&text)?;
            name(part, &path)
        };
        write().map_err(LedgerError::io("write", &path))
    }

    /// Makes the names in it survive a power cut.
    pub(crate) fn sync_names(&self) -> Result<(), LedgerError> {
        atomic::sync_directory(&self.path).map_err(LedgerError::io("sync", &self.path))
    }

    /// Keeps two processes from resuming or removing the run at the same moment, until the result is dropped. Never
    /// waits. Where the file system has no locks nothing is kept apart.
    pub(crate) fn claim(&self) -> Result<Option<File>, LedgerError> {
        let directory = File::open(&self.path).map_err(LedgerError::io("open", &self.path))?;
        match directory.try_lock() {
            Ok(()) => Ok(Some(directory)),
            Err(TryLockError::WouldBlock) => Err(LedgerError::Busy(self.id)),
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }
}
