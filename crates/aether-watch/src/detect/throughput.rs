//! Work that has become slower.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event, short, window::Window};

const USUAL: usize = 128;
const LAST: usize = 16;

/// The median of the last sixteen values is below 65 % of what was usual before (of the time a step takes: above 155 %),
/// and stays so.
#[derive(Debug, Default)]
pub(crate) struct Throughput {
    usual: Window<USUAL>,
    last: Window<LAST>,
    episode: Episode,
}

impl Detector for Throughput {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() || seen.value <= 0.0 {
            return;
        }
        if self.last.is_full()
            && let Some(oldest) = self.last.iter().next()
            && !self.episode.is_open()
        {
            self.usual.push(oldest);
        }
        self.last.push(seen.value);
        if self.usual.len() < 48 {
            return;
        }
        let (usual, now) = (self.usual.median(), self.last.median());
        let speed = if role == Role::Throughput { now / usual } else { usual / now };
        if self.episode.opens(speed < 0.65, 12, 24) {
            let message = format!(
                "the work has slowed to {:.0} % of its usual speed: {} is {}, usual is {}",
                speed * 100.0,
                seen.metric.name(),
                short(now),
                short(usual)
            );
            let evidence = [("value", json!(now)), ("usual", json!(usual)), ("speed", json!(speed))];
            found.push(event("throughput_drop", Level::Warning, seen, message, &evidence));
        }
    }
}
