//! What a run printed: its end, or what is scrolled or found.

use ratatui_core::{
    layout::{Position, Rect},
    style::Modifier,
};

use super::{above, prompt};
use crate::top::{
    app::{App, Pane, places},
    ink::Ink,
    model::RunView,
};

pub(super) fn draw(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView) -> Option<Position> {
    if run.log.is_empty() {
        ink.empty(area, "Nothing was printed", "what a run logs itself is under Events");
        return None;
    }
    let sought = app.find.sought().to_owned();
    let line = u16::from(app.find.typing.is_some() || !sought.is_empty());
    let (lines, bar) = above(area, area.height.saturating_sub(line));
    app.find.height = usize::from(lines.height);
    let seen = super::run::in_sight(app, lines, Pane::Log, run.log.len());
    for (y, number) in (lines.y..).zip(seen) {
        let line = &run.log[number];
        let found = app.find.at == Some(run.log.len() - 1 - number);
        let mark = if found { Modifier::REVERSED | Modifier::BOLD } else { Modifier::REVERSED };
        ink.printed(lines.x, y, lines.width, &line.pieces(&places(&line.text, &sought), mark));
    }
    (line > 0).then(|| find(app, ink, bar, run)).flatten()
}

/// The line below: what is looked for, and which of those found this is.
fn find(app: &App, ink: &mut Ink<'_>, area: Rect, run: &RunView) -> Option<Position> {
    let all = app.found_in(&run.log);
    let place = app.find.at.and_then(|at| all.iter().rev().position(|found| *found == at));
    let note = match (place, all.len()) {
        (_, 0) => "in no line".to_owned(),
        (None, 1) => "in one line".to_owned(),
        (None, count) => format!("in {count} lines"),
        (Some(place), count) => format!("{} of {count}", place + 1),
    };
    ink.right(area.x, area.y, area.width, &note, ink.theme.dim());
    let room = Rect { width: area.width.saturating_sub(note.len() as u16 + 2), ..area };
    let cursor = prompt(ink, room, app.find.sought());
    app.find.typing.as_ref().map(|_| cursor)
}
