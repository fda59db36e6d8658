//! Why a snapshot cannot be written or read.

use std::{io, path::PathBuf};

/// Why a snapshot cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system failed.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted, such as `write`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file of another kind.
    #[error("{} is not a snapshot: {why}; give a file that a training wrote, such as snapshot_ep5.safetensors", path.display())]
    NotASnapshot {
        /// The file.
        path: PathBuf,
        /// How one can tell.
        why: String,
    },
    /// The end is missing.
    #[error("{} is truncated: it has {found} bytes, and its header tells of {expected}; take another snapshot", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The least number of bytes it should have.
        expected: u64,
        /// How many it has.
        found: u64,
    },
    /// The content is not what was written.
    #[error("{} was altered after it was written: {what}; take another snapshot", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The part that does not agree with its checksum.
        what: String,
    },
    /// A format from the future.
    #[error(
        "{} has snapshot format {version}, written by aether {by}; this aether reads formats up to {}: update it",
        path.display(), super::VERSION
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// The program that wrote it.
        by: String,
    },
    /// The state of a model with other parameters.
    #[error("{} is of another model: {difference}; train with the model that it was made by", path.display())]
    OtherModel {
        /// The file.
        path: PathBuf,
        /// The first difference.
        difference: String,
    },
}

impl SnapshotError {
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}
