//! What whoever watches a run hears of it.

use std::{path::Path, sync::Arc};

use aether_core::{Event, signal::Nanos};
use aether_ledger::LedgerError;

use crate::{Ear, Observed, ear::Hearing, tail::Tail};

/// One thing that a run said.
pub(crate) enum Heard<'a> {
    /// A value.
    Point(&'a Observed),
    /// That this is its last step.
    Goal(u64),
    /// Something that somebody may want to hear of at once.
    Alert(Nanos, &'a Event),
}

/// Where a run is listened to.
#[derive(Debug)]
pub(crate) enum Voice {
    /// In its logs.
    Logs(Tail),
    /// In this process.
    Bus(Arc<Ear>, Hearing),
}

impl Voice {
    /// Tells what was said since the last call.
    ///
    /// # Errors
    /// When a log cannot be read; the others were.
    pub(crate) fn poll(&mut self, heard: impl FnMut(Heard<'_>)) -> Result<(), LedgerError> {
        match self {
            Self::Logs(tail) => tail.poll(heard),
            Self::Bus(ear, hearing) => {
                hearing.poll(ear, heard);
                Ok(())
            }
        }
    }

    /// From now on does not listen to the log of whoever watches.
    pub(crate) fn pass_over(&mut self, own: &Path) {
        if let Self::Logs(tail) = self {
            tail.pass_over(own);
        }
    }

    /// Whether the run, or somebody else who watches it, has said this already.
    pub(crate) fn knows(&self, event: &Event) -> bool {
        match self {
            Self::Logs(tail) => tail.knows(event),
            Self::Bus(_, hearing) => hearing.knows(event),
        }
    }
}
