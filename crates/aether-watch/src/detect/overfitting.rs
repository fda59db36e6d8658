//! A model that learns its training data by heart.

use aether_core::{Event, Level};
use serde_json::json;

use super::{
    Detector, Observed, Role,
    episode::Episode,
    event, short,
    window::{Window, deviation},
};

/// The validation loss has risen by 10 % and beyond its noise above its best, for the last three validations, while the
/// training loss did not rise.
#[derive(Debug, Default)]
pub(crate) struct Overfitting {
    train: Window<32>,
    validations: Window<16>,
    count: u32,
    best: Option<Best>,
    episode: Episode,
}

#[derive(Debug, Clone, Copy)]
struct Best {
    value: f64,
    step: u64,
    train: f64,
}

impl Detector for Overfitting {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() {
            return;
        }
        if role != Role::ValidationLoss {
            self.train.push(seen.value);
            return;
        }
        self.validations.push(seen.value);
        self.count = self.count.saturating_add(1);
        // The medians of three, so that one lucky validation is not the measure.
        let (now, train) = (self.validations.recent(3), self.train.median());
        if self.train.len() == 0 || self.count < 3 {
            return;
        }
        let best = match self.best {
            Some(best) if best.value <= now => best,
            _ => *self.best.insert(Best { value: now, step: seen.step, train }),
        };
        let mut steps = self.validations.copied();
        let length = self.validations.len();
        for at in (1..length).rev() {
            steps[at] -= steps[at - 1];
        }
        let noise = deviation(&mut steps[1..length.max(2)]);
        let rise = now - best.value;
        let overfits = rise > 0.1 * best.value.abs() && rise > 2.0 * noise && train < 1.05 * best.train;
        if self.episode.opens(overfits, 3, 5) {
            let message = format!(
                "the model overfits: {} was best at step {} ({}) and is {} now, while the training loss is {}",
                seen.metric.name(),
                best.step,
                short(best.value),
                short(now),
                short(train)
            );
            let evidence = [
                ("best", json!(best.value)),
                ("best_step", json!(best.step)),
                ("value", json!(now)),
                ("train", json!(train)),
                ("train_then", json!(best.train)),
            ];
            found.push(event("overfitting", Level::Warning, seen, message, &evidence));
        }
    }
}
