//! A loss that rises and stays up.

use aether_core::{Event, Level};
use serde_json::json;

use super::{
    Detector, Observed, Role,
    episode::Episode,
    event, short,
    window::{Window, deviation},
};

const WINDOW: usize = 32;
/// For so many values the median must be too high.
const HELD: u32 = 24;

/// The median of the last values stands far above the best there was: by 40 % of all that had been gained, or by half
/// of where the loss began, and beyond its noise.
#[derive(Debug, Default)]
pub(crate) struct Divergence {
    window: Window<WINDOW>,
    first: Option<f64>,
    best: f64,
    /// The noise when the loss was best.
    noise: f64,
    episode: Episode,
}

impl Detector for Divergence {
    fn observe(&mut self, seen: &Observed, _: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() {
            return;
        }
        self.window.push(seen.value);
        if !self.window.is_full() {
            return;
        }
        let level = self.window.median();
        let Some(first) = self.first else {
            (self.first, self.best) = (Some(level), level);
            self.noise = deviation(&mut self.window.copied());
            return;
        };
        if level < self.best {
            self.best = level;
            self.noise = deviation(&mut self.window.copied());
        }
        let gained = first - self.best;
        let rise = level - self.best;
        let bound = (0.4 * gained).max(if gained > 0.2 * first.abs() { 0.0 } else { 0.5 * first.abs() });
        let diverges = rise > bound.max(5.0 * self.noise) && rise > 0.5 * self.best.abs();
        if self.episode.opens(diverges, HELD, WINDOW as u32) {
            let message = format!(
                "{} has risen to {} and stays there: its best was {}; a lower learning rate or an earlier snapshot may help",
                seen.metric.name(),
                short(level),
                short(self.best)
            );
            let evidence = [("level", json!(level)), ("best", json!(self.best)), ("first", json!(first))];
            found.push(event("divergence", Level::Error, seen, message, &evidence));
        }
    }
}
