//! Writes a log of signals from the thread that works, without ever making it wait.
//!
//! Loss bound. Handed to the operating system, and so safe from `kill -9` of this process: everything said more than
//! 50 ms ago, plus what a write in progress takes. Synced, and so safe from a power cut: everything said more than 1 s
//! ago, plus what a sync in progress takes. After [`SignalLog::sync`]: everything said before it.
//!
//! While the disk takes nothing, up to 64 MiB of frames (about five million points) and one million items more wait in
//! memory; what goes beyond that is lost, counted, and said in the log by an event `points_lost`.
//!
//! The working thread never wakes the writing one, which would be a system call: that one looks every 10 ms.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use aether_core::{
    Event, Level, Listener, Signal, atomic,
    signal::{self, Nanos},
};

use super::{
    appender::Appender,
    encoder::Encoder,
    queue::{Item, Queue},
    record::Header,
};
use crate::{LedgerError, RunDirectory, TimedEvent, process};

/// How often the writing thread looks for what was said.
const TICK: Duration = Duration::from_millis(10);
/// What has waited for so long is written at the next tick: 40 ms at most, which leaves 10 for the scheduler.
const PATIENCE: Duration = Duration::from_millis(30);
/// So much is written at once.
const BATCH: usize = 64 * 1024;
/// How often what is written is synced.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// How long to wait before trying again what failed.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// The most bytes of frames that wait in memory; beyond, what is said stays in the queue.
const BACKLOG: usize = 64 << 20;

/// A [`Listener`] that appends everything it hears to a log of its own. Dropped, it writes and syncs what it heard;
/// call `sync` first to learn whether that works.
pub struct SignalLog {
    path: PathBuf,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the working threads, the writing one and the syncing one share.
struct Shared {
    path: PathBuf,
    file: File,
    queue: Queue,
    /// Whether the file's name in its directory is safe.
    name_synced: AtomicBool,
    /// Whether something was written since the last sync.
    written: AtomicBool,
    stop: AtomicBool,
    flushes: Mutex<Flushes>,
    flushed: Condvar,
    /// Whether `trouble` holds something: all that the working thread reads.
    troubled: AtomicBool,
    trouble: Mutex<Option<String>>,
}

/// Requests to write everything now. The writing thread answers all that stand, with one outcome.
struct Flushes {
    asked: u64,
    answered: u64,
    outcome: Result<(), String>,
}

impl SignalLog {
    /// Opens a new log in a run's directory, for the session that `run.json` counts as `resumed`.
    ///
    /// # Errors
    /// When the file or a thread cannot be made.
    pub fn create(directory: &RunDirectory, session: u32) -> Result<Self, LedgerError> {
        let (header, path, file) = create_file(directory, session)?;
        let shared = Arc::new(Shared {
            path: path.clone(),
            file,
            queue: Queue::new(),
            name_synced: AtomicBool::new(false),
            written: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            flushes: Mutex::new(Flushes { asked: 0, answered: 0, outcome: Ok(()) }),
            flushed: Condvar::new(),
            troubled: AtomicBool::new(false),
            trouble: Mutex::default(),
        });
        let mut log = Self { path, shared: Arc::clone(&shared), threads: Vec::new() };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(LedgerError::io("start a thread for", &log.path))
        };
        // Should the second fail, dropping the log ends the first.
        let file = shared.file.try_clone().map_err(LedgerError::io("open", &log.path))?;
        let writing = Writing {
            encoder: Encoder::new(&header),
            appender: Appender::new(file),
            shared: Arc::clone(&shared),
            waiting_since: None,
            failed_at: None,
        };
        let writer = start("aether-log", Box::new(move || writing.run()))?;
        let syncer = start("aether-sync", Box::new(move || shared.keep_synced()));
        log.threads.push(writer);
        log.threads.push(syncer?);
        Ok(log)
    }

    /// The log's file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Listener for SignalLog {
    #[inline]
    fn on(&self, time: Nanos, signal: &Signal) {
        let item = match signal {
            &Signal::Point { metric, step, value } => Item::Point { metric, step, time, value },
            &Signal::Rewind { step } => Item::Rewind { time, step },
            Signal::Event(event) => Item::Event(Box::new(TimedEvent { time, event: event.clone() })),
            // A kind of signal that this log cannot hold yet.
            _ => return,
        };
        self.shared.queue.push(item);
    }

    fn sync(&self) -> Result<(), String> {
        self.flush()?;
        self.shared.make_safe().map_err(|e| {
            format!(
                "cannot sync the log {}: {e}; check the disk: what was said may not be on it",
                self.path.display()
            )
        })
    }

    fn trouble(&self) -> Option<String> {
        // Only this reading is paid for between two steps.
        if !self.shared.troubled.load(Ordering::Relaxed) {
            return None;
        }
        self.shared.troubled.store(false, Ordering::Relaxed);
        locked(&self.shared.trouble).take()
    }
}

impl SignalLog {
    /// Has everything said before handed to the operating system.
    fn flush(&self) -> Result<(), String> {
        let mut flushes = locked(&self.shared.flushes);
        flushes.asked += 1;
        let mine = flushes.asked;
        if let Some(writer) = self.threads.first() {
            writer.thread().unpark();
        }
        while flushes.answered < mine {
            flushes = self.shared.flushed.wait(flushes).unwrap_or_else(PoisonError::into_inner);
        }
        flushes.outcome.clone()
    }
}

impl Drop for SignalLog {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
        if self.shared.written.load(Ordering::Acquire) {
            // Nobody is left to be told.
            let _ = self.shared.make_safe();
        }
    }
}

impl fmt::Debug for SignalLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalLog").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Makes a log's file under a name that no other process ever uses.
fn create_file(directory: &RunDirectory, session: u32) -> Result<(Header, PathBuf, File), LedgerError> {
    let mut host = process::host();
    host.retain(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    host.truncate(64);
    loop {
        let start = signal::now();
        let writer = format!("{host}-{}-{start}", std::process::id());
        let path = directory.signals().join(format!("{writer}.log"));
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => {
                let run = directory.id().to_string();
                return Ok((Header { session, start, run, writer }, path, file));
            }
            // A container with this one's host name and process number, in the same nanosecond; or a coarse clock.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(LedgerError::io("make the log", path)(e)),
        }
    }
}

impl Shared {
    /// The syncing thread: apart from the writing one, because a sync can take seconds on a busy disk.
    fn keep_synced(&self) {
        while !self.stop.load(Ordering::Acquire) {
            if self.written.load(Ordering::Acquire)
                && let Err(e) = self.make_safe()
            {
                self.report(format!("cannot sync the log {}: {e}; check the disk", self.path.display()));
            }
            thread::park_timeout(SYNC_EVERY);
        }
    }

    /// Makes what is written survive a power cut.
    fn make_safe(&self) -> io::Result<()> {
        self.written.store(false, Ordering::Release);
        self.file.sync_data()?;
        if !self.name_synced.load(Ordering::Acquire) {
            atomic::sync_directory(self.path.parent().unwrap_or(Path::new(".")))?;
            self.name_synced.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn report(&self, message: String) {
        *locked(&self.trouble) = Some(message);
        self.troubled.store(true, Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the writing thread holds.
struct Writing {
    shared: Arc<Shared>,
    encoder: Encoder,
    appender: Appender<File>,
    /// Since when something has been waiting to be written.
    waiting_since: Option<Instant>,
    /// When writing last failed, while it does.
    failed_at: Option<Instant>,
}

impl Writing {
    fn run(mut self) {
        loop {
            // Both are read before draining: what was said before them is drained then.
            let stop = self.shared.stop.load(Ordering::Acquire);
            let asked = locked(&self.shared.flushes).asked;
            let complete = self.drain();
            if stop || asked > locked(&self.shared.flushes).answered {
                let outcome = self.write_everything(complete);
                self.answer(asked, outcome);
            } else if self.due() {
                // A failure has been reported, and is tried again when it is due.
                let _ = self.write();
            }
            if stop {
                return;
            }
            thread::park_timeout(TICK);
        }
    }

    /// Takes what was said out of the queue, unless too much waits to be written: then `false`.
    fn drain(&mut self) -> bool {
        if self.appender.unwritten.len() >= BACKLOG {
            return false;
        }
        let Self { shared, encoder, appender, .. } = self;
        shared.queue.drain(|item| encoder.take(item));
        let lost = shared.queue.take_lost();
        if lost > 0 {
            let message = format!("{lost} signals were lost: the log could not be written for too long");
            shared.report(format!("{message} ({})", shared.path.display()));
            encoder.take(Item::Event(Box::new(points_lost(lost, encoder.step(), message))));
        }
        if encoder.len() > 0 || !appender.unwritten.is_empty() {
            self.waiting_since.get_or_insert_with(Instant::now);
        }
        true
    }

    fn due(&self) -> bool {
        if let Some(failed) = self.failed_at {
            return failed.elapsed() >= RETRY_EVERY;
        }
        self.encoder.len() >= BATCH || self.waiting_since.is_some_and(|since| since.elapsed() >= PATIENCE)
    }

    fn write_everything(&mut self, mut drained: bool) -> Result<(), String> {
        self.write()?;
        while !drained {
            drained = self.drain();
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        self.encoder.finish(&mut self.appender.unwritten);
        let before = self.appender.unwritten.len();
        let outcome = self.appender.write();
        if self.appender.unwritten.len() < before {
            self.shared.written.store(true, Ordering::Release);
        }
        match outcome {
            Ok(()) => {
                self.waiting_since = None;
                self.failed_at = None;
                Ok(())
            }
            Err(e) => {
                let message = format!(
                    "cannot write the log {}: {e}; {} bytes wait in memory and are written once it works again: \
                     free space on the disk",
                    self.shared.path.display(),
                    self.appender.unwritten.len(),
                );
                if self.failed_at.replace(Instant::now()).is_none() {
                    self.shared.report(message.clone());
                }
                Err(message)
            }
        }
    }

    fn answer(&self, asked: u64, outcome: Result<(), String>) {
        let mut flushes = locked(&self.shared.flushes);
        flushes.answered = asked;
        flushes.outcome = outcome;
        drop(flushes);
        self.shared.flushed.notify_all();
    }
}

impl Drop for Writing {
    /// Nobody may wait for a thread that has ended, however it ended.
    fn drop(&mut self) {
        self.answer(u64::MAX, Err(format!("the log {} is closed", self.shared.path.display())));
    }
}

fn points_lost(count: u64, step: u64, message: String) -> TimedEvent {
    let fields = [("count".to_owned(), count.into())].into_iter().collect();
    let event = Event { kind: "points_lost".to_owned(), level: Level::Error, step, message, fields };
    TimedEvent { time: signal::now(), event }
}
