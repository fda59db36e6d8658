//! A home of its own for each test, and what the real program leaves in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use aether_core::RunState;
use aether_ledger::{Home, RunDirectory, RunReader};
use aetheria::snapshot::Snapshot;
use tempfile::TempDir;

/// The built program.
pub(crate) const AETHER: &str = env!("CARGO_BIN_EXE_aether");

/// A directory to work in, with Aether's home inside.
pub(crate) struct Lab {
    directory: TempDir,
}

/// Every metric's steps and the bits of its values, but for those that measure time, and those of the machine, which is
/// sampled only while a training takes longer than a second.
pub(crate) type AllSeries = BTreeMap<String, Vec<(u64, u64)>>;

/// Every tensor's name, shape and bits.
pub(crate) type State = Vec<(String, Vec<usize>, Vec<u32>)>;

impl Lab {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn home_path(&self) -> PathBuf {
        self.path().join("home")
    }

    /// The program, about to do `words` here.
    pub(crate) fn aether(&self, words: &[&str]) -> Command {
        let mut command = Command::new(AETHER);
        command.args(words).current_dir(self.path()).env("AETHER_HOME", self.home_path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Does `words` to their end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.aether(words).output().unwrap()
    }

    /// Does `words`, which must succeed; returns what they print.
    pub(crate) fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "aether {}: {}", words.join(" "), said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// All runs there are, oldest first. A process that is killed right at its start leaves an empty directory, which
    /// is no run yet.
    pub(crate) fn runs(&self) -> Vec<RunDirectory> {
        let mut runs = Home::at(self.home_path()).run_directories().unwrap();
        runs.retain(|run| run.record().exists());
        runs.sort_by_key(|run| run.run().map(|run| run.created).ok());
        runs
    }

    /// The one run there is.
    pub(crate) fn only_run(&self) -> RunDirectory {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1);
        runs.remove(0)
    }
}

/// Exit code and both outputs, for messages.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What a run's metrics say.
pub(crate) fn series(run: &RunDirectory) -> AllSeries {
    let reader = RunReader::open(run.clone()).unwrap();
    assert!(reader.damage().is_empty(), "{:?}", reader.damage());
    reader
        .metrics()
        .filter(|(name, _)| !name.starts_with("system/"))
        .filter(|(name, _)| !name.starts_with("time/") && !name.contains("per_s"))
        .map(|(name, series)| {
            let points = series.points();
            assert!(points.is_sorted_by(|a, b| a.step < b.step), "{name}: a step appears twice");
            (name.to_owned(), points.iter().map(|point| (point.step, point.value.to_bits())).collect())
        })
        .collect()
}

/// Where a run's snapshots lie.
pub(crate) fn snapshots(run: &RunDirectory) -> PathBuf {
    run.path().join("snapshots")
}

/// The bits of the state that a run's last snapshot holds.
pub(crate) fn state(run: &RunDirectory) -> State {
    state_of(&snapshots(run).join("latest.safetensors"))
}

/// The bits of the state that a snapshot holds.
pub(crate) fn state_of(path: &Path) -> State {
    let snapshot = Snapshot::open(path).unwrap();
    let names: Vec<String> = snapshot.tensors().map(|(name, _)| name.to_owned()).collect();
    names
        .into_iter()
        .map(|name| {
            let (shape, elements) = snapshot.tensor(&name).unwrap().unwrap();
            (name, shape, elements.into_iter().map(f32::to_bits).collect())
        })
        .collect()
}

/// Every file of a run that must never be unreadable, read.
pub(crate) fn all_readable(run: &RunDirectory) {
    run.run().unwrap();
    series(run);
    let Ok(files) = fs::read_dir(snapshots(run)) else { return };
    for file in files {
        let path = file.unwrap().path();
        // What a killed writer had not finished never had a snapshot's name.
        if path.extension().is_some_and(|e| e == "safetensors") && !hidden(&path) {
            Snapshot::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Whether a run came to its end.
pub(crate) fn done(run: &RunDirectory) -> bool {
    run.run().unwrap().state == RunState::Done
}
