//! Signals: what a run says, and how it is passed to whoever listens.
//!
//! Whoever does the work holds a [`Bus`] and knows no listener. A listener must never block: it is called on the
//! thread that trains, between two steps.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, PoisonError, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A metric's name, interned for the life of the process, so that a point is a few words and never a string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric(u32);

#[derive(Default)]
struct Names {
    ids: HashMap<&'static str, u32>,
    names: Vec<&'static str>,
}

static NAMES: LazyLock<RwLock<Names>> = LazyLock::new(RwLock::default);

impl Metric {
    /// The metric called `name`: the same one for the same name. Takes a lock and, for a new name, allocates: do it
    /// once, outside the loop.
    pub fn named(name: &str) -> Self {
        let known = NAMES.read().unwrap_or_else(PoisonError::into_inner).ids.get(name).copied();
        if let Some(id) = known {
            return Self(id);
        }
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = names.ids.get(name) {
            return Self(id);
        }
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        let id = names.names.len() as u32;
        names.names.push(name);
        names.ids.insert(name, id);
        Self(id)
    }

    /// The name it was made with.
    pub fn name(self) -> &'static str {
        NAMES.read().unwrap_or_else(PoisonError::into_inner).names[self.0 as usize]
    }

    /// A small number that is this metric's alone in this process: an index for tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something to know.
    Info,
    /// Something to look at.
    Warning,
    /// Something that failed.
    Error,
}

/// Something that happened, in words and in fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened, as a short `snake_case` word: `epoch`, `snapshot`, `non_finite`, `resumed`, ...
    pub kind: String,
    /// How much it matters.
    pub level: Level,
    /// The optimizer step at which it happened.
    pub step: u64,
    /// A sentence for a person.
    pub message: String,
    /// The same for a program.
    #[serde(default)]
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl Event {
    /// Whether it carries content rather than news: among events it would push out of sight what happened.
    pub fn is_content(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "config" | "summary" | "tags" | "artifact" | "image" | "text" | "histogram"
        )
    }
}

/// One thing said by a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Signal {
    /// A value of a metric. NaN and infinities are values like any other.
    Point {
        /// Which metric.
        metric: Metric,
        /// The step it belongs to; within one metric they ascend.
        step: u64,
        /// The value.
        value: f64,
    },
    /// Something that happened.
    Event(Event),
    /// The run was taken up again at `step`: whatever was said before about later steps is void.
    Rewind {
        /// The last step that still stands.
        step: u64,
    },
}

/// Nanoseconds since 1970, UTC.
pub type Nanos = i64;

/// The time now.
pub fn now() -> Nanos {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as Nanos)
}

/// Hears everything a run says.
pub trait Listener: Send + Sync {
    /// Takes one signal, said at `time`. Must return at once: no I/O, no waiting for locks that I/O holds.
    fn on(&self, time: Nanos, signal: &Signal);

    /// Returns when all that was heard before is as safe as this listener makes things. A snapshot is only
    /// published after this, so that no snapshot is ever ahead of its metrics.
    ///
    /// # Errors
    /// When it cannot be made safe; the message says what failed, on what, and what to do.
    fn sync(&self) -> Result<(), String> {
        Ok(())
    }

    /// What has gone wrong since the last call, if anything: asked between steps, so it must be as cheap as reading
    /// a flag.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// Passes what a run says to all of its listeners.
#[derive(Clone, Default)]
pub struct Bus {
    listeners: Vec<Arc<dyn Listener>>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("listeners", &self.listeners.len()).finish()
    }
}

impl Bus {
    /// A bus nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a listener; it hears what is said from now on.
    pub fn add(&mut self, listener: Arc<dyn Listener>) {
        self.listeners.push(listener);
    }

    /// Says `signal`, with the time now.
    #[inline]
    pub fn emit(&self, signal: &Signal) {
        let time = now();
        for listener in &self.listeners {
            listener.on(time, signal);
        }
    }

    /// Says one value of a metric.
    #[inline]
    pub fn point(&self, metric: Metric, step: u64, value: f64) {
        self.emit(&Signal::Point { metric, step, value });
    }

    /// Says several values of one step with one reading of the clock.
    #[inline]
    pub fn points(&self, step: u64, points: &[(Metric, f64)]) {
        let time = now();
        for listener in &self.listeners {
            for &(metric, value) in points {
                listener.on(time, &Signal::Point { metric, step, value });
            }
        }
    }

    /// Has every listener make safe what it heard. Returns the messages of those that could not.
    pub fn sync(&self) -> Vec<String> {
        self.listeners.iter().filter_map(|l| l.sync().err()).collect()
    }

    /// What has gone wrong among the listeners since the last call.
    pub fn trouble(&self) -> Option<String> {
        self.listeners.iter().find_map(|l| l.trouble())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_metric() {
        let (a, b) = (Metric::named("a/test"), Metric::named("b/test"));
        assert_eq!(a, Metric::named("a/test"));
        assert_ne!(a, b);
        assert_eq!((a.name(), b.name()), ("a/test", "b/test"));
    }
}
