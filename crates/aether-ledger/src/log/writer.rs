//! Writes a log of signals from the thread that trains, without ever making it wait.

use aether_core::{Listener, Signal, signal::Nanos};

use crate::{LedgerError, RunDirectory};

/// A [`Listener`] that appends everything it hears to a log of its own.
#[derive(Debug)]
pub struct SignalLog {}

impl SignalLog {
    /// Opens a new log in a run's directory, for the session that `run.json` counts as `resumed`.
    ///
    /// # Errors
    /// When the file or the writing thread cannot be made.
    pub fn create(_directory: &RunDirectory, _session: u32) -> Result<Self, LedgerError> {
        todo!()
    }
}

impl Listener for SignalLog {
    fn on(&self, _time: Nanos, _signal: &Signal) {
        todo!()
    }

    fn sync(&self) -> Result<(), String> {
        todo!()
    }

    fn trouble(&self) -> Option<String> {
        todo!()
    }
}
