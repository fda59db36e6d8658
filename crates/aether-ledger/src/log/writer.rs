//! Writes a log of signals from the thread that works, without ever making it wait.
//!
//! Loss bound. Handed to the operating system, and so safe from `kill -9` of this process: everything said more than
//! 50 ms ago, plus what a write in progress takes. Synced, and so safe from a power cut: everything said more than 1 s
//! ago, of which up to 0.4 s may be what a sync takes; a disk that needs longer for one adds what it needs. After
//! [`SignalLog::sync`]: everything said before it.
//!
//! While the disk takes nothing, up to 64 MiB of frames (about five million points) and one million items more wait in
//! memory; what goes beyond that is lost, counted, and said in the log by an event `points_lost`.
//!
//! The working thread does not wake the writing one, which would be a system call: that one looks every 10 ms. Only when
//! nothing was said for a while it sleeps, and is woken by what is said next.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use aether_core::{
    Listener, Signal,
    signal::{self, Nanos},
};

use super::{
    queue::Item,
    record::Header,
    threads::{Shared, Writing},
};
use crate::{LedgerError, RunDirectory, TimedEvent, process};

/// A [`Listener`] that appends everything it hears to a log of its own. Dropped, it writes and syncs what it heard;
/// call `sync` first to learn whether that works.
pub struct SignalLog {
    path: PathBuf,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl SignalLog {
    /// Opens a new log in a run's directory, for the session that `run.json` counts as `resumed`.
    ///
    /// # Errors
    /// When the file or a thread cannot be made.
    pub fn create(directory: &RunDirectory, session: u32) -> Result<Self, LedgerError> {
        let (header, path, file) = create_file(directory, session)?;
        let shared = Arc::new(Shared::new(path.clone(), file));
        let mut log = Self { path, shared: Arc::clone(&shared), threads: Vec::new() };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(LedgerError::io("start a thread for", &log.path))
        };
        let file = shared.file.try_clone().map_err(LedgerError::io("open", &log.path))?;
        let writing = Writing::new(Arc::clone(&shared), &header, file);
        let writer = start("aether-log", Box::new(move || writing.run()))?;
        // Should this one fail, dropping the log ends the first.
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
        self.shared.say(item);
    }

    fn sync(&self) -> Result<(), String> {
        self.shared.flush(self.threads.first().map(JoinHandle::thread))?;
        self.shared.make_safe().map_err(|e| {
            format!(
                "cannot sync the log {}: {e}; check the disk: what was said may not be on it",
                self.path.display()
            )
        })
    }

    fn trouble(&self) -> Option<String> {
        self.shared.take_trouble()
    }
}

impl Drop for SignalLog {
    fn drop(&mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
        // Nobody is left to be told.
        let _ = self.shared.make_safe_if_written();
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
