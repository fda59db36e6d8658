//! Where a training stands: everything the orchestrator must know to go on, apart from the tensors.

use std::collections::BTreeSet;

use aether_core::Metric;
use serde::{Deserialize, Serialize};

use super::monitor::{Best, Patience};

/// What the state machine does next. One phase is one short piece of work; between two of them a run may stop, and
/// be taken up again by another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Pass the window's next batch forward and backward.
    Accumulate,
    /// Make the optimizer step with the window's gradients.
    Update,
    /// Measure on the validation split, from its beginning.
    Validate,
    /// Close the epoch.
    EndEpoch,
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What comes next.
    pub phase: Phase,
    /// Windows behind us, whether they made an update or were dropped. Numbers every point and event, the schedule
    /// and the random draws.
    pub step: u64,
    /// Updates the optimizer made: `step` less the windows dropped.
    pub updates: u64,
    /// Whole epochs behind us.
    pub epoch: u64,
    /// Batches of this epoch behind us.
    pub batch: u64,
    /// Batches of this window whose gradients are gathered.
    pub micro: u32,
    /// The sum of the losses of this window's samples so far.
    pub window_loss: f64,
    /// The sum of the losses of this epoch's samples, in windows that made an update.
    pub epoch_loss: f64,
    /// How many samples those are.
    pub epoch_samples: u64,
    /// The step of the last validation.
    pub validated: Option<u64>,
    /// The best validation so far.
    pub best: Option<Best>,
    /// Whether the parameters are those of the best validation and no snapshot has them yet.
    pub best_unsaved: bool,
    /// What early stopping remembers.
    pub patience: Patience,
    /// The step of the last snapshot that was due by the experiment's own plan.
    pub scheduled: Option<u64>,
    /// The file name of the snapshot that a rollback returns to.
    pub rollback_to: Option<String>,
    /// How often the training was rolled back.
    pub rollbacks: u32,
    /// What rollbacks have multiplied the learning rate by.
    pub rate_factor: f64,
    /// Windows, by step, that are not to be tried again.
    pub skip: BTreeSet<u64>,
    /// The last training loss, for whoever shows a line.
    #[serde(with = "number")]
    pub last_loss: f64,
    /// The points said at `step` so far. A resume takes back the whole step and says these again, so that what a
    /// dead process said after its last snapshot is never said twice.
    pub said: Vec<Said>,
    /// Seconds of work, over all processes.
    pub seconds: f64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            phase: Phase::Accumulate,
            step: 0,
            updates: 0,
            epoch: 0,
            batch: 0,
            micro: 0,
            window_loss: 0.0,
            epoch_loss: 0.0,
            epoch_samples: 0,
            validated: None,
            best: None,
            best_unsaved: false,
            patience: Patience::default(),
            scheduled: None,
            rollback_to: None,
            rollbacks: 0,
            rate_factor: 1.0,
            skip: BTreeSet::new(),
            last_loss: f64::NAN,
            said: Vec::new(),
            seconds: 0.0,
        }
    }
}

impl Progress {
    /// Whether gradients of a begun window belong to the state.
    pub fn mid_window(&self) -> bool {
        self.micro > 0
    }

    /// Whether nothing is half done: no begun window, no validation or end of an epoch pending.
    pub fn at_boundary(&self) -> bool {
        self.phase == Phase::Accumulate && self.micro == 0
    }

    /// In a few words, for messages.
    pub fn place(&self) -> String {
        format!("step {}, epoch {}, batch {}", self.step, self.epoch + 1, self.batch)
    }
}

/// A point that was said.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Said {
    /// Which metric, by its name.
    #[serde(with = "metric")]
    pub metric: Metric,
    /// Its value.
    #[serde(with = "number")]
    pub value: f64,
}

impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        self.metric == other.metric && self.value.to_bits() == other.value.to_bits()
    }
}

mod metric {
    use aether_core::Metric;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(metric: &Metric, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(metric.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Metric, D::Error> {
        Ok(Metric::named(&String::deserialize(from)?))
    }
}

/// Numbers that JSON has no word for, NaN and the infinities, as strings.
pub(super) mod number {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::train) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { to.serialize_f64(*value) } else { to.serialize_str(&value.to_string()) }
    }

    pub(in crate::train) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Finite(f64),
            Other(String),
        }
        match Number::deserialize(from)? {
            Number::Finite(value) => Ok(value),
            Number::Other(text) => match text.as_str() {
                "NaN" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(D::Error::custom(format!("'{text}' is not a number, NaN, inf or -inf"))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_to_the_bit() {
        let metric = Metric::named("train/loss");
        let values = [0.1 + 0.2, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE];
        let said = values.map(|value| Said { metric, value }).to_vec();
        let progress = Progress { said, epoch_loss: 1.0 / 3.0, ..Progress::default() };
        let text = serde_json::to_string(&progress).unwrap();
        let back: Progress = serde_json::from_str(&text).unwrap();
        assert_eq!(back.said, progress.said);
        assert_eq!(back.epoch_loss.to_bits(), progress.epoch_loss.to_bits());
        assert!(back.last_loss.is_nan());
    }
}
