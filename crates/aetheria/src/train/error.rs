//! Why a training cannot begin or go on.

use crate::{metrics::MetricError, snapshot::SnapshotError, strategy::StrategyError};

/// Why a training cannot begin or go on. What it ends with in an orderly way is an [`Outcome`](super::Outcome).
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The hardware failed.
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    /// A snapshot cannot be resumed from, or the directory for them cannot be used.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A metric that does not exist or does not fit the data.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Something is monitored that is never measured.
    #[error("{key}.monitor: '{monitor}' is never measured; choose among {known}")]
    Monitor {
        /// `early_stopping` or `best`.
        key: &'static str,
        /// What was asked for.
        monitor: String,
        /// What there is.
        known: String,
    },
    /// Early stopping without anything to watch.
    #[error(
        "early_stopping needs a validation split, and data set {data} has none; set data.validation, such as 0.2"
    )]
    NothingToWatch {
        /// The data set's name.
        data: String,
    },
    /// No end, or an epoch without batches.
    #[error("{0}")]
    Plan(String),
    /// A snapshot of a training that differs in what makes the steps.
    #[error(
        "cannot resume: {key} is {now}, the snapshot was made with {then}; set it back, or start anew without --resume"
    )]
    Changed {
        /// The key that differs.
        key: String,
        /// What the snapshot was made with.
        then: String,
        /// What it is now.
        now: String,
    },
}
