//! What can be said to `import`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `import`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether import --from tensorboard runs/
  $ aether import --from wandb wandb/
  $ aether import --from mlflow mlflow.db --project digits
  $ aether import --from mlflow http://localhost:5000 --experiment mnist

The same run is imported once, however often this is called.")]
pub(crate) struct Import {
    /// The tool or the format.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) from: ImportFormat,
    /// A file of it, or a directory; of MLflow also the address of a server.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) path: PathBuf,
    /// Take over this experiment of MLflow only.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// File the runs under this project, and not under their own.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
}

/// Whose runs can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ImportFormat {
    /// TensorBoard event files.
    Tensorboard,
    /// W&B offline runs.
    Wandb,
    /// A database or a directory of MLflow, or a server's address.
    Mlflow,
    /// Tables of points, or of one column for each metric.
    Csv,
    /// A database of trackio.
    Trackio,
    /// Parquet files of the Neptune exporter.
    Neptune,
}
