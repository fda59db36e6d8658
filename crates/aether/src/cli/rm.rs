//! What can be said to `rm`.

use clap::Args;

/// `rm`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether rm k3v9 p0a7
  $ aether rm $(aether runs --quiet --state failed --limit 0)

There is no way back. A name that several runs have is refused: name them by id.")]
pub(crate) struct Rm {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Also runs that are, or may be, running.
    #[arg(long)]
    pub(crate) force: bool,
}
