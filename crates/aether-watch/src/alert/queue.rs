//! Messages that wait, one file each: `queue/ID.json`, written beside and renamed, removed when delivered.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use aether_core::{AtomicFile, Event, atomic::sync_directory};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AlertsFile, Message, RunFacts, times};

/// From one try to the next it never takes longer.
const LONGEST: Duration = Duration::from_secs(3600);

/// Whether a message is still tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is sent when it is due.
    Waiting,
    /// Its time was over; it is kept for somebody to look at.
    Failed,
}

/// A message on its way by one route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its file's name: the time, the process and a count.
    pub id: String,
    /// By which route.
    pub route: String,
    /// Whether it is still tried.
    pub state: State,
    /// When it is sent, or tried again.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// What it says.
    pub message: Message,
}

impl Entry {
    pub(super) fn new(route: &str, message: Message, now: Timestamp, wait: Duration) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            id: format!("{:013}-{}-{count}", now.as_millisecond(), std::process::id()),
            route: route.to_owned(),
            state: State::Waiting,
            due: times::later(now, wait),
            attempts: 0,
            error: None,
            message,
        }
    }

    /// Whether `event` is counted in it: while it waits for more of its kind.
    pub(super) fn takes(&self, route: &str, event: &Event, run: &RunFacts, now: Timestamp) -> bool {
        let message = &self.message;
        self.attempts == 0
            && self.due > now
            && self.route == route
            && message.kind == event.kind
            && message.run.id == run.id
    }
}

/// The directory of the queue, which is made with its first message.
#[derive(Debug)]
pub(super) struct Queue {
    directory: PathBuf,
}

impl Queue {
    pub(super) fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    /// All messages, oldest first. A file that is none of them, such as a newer version's, is let be: the others must
    /// not wait for it.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        let listing = match fs::read_dir(&self.directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for file in listing {
            let name = file?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            let Some(id) = id.filter(|id| !id.starts_with('.')) else { continue };
            match self.get(id) {
                Ok(entry) => entries.extend(entry),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
                Err(error) => return Err(error),
            }
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(entries)
    }

    /// The message called `id`, if it still waits.
    pub(super) fn get(&self, id: &str) -> io::Result<Option<Entry>> {
        let path = self.path(id);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<Entry>(&bytes) {
            Ok(entry) if entry.id == id => Ok(Some(entry)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is no message of the queue; move it away", path.display()),
            )),
        }
    }

    /// Writes a message down.
    pub(super) fn put(&self, entry: &Entry) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        AtomicFile::write(self.path(&entry.id), &serde_json::to_vec_pretty(entry)?)
    }

    pub(super) fn remove(&self, entry: &Entry) -> io::Result<()> {
        match fs::remove_file(self.path(&entry.id)) {
            Ok(()) => sync_directory(&self.directory),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes what was delivered. Events that were counted in it meanwhile stay, as a message of their own.
    pub(super) fn sent(&self, sent: &Entry) -> io::Result<()> {
        match self.get(&sent.id)? {
            Some(mut now) if now.message.count > sent.message.count => {
                now.message.count -= sent.message.count;
                let new = |sentence: &String| !sent.message.sentences.contains(sentence);
                if now.message.sentences.iter().any(new) {
                    now.message.sentences.retain(new);
                }
                self.put(&now)
            }
            _ => self.remove(sent),
        }
    }

    /// Notes a failed try: when the next one is, or that there will be none.
    pub(super) fn postpone(&self, tried: &Entry, reason: &str, config: &AlertsFile) -> io::Result<()> {
        let Some(mut entry) = self.get(&tried.id)? else { return Ok(()) };
        let now = Timestamp::now();
        let factor = 1 << entry.attempts.min(16);
        entry.attempts += 1;
        entry.error = Some(reason.to_owned());
        entry.due = times::later(now, config.retry.saturating_mul(factor).min(LONGEST));
        let over = times::later(entry.message.first, config.give_up);
        entry.state = if now >= over { State::Failed } else { State::Waiting };
        self.put(&entry)
    }
}

/// Makes this the one process that sends, until the file is dropped or the process dies; none while another is. On a file
/// system that has no locks, two may send at once: then a message may come twice.
pub(super) fn sole_sender(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        _ => Ok(Some(file)),
    }
}
