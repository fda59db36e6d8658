//! A listener: remembers the steepest gradient of a training and writes it to a file.

use std::{
    fmt, fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use aether_core::{Listener, Metric, Signal, signal::Nanos};
use serde::Deserialize;

/// The keys below `loggers`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Written anew whenever the training makes its state safe.
    path: PathBuf,
}

/// The largest gradient norm so far, and the step that had it.
#[derive(Deserialize)]
#[serde(from = "Options")]
pub(crate) struct Steepest {
    path: PathBuf,
    grad_norm: Metric,
    step: AtomicU64,
    /// The bits of the norm.
    norm: AtomicU64,
}

impl From<Options> for Steepest {
    fn from(options: Options) -> Self {
        let grad_norm = Metric::named("train/grad_norm");
        Self { path: options.path, grad_norm, step: AtomicU64::new(0), norm: AtomicU64::new(0) }
    }
}

impl fmt::Debug for Steepest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steepest").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Listener for Steepest {
    /// Called between two steps: stores two numbers, and leaves the file to `sync`.
    fn on(&self, _: Nanos, signal: &Signal) {
        if let Signal::Point { metric, step, value } = signal
            && *metric == self.grad_norm
            && *value > f64::from_bits(self.norm.load(Relaxed))
        {
            self.norm.store(value.to_bits(), Relaxed);
            self.step.store(*step, Relaxed);
        }
    }

    fn sync(&self) -> Result<(), String> {
        let (step, norm) = (self.step.load(Relaxed), f64::from_bits(self.norm.load(Relaxed)));
        fs::write(&self.path, format!("steepest at step {step}: {norm}\n"))
            .map_err(|e| format!("cannot write {}: {e}; give loggers another path", self.path.display()))
    }
}
