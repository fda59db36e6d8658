//! Callbacks: code of others that a training calls at named moments, and that may ask it to stop.
//!
//! A callback runs on the training thread, so what it costs, every step pays. Whoever only wants to hear what happens
//! is better off as a [`Listener`](aether_core::Listener).

use std::path::Path;

use aether_core::Metric;
use serde_json::Value;

use crate::train::{Outcome, Progress, Settings};

/// Where a training is when a callback is called.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Where it stands.
    pub progress: &'a Progress,
    /// What it goes by.
    pub settings: &'a Settings,
}

/// One optimizer step that was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepEnd {
    /// The mean loss of the window's samples.
    pub loss: f64,
    /// The global L2 norm of the gradients, before clipping.
    pub grad_norm: f64,
    /// The learning rate it was made with.
    pub rate: f64,
}

/// What a callback wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// That the training goes on.
    Continue,
    /// That it ends as finished at the end of this window, for this reason.
    Stop(String),
}

/// Called at named moments of a training. Every hook does nothing unless implemented.
pub trait Callback: Send {
    /// Before the first batch, of a resumed training too.
    fn on_start(&mut self, at: At<'_>) -> Flow {
        let _ = at;
        Flow::Continue
    }

    /// After each optimizer step. Dropped windows make none.
    fn on_step_end(&mut self, at: At<'_>, step: StepEnd) -> Flow {
        let _ = (at, step);
        Flow::Continue
    }

    /// After each validation, with all that was measured.
    fn on_validation_end(&mut self, at: At<'_>, measured: &[(Metric, f64)]) -> Flow {
        let _ = (at, measured);
        Flow::Continue
    }

    /// After each epoch, with the mean training loss of its samples.
    fn on_epoch_end(&mut self, at: At<'_>, loss: f64) -> Flow {
        let _ = (at, loss);
        Flow::Continue
    }

    /// After a snapshot is safely on disk.
    fn on_snapshot(&mut self, at: At<'_>, path: &Path) -> Flow {
        let _ = (at, path);
        Flow::Continue
    }

    /// After the last signal of the training.
    fn on_end(&mut self, at: At<'_>, outcome: &Outcome) {
        let _ = (at, outcome);
    }

    /// What it must remember to go on after a resume as if nothing had happened. Kept in every snapshot.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes up what [`state`](Self::state) gave.
    fn restore(&mut self, state: &Value) {
        let _ = state;
    }
}
