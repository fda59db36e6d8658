//! The two threads behind a log: one writes what was said, the other syncs what was written, because a sync can take
//! seconds on a busy disk. The loss bound that they keep stands in [`super::writer`].

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering, fence},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use aether_core::{Event, Level, atomic, signal};

use super::{
    appender::Appender,
    encoder::Encoder,
    queue::{Item, Queue},
    record::Header,
};
use crate::TimedEvent;

/// How often the writing thread looks for what was said.
const TICK: Duration = Duration::from_millis(10);
/// So many looks in vain, and it sleeps until somebody says something: a run that says little must not cost the machine
/// a hundred looks a second.
const IDLE_AFTER: u32 = 3;
/// What may have waited for so long is written: of the 50 ms, 10 are left for the scheduler.
const PATIENCE: Duration = Duration::from_millis(40);
/// So much is written at once.
const BATCH: usize = 64 * 1024;
/// How often what is written is synced: of the second until it must be safe, nearly half is left for the sync itself and
/// for the scheduler, on a machine whose disk and processors have much else to do.
const SYNC_EVERY: Duration = Duration::from_millis(500);
const _: () = assert!(PATIENCE.as_millis() + TICK.as_millis() + SYNC_EVERY.as_millis() < 600);
/// How long to wait before trying again what failed.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// The most bytes of frames that wait in memory; beyond, what is said stays in the queue.
const BACKLOG: usize = 64 << 20;

/// What the working threads, the writing one and the syncing one share.
pub(super) struct Shared {
    path: PathBuf,
    pub(super) file: File,
    queue: Queue,
    /// The writing thread, while it sleeps until it is woken.
    asleep: AtomicBool,
    writer: OnceLock<Thread>,
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

impl Shared {
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self {
            path,
            file,
            queue: Queue::new(),
            asleep: AtomicBool::new(false),
            writer: OnceLock::new(),
            name_synced: AtomicBool::new(false),
            written: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            flushes: Mutex::new(Flushes { asked: 0, answered: 0, outcome: Ok(()) }),
            flushed: Condvar::new(),
            troubled: AtomicBool::new(false),
            trouble: Mutex::default(),
        }
    }

    /// Hands something to the writing thread.
    #[inline]
    pub(super) fn say(&self, item: Item) {
        self.queue.push(item);
        // Either this sees that the writing thread sleeps, or that one saw the item before it slept: both have said
        // first and looked then, with a fence between.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        if self.asleep.swap(false, Ordering::Relaxed)
            && let Some(writer) = self.writer.get()
        {
            writer.unpark();
        }
    }

    /// Has both threads end; the writing one writes what was said before.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Has the writing thread hand everything said before to the operating system.
    pub(super) fn flush(&self, writer: Option<&Thread>) -> Result<(), String> {
        let mut flushes = locked(&self.flushes);
        flushes.asked += 1;
        let mine = flushes.asked;
        if let Some(writer) = writer {
            writer.unpark();
        }
        while flushes.answered < mine {
            flushes = self.flushed.wait(flushes).unwrap_or_else(PoisonError::into_inner);
        }
        flushes.outcome.clone()
    }

    /// What has gone wrong since the last call.
    pub(super) fn take_trouble(&self) -> Option<String> {
        // Only this reading is paid for between two steps.
        if !self.troubled.load(Ordering::Relaxed) {
            return None;
        }
        self.troubled.store(false, Ordering::Relaxed);
        locked(&self.trouble).take()
    }

    /// The syncing thread.
    pub(super) fn keep_synced(&self) {
        while !self.stop.load(Ordering::Acquire) {
            if let Err(e) = self.make_safe_if_written() {
                self.report(format!("cannot sync the log {}: {e}; check the disk", self.path.display()));
            }
            thread::park_timeout(SYNC_EVERY);
        }
    }

    pub(super) fn make_safe_if_written(&self) -> io::Result<()> {
        if self.written.load(Ordering::Acquire) { self.make_safe() } else { Ok(()) }
    }

    /// Makes what is written survive a power cut.
    pub(super) fn make_safe(&self) -> io::Result<()> {
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

/// What the writing thread holds.
pub(super) struct Writing {
    shared: Arc<Shared>,
    encoder: Encoder,
    appender: Appender<File>,
    /// Since when something has been waiting to be written.
    waiting_since: Option<Instant>,
    /// When writing last failed, while it does.
    failed_at: Option<Instant>,
    /// Looks since something was last said.
    in_vain: u32,
}

impl Writing {
    /// For an empty file, which begins with `header`.
    pub(super) fn new(shared: Arc<Shared>, header: &Header, file: File) -> Self {
        Self {
            shared,
            encoder: Encoder::new(header),
            appender: Appender::new(file),
            waiting_since: None,
            failed_at: None,
            in_vain: 0,
        }
    }

    /// The writing thread.
    pub(super) fn run(mut self) {
        let _ = self.shared.writer.set(thread::current());
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
            if self.in_vain < IDLE_AFTER || self.failed_at.is_some() {
                thread::park_timeout(TICK);
            } else {
                self.sleep();
            }
        }
    }

    /// Until something is said, asked for, or it is the end.
    fn sleep(&self) {
        let Shared { queue, asleep, .. } = &*self.shared;
        asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if queue.is_empty() {
            thread::park();
        }
        asleep.store(false, Ordering::Relaxed);
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
            // It may have been said right after the last look.
            self.waiting_since
                .get_or_insert_with(|| Instant::now().checked_sub(TICK).unwrap_or_else(Instant::now));
            self.in_vain = 0;
        } else {
            self.in_vain = self.in_vain.saturating_add(1);
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

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
