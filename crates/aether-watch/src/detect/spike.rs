//! Sudden jumps upwards.

use aether_core::{Event, Level};
use serde_json::json;

use super::{
    Detector, Observed, Role,
    episode::Episode,
    event, short,
    window::{Window, deviation, median},
};

/// The window over which trend and noise are judged.
const WINDOW: usize = 96;
/// Deviations of the residual that are no noise any more, whatever its distribution may look like.
const DEVIATIONS: f64 = 10.0;
/// And so many times further out than anything in the window: noise with long tails has had its chance to show them.
const FURTHER: f64 = 3.5;
/// Twice the level is the least: as logarithm, and as share of the level.
const LEAST: f64 = 0.693;
const LEAST_SHARE: f64 = 1.0;
/// So many ordinary values in a row end an episode.
const OVER: u32 = 8;

/// A value far above the trend: beyond ten robust deviations of the residuals around the line through the medians of
/// the window's halves, three and a half times further out than any residual in it, and at least twice the level. Losses
/// that are above 0 are judged by their logarithms, for their noise shrinks with them.
#[derive(Debug, Default)]
pub(crate) struct Spike {
    window: Window<WINDOW>,
    /// Once a value was 0 or below, there are no logarithms.
    linear: bool,
    episode: Episode,
}

impl Spike {
    /// The trend at the next place, the bound above it, and the noise.
    fn trend(&self) -> (f64, f64, f64) {
        let mut residuals = self.window.copied();
        let half = WINDOW / 2;
        let (mut early, mut late) = (residuals, residuals);
        let (early, late) = (median(&mut early[..half]), median(&mut late[half..]));
        let slope = (late - early) / half as f64;
        let at = |place: usize| early + slope * (place as f64 - half as f64 / 2.0);
        let mut furthest: f64 = 0.0;
        for (place, residual) in residuals.iter_mut().enumerate() {
            *residual -= at(place);
            furthest = furthest.max(*residual);
        }
        let noise = deviation(&mut residuals);
        let expected = at(WINDOW);
        let least = if self.linear { LEAST_SHARE * expected.abs() } else { LEAST };
        (expected, (DEVIATIONS * noise).max(FURTHER * furthest).max(least), noise)
    }
}

impl Detector for Spike {
    fn observe(&mut self, seen: &Observed, _: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() {
            return;
        }
        if !self.linear && seen.value <= 0.0 {
            (self.window, self.linear) = (Window::default(), true);
        }
        let value = if self.linear { seen.value } else { seen.value.ln() };
        if self.window.is_full() {
            let (expected, bound, noise) = self.trend();
            if self.episode.opens(value - expected > bound, 1, OVER) {
                let back = |v: f64| if self.linear { v } else { v.exp() };
                let message = format!(
                    "{} jumped to {} at step {}, where {} was to be expected",
                    seen.metric.name(),
                    short(seen.value),
                    seen.step,
                    short(back(expected))
                );
                let evidence = [
                    ("value", json!(seen.value)),
                    ("expected", json!(back(expected))),
                    ("bound", json!(back(expected + bound))),
                    ("deviations", json!((value - expected) / noise.max(f64::MIN_POSITIVE))),
                ];
                found.push(event("spike", Level::Warning, seen, message, &evidence));
            }
        }
        self.window.push(value);
    }
}
