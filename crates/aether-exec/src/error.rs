//! What can go wrong around a supervised program: what failed, on what, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use aether_core::RunId;
use aether_ledger::LedgerError;

/// Why a program could not be supervised, or a supervisor not be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// The run could not be begun: nothing was started.
    #[error("{message}")]
    Refused {
        /// What the supervisor says.
        message: String,
    },
    /// The ledger could not do its part.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The operating system refused something.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was being done, as a verb.
        doing: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The run has no supervisor to talk to.
    #[error("run {id} cannot be reached: {reason}")]
    Unreachable {
        /// The run.
        id: RunId,
        /// Why, and what to do.
        reason: String,
    },
    /// The supervisor forks before anything else, which only a process with one thread may do.
    #[error("a run can only be launched by a process with one thread; this one has {0}")]
    Threads(usize),
    /// The supervisor sent what this version does not understand.
    #[error(
        "the supervisor of the run does not speak this version's protocol; attach with the version that began it"
    )]
    Protocol,
}

impl ExecError {
    /// Makes an error of the operating system say what was being done.
    pub(crate) fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { doing, source: source.into() }
    }

    /// Makes an error of a file say what was being done on which.
    pub(crate) fn file(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::File { doing, path, source }
    }
}
