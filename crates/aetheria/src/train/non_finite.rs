//! What happens when a NaN or an infinity turns up in a window.
//!
//! It is found in the step where it arises: the loss is looked at after each batch, the gradients' norm before each
//! update, the parameters within it. Then the window is run again, one operation at a time, to name the first
//! operation that made one. The optimizer has not been touched by then, whatever the policy.
//!
//! A dropped window counts as a step, so that the schedule, the order of the samples and the random draws of all
//! later windows are what they would have been; it does not count as an update, so Adam's bias correction is not
//! moved by it.

use aether_core::Level;
use serde_json::{Value, json};

use super::{
    NonFinitePolicy, Outcome, TrainError, Window,
    event::number,
    orchestrator::{Next, Orchestrator},
};
use crate::strategy::NonFinite;

/// Where a NaN or an infinity was noticed.
#[derive(Debug)]
pub(super) enum Found {
    /// In a batch's loss: the batch in work.
    Loss(f64),
    /// In the norm of the window's gradients.
    GradNorm(f64),
    /// In a parameter that the update would have made.
    Parameter(NonFinite),
}

impl Found {
    fn quantity(&self) -> &'static str {
        match self {
            Self::Loss(_) => "loss",
            Self::GradNorm(_) => "gradient",
            Self::Parameter(_) => "parameter",
        }
    }
}

/// Where it arose, as far as the strategy could tell.
struct Culprit {
    /// The batch of the window; `None` if it is the update's doing.
    micro: Option<u32>,
    place: Option<NonFinite>,
}

impl Orchestrator<'_> {
    /// Names where it arose, says so, and follows the policy.
    pub(super) fn non_finite(&mut self, window: Window, found: Found) -> Result<Next, TrainError> {
        let culprit = self.locate(window, &found)?;
        match self.settings.non_finite {
            NonFinitePolicy::Skip => {
                let loss = self.window_loss(window, &found);
                self.close_window(window);
                self.progress.last_loss = loss;
                self.say(&[(self.names.loss, loss)]);
                let (message, details) = self.describe(self.progress.step, &found, &culprit);
                self.tell("non_finite", Level::Warning, format!("{message}; the step was dropped"), details);
                Ok(Next::Continue(()))
            }
            NonFinitePolicy::Halt => {
                let (message, details) = self.describe(self.progress.step + 1, &found, &culprit);
                self.void_window(window);
                self.tell("non_finite", Level::Error, message.clone(), details);
                Ok(Next::Break(Outcome::Failed { reason: self.halted(&message) }))
            }
            NonFinitePolicy::Rollback { rate_factor, max_times } => {
                let (message, details) = self.describe(self.progress.step + 1, &found, &culprit);
                self.void_window(window);
                self.tell("non_finite", Level::Warning, message.clone(), details.clone());
                if self.progress.rollbacks >= max_times {
                    let message = format!("{message}, after {max_times} rollbacks");
                    return Ok(Next::Break(Outcome::Failed { reason: self.halted(&message) }));
                }
                Ok(self.roll_back(rate_factor, &message, details))
            }
        }
    }

    /// Passes over a window that a rollback came from.
    pub(super) fn skip_window(&mut self, window: Window) {
        self.close_window(window);
        let message = format!("Step {} is passed over: it led to a rollback", self.progress.step);
        self.tell("window_skipped", Level::Info, message, json!({}));
    }

    /// Runs the suspected batches again and asks where it first arises.
    fn locate(&mut self, window: Window, found: &Found) -> Result<Culprit, TrainError> {
        let suspects = match found {
            Found::Parameter(place) => return Ok(Culprit { micro: None, place: Some(place.clone()) }),
            // The batches before it had finite losses.
            Found::Loss(_) => self.progress.micro..self.progress.micro + 1,
            Found::GradNorm(_) => 0..window.batches,
        };
        for micro in suspects.clone() {
            self.gather(window.first + u64::from(micro));
            if let Some(place) = self.strategy.locate(&self.batch, self.pass(window, micro))? {
                return Ok(Culprit { micro: Some(micro), place: Some(place) });
            }
        }
        // The sum of finite gradients, or of their squares, can still overflow.
        let micro = (suspects.len() == 1).then_some(suspects.start);
        Ok(Culprit { micro, place: None })
    }

    /// The mean loss to show for a dropped window.
    fn window_loss(&self, window: Window, found: &Found) -> f64 {
        match found {
            Found::Loss(loss) => *loss,
            Found::GradNorm(_) | Found::Parameter(_) => self.progress.window_loss / window.samples as f64,
        }
    }

    /// Goes back to the window's beginning. Its gradients are void.
    fn void_window(&mut self, window: Window) {
        self.progress.batch = window.first;
        self.progress.micro = 0;
        self.progress.window_loss = 0.0;
        self.progress.phase = super::Phase::Accumulate;
    }

    /// A sentence and fields about what was found in the window of `step`.
    fn describe(&self, step: u64, found: &Found, culprit: &Culprit) -> (String, Value) {
        let value = match (&culprit.place, found) {
            (Some(place), _) | (None, Found::Parameter(place)) => f64::from(place.value),
            (None, Found::Loss(value) | Found::GradNorm(value)) => *value,
        };
        let quantity = found.quantity();
        let mut message = format!("Step {step}: {value} in the {quantity}");
        if let Some(place) = &culprit.place {
            message += &format!(", first made by {} in {} at {:?}", place.op, place.layer, place.index);
        }
        if let Some(micro) = culprit.micro {
            message += &format!(", batch {} of the window", micro + 1);
        }
        let place = culprit.place.as_ref();
        let details = json!({
            "quantity": quantity,
            "value": number(value),
            "op": place.map(|place| &place.op),
            "layer": place.map(|place| &place.layer),
            "index": place.map(|place| &place.index),
            "micro": culprit.micro,
            "in_step": step,
            "epoch": self.progress.epoch + 1,
        });
        (message, details)
    }

    /// The reason of a training that a NaN ended.
    fn halted(&mut self, message: &str) -> String {
        // What is in memory is the state before the window, and good.
        let saved = self.save_last();
        match (saved, self.last_snapshot()) {
            (Ok(()), Some(path)) => format!(
                "{message}. The last good snapshot is {}; look at the data of that step, lower learning_rate, or \
                 resume with nan_policy: skip",
                path.display()
            ),
            (Err(why), Some(path)) => {
                format!("{message}. The last good snapshot is {} ({why})", path.display())
            }
            (Err(why), None) => format!("{message}. There is no snapshot: {why}"),
            (Ok(()), None) => message.to_owned(),
        }
    }
}
