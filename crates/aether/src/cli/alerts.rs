//! What can be said to `alerts`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `alerts`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether alerts
  $ aether alerts test team
  $ aether alerts send

Where alerts go is said in alerts.yaml in the home. What could not be delivered
yet is listed with the reason, and tried again while `aether watch` runs.")]
pub(crate) struct Alerts {
    /// What to do.
    #[arg(value_name = "ACTION", value_enum, default_value_t = AlertsAction::List)]
    pub(crate) action: AlertsAction,
    /// Test only this route.
    #[arg(value_name = "ROUTE")]
    pub(crate) route: Option<String>,
    /// Where alerts go; else alerts.yaml in the home, if it is there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) alerts: Option<PathBuf>,
}

/// What `alerts` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AlertsAction {
    /// List what waits and what failed
    List,
    /// Send a test message by a route, or by each
    Test,
    /// Send all that waits, and what failed, now
    Send,
}
