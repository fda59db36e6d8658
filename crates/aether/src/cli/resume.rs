//! What can be said to `resume`.

use clap::Args;

use super::Watching;

/// `resume`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether resume @latest
  $ aether resume k3v9 --set epochs=40

The run goes on from its latest snapshot, to the same bits as if it had never
been interrupted.")]
pub(crate) struct Resume {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Replace a value of the experiment, such as epochs=40; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Also take up a run of another host that has been silent for long.
    #[arg(long)]
    pub(crate) force: bool,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
}
