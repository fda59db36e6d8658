//! Runs that somebody looks at: each is read once for all pages, and dropped when nobody has asked for a while.
//!
//! A reader holds the points of a run that are not compacted yet, so what is held is bounded: long logs are compacted
//! when they are first looked at, and runs that nobody follows go, those first that were not asked for longest.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use aether_ledger::{RunDirectory, RunReader, Said, TimedEvent, compact};

use super::{answer::Fault, output};

/// So long a run stays open after it was last asked for.
const IDLE: Duration = Duration::from_secs(30);
/// Points of all open runs in memory beyond which those go that nobody follows: about 40 MB.
const HELD: usize = 1_500_000;
/// Logs beyond this that are not compacted are compacted first: about a million points.
const LONG: u64 = 16 << 20;
/// It is looked for a newer file of series not more often than this.
const SUPERSEDED: Duration = Duration::from_secs(1);
/// So much of what was said last is kept for those who follow.
const RECENT: usize = 1024;

/// Runs that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenRuns {
    all: Mutex<HashMap<PathBuf, Arc<OpenRun>>>,
}

/// A run that is read as it grows.
#[derive(Debug)]
pub(crate) struct OpenRun {
    pub(crate) directory: RunDirectory,
    reading: Mutex<Reading>,
    /// Counts changes of what was read.
    version: AtomicU64,
    /// Those who follow it.
    followers: AtomicUsize,
    /// Bytes that its program had printed when that was last looked at; 0 where nobody asks.
    output: AtomicU64,
    used: Mutex<Instant>,
}

/// What was read of a run.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) reader: RunReader,
    /// How many of each of the following there were.
    pub(crate) voids: Recent<Void>,
    pub(crate) events: Recent<TimedEvent>,
    /// The last step of each metric.
    last_steps: HashMap<String, u64>,
    looked_for_newer: Instant,
}

/// Points of later steps than this one are void, of one metric or of all: those that stand now are to be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Void {
    /// The last step that stands as it was.
    pub(crate) step: u64,
    pub(crate) metric: Option<String>,
}

/// The last few of a row of things, each with its number.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    last: VecDeque<T>,
    count: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { last: VecDeque::new(), count: 0 }
    }
}

impl<T> Recent<T> {
    fn push(&mut self, item: T) {
        if self.last.len() == RECENT {
            self.last.pop_front();
        }
        self.last.push_back(item);
        self.count += 1;
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Those after the first `seen`; `None` when they are not all known any more.
    pub(crate) fn after(&self, seen: u64) -> Option<impl Iterator<Item = &T>> {
        let new = usize::try_from(self.count.saturating_sub(seen)).ok()?;
        (new <= self.last.len()).then(|| self.last.iter().skip(self.last.len() - new))
    }
}

fn steps_of(reader: &RunReader) -> HashMap<String, u64> {
    let last = |series: &aether_ledger::Series| series.summary().map_or(0, |summary| summary.last_step);
    reader.metrics().map(|(name, series)| (name.to_owned(), last(series))).collect()
}

impl OpenRuns {
    /// The run in `directory`, as it is now.
    pub(crate) fn get(&self, directory: &RunDirectory) -> Result<Arc<OpenRun>, Fault> {
        let known = self.locked().get(directory.path()).cloned();
        let run = match known {
            Some(run) => {
                run.poll()?;
                run
            }
            None => {
                let run = Arc::new(OpenRun::open(directory.clone())?);
                // Whoever opened it meanwhile is as good.
                Arc::clone(self.locked().entry(directory.path().to_owned()).or_insert(run))
            }
        };
        *run.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.sweep();
        Ok(run)
    }

    /// Drops runs that nobody looks at; whether there were any.
    pub(crate) fn sweep(&self) -> bool {
        let mut all = self.locked();
        let before = all.len();
        all.retain(|_, run| !run.is_idle(IDLE));
        let mut by_use: Vec<(Duration, usize, PathBuf)> = all
            .iter()
            .filter(|(_, run)| run.is_idle(Duration::ZERO))
            .map(|(path, run)| (run.idle(), run.held(), path.clone()))
            .collect();
        by_use.sort_unstable();
        let mut held: usize = all.values().map(|run| run.held()).sum();
        // The one that was asked for last stays: it is being answered.
        while by_use.len() > 1
            && held > HELD
            && let Some((_, freed, path)) = by_use.pop()
        {
            all.remove(&path);
            held -= freed;
        }
        all.len() < before
    }

    /// Those that somebody follows.
    pub(crate) fn followed(&self) -> Vec<Arc<OpenRun>> {
        let all = self.locked();
        all.values().filter(|run| run.followers.load(Ordering::Relaxed) > 0).cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<OpenRun>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenRun {
    fn open(directory: RunDirectory) -> Result<Self, Fault> {
        let bytes: u64 = directory.logs()?.iter().map(|(_, length)| length).sum();
        if bytes > LONG {
            // A home that may only be read is read as it is.
            let _ = compact(&directory);
        }
        let reader = RunReader::open(directory.clone())?;
        let reading = Reading {
            last_steps: steps_of(&reader),
            reader,
            voids: Recent::default(),
            events: Recent::default(),
            looked_for_newer: Instant::now(),
        };
        Ok(Self {
            directory,
            reading: Mutex::new(reading),
            version: AtomicU64::new(1),
            followers: AtomicUsize::new(0),
            output: AtomicU64::new(0),
            used: Mutex::new(Instant::now()),
        })
    }

    /// What was read, for as long as the result lives.
    pub(crate) fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts changes.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Reads what was added; whether there was anything.
    pub(crate) fn poll(&self) -> Result<bool, Fault> {
        let reading = &mut *self.reading();
        if reading.looked_for_newer.elapsed() >= SUPERSEDED {
            reading.looked_for_newer = Instant::now();
            if reading.reader.is_superseded()? {
                // What logs said that were removed since is then known too, and what was compacted is not in memory.
                let before = reading.reader.events().len();
                reading.reader = RunReader::open(self.directory.clone())?;
                for event in reading.reader.events().iter().skip(before) {
                    reading.events.push(event.clone());
                }
            }
        }
        let Reading { reader, voids, events, last_steps, .. } = reading;
        let mut late: HashMap<String, u64> = HashMap::new();
        let mut rewound = None::<u64>;
        let heard = reader.poll(|said| match said {
            Said::Point { metric, point } => match last_steps.get_mut(metric) {
                Some(last) if point.step > *last => *last = point.step,
                Some(_) => {
                    let first = late.entry(metric.to_owned()).or_insert(point.step);
                    *first = (*first).min(point.step);
                }
                None => {
                    last_steps.insert(metric.to_owned(), point.step);
                }
            },
            Said::Event(event) => events.push(event.clone()),
            Said::Rewind { step, .. } => rewound = Some(rewound.map_or(step, |r| r.min(step))),
            Said::Damage(_) => {}
        })?;
        if let Some(step) = rewound {
            *last_steps = steps_of(reader);
            voids.push(Void { step, metric: None });
        } else {
            // Steps that were said after later ones: whoever has those must have what lies between again.
            for (metric, first) in late {
                voids.push(Void { step: first.saturating_sub(1), metric: Some(metric) });
            }
        }
        if heard {
            self.version.fetch_add(1, Ordering::Release);
        }
        Ok(heard)
    }

    /// Follows it, until the result is dropped.
    pub(crate) fn follow(self: &Arc<Self>) -> Following {
        self.followers.fetch_add(1, Ordering::Relaxed);
        Following(Arc::clone(self))
    }

    /// Makes its output be looked at while it is followed.
    pub(crate) fn follow_output(&self) {
        // One more than there is, so that nobody who waits for the first byte is passed over.
        self.output.store(output::size(&self.directory) + 1, Ordering::Relaxed);
    }

    /// How much its program had printed when that was last looked at, and one.
    pub(crate) fn output_size(&self) -> u64 {
        self.output.load(Ordering::Relaxed)
    }

    /// Looks whether its program printed more, if somebody asked for that.
    pub(crate) fn output_grew(&self) -> bool {
        let before = self.output_size();
        if before == 0 {
            return false;
        }
        let now = output::size(&self.directory) + 1;
        self.output.store(now, Ordering::Relaxed);
        now != before
    }

    fn held(&self) -> usize {
        self.reading().reader.held()
    }

    fn idle(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Whether nobody follows it, nor has asked for it for so long.
    fn is_idle(&self, time: Duration) -> bool {
        self.followers.load(Ordering::Relaxed) == 0 && self.idle() >= time
    }
}

/// A run that somebody follows.
#[derive(Debug)]
pub(crate) struct Following(Arc<OpenRun>);

impl std::ops::Deref for Following {
    type Target = OpenRun;

    fn deref(&self) -> &OpenRun {
        &self.0
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.0.followers.fetch_sub(1, Ordering::Relaxed);
    }
}
