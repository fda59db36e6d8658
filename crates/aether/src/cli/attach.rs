//! What can be said to `attach`.

use clap::Args;

/// `attach`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether attach @latest
  $ aether attach k3v9 --tail 20

What the run printed is shown from its beginning, then as it comes. Keys go to
the program if it has a terminal. Ctrl-\\ twice leaves it running.")]
pub(crate) struct Attach {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Begin with the last N lines.
    #[arg(long, value_name = "N")]
    pub(crate) tail: Option<usize>,
}
