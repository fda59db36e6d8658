//! What the supervisor itself says in the run's log. The log is made when there is something to say: most programs end
//! without that.

use std::sync::Arc;

use aether_core::{Bus, Event, Level, Listener, Signal, signal};
use aether_ledger::{RunWriter, SignalLog};
use serde_json::{Map, Value};

/// The supervisor's log of one session.
#[derive(Debug)]
pub struct Journal {
    run: Arc<RunWriter>,
    log: Option<Arc<SignalLog>>,
    /// What was said while the log could not be made, with its time.
    waiting: Vec<(signal::Nanos, Signal)>,
}

impl Journal {
    pub(crate) fn new(run: Arc<RunWriter>) -> Self {
        Self { run, log: None, waiting: Vec::new() }
    }

    /// Says that something happened.
    pub fn event(&mut self, kind: &str, level: Level, message: String, fields: Value) {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let event = Event { kind: kind.to_owned(), level, step: 0, message, fields };
        self.waiting.push((signal::now(), Signal::Event(event)));
        self.write();
    }

    /// A bus into this log, for whoever has much to say; silent while the log cannot be made.
    pub fn bus(&mut self) -> Bus {
        let mut bus = Bus::new();
        if let Some(log) = self.opened() {
            bus.add(log);
        }
        bus
    }

    /// Writes what waits, if the log can be made now.
    pub(crate) fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(log) = self.opened() {
            for (time, said) in self.waiting.drain(..) {
                log.on(time, &said);
            }
        }
    }

    fn opened(&mut self) -> Option<Arc<SignalLog>> {
        if self.log.is_none() {
            // A full disk: tried again with the next word, and at the end.
            self.log = self.run.log().ok().map(Arc::new);
        }
        self.log.clone()
    }
}
