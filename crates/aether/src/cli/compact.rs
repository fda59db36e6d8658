//! What can be said to `compact`.

use clap::Args;

/// `compact`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether compact
  $ aether compact @latest

A run may be alive. Its logs stay: `aether gc` removes them once it is over.")]
pub(crate) struct Compact {
    /// The runs; else all whose logs are long.
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
}
