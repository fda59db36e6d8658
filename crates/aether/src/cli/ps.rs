//! What can be said to `ps`.

use clap::Args;

/// `ps`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether ps
  $ aether ps --json | jq .memory_bytes
  $ aether ps --watch")]
pub(crate) struct Ps {
    /// Look again each second until Ctrl-C: the table is drawn anew; with --json, a line for each run that has changed.
    #[arg(long)]
    pub(crate) watch: bool,
}
