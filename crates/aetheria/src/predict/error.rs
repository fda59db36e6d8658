//! What a predictor refuses.

use aether_core::{config::ConfigError, registry::RegistryError};

use crate::{
    cpu::{CpuError, OutOfRange},
    data::DType,
    snapshot::SnapshotError,
};

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// The snapshot cannot be used.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Its model is not known to this program.
    #[error(transparent)]
    Model(#[from] RegistryError),
    /// Its model does not take the parameters it was trained with.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The CPU cannot run the model.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// A number among the inputs that the model has no row for.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A parameter that the snapshot lacks or has in another shape.
    #[error("the snapshot's tensor '{name}' should have the shape {wanted:?} and {}", match found {
        Some(found) => format!("has {found:?}"),
        None => "is missing".to_owned(),
    })]
    Parameter {
        /// The tensor.
        name: String,
        /// The model's shape.
        wanted: Vec<usize>,
        /// The snapshot's.
        found: Option<Vec<usize>>,
    },
    /// Inputs of another type.
    #[error("the model takes inputs of type {wanted:?}, not {found:?}")]
    Type {
        /// The model's.
        wanted: DType,
        /// What was given.
        found: DType,
    },
    /// Not a whole number of samples.
    #[error("{given} inputs are not a whole number of samples of {width}")]
    Inputs {
        /// How many numbers were given.
        given: usize,
        /// Numbers in a sample.
        width: usize,
    },
    /// A buffer of the wrong length.
    #[error("the outputs need room for exactly {wanted} numbers, not {given}")]
    Outputs {
        /// Its length.
        given: usize,
        /// What it must be.
        wanted: usize,
    },
}
