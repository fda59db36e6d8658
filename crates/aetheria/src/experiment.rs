//! The experiment file: what `aether train config.yaml` reads.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::optimizer::Optimizer;

/// A whole experiment. Only `model_name` (or a `model` with `layers`) must be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What the run is called; else the model's name.
    pub name: Option<String>,
    /// The folder runs are filed under.
    #[serde(default = "default_project")]
    pub project: String,
    /// The registered model.
    pub model_name: String,
    /// Passes over the training data.
    pub epochs: Option<u64>,
    /// Or optimizer steps, whichever ends first.
    pub max_steps: Option<u64>,
    /// Samples in a batch.
    #[serde(default = "default_batch_size")]
    pub batch_size: usize,
    /// The peak learning rate; else the model's.
    pub learning_rate: Option<f64>,
    /// Else the model's.
    pub optimizer: Option<Optimizer>,
    /// bf16 where the device profits from it.
    #[serde(default)]
    pub mixed_precision: bool,
    /// Batches whose gradients make one step.
    #[serde(default = "one")]
    pub grad_accumulation_steps: u32,
    /// Clipping by global norm.
    pub max_grad_norm: Option<f64>,
    /// Of everything random.
    #[serde(default)]
    pub seed: u64,
    /// CPU threads; else one a core.
    pub threads: Option<usize>,
    /// Where snapshots go; else the run's directory.
    pub snapshot_dir: Option<PathBuf>,
}

fn default_project() -> String {
    "default".to_owned()
}

fn default_batch_size() -> usize {
    32
}

fn one() -> u32 {
    1
}
