//! Keeps a run's record from its beginning to its end. Every change replaces `run.json` as a whole.
//!
//! A sync takes as long as a short program: who has somebody waiting makes names safe a little later
//! ([`RunWriter::create_quickly`], [`RunWriter::change_quickly`], [`RunWriter::make_safe`]). A power cut before that takes
//! back the whole change and nothing else: the content of a record that replaces a safe one is always synced before it
//! gets its name. Before the first is safe nothing of a record may be left, and the run is one that never began.

use std::{
    fs::{self, File},
    io,
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
    kept: Mutex<Kept>,
}

/// The record, and what of it is not on the disk.
#[derive(Debug)]
struct Kept {
    run: Run,
    /// Its record, while neither its content is synced nor that of any before it.
    first: Option<File>,
    /// Something was noted that is not written.
    unwritten: bool,
    /// Something was written under a name that a power cut could take.
    unsafe_name: bool,
    /// The run's own name survives a power cut.
    is_listed: bool,
}

impl RunWriter {
    /// Begins a run: draws an id, makes its directory and writes its record, with the state `running`.
    ///
    /// # Errors
    /// When the project cannot name a directory or the home does not take it.
    pub fn create(home: &Home, new: NewRun) -> Result<Self, LedgerError> {
        let writer = Self::create_quickly(home, new)?;
        writer.make_safe()?;
        Ok(writer)
    }

    /// As [`RunWriter::create`], but that there is such a run is safe from a power cut only after
    /// [`RunWriter::make_safe`] or a change.
    ///
    /// # Errors
    /// As [`RunWriter::create`].
    pub fn create_quickly(home: &Home, new: NewRun) -> Result<Self, LedgerError> {
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
        let first = Some(directory.write_first_unsynced(&run)?);
        let kept = Kept { run, first, unwritten: false, unsafe_name: true, is_listed: false };
        Ok(Self { directory, kept: Mutex::new(kept) })
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
        let kept = Kept { run, first: None, unwritten: false, unsafe_name: false, is_listed: true };
        Ok(Self { directory, kept: Mutex::new(kept) })
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
        self.locked().run.clone()
    }

    /// Opens a log of signals for this session of the run.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub fn log(&self) -> Result<SignalLog, LedgerError> {
        let session = self.locked().run.resumed;
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
        let mut kept = self.locked();
        self.write(&mut kept, change)?;
        self.sync_names(&mut kept)
    }

    /// As [`RunWriter::change`], but safe from a power cut only after [`RunWriter::make_safe`] or another change: until
    /// then one may bring the record before it back.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn change_quickly(&self, change: impl FnOnce(&mut Run)) -> Result<(), LedgerError> {
        self.write(&mut self.locked(), change)
    }

    /// Changes the record without writing it: the next change does, or [`RunWriter::make_safe`].
    pub fn note(&self, change: impl FnOnce(&mut Run)) {
        let mut kept = self.locked();
        change(&mut kept.run);
        kept.unwritten = true;
    }

    /// Writes what was noted, and makes everything written survive a power cut.
    ///
    /// # Errors
    /// When the record cannot be written, or its directory not be synced.
    pub fn make_safe(&self) -> Result<(), LedgerError> {
        let mut kept = self.locked();
        if kept.unwritten {
            self.write(&mut kept, |_| {})?;
        }
        self.sync_names(&mut kept)
    }

    fn write(&self, kept: &mut Kept, change: impl FnOnce(&mut Run)) -> Result<(), LedgerError> {
        change(&mut kept.run);
        kept.unwritten = true;
        if kept.first.is_some() {
            // What it replaces is not safe either.
            kept.first = Some(self.directory.write_first_unsynced(&kept.run)?);
        } else {
            self.directory.write_name_unsynced(&kept.run)?;
        }
        kept.unwritten = false;
        kept.unsafe_name = true;
        Ok(())
    }

    fn sync_names(&self, kept: &mut Kept) -> Result<(), LedgerError> {
        if !kept.unsafe_name {
            return Ok(());
        }
        if let Some(first) = &kept.first {
            first.sync_all().map_err(LedgerError::io("sync", self.directory.record()))?;
            kept.first = None;
        }
        self.directory.sync_names()?;
        if !kept.is_listed {
            let project = self.directory.path().parent().unwrap_or(Path::new("."));
            atomic::sync_directory(project).map_err(LedgerError::io("sync", project))?;
            kept.is_listed = true;
        }
        kept.unsafe_name = false;
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the directory of a new run, with an id that no run of the project has. Its name is not synced yet.
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

    #[test]
    fn a_first_record_is_there_at_once_and_synced_later() {
        let dir = tempfile::tempdir().unwrap();
        let new = NewRun {
            name: "quick".to_owned(),
            project: "default".to_owned(),
            kind: "command".to_owned(),
            spec: serde_json::Value::Null,
            command: Vec::new(),
            directory: "/".into(),
            tags: Vec::new(),
        };
        for change in [false, true] {
            let run = RunWriter::create_quickly(&Home::at(dir.path()), new.clone()).unwrap();
            assert_eq!(run.directory.run().unwrap().name, "quick");
            assert!(run.locked().first.is_some());
            if change {
                run.change_quickly(|run| run.name.push_str("er")).unwrap();
                assert_eq!(run.directory.run().unwrap().name, "quicker");
                assert!(run.locked().first.is_some(), "nothing safe was replaced");
            }
            run.make_safe().unwrap();
            {
                let kept = run.locked();
                assert!(kept.first.is_none() && !kept.unsafe_name);
            }
            run.change_quickly(|run| run.name.push('!')).unwrap();
            assert!(run.locked().first.is_none(), "what replaces a safe record is synced before it does");
        }
    }
}
