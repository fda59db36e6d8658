//! `Update`: the optimizer step of a full window.

use super::{
    TrainError,
    non_finite::Found,
    orchestrator::{Next, Orchestrator},
};
use crate::{callback::StepEnd, strategy::Update};

impl Orchestrator<'_> {
    pub(super) fn update(&mut self) -> Result<Next, TrainError> {
        let window = self.windows.of(self.progress.batch - 1);
        let grad_norm = self.strategy.gradient_norm()?;
        if !grad_norm.is_finite() {
            return self.non_finite(window, Found::GradNorm(grad_norm));
        }
        let rate = self.rate();
        let update = Update { step: self.progress.updates + 1, rate, scale: self.clip(grad_norm) };
        if let Err(found) = self.strategy.update(update)? {
            return self.non_finite(window, Found::Parameter(found));
        }
        let loss = self.progress.window_loss / window.samples as f64;
        self.progress.updates += 1;
        self.progress.last_loss = loss;
        self.progress.epoch_loss += self.progress.window_loss;
        self.progress.epoch_samples += window.samples;
        self.close_window(window);
        if self.progress.step.is_multiple_of(self.settings.log_every_steps) {
            let points = [
                (self.names.loss, loss),
                (self.names.grad_norm, grad_norm),
                (self.names.learning_rate, rate),
            ];
            self.say(&points);
        }
        self.call(|callback, at| callback.on_step_end(at, StepEnd { loss, grad_norm, rate }));
        Ok(Next::Continue(()))
    }

    /// The learning rate of the step that the window in work will make.
    pub(super) fn rate(&self) -> f64 {
        let factor = self.settings.schedule.factor(self.progress.step + 1);
        self.settings.learning_rate * self.progress.rate_factor * factor
    }

    /// What gradients of this norm are multiplied by, as `torch.nn.utils.clip_grad_norm_` has it.
    fn clip(&self, norm: f64) -> f32 {
        self.settings.max_grad_norm.map_or(1.0, |max| (max / (norm + 1e-6)).min(1.0) as f32)
    }
}
