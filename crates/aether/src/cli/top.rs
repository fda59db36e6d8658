//! What can be said to `top`.

use clap::Args;

/// `top`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether top
  $ aether top @latest
  $ aether top --filter 'state = running and tag = baseline'
  $ aether top --board examples/boards/digits.yaml
  $ aether top --json | jq .runs[0].value")]
pub(crate) struct Top {
    /// Begin with this run in full.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Begin with this board: a file, or the name of one of the home's.
    #[arg(long, value_name = "FILE|NAME", conflicts_with = "run")]
    pub(crate) board: Option<String>,
    /// List only runs for which this holds: the language of `aether runs`.
    #[arg(long, value_name = "QUERY")]
    pub(crate) filter: Option<String>,
    /// Print it once, as text, and end; so it is where the output is no terminal.
    #[arg(long)]
    pub(crate) once: bool,
}
