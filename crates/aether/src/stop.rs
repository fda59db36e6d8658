//! Signals: the first Ctrl-C or SIGTERM asks the training to stop at its next safe point; a second one ends the
//! process at once.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use aetheria::train::StopFlag;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
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
