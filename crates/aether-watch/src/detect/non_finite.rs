//! NaN and infinities.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event};

/// So many finite values in a row end an episode.
const OVER: u32 = 50;

/// A value that is not a number, or infinite. Of the loss, its gradient and the validation that is an error.
#[derive(Debug, Default)]
pub(crate) struct NonFinite {
    episode: Episode,
    last_finite: Option<(u64, f64)>,
}

impl Detector for NonFinite {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        let finite = seen.value.is_finite();
        if self.episode.opens(!finite, 1, OVER) {
            let level = match role {
                Role::Loss | Role::ValidationLoss | Role::GradientNorm => Level::Error,
                _ => Level::Warning,
            };
            let before = match self.last_finite {
                Some((step, value)) => format!("; at step {step} it was still {}", super::short(value)),
                None => "; it never was a number".to_owned(),
            };
            found.push(event(
                "non_finite",
                level,
                seen,
                format!("{} is {} at step {}{before}", seen.metric.name(), seen.value, seen.step),
                &[
                    ("value", json!(seen.value.to_string())),
                    ("last_finite", json!(self.last_finite.map(|l| l.1))),
                    ("last_finite_step", json!(self.last_finite.map(|l| l.0))),
                ],
            ));
        }
        if finite {
            self.last_finite = Some((seen.step, seen.value));
        }
    }
}
