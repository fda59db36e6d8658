//! The experiment file: what `aether train config.yaml` reads. One file here for each part of it.
//!
//! An [`Experiment`] is resolved: every default is filled in, every value is possible, and no two keys contradict each
//! other. What only a model or a data set can judge is reported later through [`Experiment::error_at`], with the same
//! line and caret.

mod check;
mod data;
mod device;
mod optimizer;
mod plugins;
mod safety;
mod scheduler;
mod snapshot;
mod validation;

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::Path,
};

use aether_core::config::{self, ConfigError, Node, Positive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::{
    data::Data,
    device::Device,
    optimizer::{OptimizerChoice, OptimizerKind},
    plugins::Plugin,
    safety::{NanPolicy, NanPolicyKind, OnLogFailure},
    scheduler::{Scheduler, SchedulerKind, Shape},
    snapshot::Snapshots,
    validation::{Best, EarlyStopping, Mode, Validation},
};

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Every {
    /// Every so many optimizer steps.
    Steps(NonZeroU64),
    /// At the end of every so many epochs.
    Epochs(NonZeroU64),
    /// At the first step after so many minutes.
    Minutes(Positive),
}

/// A whole experiment. Only `model_name` (or a `model` with `layers`) must be said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct Experiment {
    /// What the run is called; else the model's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The folder runs are filed under.
    #[serde(default = "default_project")]
    pub project: String,
    /// Words to find the run by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The registered model; `Sequential` if `model` has `layers`.
    #[serde(default)]
    pub model_name: String,
    /// The model's own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Node>,
    /// What is learned from; else the embedded digits.
    #[serde(default)]
    pub data: Data,
    /// Passes over the training data. 10 if `max_steps` is not given either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<NonZeroU64>,
    /// Optimizer steps; with `epochs`, whichever ends first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<NonZeroU64>,
    /// Samples in a batch.
    #[serde(default = "default_batch_size")]
    pub batch_size: NonZeroUsize,
    /// Whether an epoch's last batch is left out when it is short.
    #[serde(default)]
    pub drop_last: bool,
    /// The peak learning rate; else the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<Positive>,
    /// Else the model's.
    #[serde(
        default,
        deserialize_with = "config::name_or_mapping",
        skip_serializing_if = "OptimizerChoice::is_models_own"
    )]
    pub optimizer: OptimizerChoice,
    /// How the learning rate moves.
    #[serde(default, deserialize_with = "config::name_or_mapping")]
    pub scheduler: Scheduler,
    /// bf16 where the device profits from it.
    #[serde(default)]
    pub mixed_precision: bool,
    /// Batches whose gradients make one step.
    #[serde(default = "default_accumulation")]
    pub grad_accumulation_steps: NonZeroU32,
    /// The global L2 norm that gradients are clipped to; else they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_grad_norm: Option<Positive>,
    /// Of everything random.
    #[serde(default)]
    pub seed: u64,
    /// Where the arithmetic is done.
    #[serde(default)]
    pub device: Device,
    /// CPU threads; else one a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<NonZeroUsize>,
    /// When snapshots are written, and how many are kept.
    #[serde(default)]
    pub snapshot: Snapshots,
    /// When the validation split is evaluated.
    #[serde(default)]
    pub validation: Validation,
    /// When to stop for want of progress; else never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStopping>,
    /// Which snapshot is the best.
    #[serde(default)]
    pub best: Best,
    /// What is measured besides the loss; else what suits the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<String>>,
    /// What a NaN or an infinity in loss, gradients or parameters leads to.
    #[serde(default, deserialize_with = "config::name_or_mapping")]
    pub nan_policy: NanPolicy,
    /// What a logger that cannot write leads to.
    #[serde(default)]
    pub on_log_failure: OnLogFailure,
    /// Optimizer steps from one point of the training metrics to the next.
    #[serde(default = "default_log_every")]
    pub log_every_steps: NonZeroU64,
    /// Listeners besides the ledger.
    #[serde(default)]
    pub loggers: Vec<Plugin>,
    /// Registered callbacks, in order.
    #[serde(default)]
    pub callbacks: Vec<Plugin>,
    /// What it was read from.
    #[serde(skip)]
    origin: Origin,
}

/// The tree an experiment was read from. Two experiments that say the same are equal, wherever they were written.
#[derive(Debug, Clone, Default)]
struct Origin(Node);

impl PartialEq for Origin {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Experiment {
    /// Reads the file at `path` with `overrides` such as `optimizer.weight_decay=0.1` on top of it.
    ///
    /// # Errors
    /// When the file cannot be read, is not YAML, or does not describe a possible experiment.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, ConfigError> {
        Self::from_root(config::load(path)?, overrides)
    }

    /// Reads `text`, called `name` in messages, as [`Experiment::read`] reads a file.
    ///
    /// # Errors
    /// When it is not YAML, or does not describe a possible experiment.
    pub fn parse(name: &str, text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        Self::from_root(config::parse(name, text)?, overrides)
    }

    /// Takes up the experiment that `run.json` or a snapshot remembers, with `overrides` on top of it.
    ///
    /// # Errors
    /// When it does not describe a possible experiment.
    pub fn from_json(value: &serde_json::Value, overrides: &[String]) -> Result<Self, ConfigError> {
        Self::from_root(Node::from_json(value)?, overrides)
    }

    fn from_root(mut root: Node, overrides: &[String]) -> Result<Self, ConfigError> {
        for assignment in overrides {
            root.set(assignment)?;
        }
        root.read()
    }

    /// An error about the key at `path`, such as `optimizer.momentum`: shows where it is written.
    pub fn error_at(&self, path: &str, message: impl Into<String>) -> ConfigError {
        self.origin.0.error_at(path, message)
    }

    /// The resolved experiment as a file that reads back as the same experiment.
    ///
    /// # Errors
    /// When a value has no YAML.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        config::to_yaml(self)
    }

    /// The resolved experiment as `run.json` and snapshots remember it.
    ///
    /// # Errors
    /// When a value has no JSON.
    pub fn to_json(&self) -> Result<serde_json::Value, ConfigError> {
        config::to_json(self)
    }
}

// The derived implementations are inherent (`remote = "Self"`): these are the only way to an experiment, so that none
// is ever unresolved.

impl<'de> Deserialize<'de> for Experiment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let root = Node::deserialize(deserializer)?;
        let read = || {
            check::refuse_foreign_keys(&root)?;
            let mut experiment = Self::deserialize(&root)?;
            experiment.origin = Origin(root.clone());
            experiment.resolve()?;
            Ok(experiment)
        };
        read().map_err(config::pass)
    }
}

impl Serialize for Experiment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

fn default_project() -> String {
    "default".to_owned()
}

fn default_batch_size() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(31)
}

fn default_accumulation() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn default_log_every() -> NonZeroU64 {
    NonZeroU64::MIN
}
