//! What can be said to `plot`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `plot`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether plot @latest
  $ aether plot k3v9 train/loss val/loss --log
  $ aether plot k3v9 --svg loss.svg --png loss.png

Metrics that differ only in their first part (train/loss, val/loss) share a plot.
Values that are NaN or infinite leave a gap and a mark.")]
pub(crate) struct Plot {
    /// The run.
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The metrics; else those of the validation and their counterparts.
    #[arg(value_name = "METRIC")]
    pub(crate) metrics: Vec<String>,
    /// Draw values on a logarithmic axis.
    #[arg(long)]
    pub(crate) log: bool,
    /// Write an SVG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<PathBuf>,
    /// Write a PNG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) png: Option<PathBuf>,
}
