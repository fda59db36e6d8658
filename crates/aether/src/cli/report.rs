//! What can be said to `report`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `report`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether report @latest
  $ aether report k3v9 p0a7 -o comparison.html --title 'Two rates'
  $ aether report baseline --pdf baseline.pdf --png baseline.png")]
pub(crate) struct Report {
    /// The runs.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<String>,
    /// Write the page there; else, without --pdf and --png, to report.html.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// What stands above it; else the run's name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// Print it to this file, with Chromium.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) pdf: Option<PathBuf>,
    /// Take a picture of it, with Chromium.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) png: Option<PathBuf>,
}
