//! What can be said to `compare`.

use clap::Args;

/// `compare`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether compare k3v9 p0a7
  $ aether compare baseline @latest")]
pub(crate) struct Compare {
    /// A run.
    #[arg(value_name = "RUN")]
    pub(crate) a: String,
    /// Another run.
    #[arg(value_name = "RUN")]
    pub(crate) b: String,
}
