//! `snapshot`: when the training state is written down.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use aether_core::config::Positive;
use serde::{Deserialize, Serialize};

use super::{Every, OnLogFailure as OnFailure};

/// When snapshots are written, and how many are kept. At most one of the three intervals is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snapshots {
    /// Optimizer steps from one snapshot to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<NonZeroU64>,
    /// Epochs from one snapshot to the next; 1 if no interval is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_epochs: Option<NonZeroU64>,
    /// Minutes from one snapshot to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_minutes: Option<Positive>,
    /// How many of the last are kept, besides the best.
    pub keep: NonZeroUsize,
    /// The directory they are written to; else the run's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<PathBuf>,
    /// What a snapshot that cannot be written leads to; else the training goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            every_steps: None,
            every_epochs: None,
            every_minutes: None,
            keep: NonZeroUsize::MIN.saturating_add(2),
            dir: None,
            on_failure: None,
        }
    }
}

impl Snapshots {
    /// The interval.
    pub fn every(&self) -> Every {
        match (self.every_steps, self.every_minutes, self.every_epochs) {
            (Some(steps), _, _) => Every::Steps(steps),
            (None, Some(minutes), _) => Every::Minutes(minutes),
            (None, None, epochs) => Every::Epochs(epochs.unwrap_or(NonZeroU64::MIN)),
        }
    }
}
