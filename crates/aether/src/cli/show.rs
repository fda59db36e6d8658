//! What can be said to `show`.

use clap::Args;

/// `show`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether show @latest
  $ aether show k3v9 --json
  $ aether show k3v9 --system")]
pub(crate) struct Show {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Also what was measured of the machine and of the run's processes.
    #[arg(long)]
    pub(crate) system: bool,
}
