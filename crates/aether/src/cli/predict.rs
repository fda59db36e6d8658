//! What can be said to `predict`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `predict`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether predict @latest --input data.csv
  $ aether predict checkpoints/best.safetensors --input data.csv --output out.csv
  $ aether predict digits --input data.csv --proba

For a run, its best snapshot is taken, or its latest where none is the best.")]
pub(crate) struct Predict {
    /// A snapshot's file, a run, or @latest.
    #[arg(value_name = "SNAPSHOT", value_hint = ValueHint::FilePath)]
    pub(crate) snapshot: String,
    /// The samples: a CSV file with the columns that the model was trained on.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// Write a CSV file there instead of standard output.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Also give every class its probability.
    #[arg(long)]
    pub(crate) proba: bool,
}
