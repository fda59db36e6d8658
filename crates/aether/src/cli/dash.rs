//! What can be said to `dash`.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, ValueHint};

/// `dash`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  $ aether dash
  $ aether dash --open
  $ aether dash --host 0.0.0.0 --tls
  $ ssh -L 8420:localhost:8420 lab aether dash")]
pub(crate) struct Dash {
    /// Listen on this port; 0 for any; else 8420 or the next that is free.
    #[arg(short, long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Listen on this address; any but the loopback asks for a token.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Open it in a browser.
    #[arg(short, long)]
    pub(crate) open: bool,
    /// Answer to this name, too, as behind a proxy; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Make a new token, and ask for it on the loopback, too.
    #[arg(long)]
    pub(crate) new_token: bool,
    /// Encrypt with a certificate that is made and kept in the home.
    #[arg(long)]
    pub(crate) tls: bool,
    /// Encrypt with this certificate (PEM).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The key to that certificate (PEM).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "cert")]
    pub(crate) key: Option<PathBuf>,
}
