//! What can be said to `ps`.

use clap::Args;

/// `ps`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether ps
  $ aether ps --json | jq .memory_bytes")]
pub(crate) struct Ps {}
