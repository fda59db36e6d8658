//! What can be said to `lineage`.

use clap::Args;

/// `lineage`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether lineage k3v9
  $ aether lineage model.onnx
  $ aether lineage ba7816bf")]
pub(crate) struct Lineage {
    /// A run, the name of an artifact, or its digest or the beginning of it.
    #[arg(value_name = "RUN|NAME|DIGEST")]
    pub(crate) of: String,
}
