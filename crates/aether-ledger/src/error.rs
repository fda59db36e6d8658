//! What can go wrong in the ledger: what failed, on what, and what to do next.

use std::{
    io,
    path::{Path, PathBuf},
};

use aether_core::RunId;

use crate::Digest;

/// Why the ledger could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Nothing says where runs are kept.
    #[error(
        "nowhere to keep runs: none of AETHER_HOME, XDG_DATA_HOME and HOME is set; set AETHER_HOME to a directory"
    )]
    NoHome,
    /// The home does not take new files.
    #[error("cannot write in Aether's home {}: {source}; set AETHER_HOME to a directory that you may write", home.display())]
    HomeNotWritable {
        /// The home.
        home: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file or directory of the ledger could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A project's name cannot name a directory.
    #[error(
        "'{0}' cannot name a project: it names a directory, so it must be 1 to 200 bytes, must not begin with a dot, and must hold no '/' and no control character"
    )]
    Project(String),
    /// `run.json` does not hold a run.
    #[error("{} is not a run's record: {reason}; restore it from a backup, or remove the run's directory", path.display())]
    NotARun {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The run is alive, and what was asked needs it not to be.
    #[error("run {id} is alive (process {pid} on {host}); stop it first")]
    Alive {
        /// The run.
        id: RunId,
        /// Its host.
        host: String,
        /// Its process.
        pid: u32,
    },
    /// Another process is just now resuming or removing the run.
    #[error("run {0} is being resumed or removed by another process; try again in a moment")]
    Busy(RunId),
    /// A log of a format that this version does not know.
    #[error("{} has log format {found}, and this version of Aether reads up to {}; update Aether", path.display(), crate::log::record::MAJOR)]
    NewerLog {
        /// The log.
        path: PathBuf,
        /// Its major version.
        found: u8,
    },
    /// A text is no digest.
    #[error("'{}' is no digest: that is a SHA-256 in 64 hexadecimal digits, in lower case", .0.escape_debug())]
    Digest(String),
    /// A content is not kept.
    #[error("no content {digest} in {}: it was removed, or was never put there", home.display())]
    NoBlob {
        /// Its digest.
        digest: Digest,
        /// The home.
        home: PathBuf,
    },
    /// A content is another than its name says.
    #[error("{} is damaged: its content has the digest {found}; restore it from a backup, or put it again", path.display())]
    DamagedBlob {
        /// The file.
        path: PathBuf,
        /// The digest of what is in it.
        found: Digest,
    },
    /// A file of compacted series is not as it was written.
    #[error("{} is damaged: {reason}; `aether gc` makes it anew from its logs if they are there, else restore it from a backup", path.display())]
    DamagedSeries {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of compacted series is damaged, and cannot be made anew.
    #[error("{} is damaged, and {reason}; it is kept for what can still be read of it; restore it from a backup", path.display())]
    LostSeries {
        /// The file.
        path: PathBuf,
        /// Why it cannot be made anew.
        reason: String,
    },
    /// What was packed did not come back the same; nothing was written.
    #[error("cannot compact into {}: a packed column is not what went into it; report this, the logs are kept", .0.display())]
    Packer(PathBuf),
    /// No run answers to a text.
    #[error("no run is called '{query}' in {}; list them with `aether runs`", home.display())]
    NotFound {
        /// What was asked for.
        query: String,
        /// Where.
        home: PathBuf,
    },
    /// Several runs answer to a text.
    #[error("'{query}' can mean {} runs:{}; name one by its id", candidates.len(), listed(candidates))]
    Ambiguous {
        /// What was asked for.
        query: String,
        /// The runs' ids and names, newest first.
        candidates: Vec<(RunId, String)>,
    },
}

impl LedgerError {
    /// Makes an I/O error say what was being done on which path.
    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// The first few candidates of an ambiguous text.
fn listed(candidates: &[(RunId, String)]) -> String {
    const SHOWN: usize = 8;
    let mut text: String =
        candidates.iter().take(SHOWN).map(|(id, name)| format!(" {id} ({})", name.escape_debug())).collect();
    if candidates.len() > SHOWN {
        text.push_str(" ...");
    }
    text
}
