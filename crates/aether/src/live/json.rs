//! Every event as one line of JSON, as `logs --json` prints it.

use aether_core::{
    Event, Level,
    signal::{self, Nanos},
};
use serde::Serialize;

use super::{Screen, outlet::Outlet, state::View};
use crate::verbs::logs::LogEntry;

#[derive(Default)]
pub(super) struct Json {}

impl Screen for Json {
    fn show(&mut self, events: &[(Nanos, Event)], _: &View, out: &mut Outlet) {
        events.iter().for_each(|(time, event)| out.say(line(&LogEntry::event(*time, event.clone()))));
    }

    fn end(&mut self, _: &mut Outlet) {}
}

/// In place of lines that nobody read.
pub(super) fn notice(left_out: u64) -> String {
    let message = format!("{left_out} lines are left out here: nobody read them; the run's log has them all");
    let fields = [("count".to_owned(), left_out.into())].into_iter().collect();
    let event = Event { kind: "lines_left_out".to_owned(), level: Level::Warning, step: 0, message, fields };
    line(&LogEntry::event(signal::now(), event))
}

fn line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    // Writing to memory does not fail, and events are made of what JSON knows.
    let _ = crate::render::json_line(&mut line, value);
    String::from_utf8(line).unwrap_or_default()
}
