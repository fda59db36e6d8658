//! Watches the program of `aether run` beside its supervisor.

use std::time::Duration;

use aether_core::{Level, RunId};
use aether_exec::{Closing, Hooks, Started};
use aether_ledger::Home;
use aether_watch::{Watcher, rules::WatchFile};

use crate::lookout::{self, Lookout, Watch};

/// What watches, of one attempt after the other.
#[derive(Debug)]
pub(crate) struct Beside {
    /// None: nothing is watched.
    file: Option<WatchFile>,
    /// Where alerts wait and are told where to go.
    home: Home,
    /// How long an attempt may take.
    timeout: Option<Duration>,
    watching: Option<(RunId, Lookout)>,
}

impl Beside {
    /// Watches for what `file` says, and raises alerts as the home says. Each attempt is stopped after `timeout`.
    pub(crate) fn new(file: Option<WatchFile>, home: Home, timeout: Option<Duration>) -> Self {
        Self { file, home, timeout, watching: None }
    }
}

impl Hooks for Beside {
    fn started(&mut self, started: Started<'_>) {
        let Some(file) = &self.file else { return };
        let run = started.run.run();
        let directory = started.run.directory().clone();
        let deadline = lookout::deadline(self.timeout);
        let watcher = Watcher::beside(directory, &run, started.pid, file, deadline);
        let id = run.id;
        let watch = Watch { watcher, run, home: self.home.clone(), interval: file.interval, told: None };
        match Lookout::begin(watch) {
            Ok(lookout) => self.watching = Some((id, lookout)),
            Err(error) => {
                let message = format!("the run is not watched: cannot make a thread: {error}");
                started.journal.event("not_watched", Level::Warning, message, serde_json::json!({}));
            }
        }
    }

    fn ended(&mut self) -> Closing {
        let Some((run, lookout)) = self.watching.take() else { return Closing::default() };
        let seen = lookout.end();
        let note = seen.note(&format!("aether logs {run} --events"));
        Closing { stopped: seen.stopped, note }
    }
}
