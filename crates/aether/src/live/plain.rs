//! Plain lines, for a file or a pipe: every event that matters, and a sign of life in between.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use aether_core::{Event, signal::Nanos};

use super::{
    Screen,
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
    fn show(&mut self, events: &[(Nanos, Event)], view: &View) -> io::Result<()> {
        let mut lines = String::new();
        for line in events.iter().filter_map(|(_, event)| sentence(event)) {
            lines += &format!("{}\n", text::escape(&line));
        }
        if view.stopping && !self.stop_heard {
            self.stop_heard = true;
            lines += "Stopping at the next safe point; a second signal stops at once\n";
        }
        if lines.is_empty() && self.spoke.elapsed() >= SILENCE {
            lines += &format!("step {}", view.step);
            lines.extend(view.loss.map(|loss| format!("  loss {}", text::number(loss))));
            lines.extend(view.left().map(|left| format!("  {} left", text::duration(left))));
            lines.push('\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.spoke = Instant::now();
        io::stderr().write_all(lines.as_bytes())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
