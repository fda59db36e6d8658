//! Why an experiment cannot be assembled.

use aether_core::{ConfigError, RegistryError};

use crate::{cpu::CpuError, data::DataError, metrics::MetricError};

/// Why an experiment cannot be assembled. Nothing has been done yet.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// A key of the experiment is wrong; shows the line.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A name that is taken.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The data cannot be read or cannot be learned from.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A metric that does not fit the data.
    #[error("{0}")]
    Metric(#[from] MetricError),
    /// The CPU cannot train this model on this data.
    #[error("cannot train this model: {0}")]
    Cpu(#[from] CpuError),
}
