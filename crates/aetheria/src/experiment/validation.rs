//! `validation`, `early_stopping` and `best`: what is done with the validation split.

use std::num::{NonZeroU32, NonZeroU64};

use aether_core::config::NonNegative;
use serde::{Deserialize, Serialize};

use super::Every;

/// When the validation split is evaluated. At most one of the two is given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Validation {
    /// Epochs from one evaluation to the next; 1 if no interval is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_epochs: Option<NonZeroU64>,
    /// Optimizer steps from one evaluation to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<NonZeroU64>,
}

impl Validation {
    /// The interval.
    pub fn every(&self) -> Every {
        match self.every_steps {
            Some(steps) => Every::Steps(steps),
            None => Every::Epochs(self.every_epochs.unwrap_or(NonZeroU64::MIN)),
        }
    }
}

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The metric knows.
    #[default]
    Auto,
    /// Smaller is better.
    Min,
    /// Larger is better.
    Max,
}

/// When to stop for want of progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStopping {
    /// The metric of the validation split that must get better: `val/loss`, `val/accuracy`, ...
    pub monitor: String,
    /// Evaluations without progress until the run stops.
    pub patience: NonZeroU32,
    /// What counts as progress: more than this.
    pub min_delta: NonNegative,
    /// Which way it gets better.
    pub mode: Mode,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self {
            monitor: default_monitor(),
            patience: NonZeroU32::MIN.saturating_add(2),
            min_delta: NonNegative::ZERO,
            mode: Mode::Auto,
        }
    }
}

/// Which snapshot is the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Best {
    /// The metric of the validation split that decides: `val/loss`, `val/accuracy`, ...
    pub monitor: String,
    /// Which way it gets better.
    pub mode: Mode,
}

impl Default for Best {
    fn default() -> Self {
        Self { monitor: default_monitor(), mode: Mode::Auto }
    }
}

fn default_monitor() -> String {
    "val/loss".to_owned()
}
