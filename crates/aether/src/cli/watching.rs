//! What is watched for, of a verb that begins a run.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// What is watched for, of a verb that begins a run.
#[derive(Debug, Args)]
pub(crate) struct Watching {
    /// Do not sample the machine, nor look for what goes wrong.
    #[arg(long, conflicts_with_all = ["rules", "interval"])]
    pub(crate) no_watch: bool,
    /// Rules to watch by; else watch.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rules: Option<PathBuf>,
    /// Sample the machine so often, from 100ms to 1h; else as the rules' file says, or every second.
    #[arg(long, value_name = "SPAN")]
    pub(crate) interval: Option<String>,
}
