//! What can be said to `run`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::Watching;

/// `run`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether run -- python train.py --epochs 10
  $ aether run --name baseline --tag mnist --retry 3 -- ./train.sh
  $ aether run --timeout 1h30m --detach -- make experiments

The command runs as it would without: on a terminal if you are on one, with your
input, signals and exit status. Ctrl-\\ twice leaves it running; so does closing
the terminal. Exit codes: the command's, 128 + N for signal N, 124 timed out,
126 not executable, 127 not found.")]
pub(crate) struct Run {
    /// Call the run so; else after the script or the program.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// File it under this project.
    #[arg(long, value_name = "PROJECT", default_value = "default")]
    pub(crate) project: String,
    /// A word to find it by; may be repeated.
    #[arg(long, value_name = "WORD")]
    pub(crate) tag: Vec<String>,
    /// Set a variable for the command; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,
    /// Begin in this directory.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cwd: Option<PathBuf>,
    /// Begin it again up to so many times when it fails.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retry: u32,
    /// Stop an attempt that takes longer, such as 90s or 1h30m.
    #[arg(long, value_name = "SPAN")]
    pub(crate) timeout: Option<String>,
    /// Do not log Python's frameworks automatically.
    #[arg(long)]
    pub(crate) no_auto: bool,
    /// What is watched for beside it.
    #[command(flatten)]
    pub(crate) watching: Watching,
    /// Print the run's id and return; look on with `attach`.
    #[arg(short, long)]
    pub(crate) detach: bool,
    /// The command and its arguments.
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<String>,
}
