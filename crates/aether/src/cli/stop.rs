//! What can be said to `stop`.

use clap::Args;

/// `stop`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether stop @latest
  $ aether stop k3v9 --signal INT --timeout 1m
  $ aether stop k3v9 --kill

All processes of the run are asked to end, those that went into the background
too, and are killed when the time is up. A training writes a snapshot first.")]
pub(crate) struct Stop {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Ask with this signal.
    #[arg(long, value_name = "SIGNAL", default_value = "TERM")]
    pub(crate) signal: String,
    /// Kill at once.
    #[arg(long, conflicts_with_all = ["signal", "timeout"])]
    pub(crate) kill: bool,
    /// Kill what is left after this time.
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub(crate) timeout: String,
}
