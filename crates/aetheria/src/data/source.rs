//! What makes data sets.

use std::path::{Path, PathBuf};

use super::{DataError, Dataset};

/// A kind of data with its parameters. Implement it and register it under a name to add a kind of your own.
pub trait DataSource: Send + Sync {
    /// Reads, splits and encodes the data.
    ///
    /// # Errors
    /// When the data cannot be read or cannot be learned from.
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError>;
}

/// What a data source may depend on besides its own parameters.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The directory of the experiment file: relative paths start there.
    pub base: &'a Path,
    /// The experiment's seed: of what is held out and of synthetic samples.
    pub seed: u64,
}

impl Origin<'_> {
    /// `path` as it is if absolute, else below the base.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}
