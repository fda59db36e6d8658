//! What can be said to `runs`.

use clap::Args;

/// `runs`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether runs
  $ aether runs 'loss.min < 0.1 and tag = baseline and lr > 1e-4'
  $ aether runs --state failed --state died --since 2d
  $ aether runs --sort val/accuracy --reverse --limit 5
  $ aether runs --json | jq .id")]
pub(crate) struct Runs {
    /// Only runs for which this holds, such as 'loss.min < 0.1 and tag = best'.
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Only runs that stand so; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = ["running", "done", "failed", "interrupted", "died", "unknown"])]
    pub(crate) state: Vec<String>,
    /// Only runs of this project.
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Only runs with this text in their name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only runs begun since: a span such as 90min or 2d, a date, or a time.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// By newest, oldest, name, duration, or the last value of a metric.
    #[arg(long, value_name = "KEY", default_value = "newest")]
    pub(crate) sort: String,
    /// The other way round.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// At most so many; 0 for all.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}
