//! How a training is asked to stop, or for a snapshot.

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

/// Asks a training for a snapshot at its next step, and to go on. Made from the same flag that a signal handler sets;
/// setting it is async-signal-safe.
#[derive(Debug, Clone, Default)]
pub struct SnapshotFlag(Arc<AtomicBool>);

impl SnapshotFlag {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked since the last call.
    #[inline]
    pub(super) fn take(&self) -> bool {
        // Most of the time nobody has, and reading is cheaper than replacing.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for SnapshotFlag {
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}
