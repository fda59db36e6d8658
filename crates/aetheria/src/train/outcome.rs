//! How a training ended.

use std::path::PathBuf;

use super::{monitor::Best, progress::Progress};

/// How a training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked to.
    Finished {
        /// `epochs`, `max_steps`, `early_stopping` or `callback`.
        by: &'static str,
        /// A sentence for a person.
        reason: String,
    },
    /// Somebody asked it to stop; it can be resumed.
    Interrupted,
    /// It could not go on.
    Failed {
        /// What failed, and what to do next.
        reason: String,
    },
}

/// What a training leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// The last good snapshot.
    pub snapshot: Option<PathBuf>,
    /// The best validation, by the monitored metric.
    pub best: Option<Best>,
    /// The name of that metric.
    pub monitor: String,
    /// What the last validation measured.
    pub measured: Vec<(&'static str, f64)>,
    /// Where it stood at the end.
    pub progress: Progress,
}
