//! What may run beside a supervised program, such as a watcher, without this crate knowing it.

use std::{fmt, sync::Arc, time::Duration};

use aether_ledger::RunWriter;

use super::journal::Journal;

/// An attempt that has begun.
pub struct Started<'a> {
    /// The program's process. Its tree is what is below the supervisor, this process, in other sessions than its own.
    pub pid: u32,
    /// The run.
    pub run: &'a Arc<RunWriter>,
    /// The number of the session, counted from 0.
    pub session: u32,
    /// The supervisor's own log of this session, to say things in.
    pub journal: &'a mut Journal,
}

impl fmt::Debug for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("pid", &self.pid)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Hears of the program, in the supervisor's process and on its one loop: each call must return soon, and may start
/// threads for what takes longer. To stop the run from here, send SIGTERM to this process.
pub trait Hooks {
    /// An attempt has begun.
    fn started(&mut self, _started: Started<'_>) {}

    /// How often `tick` is to be called; `None` for never.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// Called about every `interval` while the program lives.
    fn tick(&mut self) {}

    /// The program of the current attempt has ended; the run's record says nothing of it yet.
    fn ended(&mut self) -> Closing {
        Closing::default()
    }
}

/// What is left to say when a program has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closing {
    /// Why the run was stopped from here, if it was: the reason that its record keeps.
    pub stopped: Option<String>,
    /// For those who look on, now that nothing can be disturbed by it.
    pub note: Option<String>,
}

/// Nothing beside the program.
#[derive(Debug)]
pub struct NoHooks;

impl Hooks for NoHooks {}
