//! What can be said to `train`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::Watching;

/// `train`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether train config.yaml
  $ aether train config.yaml --set learning_rate=0.01 --set optimizer.kind=sgd
  $ aether train config.yaml --check
  $ aether train config.yaml --resume checkpoints/snapshot_ep5.safetensors

Ctrl-C (or SIGTERM) finishes the step, writes a snapshot and says how to resume;
a second one stops at once. SIGUSR1 has it write a snapshot and go on.")]
pub(crate) struct Train {
    /// The experiment: a YAML file.
    #[arg(value_name = "CONFIG", value_hint = ValueHint::FilePath)]
    pub(crate) config: PathBuf,
    /// Replace a value of the file, such as optimizer.weight_decay=0.1; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Call the run so.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Go on from a snapshot: a file, a run, or @latest.
    #[arg(long, value_name = "SNAPSHOT", value_hint = ValueHint::FilePath)]
    pub(crate) resume: Option<String>,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
    /// Check the file and print the resolved experiment, without training.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) check: bool,
}
