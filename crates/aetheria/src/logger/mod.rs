//! Loggers: listeners that write what a training says to a file of a common format, besides the ledger. An experiment
//! names them under `loggers`; a third party registers its own [`Listener`](aether_core::Listener) beside them.

mod csv;
mod json_lines;
mod relay;

pub use csv::CsvLogger;
pub use json_lines::JsonLinesLogger;

use std::path::PathBuf;

use serde::Deserialize;

/// What an experiment says of a logger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The file; relative paths start at the current directory. Its directory must exist.
    path: PathBuf,
}
