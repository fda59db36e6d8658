//! What can be said to `export`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `export`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether export @latest --to tensorboard -o logs
  $ aether export @latest --to wandb && wandb sync wandb/offline-run-*
  $ aether export k3v9 --to mlflow --url http://localhost:5000 --follow
  $ aether export k3v9 p0a7 --to csv -o tables
  $ aether export @latest --to prometheus --listen 127.0.0.1:9464")]
pub(crate) struct Export {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// The tool or the format.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) to: ExportFormat,
    /// Write there: a file, or a directory where a run is one or there are several.
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath, conflicts_with = "url")]
    pub(crate) output: Option<PathBuf>,
    /// Send to this server (mlflow, otlp).
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) url: Option<String>,
    /// Serve the last values there (prometheus).
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    pub(crate) listen: String,
    /// Go on until the runs end, and pass on what they say as they say it.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// What runs can be passed on as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// TensorBoard event files, in a directory.
    Tensorboard,
    /// W&B offline runs, for `wandb sync`.
    Wandb,
    /// A run on an MLflow server.
    Mlflow,
    /// A table of points.
    Csv,
    /// A table of points.
    Parquet,
    /// Points and events, one JSON object a line.
    Jsonl,
    /// An OpenTelemetry collector, over HTTP.
    Otlp,
    /// The last values, for Prometheus to scrape.
    Prometheus,
}

impl ExportFormat {
    /// As it is typed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Tensorboard => "tensorboard",
            Self::Wandb => "wandb",
            Self::Mlflow => "mlflow",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Otlp => "otlp",
            Self::Prometheus => "prometheus",
        }
    }
}
