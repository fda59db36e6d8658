//! `Validate`: one measurement of the whole validation split.
//!
//! It is not divided: a stop request abandons it, and the snapshot says that it is still to be done.

use std::sync::Arc;

use aether_core::{Level, Metric};
use serde_json::json;

use super::{
    Phase, TrainError,
    event::number,
    orchestrator::{Next, Orchestrator},
};
use crate::{data::Sampler, metrics::Scored};

impl Orchestrator<'_> {
    pub(super) fn validate(&mut self) -> Result<Next, TrainError> {
        let Some(mean_loss) = self.measure()? else { return Ok(Next::Continue(())) };
        let values = std::iter::once(mean_loss).chain(self.metrics.values().map(|(_, value)| value));
        let measured: Vec<(Metric, f64)> = self.names.validation.iter().copied().zip(values).collect();
        self.say(&measured);
        self.measured.clone_from(&measured);
        self.progress.validated = Some(self.progress.step);
        self.progress.phase = if self.epoch_over() { Phase::EndEpoch } else { Phase::Accumulate };
        for &(metric, value) in measured.iter().filter(|(_, value)| !value.is_finite()) {
            self.tell(
                "non_finite",
                Level::Warning,
                format!("{} is {value} at step {}", metric.name(), self.progress.step),
                json!({ "quantity": metric.name(), "value": number(value) }),
            );
        }
        self.judge(&measured);
        self.call(|callback, at| callback.on_validation_end(at, &measured));
        Ok(Next::Continue(()))
    }

    /// Feeds the metrics and returns the mean loss; `None` if a stop request came between.
    fn measure(&mut self) -> Result<Option<f64>, TrainError> {
        let Some(split) = self.data.validation.as_ref().map(Arc::clone) else { return Ok(Some(f64::NAN)) };
        let sampler = Sampler::sequential(split.len(), self.settings.batch_size);
        self.metrics.reset();
        let mut sum = 0.0;
        for batch in 0..sampler.batches() {
            if self.stop.requested() {
                return Ok(None);
            }
            sampler.fill(0, batch, &mut self.indices);
            split.gather(&self.indices, &mut self.batch);
            let evaluation = self.strategy.evaluate(&self.batch)?;
            sum += evaluation.loss_sum;
            self.metrics.update(&Scored {
                size: self.batch.size,
                loss_sum: evaluation.loss_sum,
                outputs: evaluation.outputs,
                target: &self.batch.target,
            });
        }
        Ok(Some(sum / split.len() as f64))
    }

    /// Compares with the best validation, and tells early stopping.
    fn judge(&mut self, measured: &[(Metric, f64)]) {
        let value =
            |name: &str| measured.iter().find(|(metric, _)| metric.name() == name).map(|&(_, value)| value);
        if let Some(stopping) = &self.settings.early_stopping
            && let Some(value) = value(&stopping.monitor.metric)
        {
            stopping.observe(&mut self.progress.patience, value);
        }
        let monitor = &self.settings.best;
        let Some(value) = value(&monitor.metric) else { return };
        let before = self.progress.best;
        if monitor.observe(&mut self.progress.best, self.progress.step, value) {
            self.progress.best_unsaved = true;
            self.tell(
                "best",
                Level::Info,
                format!("Best {} so far: {value:.6}", monitor.metric),
                json!({ "metric": monitor.metric, "value": number(value), "before": before.map(|b| number(b.value)) }),
            );
        }
    }
}
