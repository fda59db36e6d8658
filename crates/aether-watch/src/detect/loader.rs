//! A training that waits for its data.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event, window::Window};

/// Over the last 32 steps, more than 40 % of a step's time is spent waiting for data.
#[derive(Debug, Default)]
pub(crate) struct LoaderBound {
    data: Option<(u64, f64)>,
    share: Window<32>,
    episode: Episode,
}

impl Detector for LoaderBound {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() || seen.value < 0.0 {
            return;
        }
        if role == Role::DataTime {
            self.data = Some((seen.step, seen.value));
            return;
        }
        // The two are of one step, in either order; what was said for the step before counts too.
        let Some((step, data)) = self.data.filter(|d| d.0.abs_diff(seen.step) <= 1) else { return };
        if seen.value > 0.0 {
            self.share.push((data / seen.value).min(1.0));
        }
        let share = self.share.median();
        if self.episode.opens(self.share.is_full() && share > 0.4, 8, 32) {
            let message = format!(
                "{:.0} % of a step is spent waiting for data: more workers, a faster disk or less preprocessing would help",
                share * 100.0
            );
            let evidence = [("share", json!(share)), ("data", json!(data)), ("at", json!(step))];
            found.push(event("loader_bound", Level::Warning, seen, message, &evidence));
        }
    }
}
