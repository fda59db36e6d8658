//! Detectors: small state machines that find what is going wrong in what a run says.
//!
//! Each takes one point after the other and keeps a bounded window of them. Nothing is allocated but when something is
//! found, and everything is found once an episode, not once a point: a detector that has spoken is silent until what
//! it found is over. Levels: an `error` is a run that is lost or about to be, a `warning` is worth a look, `info` is
//! worth knowing.

mod catalogue;
mod divergence;
mod episode;
mod forecast;
mod gpu_health;
mod gradients;
mod idle;
mod leak;
mod loader;
mod non_finite;
mod overfitting;
mod plateau;
mod role;
mod roster;
mod spike;
mod stall;
mod straggler;
mod throughput;
mod trend;
mod window;

use std::fmt;

use aether_core::{Event, Level, Metric, signal::Nanos};
use serde_json::{Map, Value};

pub use catalogue::{KINDS, Kind};
pub use role::Role;
pub use roster::{Detectors, Limits};
pub(crate) use window::median;

/// One second.
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// A value of a metric, as a detector sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// When it was said.
    pub time: Nanos,
    /// Of which metric.
    pub metric: Metric,
    /// At which step.
    pub step: u64,
    /// The value; NaN and infinities are values like any other.
    pub value: f64,
}

/// Looks for one kind of trouble.
pub trait Detector: Send + fmt::Debug {
    /// Takes a point of one of the metrics it was made for; `role` is what that metric is.
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>);

    /// Takes note of the time, a few times a second or less often: for those that notice what is *not* said.
    fn tick(&mut self, _now: Nanos, _found: &mut Vec<Event>) {}
}

/// An event that a detector makes.
pub(crate) fn event(
    kind: &str,
    level: Level,
    seen: &Observed,
    message: String,
    evidence: &[(&str, Value)],
) -> Event {
    let mut fields = Map::new();
    fields.insert("metric".to_owned(), seen.metric.name().into());
    for (name, value) in evidence {
        fields.insert((*name).to_owned(), value.clone());
    }
    Event { kind: kind.to_owned(), level, step: seen.step, message, fields }
}

/// A number for a sentence: four significant digits.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.2e}")
    } else if size >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// A span of seconds for a sentence.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

/// Bytes for a sentence.
pub(crate) fn size(bytes: f64) -> String {
    match bytes {
        b if b >= (1u64 << 30) as f64 => format!("{:.1} GiB", b / (1u64 << 30) as f64),
        b => format!("{:.0} MiB", b / (1u64 << 20) as f64),
    }
}
