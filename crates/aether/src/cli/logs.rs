//! What can be said to `logs`.

use clap::Args;

/// `logs`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether logs @latest
  $ aether logs @latest --follow --tail 20
  $ aether logs k3v9 --times --stderr
  $ aether logs k3v9 --level warning

Of a command, what it printed, as it came; of a training, what it said.")]
pub(crate) struct Logs {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Go on until the run ends.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// What the run said, rather than what its command printed.
    #[arg(long)]
    pub(crate) events: bool,
    /// Only what was said that matters at least so much.
    #[arg(long, value_name = "LEVEL", value_parser = ["info", "warning", "error"])]
    pub(crate) level: Option<String>,
    /// What was said, and every value of every metric.
    #[arg(long)]
    pub(crate) points: bool,
    /// Of the output, the last N lines.
    #[arg(long, value_name = "N", conflicts_with_all = ["events", "level", "points"])]
    pub(crate) tail: Option<usize>,
    /// Of the output, each line with its time.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) times: bool,
    /// Of the output, standard output.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) stdout: bool,
    /// Of the output, standard error.
    #[arg(long, conflicts_with_all = ["events", "level", "points"])]
    pub(crate) stderr: bool,
}
