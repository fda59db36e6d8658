//! What makes data sets, by name.

use std::path::{Path, PathBuf};

use aether_core::config::{ConfigError, Node};
use aether_core::registry::{Registry, RegistryError};
use serde::de::DeserializeOwned;

use super::{Arrays, Csv, DataError, Dataset, Digits, Parquet, Synthetic};

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

type Make = fn(&Node) -> Result<Box<dyn DataSource>, ConfigError>;

/// Data sources by the names that `data.source` may say.
#[derive(Debug)]
pub struct Sources(Registry<Make>);

impl Sources {
    /// The data sources that come with Aetheria.
    pub fn built_in() -> Self {
        let mut sources = Self(Registry::new("data source"));
        // The names differ, so nothing is refused.
        let _ = sources.register::<Digits>("digits");
        let _ = sources.register::<Csv>("csv");
        let _ = sources.register::<Parquet>("parquet");
        let _ = sources.register::<Arrays>("npy");
        let _ = sources.register::<Arrays>("npz");
        let _ = sources.register::<Synthetic>("synthetic");
        sources
    }

    /// Makes `S` known as `name`. A data source is its parameters: it is read from the experiment's `data` keys.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register<S: DataSource + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.0.register(name, |node| Ok(Box::new(node.read::<S>()?)))
    }

    /// How the data source called `name` is made.
    ///
    /// # Errors
    /// When there is none; the message has the nearest name and the list of all.
    pub fn get(&self, name: &str) -> Result<Make, RegistryError> {
        self.0.get(name).copied()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }
}
