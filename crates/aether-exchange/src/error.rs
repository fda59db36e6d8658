//! What can go wrong in an exchange: what failed, on what, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use aether_ledger::LedgerError;

/// Why a run could not be exported or imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not what it was said to be.
    #[error("{} is no {format}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing of that kind at a place.
    #[error("{} holds no {what}", path.display())]
    Nothing {
        /// The place.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// What was imported could not be made safe.
    #[error("{0}")]
    Log(String),
    /// A server did not take something.
    #[error("{url}: {reason}; check the address, and that the server is up")]
    Server {
        /// Where.
        url: String,
        /// What it or the connection to it says.
        reason: String,
    },
}

impl ExchangeError {
    /// Makes an I/O error say what was being done on which path.
    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Makes any error say which file is not what it should be.
    pub(crate) fn malformed<E: ToString>(format: &'static str, path: &Path) -> impl Fn(E) -> Self + use<E> {
        let path = path.to_owned();
        move |reason| Self::Malformed { path: path.clone(), format, reason: reason.to_string() }
    }
}
