//! Watches the program of `aether run`, on a thread of its supervisor.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use aether_core::{Event, Level, RunId};
use aether_exec::{Closing, Hooks, Started};
use aether_ledger::{Home, LedgerError, RunWriter};
use aether_watch::{
    Watcher,
    rules::{Action, WatchFile},
};

use crate::{alerting::Alerting, watching};

/// A program is watched from this age on: most that take less have nothing to be watched for.
const FIRST: Duration = Duration::from_secs(1);
/// The longest from one look to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// The supervisor waits so long for the last look; a device that hangs must not keep the run from ending.
const PATIENCE: Duration = Duration::from_secs(5);

/// What watches, of one attempt after the other.
#[derive(Debug)]
pub(crate) struct Beside {
    /// None: nothing is watched.
    file: Option<WatchFile>,
    /// Where alerts wait and are told where to go.
    home: Home,
    watching: Option<Watching>,
}

#[derive(Debug)]
struct Watching {
    run: RunId,
    /// Dropped when the program has ended.
    lives: Sender<()>,
    done: Receiver<Seen>,
}

/// What was found, in short.
#[derive(Debug, Default)]
struct Seen {
    /// Events that are more than something to know.
    warnings: usize,
    stopped: Option<String>,
    /// Why not all was looked at.
    failed: Option<LedgerError>,
}

impl Beside {
    /// Watches for what `file` says, and raises alerts as the home says.
    pub(crate) fn new(file: Option<WatchFile>, home: Home) -> Self {
        Self { file, home, watching: None }
    }
}

impl Hooks for Beside {
    fn started(&mut self, started: Started<'_>) {
        let Some(file) = self.file.clone() else { return };
        let (run, pid, home) = (Arc::clone(started.run), started.pid, self.home.clone());
        let id = run.id();
        let (lives, ended) = channel();
        let (finished, done) = channel();
        let work = move || {
            let mut seen = Seen::default();
            seen.failed = watch(&run, pid, &file, &home, &ended, &mut seen).err();
            // A supervisor that lost its patience waits no more.
            let _ = finished.send(seen);
        };
        match thread::Builder::new().name("aether-watch".to_owned()).spawn(work) {
            Ok(_) => self.watching = Some(Watching { run: id, lives, done }),
            Err(error) => {
                let message = format!("the run is not watched: cannot make a thread: {error}");
                started.journal.event("not_watched", Level::Warning, message, serde_json::json!({}));
            }
        }
    }

    fn ended(&mut self) -> Closing {
        let Some(Watching { run, lives, done }) = self.watching.take() else { return Closing::default() };
        drop(lives);
        let seen = done.recv_timeout(PATIENCE).unwrap_or_default();
        let number = seen.warnings;
        let note = match seen.failed {
            Some(error) => Some(format!("the run was not watched to its end: {error}")),
            None if number > 0 => {
                let what = if number == 1 { "thing" } else { "things" };
                Some(format!("{number} {what} went wrong; `aether logs {run} --events` tells"))
            }
            None => None,
        };
        Closing { stopped: seen.stopped, note }
    }
}

/// Looks until the program has ended, and once more then. A log that cannot be read or made now is tried again.
fn watch(
    run: &RunWriter,
    pid: u32,
    file: &WatchFile,
    home: &Home,
    ended: &Receiver<()>,
    seen: &mut Seen,
) -> Result<(), LedgerError> {
    let begin = || Watcher::beside(run.directory().clone(), &run.run(), pid, file);
    let (mut watcher, mut alerting) = (None, None);
    let mut pause = FIRST;
    let mut found = Vec::new();
    loop {
        let lives = ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        pause = file.interval.min(PAUSE);
        if watcher.is_none() {
            // One that ended early, and that said nothing, costs no log.
            if !lives && run.directory().logs()?.is_empty() {
                return Ok(());
            }
            match begin() {
                Ok(begun) => {
                    watcher = Some(begun);
                    // Whoever began the run has read the file; if it broke since, the run goes on without alerts.
                    alerting = Alerting::begin(home.path(), &run.run()).ok();
                }
                Err(_) if lives => continue,
                Err(error) => return Err(error),
            }
        }
        let Some(watcher) = &mut watcher else { continue };
        let looked = if lives { watcher.look(&mut found) } else { watcher.look_back(&mut found) };
        for found in found.drain(..) {
            if found.known {
                continue;
            }
            seen.warnings += usize::from(found.event.level != Level::Info);
            if let Some(Err(reason)) =
                alerting.as_ref().map(|alerting: &Alerting| alerting.raise(&found.event))
            {
                watcher.note(&not_alerted(reason));
            }
            if lives {
                if found.then.contains(&Action::Stop) && seen.stopped.is_none() {
                    seen.stopped = Some(format!("stopped: {}", found.event.message));
                }
                watching::carry_out(&found, &run.run()).iter().for_each(|event| watcher.note(event));
            }
        }
        if !lives {
            return looked;
        }
    }
}

fn not_alerted(reason: String) -> Event {
    let (kind, level, step) = ("not_alerted".to_owned(), Level::Warning, 0);
    Event { kind, level, step, message: reason, fields: serde_json::Map::new() }
}
