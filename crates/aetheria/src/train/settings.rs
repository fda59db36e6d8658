//! What the orchestrator goes by: the parts of an experiment that concern it, resolved for one data set.

use std::time::Duration;

use super::monitor::{EarlyStopping, Monitor};
use crate::schedule::Schedule;

/// What the orchestrator goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The resolved experiment, as snapshots keep it.
    pub experiment: serde_json::Value,
    /// Passes over the training data.
    pub epochs: Option<u64>,
    /// Optimizer steps; with `epochs`, whichever ends first.
    pub max_steps: Option<u64>,
    /// Samples in a batch.
    pub batch_size: usize,
    /// Whether an epoch's last batch is left out when it is short.
    pub drop_last: bool,
    /// Batches whose gradients make one step.
    pub accumulation: u32,
    /// Of everything random.
    pub seed: u64,
    /// The peak learning rate.
    pub learning_rate: f64,
    /// What it is multiplied by at each step.
    pub schedule: Schedule,
    /// The global L2 norm that gradients are clipped to.
    pub max_grad_norm: Option<f64>,
    /// Steps from one training point to the next.
    pub log_every_steps: u64,
    /// When the validation split is measured.
    pub validate: Every,
    /// The names of the metrics measured on it, besides the loss.
    pub metrics: Vec<String>,
    /// When to stop for want of progress.
    pub early_stopping: Option<EarlyStopping>,
    /// Which validation is the best.
    pub best: Monitor,
    /// What a NaN or an infinity leads to.
    pub non_finite: NonFinitePolicy,
    /// When snapshots are written.
    pub snapshot: SnapshotPlan,
    /// What a listener that cannot write leads to.
    pub on_log_failure: OnFailure,
    /// What a snapshot that cannot be written leads to.
    pub on_snapshot_failure: OnFailure,
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Every so many optimizer steps.
    Steps(u64),
    /// At the end of every so many epochs.
    Epochs(u64),
}

/// When snapshots are written by plan. The end of the training, an interruption and a best validation have theirs in
/// any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotPlan {
    /// As often as this.
    Every(Every),
    /// At the first step after this time.
    After(Duration),
}

/// What a NaN or an infinity in loss, gradients or parameters leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NonFinitePolicy {
    /// The training fails and names its last good snapshot.
    Halt,
    /// The window is dropped: parameters and optimizer stay as they were.
    Skip,
    /// Back to the last good snapshot, with a lower rate and without the window.
    Rollback {
        /// What the learning rate is multiplied by each time.
        rate_factor: f64,
        /// How often, before the training fails.
        max_times: u32,
    },
}

/// What a failure that does not touch the training itself leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It is said, and the training goes on.
    Continue,
    /// The training stops cleanly and fails.
    Stop,
}
