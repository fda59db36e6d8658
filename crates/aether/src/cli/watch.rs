//! What can be said to `watch`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `watch`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether watch @latest
  $ aether watch k3v9 --rules watch.yaml
  $ aether watch k3v9 --json

Beside a run that is alive it samples the machine, and says what it finds until
the run ends. Of a run that has ended it says what can be found in what it said.")]
pub(crate) struct Watch {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// Rules of one's own; else watch.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Option<PathBuf>,
}
