//! Back to the last good snapshot, with a lower rate, past the window that went wrong.
//!
//! Good is a snapshot that was due by the experiment's plan, or the one made at the beginning; not one that an
//! interruption made, so that a training that was interrupted goes the way of one that was not. The window is never
//! tried again, and the number of rollbacks is bounded, so this ends.

use aether_core::Level;
use serde_json::Value;

use super::{
    Outcome, Progress,
    orchestrator::{Next, Orchestrator},
};
use crate::snapshot::Snapshot;

impl Orchestrator<'_> {
    pub(super) fn roll_back(&mut self, rate_factor: f64, cause: &str, mut details: Value) -> Next {
        let fail = |why: String| {
            let reason = format!("{cause}, and the rollback failed: {why}");
            Next::Break(Outcome::Failed { reason })
        };
        let Some(name) = self.progress.rollback_to.clone() else {
            return fail("no snapshot could be written yet".to_owned());
        };
        let snapshot = match Snapshot::open(self.saves.store.directory().join(&name)) {
            Ok(snapshot) => snapshot,
            Err(error) => return fail(error.to_string()),
        };
        if let Err(error) = snapshot.restore(self.strategy) {
            return fail(error.to_string());
        }
        let header = snapshot.header();
        let mut skip = std::mem::take(&mut self.progress.skip);
        skip.insert(self.progress.step + 1);
        self.progress = Progress {
            skip,
            rollbacks: self.progress.rollbacks + 1,
            rate_factor: self.progress.rate_factor * rate_factor,
            // It may have been written before the validation at its step was known to be its best.
            ..header.progress.clone()
        };
        for (name, callback) in &mut self.callbacks {
            if let Some(state) = header.callbacks.get(name) {
                callback.restore(state);
            }
        }
        self.rewind();
        if let Value::Object(fields) = &mut details {
            fields.insert("snapshot".to_owned(), name.clone().into());
            fields.insert("rate_factor".to_owned(), self.progress.rate_factor.into());
            fields.insert("times".to_owned(), self.progress.rollbacks.into());
        }
        let message = format!(
            "{cause}; back to step {} ({name}), learning rate times {}",
            self.progress.step, self.progress.rate_factor
        );
        self.tell("rolled_back", Level::Warning, message, details);
        Next::Continue(())
    }
}
