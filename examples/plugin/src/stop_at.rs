//! A callback: ends the training when a metric is good enough.

use aether_core::Metric;
use aetheria::callback::{At, Callback, Flow};
use serde::Deserialize;

/// Stops when `metric` has reached `value`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopAt {
    /// Such as `val/accuracy`; larger is better.
    metric: String,
    /// What is good enough.
    value: f64,
}

impl Callback for StopAt {
    fn on_validation_end(&mut self, _: At<'_>, measured: &[(Metric, f64)]) -> Flow {
        let reached =
            measured.iter().any(|&(metric, value)| metric.name() == self.metric && value >= self.value);
        if reached {
            Flow::Stop(format!("{} has reached {}", self.metric, self.value))
        } else {
            Flow::Continue
        }
    }
}
