//! When a snapshot is due, and how it is made: first every listener makes safe what it heard, then the file is
//! written, then the pointers move, and only then older files go. So a snapshot is never ahead of its metrics, and
//! the last good one is never gone before the next is there.

use std::{collections::BTreeMap, path::PathBuf, time::Instant};

use aether_core::Level;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Every, NonFinitePolicy, OnFailure, Outcome, Phase, Progress, SnapshotPlan,
    orchestrator::{Next, Orchestrator},
};
use crate::snapshot::{DataRecord, Header, Pointer, SnapshotError, SnapshotStore, epoch_name, step_name};

/// What is known of the snapshots made so far.
#[derive(Debug)]
pub(super) struct Saves {
    pub(super) store: SnapshotStore,
    /// The last good snapshot.
    pub(super) last: Option<PathBuf>,
    /// Where the training stood at that one.
    at: Option<Place>,
    /// When that was; or when the training began.
    since: Instant,
    /// What the training was taken up from.
    pub(super) resumed_from: Option<PathBuf>,
    /// The step at which the last attempt failed: the next one waits for the plan or a validation, so that a full
    /// disk does not slow down every step.
    failed_at: Option<u64>,
}

/// What tells two states of one training apart.
type Place = (u64, Phase, u64, u32, Option<u64>);

fn place(progress: &Progress) -> Place {
    (progress.step, progress.phase, progress.batch, progress.micro, progress.validated)
}

impl Saves {
    pub(super) fn new(store: SnapshotStore) -> Self {
        Self { store, last: None, at: None, since: Instant::now(), resumed_from: None, failed_at: None }
    }

    /// Remembers a snapshot that the training was taken up from.
    pub(super) fn resumed(&mut self, path: PathBuf, progress: &Progress) {
        self.at = Some(place(progress));
        self.resumed_from = Some(path.clone());
        self.last = Some(path);
    }
}

impl Orchestrator<'_> {
    /// A rollback needs something to go back to from the first step on.
    pub(super) fn save_beginning(&mut self) -> Next {
        let rolls_back = matches!(self.settings.non_finite, NonFinitePolicy::Rollback { .. });
        if rolls_back && self.progress.rollback_to.is_none() && self.progress.at_boundary() {
            return self.save_by_plan(true);
        }
        Next::Continue(())
    }

    /// Makes a snapshot if one is due. Only between two windows, when nothing is half done.
    pub(super) fn save_if_due(&mut self) -> Next {
        let progress = &self.progress;
        if !progress.at_boundary() || self.saves.failed_at == Some(progress.step) {
            return Next::Continue(());
        }
        let asked = self.asked.take();
        let planned = self.planned();
        let retried = self.saves.failed_at.is_none() || progress.validated == Some(progress.step);
        if planned || asked || (progress.best_unsaved && retried) {
            self.save_by_plan(planned)
        } else {
            Next::Continue(())
        }
    }

    fn planned(&self) -> bool {
        let progress = &self.progress;
        if progress.step == 0 || progress.scheduled == Some(progress.step) {
            return false;
        }
        match self.settings.snapshot {
            SnapshotPlan::Every(Every::Steps(steps)) => progress.step.is_multiple_of(steps),
            SnapshotPlan::Every(Every::Epochs(epochs)) => {
                progress.batch == 0 && progress.epoch > 0 && progress.epoch.is_multiple_of(epochs)
            }
            SnapshotPlan::After(time) => self.saves.since.elapsed() >= time,
        }
    }

    fn save_by_plan(&mut self, planned: bool) -> Next {
        let before = (self.progress.scheduled, self.progress.rollback_to.clone());
        if planned {
            self.progress.scheduled = Some(self.progress.step);
            self.progress.rollback_to = Some(self.snapshot_name());
        }
        let Err(error) = self.save() else { return Next::Continue(()) };
        (self.progress.scheduled, self.progress.rollback_to) = before;
        let reason = self.save_failed(&error);
        match self.settings.on_snapshot_failure {
            OnFailure::Continue => Next::Continue(()),
            OnFailure::Stop => Next::Break(Outcome::Failed { reason }),
        }
    }

    /// Makes the last snapshot of this process, unless there is one of just this state.
    ///
    /// # Errors
    /// When it cannot be written, with the reason; that was said.
    pub(super) fn save_last(&mut self) -> Result<(), String> {
        if self.saves.at == Some(place(&self.progress)) && !self.progress.best_unsaved {
            return Ok(());
        }
        self.save().map_err(|error| self.save_failed(&error))
    }

    fn save(&mut self) -> Result<(), SnapshotError> {
        for trouble in self.bus.sync() {
            // The snapshot is made even so: where metrics are lost already, the weights should not be as well.
            self.log_trouble(&trouble);
        }
        let is_best = self.progress.best_unsaved;
        self.progress.best_unsaved = false;
        self.progress.seconds = self.seconds();
        let name = self.snapshot_name();
        let header = self.header();
        let state = self.strategy.state(self.progress.mid_window());
        let published = self.saves.store.publish(&name, &header, &state).inspect_err(|_| {
            self.progress.best_unsaved = is_best;
        })?;
        self.saves.last = Some(published.path.clone());
        self.saves.at = Some(place(&self.progress));
        self.saves.since = Instant::now();
        self.saves.failed_at = None;
        let message = format!("Snapshot {name}{}", if is_best { ", the best so far" } else { "" });
        let details =
            json!({ "path": published.path, "bytes": published.bytes, "best": is_best, "name": name });
        self.tell("snapshot", Level::Info, message, details);
        self.tidy(&name, is_best);
        self.call(|callback, at| callback.on_snapshot(at, &published.path));
        Ok(())
    }

    /// Moves the pointers and removes what is old. The snapshot is good whatever happens here.
    fn tidy(&self, name: &str, is_best: bool) {
        let store = &self.saves.store;
        // The best first: if this process dies between the two, `latest` still names the snapshot before, and a
        // resume comes by here again.
        let best = if is_best { store.point(Pointer::Best, name) } else { Ok(()) };
        let latest = store.point(Pointer::Latest, name);
        let needed = self.progress.rollback_to.as_deref();
        let pruned = store.prune(needed.as_slice());
        for error in [best, latest, pruned].into_iter().filter_map(Result::err) {
            self.tell("snapshot_failed", Level::Warning, error.to_string(), Value::Null);
        }
    }

    /// By its place: the end of an epoch, else the step.
    fn snapshot_name(&self) -> String {
        let progress = &self.progress;
        if progress.batch == 0 && progress.epoch > 0 && progress.at_boundary() {
            epoch_name(progress.epoch)
        } else {
            step_name(progress.step, progress.micro)
        }
    }

    fn header(&self) -> Header {
        let states = self.callbacks.iter().map(|(name, callback)| (name.clone(), callback.state()));
        Header {
            aether_version: env!("CARGO_PKG_VERSION").to_owned(),
            written: Timestamp::now(),
            experiment: self.settings.experiment.clone(),
            data: DataRecord::from(self.data),
            progress: self.progress.clone(),
            callbacks: states.filter(|(_, state)| !state.is_null()).collect::<BTreeMap<_, _>>(),
        }
    }

    /// Says that a snapshot could not be made, and what is still there. Returns the sentence.
    fn save_failed(&mut self, error: &SnapshotError) -> String {
        self.saves.failed_at = Some(self.progress.step);
        self.saves.since = Instant::now();
        let message = match self.last_snapshot() {
            Some(path) => format!("no snapshot: {error}. The last good one is {}", path.display()),
            None => format!("no snapshot: {error}. There is none yet"),
        };
        let details = json!({ "error": error.to_string(), "last_good": self.last_snapshot() });
        self.tell("snapshot_failed", Level::Error, message.clone(), details);
        message
    }

    /// Says that a listener failed, and whether the training goes on.
    pub(super) fn log_failed(&mut self, trouble: String) -> Next {
        self.log_trouble(&trouble);
        match self.settings.on_log_failure {
            OnFailure::Continue => Next::Continue(()),
            OnFailure::Stop => {
                let saved = self.save_last().map_or_else(|why| why, |()| "the state was saved".to_owned());
                let reason = format!("a listener failed: {trouble} (on_log_failure: halt; {saved})");
                Next::Break(Outcome::Failed { reason })
            }
        }
    }

    fn log_trouble(&self, trouble: &str) {
        let message = format!("Metrics may be lost: {trouble}");
        self.tell("log_failed", Level::Error, message, json!({ "error": trouble }));
    }
}
