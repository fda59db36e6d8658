//! Runs the program, and makes homes with runs in them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use aether_core::{Bus, Event, Level, Metric, RunId, RunState, Signal};
use aether_ledger::{Home, NewRun, RunWriter};
use serde_json::{Value, json};
use tempfile::TempDir;

/// One call of the program.
#[must_use]
pub(crate) struct Aether {
    command: Command,
}

impl Aether {
    /// The program `aether`, without anything of this machine's environment but the path.
    pub(crate) fn new() -> Self {
        Self::program(env!("CARGO_BIN_EXE_aether"))
    }

    pub(crate) fn program(path: impl AsRef<Path>) -> Self {
        let mut command = Command::new(path.as_ref());
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Arguments as they are typed, without quotes.
    pub(crate) fn args(mut self, args: &str) -> Self {
        self.command.args(args.split_whitespace());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn home(mut self, home: &Path) -> Self {
        self.command.env("AETHER_HOME", home);
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn run(mut self) -> Done {
        Done::from(self.command.output().unwrap())
    }

    pub(crate) fn start(mut self) -> Child {
        self.command.spawn().unwrap()
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Done {
    /// Demands success; the standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// Demands that the request was refused as wrong; the standard error.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        self.stderr
    }

    /// Demands success; each line of standard output as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A home of its own.
pub(crate) struct Scratch {
    directory: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The program in this directory, with this home.
    pub(crate) fn aether(&self, args: &str) -> Aether {
        Aether::new().args(args).home(&self.home()).directory(self.path())
    }

    /// A run that is over, with these parameters and points of `train/loss`.
    pub(crate) fn run(&self, name: &str, spec: Value, losses: &[f64]) -> RunId {
        self.run_that(name, spec, |bus| {
            let loss = Metric::named("train/loss");
            (1..).zip(losses).for_each(|(step, &value)| bus.point(loss, step, value));
        })
    }

    /// A run that is over and said its parameters, its tags and its `best` and `train/loss` in events.
    pub(crate) fn described(&self, name: &str, best: f64) -> RunId {
        self.run_that(name, json!({"seed": 1}), |bus| {
            let loss = Metric::named("train/loss");
            bus.point(loss, 1, 3.0);
            bus.point(loss, 2, 1.0);
            for (kind, fields) in [
                ("config", json!({"optimizer": {"lr": 0.1}})),
                ("summary", json!({"best": best, "train/loss": best})),
                ("tags", json!({"tags": ["quick", "baseline", "quick"]})),
            ] {
                bus.emit(&Signal::Event(Event {
                    kind: kind.to_owned(),
                    level: Level::Info,
                    step: 0,
                    message: String::new(),
                    fields: fields.as_object().unwrap().clone(),
                }));
            }
        })
    }

    /// A run that is over, and said what `say` says.
    pub(crate) fn run_that(&self, name: &str, spec: Value, say: impl FnOnce(&Bus)) -> RunId {
        let new = NewRun {
            name: name.to_owned(),
            project: "default".to_owned(),
            kind: "train".to_owned(),
            spec,
            command: vec!["aether".to_owned(), "train".to_owned()],
            directory: self.path().to_owned(),
            tags: Vec::new(),
        };
        let writer = RunWriter::create(&Home::at(self.home()), new).unwrap();
        let mut bus = Bus::new();
        bus.add(Arc::new(writer.log().unwrap()));
        say(&bus);
        assert_eq!(bus.sync(), Vec::<String>::new());
        drop(bus);
        writer.end(RunState::Done, None).unwrap();
        writer.id()
    }
}

/// Compares `found` with a file in `golden/`; with `UPDATE_GOLDEN` set, writes that file instead.
#[track_caller]
pub(crate) fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verbs/golden").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert!(expected == found, "{} differs:\n{found}", path.display());
}
