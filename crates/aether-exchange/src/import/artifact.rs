//! Files that another tool kept for a run.

use std::{path::PathBuf, sync::Arc};

use aether_core::signal::Nanos;
use aether_ledger::{Blobs, Direction, NamedBlob, TimedEvent};

use crate::{ExchangeError, http::Server};

/// A file of another tool, which is fetched when its run is written.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignArtifact {
    /// When its run left it, as far as that is known.
    pub time: Nanos,
    /// Its path among the files of its run.
    pub name: String,
    /// Where it is to be had.
    pub source: Source,
}

/// Where a file of another tool is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A server has it.
    Server(Download),
    /// It lies here.
    File(PathBuf),
}

/// A file that a server has.
#[derive(Debug, Clone)]
pub struct Download {
    server: Arc<Server>,
    path: String,
}

impl Download {
    pub(super) fn new(server: Arc<Server>, path: String) -> Self {
        Self { server, path }
    }
}

impl PartialEq for Download {
    fn eq(&self, other: &Self) -> bool {
        (self.server.base(), &self.path) == (other.server.base(), &other.path)
    }
}

impl ForeignArtifact {
    /// Fetches it and keeps it by its content; the event that names it.
    pub(super) fn keep(&self, blobs: &Blobs) -> Result<TimedEvent, ExchangeError> {
        let blob = match &self.source {
            Source::Server(Download { server, path }) => blobs.put_from(server.download(path)?)?,
            Source::File(path) => blobs.put_file(path)?,
        };
        let named = NamedBlob {
            name: self.name.clone(),
            kind: "file".to_owned(),
            digest: blob.digest,
            bytes: blob.bytes,
            direction: Direction::Output,
        };
        Ok(TimedEvent { time: self.time, event: named.event(0) })
    }
}
