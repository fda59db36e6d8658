//! Every event as one line of JSON, as `logs --json` prints it.

use std::io::{self, Write};

use aether_core::{Event, signal::Nanos};

use super::{Screen, state::View};
use crate::verbs::logs::LogEntry;

#[derive(Default)]
pub(super) struct Json {}

impl Screen for Json {
    fn show(&mut self, events: &[(Nanos, Event)], _: &View) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for (time, event) in events {
            crate::render::json_line(&mut out, &LogEntry::event(*time, event.clone()))?;
        }
        out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
