//! Plain lines, for a file or a pipe: every event that matters, and a sign of life in between.

use std::time::{Duration, Instant};

use aether_core::{Event, signal::Nanos};

use super::{
    Screen,
    outlet::Outlet,
    state::{View, sentence},
};
use crate::text;

/// The longest silence.
const SILENCE: Duration = Duration::from_secs(10);

pub(super) struct Plain {
    spoke: Instant,
    stop_heard: bool,
}

impl Default for Plain {
    fn default() -> Self {
        Self { spoke: Instant::now(), stop_heard: false }
    }
}

impl Screen for Plain {
    fn show(&mut self, events: &[(Nanos, Event)], view: &View, out: &mut Outlet) {
        let mut lines: Vec<String> = events
            .iter()
            .filter_map(|(_, event)| Some(text::escape(&sentence(event)?).into_owned()))
            .collect();
        if view.stopping && !self.stop_heard {
            self.stop_heard = true;
            lines.push("Stopping at the next safe point; a second signal stops at once".to_owned());
        }
        if lines.is_empty() && out.is_idle() && self.spoke.elapsed() >= SILENCE {
            let mut line = format!("step {}", view.step);
            line.extend(view.loss.map(|loss| format!("  loss {}", text::number(loss))));
            line.extend(view.left().map(|left| format!("  {} left", text::duration(left))));
            lines.push(line);
        }
        if !lines.is_empty() {
            self.spoke = Instant::now();
        }
        lines.into_iter().for_each(|line| out.say(line + "\n"));
    }

    fn end(&mut self, _: &mut Outlet) {}
}

/// In place of lines that nobody read.
pub(super) fn notice(left_out: u64) -> String {
    format!("({left_out} lines are left out here: nobody read them)\n")
}
