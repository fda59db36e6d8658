//! What can be said to `artifacts`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// `artifacts`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether artifacts
  $ aether artifacts k3v9
  $ aether artifacts k3v9 --export model.onnx -o /tmp/model.onnx
  $ aether artifacts k3v9 --add report.pdf --kind report
  $ aether artifacts --verify

An artifact is known by its content: its digest is the SHA-256 of its bytes.")]
pub(crate) struct Artifacts {
    /// The run; else all runs.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Write the content of this artifact, by its name or digest, to a file.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["add", "verify"])]
    pub(crate) export: Option<String>,
    /// The file to write; else one of the artifact's name here. - for standard output.
    #[arg(short, long, value_name = "PATH", requires = "export", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Keep a file's content as an artifact of the run.
    #[arg(long, value_name = "FILE", requires = "run", value_hint = ValueHint::FilePath)]
    pub(crate) add: Option<PathBuf>,
    /// What to call what is added; else its file's name.
    #[arg(long, value_name = "NAME", requires = "add")]
    pub(crate) name: Option<String>,
    /// What kind of thing is added.
    #[arg(long, value_name = "KIND", requires = "add", default_value = "file")]
    pub(crate) kind: String,
    /// What is added, the run took; else it left it.
    #[arg(long, requires = "add")]
    pub(crate) input: bool,
    /// Read every content and make sure that it is what its digest says.
    #[arg(long, conflicts_with = "add")]
    pub(crate) verify: bool,
}
