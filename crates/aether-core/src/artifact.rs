//! Artifacts: what a run leaves or takes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One thing a run left or took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What its run calls it, such as `snapshot_ep5`.
    pub name: String,
    /// What it is: `snapshot`, `config`, `table`, ...
    pub kind: String,
    /// Where it lies: relative to the run's directory when inside it, else absolute.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
}
