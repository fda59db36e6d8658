//! Where a run's snapshots lie, and which run a snapshot belongs to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aether_core::{Artifact, Run};
use aether_ledger::{Home, Index, RunDirectory};
use aetheria::snapshot::{Pointer, Snapshot, SnapshotError, SnapshotStore};

use crate::{failure::Failure, text};

/// A snapshot that somebody named, and the run that it belongs to, if that is still known.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) run: Option<RunDirectory>,
}

/// The directory of a run's snapshots: its own, unless the experiment says where.
pub(crate) fn directory(run: &Run, files: &RunDirectory) -> PathBuf {
    match run.spec.pointer("/snapshot/dir").and_then(|dir| dir.as_str()) {
        Some(dir) => run.directory.join(dir),
        None => files.path().join("snapshots"),
    }
}

/// What `words` names: a snapshot's file, or the snapshot of a run that the first of `pointers` leads to.
///
/// # Errors
/// When there is no such file and no such run, or the run has no snapshot.
pub(crate) fn find(words: &str, home: &Home, pointers: &[Pointer]) -> Result<Target, Failure> {
    let path = Path::new(words);
    let is_path = words.contains('/') || path.extension().is_some_and(|e| e == "safetensors");
    if is_path && !path.exists() {
        return Err(Failure::request(format!(
            "there is no snapshot {}; name a file, a run or @latest (`aether runs` lists the runs, `aether show RUN` a \
             run's snapshots)",
            text::escape(words)
        )));
    }
    if is_path || path.is_file() {
        return Ok(Target { path: path.to_owned(), run: run_of(path, home)? });
    }
    let files = Index::find_in(home, words)?.directory;
    let directory = directory(&files.run()?, &files);
    let existing =
        pointers.iter().map(|pointer| directory.join(pointer.file_name())).find(|path| path.exists());
    // A training that was killed between its first snapshot and the link to it left the snapshot alone.
    let newest = || Some(SnapshotStore::newest_whole(&directory, None)?.path().to_owned());
    let path = existing.or_else(newest).ok_or_else(|| {
        Failure::request(format!(
            "run {} has no snapshot in {}; give a snapshot's file",
            text::escape(words),
            directory.display()
        ))
    })?;
    Ok(Target { path, run: Some(files) })
}

/// Opens a snapshot; one that is refused is met with the newest one beside it that is whole.
///
/// # Errors
/// When it is not a whole snapshot that this version reads.
pub(crate) fn open(path: &Path, offer: impl Fn(&Path) -> String) -> Result<Snapshot, Failure> {
    Snapshot::open(path).map_err(|error| {
        let whole = match error {
            SnapshotError::Truncated { .. } | SnapshotError::Altered { .. } => {
                SnapshotStore::newest_whole(path.parent().unwrap_or(Path::new(".")), Some(path))
            }
            _ => None,
        };
        match whole {
            Some(whole) => Failure::request(format!(
                "{error}\n  the newest whole one is at {}: {}",
                whole.header().progress.place(),
                offer(whole.path())
            )),
            None => Failure::request(error),
        }
    })
}

/// All snapshots of a run that are there now, oldest first.
pub(crate) fn list(run: &Run, files: &RunDirectory) -> Vec<Artifact> {
    let directory = directory(run, files);
    if !directory.is_dir() {
        return Vec::new();
    }
    // A directory that cannot be read has nothing to show.
    let names = SnapshotStore::look(directory.clone()).list().unwrap_or_default();
    let artifact = |name: &String| {
        let path = directory.join(name);
        let bytes = fs::metadata(&path).ok()?.len();
        let shown = path.strip_prefix(files.path()).unwrap_or(&path).to_owned();
        let name = name.trim_end_matches(".safetensors").to_owned();
        Some(Artifact { name, kind: "snapshot".to_owned(), path: shown, bytes })
    };
    names.iter().rev().filter_map(artifact).collect()
}

/// The run whose snapshots lie where `snapshot` does, the newest if there are several.
fn run_of(snapshot: &Path, home: &Home) -> Result<Option<RunDirectory>, Failure> {
    let Some(wanted) = fs::canonicalize(snapshot).ok().and_then(|path| path.parent().map(Path::to_owned))
    else {
        return Ok(None);
    };
    let here = |files: &RunDirectory| {
        let run = files.run().ok()?;
        let directory = fs::canonicalize(directory(&run, files)).ok()?;
        (directory == wanted).then_some(run.created)
    };
    let runs = home.run_directories()?;
    let found = runs.into_iter().filter_map(|files| Some((here(&files)?, files)));
    Ok(found.max_by_key(|(created, _)| *created).map(|(_, files)| files))
}
