//! `Accumulate`: one batch forward and backward.

use super::{
    Phase, TrainError, Window,
    non_finite::Found,
    orchestrator::{Next, Orchestrator},
};
use crate::strategy::Pass;

impl Orchestrator<'_> {
    pub(super) fn accumulate(&mut self) -> Result<Next, TrainError> {
        let window = self.windows.of(self.progress.batch);
        if self.progress.micro == 0 && self.progress.skip.contains(&(self.progress.step + 1)) {
            self.skip_window(window);
            return Ok(Next::Continue(()));
        }
        self.gather(self.progress.batch);
        let loss = self.strategy.accumulate(&self.batch, self.pass(window, self.progress.micro))?;
        if !loss.is_finite() {
            return self.non_finite(window, Found::Loss(loss));
        }
        self.progress.window_loss += loss;
        self.progress.batch += 1;
        self.progress.micro += 1;
        if self.progress.micro == window.batches {
            self.progress.phase = Phase::Update;
        }
        Ok(Next::Continue(()))
    }

    /// How batch `micro` of a window is passed.
    pub(super) fn pass(&self, window: Window, micro: u32) -> Pass {
        Pass { step: self.progress.step + 1, micro, weight: (1.0 / window.samples as f64) as f32 }
    }

    /// Leaves a window behind, whether it made an update or not.
    pub(super) fn close_window(&mut self, window: Window) {
        let progress = &mut self.progress;
        progress.step += 1;
        progress.batch = window.first + u64::from(window.batches);
        progress.micro = 0;
        progress.window_loss = 0.0;
        progress.said.clear();
        self.progress.phase = self.after_window();
    }
}
