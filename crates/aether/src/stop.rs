//! Signals: the first Ctrl-C or SIGTERM asks the training to stop at its next safe point; a second one ends the
//! process at once. SIGUSR1 asks for a snapshot.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use aetheria::train::{SnapshotFlag, StopFlag};
use signal_hook::{
    consts::{SIGINT, SIGTERM, SIGUSR1},
    flag,
};

/// What a process returns that was stopped by Ctrl-C: 128 + SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// Makes both signals set the flag that is returned; a signal that finds it set exits.
///
/// # Errors
/// When the operating system refuses a handler.
pub(crate) fn on_signals() -> io::Result<StopFlag> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal must not find the flag that it sets itself.
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    Ok(StopFlag::from(asked))
}

/// Makes SIGUSR1 set the flag that is returned.
///
/// # Errors
/// When the operating system refuses a handler.
pub(crate) fn snapshot_on_signal() -> io::Result<SnapshotFlag> {
    let asked = Arc::new(AtomicBool::new(false));
    flag::register(SIGUSR1, Arc::clone(&asked))?;
    Ok(SnapshotFlag::from(asked))
}
