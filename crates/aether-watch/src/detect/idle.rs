//! A GPU that is held and not used.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, SECOND, episode::Episode, event, window::Window};

/// For so many seconds it must not work.
const IDLE: i64 = 60;

/// The run's processes hold memory of a GPU whose utilisation stays below 5 % for a minute. A GPU that is not the run's
/// may be as idle as it likes.
#[derive(Debug, Default)]
pub(crate) struct IdleGpu {
    held: bool,
    window: Window<64>,
    since: Option<i64>,
    episode: Episode,
}

impl Detector for IdleGpu {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if let Role::GpuProcessMemory(_) = role {
            self.held = seen.value > 0.0;
            return;
        }
        let Role::GpuUtilisation(gpu) = role else { return };
        if !seen.value.is_finite() {
            return;
        }
        self.window.push(seen.value);
        // Short bursts of work do count as work.
        let idle = self.held && self.window.recent(20) < 5.0 && seen.value < 20.0;
        if !idle {
            self.since = None;
            self.episode.opens(false, 1, 5);
            return;
        }
        let since = *self.since.get_or_insert(seen.time);
        if self.episode.opens(seen.time - since >= IDLE * SECOND, 1, 5) {
            let usual = self.window.median();
            let message = format!(
                "GPU {gpu} is held by the run and has been idle for {IDLE} s: the processors may be what is slow"
            );
            let evidence = [("gpu", json!(gpu)), ("utilisation", json!(usual))];
            found.push(event("idle_accelerator", Level::Warning, seen, message, &evidence));
        }
    }
}
