//! Watches a run on a thread of the process that answers for it: the supervisor of a program, or a training.

use std::{
    env, io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use aether_core::{
    Event, Level, Listener, Run, Signal,
    signal::{self, Nanos},
};
use aether_ledger::{Home, LedgerError};
use aether_watch::{Watcher, Word, rules::Action};

use crate::{alerting::Alerting, watching};

/// A run is watched from this age on: most that take less have nothing to be watched for.
const FIRST: Duration = Duration::from_secs(1);
/// The longest from one look to the next.
const PAUSE: Duration = Duration::from_millis(500);
/// Nobody waits longer for the last look; a device that hangs must not keep a run from ending.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is needed to watch a run.
pub(crate) struct Watch {
    pub(crate) watcher: Watcher,
    pub(crate) run: Run,
    /// Where alerts wait and are told where to go.
    pub(crate) home: Home,
    /// From one sample of the machine to the next.
    pub(crate) interval: Duration,
    /// Who is told, beside the run's log and the routes of alerts.
    pub(crate) told: Option<Arc<dyn Listener>>,
}

/// A thread that watches.
#[derive(Debug)]
pub(crate) struct Lookout {
    /// Dropped when the run has ended.
    lives: Sender<()>,
    done: Receiver<Seen>,
}

/// What was found, in short.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Events that are more than something to know.
    pub(crate) warnings: usize,
    /// Why a rule wanted the run stopped, if one did.
    pub(crate) stopped: Option<String>,
    /// Why not all was looked at.
    failed: Option<LedgerError>,
}

impl Seen {
    /// What a person is told of it at the end.
    pub(crate) fn note(&self, hint: &str) -> Option<String> {
        match (&self.failed, self.warnings) {
            (Some(error), _) => Some(format!("the run was not watched to its end: {error}")),
            (None, 0) => None,
            (None, 1) => Some(format!("1 thing went wrong; `{hint}` tells")),
            (None, number) => Some(format!("{number} things went wrong; `{hint}` tells")),
        }
    }
}

impl Lookout {
    /// Begins.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(crate) fn begin(watch: Watch) -> io::Result<Self> {
        let (lives, ended) = channel();
        let (finished, done) = channel();
        let work = move || {
            let mut seen = Seen::default();
            seen.failed = look_on(watch, &ended, &mut seen).err();
            // Whoever lost patience waits no more.
            let _ = finished.send(seen);
        };
        thread::Builder::new().name("aether-watch".to_owned()).spawn(work)?;
        Ok(Self { lives, done })
    }

    /// Looks for the last time: the run has ended.
    pub(crate) fn end(self) -> Seen {
        drop(self.lives);
        self.done.recv_timeout(PATIENCE).unwrap_or_default()
    }
}

/// When a run that begins now will be stopped: after `timeout`, or when the cluster's scheduler takes its machine back
/// (`SLURM_JOB_END_TIME`, seconds since 1970), whichever is sooner.
pub(crate) fn deadline(timeout: Option<Duration>) -> Option<Nanos> {
    let nanos = |time: Duration| Nanos::try_from(time.as_nanos()).ok();
    let own = timeout.and_then(nanos).and_then(|timeout| signal::now().checked_add(timeout));
    let job = env::var("SLURM_JOB_END_TIME").ok().and_then(|text| text.parse().ok());
    let job = job.map(Duration::from_secs).and_then(nanos);
    own.into_iter().chain(job).min()
}

/// Looks until the run has ended, and once more then.
fn look_on(watch: Watch, ended: &Receiver<()>, seen: &mut Seen) -> Result<(), LedgerError> {
    let Watch { mut watcher, run, home, interval, told } = watch;
    let mut alerting = None;
    let mut pause = FIRST;
    let mut found = Vec::new();
    loop {
        let lives = ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout);
        pause = interval.min(PAUSE);
        let mut looked = if lives { watcher.look(&mut found) } else { watcher.look_back(&mut found) };
        for found in found.drain(..) {
            if found.word != Word::Run {
                seen.warnings += usize::from(found.event.level != Level::Info);
            }
            if found.word == Word::Others {
                continue;
            }
            // Whoever began the run has read the file; if it broke since, the run goes on without alerts.
            let alerting = alerting.get_or_insert_with(|| Alerting::begin(home.path(), &run).ok());
            let mut notes = Vec::new();
            if let Some(Err(reason)) = alerting.as_ref().map(|alerting| alerting.raise(&found.event)) {
                notes.push(not_alerted(reason));
            }
            if found.word == Word::Ours {
                if lives {
                    if found.then.contains(&Action::Stop) && seen.stopped.is_none() {
                        seen.stopped = Some(format!("stopped: {}", found.event.message));
                    }
                    notes.extend(watching::carry_out(&found, &run));
                }
                if let Some(told) = &told {
                    told.on(found.time, &Signal::Event(found.event));
                }
            }
            for note in &notes {
                looked = looked.and(watcher.note(signal::now(), note));
            }
        }
        if !lives {
            return looked;
        }
    }
}

fn not_alerted(reason: String) -> Event {
    warning("not_alerted", reason)
}

/// What a run says of itself that nobody watches, though somebody was to.
pub(crate) fn not_watched(reason: String) -> Event {
    warning("not_watched", reason)
}

fn warning(kind: &str, message: String) -> Event {
    let (kind, level, step) = (kind.to_owned(), Level::Warning, 0);
    Event { kind, level, step, message, fields: serde_json::Map::new() }
}
