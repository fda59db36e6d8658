//! The state machine: what it holds, and how it goes from phase to phase. What each phase does is in the file of its
//! name.

use std::{ops::ControlFlow, path::PathBuf, time::Instant};

use aether_core::{Bus, Level, Metric};
use serde_json::{Value, json};

use super::{
    Every, Outcome, Phase, Progress, Report, Settings, SnapshotFlag, StopFlag, TrainError, Windows,
    event::number, save::Saves,
};
use crate::{
    callback::{At, Callback, Flow},
    data::{Batch, Dataset, Sampler},
    metrics::Metrics,
    snapshot::SnapshotStore,
    strategy::Strategy,
};

/// Whether the machine goes on, or how the training ends.
pub(super) type Next = ControlFlow<Outcome>;

/// What a training is made of.
pub struct Parts<'a> {
    /// What it goes by.
    pub settings: &'a Settings,
    /// What is learned.
    pub data: &'a Dataset,
    /// What does the arithmetic.
    pub strategy: &'a mut dyn Strategy,
    /// Whom it tells.
    pub bus: &'a Bus,
    /// Who may stop it.
    pub stop: &'a StopFlag,
    /// Where its snapshots go.
    pub store: SnapshotStore,
    /// Who is called at its moments, by name.
    pub callbacks: Vec<(String, Box<dyn Callback>)>,
}

impl std::fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("data", self.data).field("store", &self.store).finish_non_exhaustive()
    }
}

/// Drives a training from its beginning, or from a snapshot, to its end.
pub struct Orchestrator<'a> {
    pub(super) settings: &'a Settings,
    pub(super) data: &'a Dataset,
    pub(super) strategy: &'a mut dyn Strategy,
    pub(super) bus: &'a Bus,
    pub(super) stop: &'a StopFlag,
    pub(super) asked: SnapshotFlag,
    pub(super) callbacks: Vec<(String, Box<dyn Callback>)>,
    pub(super) progress: Progress,
    pub(super) saves: Saves,
    pub(super) sampler: Sampler,
    pub(super) windows: Windows,
    pub(super) metrics: Metrics,
    pub(super) names: Names,
    /// What the last validation measured.
    pub(super) measured: Vec<(Metric, f64)>,
    /// The batch in work; its buffers are used again and again.
    pub(super) batch: Batch,
    pub(super) indices: Vec<u32>,
    /// Why a callback wants an end.
    pub(super) wish: Option<String>,
    began: Instant,
    seconds_before: f64,
}

/// The metrics by number, so that a step looks none up by name.
pub(super) struct Names {
    pub(super) loss: Metric,
    pub(super) grad_norm: Metric,
    pub(super) learning_rate: Metric,
    pub(super) epoch_loss: Metric,
    /// `val/loss`, then the validation's metrics in their order.
    pub(super) validation: Vec<Metric>,
}

impl std::fmt::Debug for Orchestrator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Orchestrator")
            .field("strategy", &self.strategy.describe())
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl<'a> Orchestrator<'a> {
    /// A training at its beginning.
    ///
    /// # Errors
    /// When the settings and the data do not go together.
    pub fn new(parts: Parts<'a>) -> Result<Self, TrainError> {
        let Parts { settings, data, strategy, bus, stop, store, callbacks } = parts;
        let sampler = Sampler::shuffled(settings.seed, data.train.len(), settings.batch_size)
            .drop_last(settings.drop_last);
        let windows =
            Windows::new(data.train.len(), settings.batch_size, sampler.batches(), settings.accumulation);
        let names = Names {
            loss: Metric::named("train/loss"),
            grad_norm: Metric::named("train/grad_norm"),
            learning_rate: Metric::named("train/learning_rate"),
            epoch_loss: Metric::named("train/epoch_loss"),
            validation: std::iter::once("loss")
                .chain(settings.metrics.iter().map(String::as_str))
                .map(|name| Metric::named(&format!("val/{name}")))
                .collect(),
        };
        check(settings, data, &windows, &names)?;
        Ok(Self {
            settings,
            data,
            strategy,
            bus,
            stop,
            asked: SnapshotFlag::default(),
            callbacks,
            progress: Progress::default(),
            saves: Saves::new(store),
            sampler,
            windows,
            metrics: Metrics::new(&settings.metrics, &data.spec)?,
            names,
            measured: Vec::new(),
            batch: Batch::new(&data.spec),
            indices: Vec::new(),
            wish: None,
            began: Instant::now(),
            seconds_before: 0.0,
        })
    }

    /// Also writes a snapshot when `asked` to.
    #[must_use]
    pub fn snapshot_when(self, asked: SnapshotFlag) -> Self {
        Self { asked, ..self }
    }

    /// Where the training stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// When the strategy fails. Everything else that goes wrong on the way is an [`Outcome`].
    pub fn run(mut self) -> Result<Report, TrainError> {
        let mut next = self.begin();
        while next.is_continue() {
            next = self.advance()?;
        }
        let outcome = match next {
            ControlFlow::Break(outcome) => self.conclude(outcome),
            ControlFlow::Continue(()) => Outcome::Interrupted,
        };
        let at = At { progress: &self.progress, settings: self.settings };
        for (_, callback) in &mut self.callbacks {
            callback.on_end(at, &outcome);
        }
        Ok(Report {
            outcome,
            snapshot: self.saves.last.clone(),
            best: self.progress.best,
            monitor: self.settings.best.metric.clone(),
            measured: self.measured.iter().map(|&(metric, value)| (metric.name(), value)).collect(),
            progress: self.progress,
        })
    }

    /// One turn of the machine: the goal, a request to stop, one phase, a snapshot if one is due.
    fn advance(&mut self) -> Result<Next, TrainError> {
        if self.progress.at_boundary()
            && let Some((by, reason)) = self.goal()
        {
            if !self.validation_missing() {
                return Ok(Next::Break(Outcome::Finished { by, reason }));
            }
            // A training that ends between two validations is measured where it ends.
            self.progress.phase = Phase::Validate;
        }
        if self.stop.requested() {
            return Ok(Next::Break(Outcome::Interrupted));
        }
        let next = match self.progress.phase {
            Phase::Accumulate => self.accumulate()?,
            Phase::Update => self.update()?,
            Phase::Validate => self.validate()?,
            Phase::EndEpoch => self.end_epoch(),
        };
        if next.is_break() {
            return Ok(next);
        }
        if let Some(trouble) = self.bus.trouble()
            && let Next::Break(outcome) = self.log_failed(trouble)
        {
            return Ok(Next::Break(outcome));
        }
        Ok(self.save_if_due())
    }

    /// The phase that follows a window.
    pub(super) fn after_window(&self) -> Phase {
        if self.data.validation.is_some() && self.validation_due() {
            Phase::Validate
        } else if self.epoch_over() {
            Phase::EndEpoch
        } else {
            Phase::Accumulate
        }
    }

    /// Whether all batches of the epoch are behind us.
    pub(super) fn epoch_over(&self) -> bool {
        self.progress.batch >= self.windows.batches()
    }

    fn validation_due(&self) -> bool {
        match self.settings.validate {
            Every::Steps(steps) => self.progress.step.is_multiple_of(steps),
            Every::Epochs(epochs) => self.epoch_over() && (self.progress.epoch + 1).is_multiple_of(epochs),
        }
    }

    fn validation_missing(&self) -> bool {
        self.data.validation.is_some()
            && self.progress.step > 0
            && self.progress.validated != Some(self.progress.step)
    }

    /// Why the training is at its end, if it is: a function of where it stands and what it goes by alone, so that a
    /// finished training goes on when it is resumed with a farther goal.
    fn goal(&self) -> Option<(&'static str, String)> {
        let (progress, settings) = (&self.progress, self.settings);
        if let Some(reason) = &self.wish {
            return Some(("callback", reason.clone()));
        }
        if settings.max_steps.is_some_and(|steps| progress.step >= steps) {
            return Some(("max_steps", format!("all {} steps are done", progress.step)));
        }
        if settings.epochs.is_some_and(|epochs| progress.epoch >= epochs) {
            return Some(("epochs", format!("all {} epochs are done", progress.epoch)));
        }
        let stopping = settings.early_stopping.as_ref()?;
        stopping.exhausted(&progress.patience).then(|| {
            let metric = &stopping.monitor.metric;
            (
                "early_stopping",
                format!("{metric} has not improved for {} validations", progress.patience.stale),
            )
        })
    }

    /// The step after which the training ends at the latest.
    fn total_steps(&self) -> Option<u64> {
        let by_epochs = self.settings.epochs.map(|epochs| epochs.saturating_mul(self.windows.steps()));
        [by_epochs, self.settings.max_steps].into_iter().flatten().min()
    }

    /// Says what will be done.
    fn begin(&mut self) -> Next {
        self.seconds_before = self.progress.seconds;
        if self.saves.resumed_from.is_none() {
            let validation = self.data.validation.as_ref().map_or(0, |split| split.len());
            let message = format!(
                "Training on {}: {} samples, {validation} for validation; {}",
                self.data.name,
                self.data.train.len(),
                self.strategy.describe()
            );
            self.tell("started", Level::Info, message, self.plan());
        }
        self.call(|callback, at| callback.on_start(at));
        self.save_beginning()
    }

    /// What whoever shows a progress line must know.
    pub(super) fn plan(&self) -> Value {
        json!({
            "data": self.data.name,
            "train_samples": self.data.train.len(),
            "validation_samples": self.data.validation.as_ref().map_or(0, |split| split.len()),
            "strategy": self.strategy.describe(),
            "batch_size": self.settings.batch_size,
            "batches_per_step": self.settings.accumulation,
            "steps_per_epoch": self.windows.steps(),
            "epochs": self.settings.epochs,
            "total_steps": self.total_steps(),
            "snapshots": self.saves.store.directory(),
        })
    }

    /// Makes the last snapshot and says how it ended.
    fn conclude(&mut self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Finished { by, reason } => self.finish(by, reason),
            Outcome::Interrupted => self.interrupt(),
            Outcome::Failed { reason } => self.fail(reason),
        }
    }

    fn finish(&mut self, by: &'static str, reason: String) -> Outcome {
        if let Err(why) = self.save_last() {
            return self.fail(format!("the trained model could not be saved: {why}"));
        }
        let progress = &self.progress;
        let details = json!({
            "by": by,
            "epoch": progress.epoch,
            "updates": progress.updates,
            "loss": number(progress.last_loss),
            "best": progress.best,
            "monitor": self.settings.best.metric,
            "seconds": progress.seconds,
            "snapshot": self.saves.last,
        });
        let kind = if by == "early_stopping" { "stopped_early" } else { "finished" };
        self.tell(kind, Level::Info, format!("Finished after {} steps: {reason}", progress.step), details);
        self.say_last();
        Outcome::Finished { by, reason }
    }

    /// Has the listeners make everything safe. A failure now was told as [`log_failed`](Self::log_failed) before, or
    /// is told by the listener's owner: nobody is left to hear it.
    pub(super) fn say_last(&self) {
        for trouble in self.bus.sync() {
            self.tell("log_failed", Level::Error, trouble, Value::Null);
        }
    }

    /// Seconds of work over all processes, up to now.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.began.elapsed().as_secs_f64()
    }

    /// Gathers a batch of the training split.
    pub(super) fn gather(&mut self, batch: u64) {
        self.sampler.fill(self.progress.epoch, batch, &mut self.indices);
        self.data.train.gather(&self.indices, &mut self.batch);
    }

    /// Calls one hook of every callback, and notes who wants an end.
    pub(super) fn call(&mut self, mut hook: impl FnMut(&mut dyn Callback, At<'_>) -> Flow) {
        let at = At { progress: &self.progress, settings: self.settings };
        for (_, callback) in &mut self.callbacks {
            if let Flow::Stop(reason) = hook(callback.as_mut(), at) {
                self.wish.get_or_insert(reason);
            }
        }
    }

    /// The snapshot that a person is told to resume from.
    pub(super) fn last_snapshot(&self) -> Option<&PathBuf> {
        self.saves.last.as_ref()
    }
}

/// Finds out before the first step what could never work.
fn check(settings: &Settings, data: &Dataset, windows: &Windows, names: &Names) -> Result<(), TrainError> {
    if settings.epochs.is_none() && settings.max_steps.is_none() {
        return Err(TrainError::Plan("the training has no end: set epochs or max_steps".to_owned()));
    }
    if windows.batches() == 0 {
        let (samples, size) = (data.train.len(), settings.batch_size);
        return Err(TrainError::Plan(format!(
            "batch_size {size} leaves no batch of the {samples} training samples of {}: lower it",
            data.name
        )));
    }
    if settings.early_stopping.is_some() && data.validation.is_none() {
        return Err(TrainError::NothingToWatch { data: data.name.clone() });
    }
    let monitors = settings.early_stopping.iter().map(|stopping| ("early_stopping", &stopping.monitor));
    for (key, monitor) in monitors.chain([("best", &settings.best)]) {
        if names.validation.iter().all(|metric| metric.name() != monitor.metric) {
            let known: Vec<_> = names.validation.iter().map(|metric| metric.name()).collect();
            return Err(TrainError::Monitor {
                key,
                monitor: monitor.metric.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(())
}
