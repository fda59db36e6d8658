//! The orderly ends that are not success.

use aether_core::Level;
use serde_json::json;

use super::{Outcome, orchestrator::Orchestrator};

impl Orchestrator<'_> {
    /// Writes down where it stands and says how to go on.
    pub(super) fn interrupt(&mut self) -> Outcome {
        let place = self.progress.place();
        match self.save_last() {
            Ok(()) => {
                let details = json!({ "snapshot": self.last_snapshot(), "epoch": self.progress.epoch + 1 });
                self.tell("interrupted", Level::Warning, format!("Interrupted at {place}"), details);
            }
            Err(why) => {
                let details = json!({ "snapshot": self.last_snapshot(), "error": why });
                let message =
                    format!("Interrupted at {place}; what was done since the last snapshot is lost: {why}");
                self.tell("interrupted", Level::Error, message, details);
            }
        }
        self.say_last();
        Outcome::Interrupted
    }

    /// Says why it cannot go on.
    pub(super) fn fail(&mut self, reason: String) -> Outcome {
        let details = json!({ "snapshot": self.last_snapshot() });
        self.tell("failed", Level::Error, reason.clone(), details);
        self.say_last();
        Outcome::Failed { reason }
    }
}
