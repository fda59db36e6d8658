//! The directory that a training's snapshots lie in.
//!
//! At every instant a reader finds whole snapshots only: a file gets its name when it is complete, `latest` and `best`
//! are links that are replaced in one step and only after the file they name is there, and nothing is removed before
//! its successor is published. What `best`, `latest` or the training itself still needs is never removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use aether_core::atomic::sync_directory;

use super::{Header, Snapshot, SnapshotError, write};
use crate::strategy::StateTensor;

/// What every snapshot's file name begins with.
const PREFIX: &str = "snapshot_";

/// What every snapshot's file name ends with.
const SUFFIX: &str = ".safetensors";

/// The file name of the snapshot at the end of an epoch, counted from 1.
pub fn epoch_name(epoch: u64) -> String {
    format!("{PREFIX}ep{epoch}{SUFFIX}")
}

/// The file name of a snapshot after `step` steps and, inside a window, `micro` batches more.
pub fn step_name(step: u64, micro: u32) -> String {
    match micro {
        0 => format!("{PREFIX}step{step}{SUFFIX}"),
        _ => format!("{PREFIX}step{step}_micro{micro}{SUFFIX}"),
    }
}

/// A name that moves from snapshot to snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The snapshot written last.
    Latest,
    /// The snapshot of the best validation.
    Best,
}

impl Pointer {
    /// Its file name.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Latest => "latest.safetensors",
            Self::Best => "best.safetensors",
        }
    }
}

/// A snapshot that is safely on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where.
    pub path: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

/// The directory that a training's snapshots lie in.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    directory: PathBuf,
    keep: usize,
}

impl SnapshotStore {
    /// Opens `directory`, making it if needed, to keep the last `keep` snapshots, at least one. Removes what a killed
    /// process left half-written.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub fn open(directory: impl Into<PathBuf>, keep: usize) -> Result<Self, SnapshotError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(SnapshotError::io("make directory", &directory))?;
        let store = Self { directory, keep: keep.max(1) };
        store.clean().map_err(SnapshotError::io("clean", &store.directory))?;
        Ok(store)
    }

    /// A store to look at what is in `directory`: nothing is made and nothing removed by this.
    pub fn look(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), keep: 1 }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a snapshot under `name`, replacing one of that name.
    ///
    /// # Errors
    /// When it cannot be written; all that was there is still there.
    pub fn publish(
        &self,
        name: &str,
        header: &Header,
        tensors: &[StateTensor<'_>],
    ) -> Result<Published, SnapshotError> {
        let path = self.directory.join(name);
        let bytes = write(&path, header, tensors)?;
        Ok(Published { path, bytes })
    }

    /// Makes `pointer` name the snapshot `name`.
    ///
    /// # Errors
    /// When the link cannot be made; it names what it named before.
    pub fn point(&self, pointer: Pointer, name: &str) -> Result<(), SnapshotError> {
        let path = self.directory.join(pointer.file_name());
        self.link(&path, name).map_err(SnapshotError::io("link", path))
    }

    fn link(&self, path: &Path, name: &str) -> io::Result<()> {
        if fs::read_link(path).is_ok_and(|target| target == Path::new(name)) {
            return Ok(());
        }
        // A link cannot be overwritten, but a new one can be renamed over it. Relative, so that a copy of the
        // directory is whole.
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let _ = fs::remove_file(&beside);
        std::os::unix::fs::symlink(name, &beside)?;
        if let Err(error) = fs::rename(&beside, path) {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        sync_directory(&self.directory)
    }

    /// The file name that `pointer` holds.
    pub fn target(&self, pointer: Pointer) -> Option<String> {
        let target = fs::read_link(self.directory.join(pointer.file_name())).ok()?;
        target.to_str().map(str::to_owned)
    }

    /// The names of all snapshots, newest first. New is what was written last, whatever its step: after a resume from
    /// an old snapshot the steps begin again below those of files already there.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<Vec<String>, SnapshotError> {
        let failed = || SnapshotError::io("list", &self.directory);
        let mut found: Vec<(SystemTime, (u64, u64), String)> = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Some(number) = number(&name) else { continue };
            // A file that vanishes while it is looked at was pruned by another process.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                found.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), number, name));
            }
        }
        found.sort();
        Ok(found.into_iter().rev().map(|(_, _, name)| name).collect())
    }

    /// Removes all but the newest snapshots, and keeps those of `needed` and of both pointers in any case.
    ///
    /// # Errors
    /// When the directory cannot be read or a file cannot be removed.
    pub fn prune(&self, needed: &[&str]) -> Result<(), SnapshotError> {
        let pointed = [self.target(Pointer::Latest), self.target(Pointer::Best)];
        for name in self.list()?.into_iter().skip(self.keep) {
            let named = pointed.iter().flatten().any(|target| *target == name);
            if named || needed.contains(&name.as_str()) {
                continue;
            }
            let path = self.directory.join(name);
            fs::remove_file(&path).map_err(SnapshotError::io("remove", path))?;
        }
        Ok(())
    }

    /// The newest whole snapshot besides `refused`, to offer in its place.
    pub fn newest_whole(directory: &Path, refused: Option<&Path>) -> Option<Snapshot> {
        let store = Self::look(directory);
        // The refused path may be a link such as `latest`.
        let refused = refused.and_then(|path| fs::canonicalize(path).ok());
        let paths = store.list().ok()?.into_iter().map(|name| directory.join(name));
        let mut others = paths.filter(|path| fs::canonicalize(path).ok() != refused || refused.is_none());
        others.find_map(|path| Snapshot::open(path).ok())
    }

    /// Removes half-written files of processes that are gone.
    fn clean(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(is_leftover) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Whether `name` is that of a file in the making whose process is gone: `.snapshot_ep5.safetensors.PID.SERIAL.part`
/// (see [`aether_core::AtomicFile`]) or `latest.PID.part`.
fn is_leftover(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".part") else { return false };
    let pid = if stem.starts_with(&format!(".{PREFIX}")) {
        stem.rsplit('.').nth(1)
    } else {
        let pointers = [Pointer::Latest, Pointer::Best].map(|p| p.file_name().trim_end_matches(SUFFIX));
        stem.split_once('.').filter(|(pointer, _)| pointers.contains(pointer)).map(|(_, pid)| pid)
    };
    let pid = pid.and_then(|pid| pid.parse().ok()).and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
}

/// What orders snapshots that were written in the same tick of the file system's clock; `None` for other files.
fn number(name: &str) -> Option<(u64, u64)> {
    let stem = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let digits = stem.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let (step, micro) = digits.split_once("_micro").unwrap_or((digits, "0"));
    Some((step.parse().ok()?, micro.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_other_files() {
        assert_eq!(epoch_name(5), "snapshot_ep5.safetensors");
        assert_eq!(step_name(1200, 0), "snapshot_step1200.safetensors");
        assert_eq!(number(&step_name(1200, 3)), Some((1200, 3)));
        assert_eq!(number(&epoch_name(5)), Some((5, 0)));
        for other in [
            "best.safetensors",
            "snapshot_.safetensors",
            "snapshot_ep5",
            ".snapshot_ep5.safetensors.1.0.part",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn leftovers_of_dead_processes_only_are_removed() {
        let me = std::process::id();
        // Above the largest process number that Linux has.
        let dead = 1 << 30;
        assert!(is_leftover(&format!(".snapshot_ep5.safetensors.{dead}.3.part")));
        assert!(is_leftover(&format!("latest.{dead}.part")));
        assert!(!is_leftover(&format!(".snapshot_ep5.safetensors.{me}.0.part")));
        assert!(!is_leftover(&format!("latest.{me}.part")));
        assert!(!is_leftover(&format!(".notes.{dead}.0.part")));
        assert!(!is_leftover("latest.safetensors"));
    }
}
