//! What the orchestrator says, and what it says again after a resume.

use aether_core::{Event, Level, Metric, Signal};
use serde_json::{Map, Value};

use super::{orchestrator::Orchestrator, progress::Said};

/// The fields of an event from a `json!({...})`.
pub(super) fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A number as JSON: a string when it is not finite.
pub(super) fn number(value: f64) -> Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

impl Orchestrator<'_> {
    /// Says points of the current step, and remembers them.
    pub(super) fn say(&mut self, points: &[(Metric, f64)]) {
        self.bus.points(self.progress.step, points);
        self.progress.said.extend(points.iter().map(|&(metric, value)| Said { metric, value }));
    }

    /// Says an event of the current step.
    pub(super) fn tell(&self, kind: &str, level: Level, message: String, details: Value) {
        let event = Event {
            kind: kind.to_owned(),
            level,
            step: self.progress.step,
            message,
            fields: fields(details),
        };
        self.bus.emit(&Signal::Event(event));
    }

    /// Takes back the points of the current step and of all later ones, then says again those that belong to it. So
    /// none stands twice, whatever a dead process still said after its last snapshot. Events are not taken back: they
    /// did happen.
    pub(super) fn rewind(&self) {
        let step = self.progress.step;
        self.bus.emit(&Signal::Rewind { step: step.saturating_sub(1) });
        for said in &self.progress.said {
            self.bus.point(said.metric, step, said.value);
        }
    }
}
