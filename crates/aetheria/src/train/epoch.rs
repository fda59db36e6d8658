//! `EndEpoch`: the books of an epoch are closed.

use aether_core::Level;
use serde_json::{Map, json};

use super::{
    Phase,
    event::number,
    orchestrator::{Next, Orchestrator},
};

impl Orchestrator<'_> {
    pub(super) fn end_epoch(&mut self) -> Next {
        // NaN when every window of the epoch was dropped.
        let loss = self.progress.epoch_loss / self.progress.epoch_samples as f64;
        self.say(&[(self.names.epoch_loss, loss)]);
        let progress = &mut self.progress;
        progress.epoch += 1;
        progress.batch = 0;
        progress.epoch_loss = 0.0;
        progress.epoch_samples = 0;
        progress.phase = Phase::Accumulate;
        let epoch = progress.epoch;
        let validated = progress.validated == Some(progress.step);
        // Said at this step, by this process or before a resume.
        let measured: Map<_, _> = progress
            .said
            .iter()
            .filter(|said| validated && self.names.validation.contains(&said.metric))
            .map(|said| (said.metric.name().to_owned(), number(said.value)))
            .collect();
        let message = match self.settings.epochs {
            Some(epochs) => format!("Epoch {epoch} of {epochs}"),
            None => format!("Epoch {epoch}"),
        };
        let details = json!({ "epoch": epoch, "epochs": self.settings.epochs, "loss": number(loss), "measured": measured });
        self.tell("epoch", Level::Info, message, details);
        self.call(|callback, at| callback.on_epoch_end(at, loss));
        Next::Continue(())
    }
}
