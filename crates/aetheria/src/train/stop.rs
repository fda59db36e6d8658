//! How a run is asked to stop.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Asks a training to stop at its next safe point: after the batch in work. Made from the same flag that a signal
/// handler sets; setting it is async-signal-safe.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    #[inline]
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for StopFlag {
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}
