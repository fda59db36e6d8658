//! Keeps a run's record from its beginning to its end. Every change replaces `run.json` as a whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use aether_core::{Artifact, Outcome, Run, RunId, RunState, atomic};
use jiff::Timestamp;

use crate::{
    Home, LedgerError, RunDirectory, SignalLog, compact,
    process::{self, Process},
};

/// Logs of more bytes are long: about four million points.
const LONG: u64 = 64 << 20;

/// What is known of a run before it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its name for people: any text.
    pub name: String,
    /// The folder it is filed under: must be able to name a directory.
    pub project: String,
    /// What kind of work it is: `train`, ...
    pub kind: String,
    /// What was asked for, resolved.
    pub spec: serde_json::Value,
    /// The command line.
    pub command: Vec<String>,
    /// The directory it begins in.
    pub directory: PathBuf,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// The one writer of a run's record, in the process that does the work.
#[derive(Debug)]
pub struct RunWriter {
    directory: RunDirectory,
    run: Mutex<Run>,
}

impl RunWriter {
    /// Begins a run: draws an id, makes its directory and writes its record, with the state `running`.
    ///
    /// # Errors
    /// When the project cannot name a directory or the home does not take it.
    pub fn create(home: &Home, new: NewRun) -> Result<Self, LedgerError> {
        let directory = make_directory(home, &new.project)?;
        let process = Process::this();
        let run = Run {
            id: directory.id(),
            name: new.name,
            project: new.project,
            kind: new.kind,
            state: RunState::Running,
            spec: new.spec,
            command: new.command,
            directory: new.directory,
            host: process::host(),
            pid: process.pid,
            pid_start: process.start,
            created: Timestamp::now(),
            ended: None,
            reason: None,
            resumed: 0,
            artifacts: Vec::new(),
            tags: new.tags,
            outcome: None,
            environment: serde_json::Map::new(),
        };
        directory.write(&run)?;
        Ok(Self { directory, run: Mutex::new(run) })
    }

    /// Takes up a run that has ended or died: this process is its writer from now on. A run that is alive is refused;
    /// one of another host that has been silent ([`Standing::Unknown`](crate::Standing)) too, but for `force`.
    ///
    /// # Errors
    /// When the run is alive, is just being taken up or removed, or its record cannot be read or written.
    pub fn resume(directory: RunDirectory, force: bool) -> Result<Self, LedgerError> {
        let claim = directory.claim()?;
        let mut run = directory.run()?;
        if !force && directory.standing(&run).may_live() {
            return Err(LedgerError::Alive { id: run.id, host: run.host, pid: run.pid });
        }
        let process = Process::this();
        run.state = RunState::Running;
        run.host = process::host();
        run.pid = process.pid;
        run.pid_start = process.start;
        run.ended = None;
        run.reason = None;
        run.outcome = None;
        run.resumed += 1;
        directory.write(&run)?;
        drop(claim);
        Ok(Self { directory, run: Mutex::new(run) })
    }

    /// The run's directory.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// The run's id.
    pub fn id(&self) -> RunId {
        self.directory.id()
    }

    /// The run's record as it is now.
    pub fn run(&self) -> Run {
        self.locked().clone()
    }

    /// Opens a log of signals for this session of the run.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub fn log(&self) -> Result<SignalLog, LedgerError> {
        let session = self.locked().resumed;
        SignalLog::create(&self.directory, session)
    }

    /// Notes something that the run left; one of the same name is replaced.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn add_artifact(&self, artifact: Artifact) -> Result<(), LedgerError> {
        self.change(|run| {
            run.artifacts.retain(|known| known.name != artifact.name);
            run.artifacts.push(artifact);
        })
    }

    /// Notes what is asked for from now on, of a run that is taken up with something changed.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn set_spec(&self, spec: serde_json::Value) -> Result<(), LedgerError> {
        self.change(|run| run.spec = spec)
    }

    /// Strikes out what the run no longer has.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn remove_artifact(&self, name: &str) -> Result<(), LedgerError> {
        self.change(|run| run.artifacts.retain(|known| known.name != name))
    }

    /// Notes something about what the run runs in, such as `git`; what was known by that name is replaced.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn set_environment(&self, name: &str, value: serde_json::Value) -> Result<(), LedgerError> {
        self.change(|run| {
            run.environment.insert(name.to_owned(), value);
        })
    }

    /// Notes how the run's process ended.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn set_outcome(&self, outcome: Outcome) -> Result<(), LedgerError> {
        self.change(|run| run.outcome = Some(outcome))
    }

    /// Ends the run.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn end(&self, state: RunState, reason: Option<String>) -> Result<(), LedgerError> {
        self.change(|run| {
            run.state = state;
            run.reason = reason;
            run.ended = Some(Timestamp::now());
        })
    }

    /// Compacts the run's logs if they are long, which takes seconds: for whoever has nobody waiting for it. That it
    /// fails is no error: the logs are there, and whoever compacts them next meets, and says, what went wrong.
    pub fn compact_if_long(&self) {
        let logs = self.directory.logs().unwrap_or_default();
        if logs.iter().map(|(_, length)| length).sum::<u64>() > LONG {
            let _ = compact(&self.directory);
        }
    }

    /// Changes several things of the record with one write. When that fails the change is kept, and goes with the next.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn change(&self, change: impl FnOnce(&mut Run)) -> Result<(), LedgerError> {
        let mut run = self.locked();
        change(&mut run);
        self.directory.write(&run)
    }

    fn locked(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the directory of a new run, with an id that no run of the project has.
fn make_directory(home: &Home, project: &str) -> Result<RunDirectory, LedgerError> {
    let parent = home.project(project)?;
    loop {
        make_parents(&parent).map_err(|e| home.refused("make", &parent, e))?;
        let id = RunId::random().map_err(LedgerError::io("draw an id for a run in", &parent))?;
        let directory = home.run(project, id)?;
        match fs::create_dir(directory.path()) {
            Ok(()) => {
                for part in [directory.signals(), directory.output()] {
                    fs::create_dir(&part).map_err(|e| home.refused("make", &part, e))?;
                }
                atomic::sync_directory(&parent).map_err(LedgerError::io("sync", &parent))?;
                return Ok(directory);
            }
            // Another id then; or the project's last run was removed, and the project with it, this very moment.
            Err(e) if matches!(e.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
            Err(e) => return Err(home.refused("make", directory.path(), e)),
        }
    }
}

/// Makes a directory and those above it, each with a name that survives a power cut.
fn make_parents(directory: &Path) -> io::Result<()> {
    // The parent of a relative path's first part is empty, and means the current directory.
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make_parents(parent)?;
    }
    match fs::create_dir(directory) {
        // Another process was quicker; or a file has the name.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            if directory.is_dir() {
                Ok(())
            } else {
                Err(io::ErrorKind::NotADirectory.into())
            }
        }
        Err(e) => Err(e),
        Ok(()) => atomic::sync_directory(directory.parent().unwrap_or(Path::new("."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_are_made_and_may_be_relative_or_there() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        make_parents(&deep).unwrap();
        make_parents(&deep).unwrap();
        assert!(deep.is_dir());
        make_parents(Path::new("")).unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(make_parents(&dir.path().join("file/x")).is_err());
    }
}
