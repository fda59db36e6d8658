//! Alerts: what was found reaches a person, or a program of theirs.
//!
//! An event becomes a message for each route that wants it. A message is a file in the home before anything is sent, and
//! is removed after it was delivered: a process that dies in between loses nothing, at the price that a message may come
//! twice (when it dies between the answer of the receiver and the removal). What cannot be delivered is tried again,
//! ever less often, and kept as failed when the time for it is over. Nothing leaves the machine but by a route that the
//! user wrote down.

mod config;
mod message;
mod queue;
mod route;
mod said;
mod silence;
mod times;

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use aether_core::{Event, Level};
use jiff::Timestamp;

pub use config::{AlertsFile, NamedRoute};
pub use message::{Message, RunFacts};
pub use queue::{Entry, State};
pub use route::{Command, Email, Form, Route, Secret, Security, Terminal, Webhook};
pub use silence::Silence;

use queue::Queue;
use said::Said;

/// Messages cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep alerts in {}: {source}", directory.display())]
pub struct AlertError {
    directory: PathBuf,
    source: io::Error,
}

/// What became of an event that was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// Messages wait for their delivery.
    Queued,
    /// It was counted in messages that wait already.
    Grouped,
    /// The same was said a short time ago.
    Repeated,
    /// Somebody wants no word of it for now.
    Silenced,
    /// No route wants it.
    Unwanted,
}

/// What came of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Messages that their receivers took.
    pub sent: usize,
    /// Messages that could not be delivered, with the route and the reason.
    pub failed: Vec<(String, String)>,
}

/// The alerts of one home.
#[derive(Debug)]
pub struct Alerts {
    config: AlertsFile,
    directory: PathBuf,
    queue: Queue,
    /// Held while the queue's files are read and written, never while something is sent.
    said: Mutex<Said>,
}

impl Alerts {
    /// The alerts kept in `home`, as `config` says. Nothing is read or written yet.
    pub fn open(home: &Path, config: AlertsFile) -> Self {
        let directory = home.join("alerts");
        Self {
            queue: Queue::at(directory.join("queue")),
            said: Mutex::new(Said::at(directory.join("said.json"))),
            directory,
            config,
        }
    }

    /// What is configured.
    pub fn config(&self) -> &AlertsFile {
        &self.config
    }

    /// Whether an event of `level` and `kind` is for somebody to hear of at once: whatever goes wrong, and what the
    /// program itself raises.
    pub fn concerns(event: &Event) -> bool {
        event.level >= Level::Warning || event.kind == "alert"
    }

    /// Takes up `event`: messages about it are on disk when this returns. It never waits for a receiver.
    ///
    /// # Errors
    /// When the queue cannot be read or written.
    pub fn raise(&self, event: &Event, run: &RunFacts) -> Result<Raised, AlertError> {
        self.take(event, run).map_err(|error| self.error(error))
    }

    fn take(&self, event: &Event, run: &RunFacts) -> io::Result<Raised> {
        let now = Timestamp::now();
        let routes: Vec<&NamedRoute> = self.config.routes.iter().filter(|route| route.wants(event)).collect();
        if routes.is_empty() {
            return Ok(Raised::Unwanted);
        }
        if self.config.silence.iter().any(|silence| silence.covers(event, run, now)) {
            return Ok(Raised::Silenced);
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.queue.entries()?;
        let (mut grouped, mut fresh) = (Vec::new(), Vec::new());
        for route in routes {
            let open = waiting.iter().find(|e| e.takes(&route.name, event, run, now));
            match open {
                Some(entry) => grouped.push(entry.clone()),
                None => fresh.push(route),
            }
        }
        let repeated = said.lately(event, run, now, self.config.repeat)?;
        if grouped.is_empty() && repeated {
            return Ok(Raised::Repeated);
        }
        for mut entry in grouped {
            entry.message.add(event, now);
            self.queue.put(&entry)?;
        }
        if fresh.is_empty() || repeated {
            said.note(event, run, now, self.config.repeat)?;
            return Ok(Raised::Grouped);
        }
        let message = Message::new(event, run, now);
        for route in fresh {
            self.queue.put(&Entry::new(&route.name, message.clone(), now, self.config.group))?;
        }
        // Noted last: whoever dies in between says it twice rather than never.
        said.note(event, run, now, self.config.repeat)?;
        Ok(Raised::Queued)
    }

    /// Sends what is due. Waits for receivers, each for half a minute at most: call it on a thread of its own, again and
    /// again. When another process is sending, it returns at once.
    ///
    /// # Errors
    /// When the queue cannot be read or written.
    pub fn deliver(&self) -> Result<Delivered, AlertError> {
        let now = Timestamp::now();
        let due = |entry: &Entry| entry.state == State::Waiting && entry.due <= now;
        self.pass(due).map_err(|error| self.error(error))
    }

    /// Sends all that waits, whether it is due or not, and what was given up; for the end of a run, and for people.
    ///
    /// # Errors
    /// As [`Alerts::deliver`].
    pub fn flush(&self) -> Result<Delivered, AlertError> {
        self.pass(|_| true).map_err(|error| self.error(error))
    }

    /// What waits and what was given up, oldest first.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>, AlertError> {
        self.queue.entries().map_err(|error| self.error(error))
    }

    /// Forgets an undelivered message.
    ///
    /// # Errors
    /// When its file cannot be removed.
    pub fn forget(&self, entry: &Entry) -> Result<(), AlertError> {
        let _files = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        self.queue.remove(entry).map_err(|error| self.error(error))
    }

    /// Sends a message that says it is a test by `route`, at once and around the queue.
    ///
    /// # Errors
    /// When the receiver did not take it; the text says why.
    pub fn test(route: &NamedRoute) -> Result<(), String> {
        let event = Event {
            kind: "test".to_owned(),
            level: Level::Info,
            step: 0,
            message: format!("a test of the route `{}`: alerts will arrive like this one", route.name),
            fields: serde_json::Map::new(),
        };
        let run = RunFacts {
            id: "test".to_owned(),
            name: "test".to_owned(),
            project: "default".to_owned(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        };
        route.route.send(&Message::new(&event, &run, Timestamp::now()))
    }

    fn error(&self, source: io::Error) -> AlertError {
        AlertError { directory: self.directory.clone(), source }
    }

    fn pass(&self, chosen: impl Fn(&Entry) -> bool) -> io::Result<Delivered> {
        let mut delivered = Delivered::default();
        let entries: Vec<Entry> = self.queue.entries()?.into_iter().filter(|e| chosen(e)).collect();
        if entries.is_empty() {
            return Ok(delivered);
        }
        let Some(_sole) = queue::sole_sender(&self.directory.join("sending"))? else { return Ok(delivered) };
        let mut unreachable = HashSet::new();
        for entry in entries {
            // One that does not answer is not asked again in this pass: the others' messages wait behind.
            if unreachable.contains(&entry.route) {
                continue;
            }
            // Another process may have sent it before this one became the sender.
            let Some(entry) = self.queue.get(&entry.id)? else { continue };
            let outcome = match self.config.route(&entry.route) {
                Some(route) => route.route.send(&entry.message),
                None => Err(format!("there is no route `{}` any more", entry.route)),
            };
            let _files = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(()) => {
                    self.queue.sent(&entry)?;
                    delivered.sent += 1;
                }
                Err(reason) => {
                    self.queue.postpone(&entry, &reason, &self.config)?;
                    unreachable.insert(entry.route.clone());
                    delivered.failed.push((entry.route, reason));
                }
            }
        }
        Ok(delivered)
    }
}
