//! What can be said to `gc`.

use clap::Args;

/// `gc`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether gc --dry-run
  $ aether gc --state failed --older-than 30d
  $ aether gc --keep-last 100
  $ aether gc 'tag = scratch and val/loss.min > 1'

Without conditions no run is removed: logs of runs that have ended are
compacted, and contents that no run names and half-written files go.
What lives is never touched.")]
pub(crate) struct Gc {
    /// Remove only runs for which this holds.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Only tell what would go.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Keep the newest so many runs of each project.
    #[arg(long, value_name = "N")]
    pub(crate) keep_last: Option<usize>,
    /// Remove only runs that ended so long ago, such as 30d.
    #[arg(long, value_name = "SPAN")]
    pub(crate) older_than: Option<String>,
    /// Remove only runs that stand so; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = ["done", "failed", "interrupted", "died"])]
    pub(crate) state: Vec<String>,
    /// Leave contents and half-written files that are younger than this.
    #[arg(long, value_name = "SPAN", default_value = "1d")]
    pub(crate) grace: String,
}
