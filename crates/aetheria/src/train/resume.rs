//! Takes a training up again from a snapshot.
//!
//! The parts of an experiment that make a step what it is must be those of the snapshot: the model, the kind of
//! optimizer, the data, the batch size, the accumulation and the seed. Everything else may change: how long to train,
//! the learning rate and its schedule, clipping, what is measured, logged and written down, the threads. If something
//! did change, `resumed` says what.

use aether_core::Level;
use serde_json::{Value, json};

use super::{Phase, Progress, TrainError, orchestrator::Orchestrator};
use crate::snapshot::{DataRecord, Pointer, Snapshot, SnapshotError};

/// The keys of an experiment that must not change.
const FIXED: [&str; 7] =
    ["model_name", "model", "batch_size", "drop_last", "grad_accumulation_steps", "seed", "mixed_precision"];

impl Orchestrator<'_> {
    /// Goes to where `snapshot` was made. To be called before [`run`](Self::run).
    ///
    /// # Errors
    /// When the snapshot is of another training. The strategy has not changed then.
    pub fn resume(&mut self, snapshot: &Snapshot) -> Result<(), TrainError> {
        let header = snapshot.header();
        for key in FIXED {
            same(key, &header.experiment[key], &self.settings.experiment[key])?;
        }
        same("optimizer.kind", kind(&header.experiment), kind(&self.settings.experiment))?;
        let (then, now) = (&header.data, DataRecord::from(self.data));
        if (&then.spec, &then.fingerprint) != (&now.spec, &now.fingerprint) {
            let told = |record: &DataRecord| format!("{} (fingerprint {})", record.name, record.fingerprint);
            return Err(TrainError::Changed { key: "data".to_owned(), then: told(then), now: told(&now) });
        }
        self.check_place(&header.progress).map_err(|what| SnapshotError::Altered {
            path: snapshot.path().to_owned(),
            what: format!("its progress makes no sense: {what}"),
        })?;
        snapshot.restore(self.strategy)?;
        self.progress = header.progress.clone();
        for (name, callback) in &mut self.callbacks {
            if let Some(state) = header.callbacks.get(name) {
                callback.restore(state);
            }
        }
        self.saves.resumed(snapshot.path().to_owned(), &self.progress);
        self.mend_best(snapshot);
        self.rewind();
        let changed = changed(&header.experiment, &self.settings.experiment);
        let mut message = format!("Resumed at {} from {}", self.progress.place(), snapshot.path().display());
        let level = if changed.is_empty() { Level::Info } else { Level::Warning };
        if !changed.is_empty() {
            message += &format!("; changed since: {}", changed.join(", "));
        }
        let mut details = self.plan();
        if let Value::Object(fields) = &mut details {
            fields.insert("snapshot".to_owned(), json!(snapshot.path()));
            fields.insert("changed".to_owned(), json!(changed));
        }
        self.tell("resumed", level, message, details);
        Ok(())
    }

    /// Whether an epoch has such a place. A checksum does not keep anyone from writing nonsense.
    fn check_place(&self, progress: &Progress) -> Result<(), String> {
        let Progress { batch, micro, phase, .. } = *progress;
        let batches = self.windows.batches();
        if batch > batches {
            return Err(format!("batch {batch} of an epoch of {batches}"));
        }
        // The window that is open, or, between two windows, the one just closed.
        let window = self.windows.of(batch.saturating_sub(1));
        let begun = if batch == 0 { 0 } else { batch - window.first };
        let full = begun == u64::from(window.batches);
        let fits = match phase {
            Phase::Accumulate => u64::from(micro) == if full { 0 } else { begun },
            Phase::Update => full && u64::from(micro) == begun,
            Phase::Validate | Phase::EndEpoch => micro == 0 && (full || batch == 0),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{phase:?} after batch {batch}, {micro} of them in the window"))
        }
    }

    /// Names the snapshot as the best one if it is: its process may have died before it could.
    fn mend_best(&self, snapshot: &Snapshot) {
        let is_best = self.progress.best.is_some_and(|best| best.step == self.progress.step);
        let path = snapshot.path();
        let inside = path.parent() == Some(self.saves.store.directory());
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| is_best && inside) {
            // A resume is worth more than a pointer: the next best validation moves it.
            let _ = self.saves.store.point(Pointer::Best, name);
        }
    }
}

fn kind(experiment: &Value) -> &Value {
    &experiment["optimizer"]["kind"]
}

fn same(key: &str, then: &Value, now: &Value) -> Result<(), TrainError> {
    if then == now {
        return Ok(());
    }
    Err(TrainError::Changed { key: key.to_owned(), then: then.to_string(), now: now.to_string() })
}

/// The keys whose values differ.
fn changed(then: &Value, now: &Value) -> Vec<String> {
    let (Value::Object(then), Value::Object(now)) = (then, now) else { return Vec::new() };
    let mut keys: Vec<&String> =
        then.keys().chain(now.keys()).filter(|key| then.get(*key) != now.get(*key)).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter().cloned().collect()
}
