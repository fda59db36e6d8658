//! One run in full: charts, what it printed, what happened, how it was configured.

use std::ops::Range;

use aether_core::Level;
use jiff::Timestamp;
use ratatui_core::{
    layout::{Position, Rect},
    style::Style,
};

use super::{above, beside, brief, grid, inset, log, runs::progress, size};
use crate::{
    text,
    top::{
        app::{App, Pane, Target},
        ink::{Ink, wrap},
        model::{EventLine, RunView},
        theme::level_sign,
    },
};

pub(in crate::top) fn draw(app: &mut App, ink: &mut Ink<'_>, area: Rect) -> Option<Position> {
    let area = inset(area);
    if app.opened.is_none() {
        ink.empty(area, "No run is chosen", "2 shows all runs; enter opens one");
        return None;
    }
    let Some(run) = app.run.take() else {
        ink.empty(area, "Reading the run", "");
        return None;
    };
    let (summary, rest) = above(area, 3);
    head(app, ink, summary, &run);
    let cursor = if area.width >= 110 && area.height >= 30 && !app.charts.alone {
        all_panes(app, ink, rest, &run)
    } else {
        let (strip, rest) = above(rest, 1);
        tabs(app, ink, strip, &run);
        pane(app, ink, rest, &run, app.pane)
    };
    app.run = Some(run);
    cursor
}

/// Name, state and progress in two lines.
fn head(app: &App, ink: &mut Ink<'_>, area: Rect, run: &RunView) {
    let (sign, word, style) = ink.theme.standing(run.row.standing);
    let (dim, plain) = (ink.theme.dim(), Style::new());
    let tags: String = run.tags.iter().map(|tag| format!("  #{tag}")).collect();
    let id = run.row.id.to_string();
    ink.right(area.x, area.y, area.width, &id, dim);
    let room = area.width.saturating_sub(id.len() as u16 + 2);
    let pieces = [
        (run.row.name.as_str(), ink.theme.title()),
        ("  ", plain),
        (&*format!("{sign} {word}"), style),
        (&*format!("  {}", run.row.project), dim),
        (tags.as_str(), dim),
    ];
    ink.line(area.x, area.y, room, &pieces);
    let detail = &run.detail;
    let y = area.y + 1;
    let mut x = area.x;
    if detail.step.is_some() {
        let wide = if detail.total.is_some() { 18 } else { 16 };
        progress(ink, Rect::new(x, y, wide, 1), Some(detail));
        x += wide + 2;
    }
    let mut facts = Vec::new();
    if let (Some(step), Some(total)) = (detail.step, detail.total) {
        facts.push(("step", format!("{step}/{total}")));
    }
    if let (Some(metric), Some(value)) = (&detail.metric, detail.value) {
        facts.push((metric.as_str(), text::number(value)));
    }
    facts.extend(detail.left.map(|left| ("left", brief(left))));
    facts.push((if run.row.seconds.is_some() { "took" } else { "for" }, brief(app.seconds(&run.row))));
    facts.extend(detail.cpu.map(|cpu| ("cpu", format!("{cpu:.0}%"))));
    facts.extend(detail.memory.map(|memory| ("mem", size(memory))));
    facts.extend(detail.gpu_memory.map(|memory| ("gpu mem", size(memory))));
    for (name, value) in facts {
        let room = area.right().saturating_sub(x);
        if usize::from(room) > name.len() + value.len() {
            x += ink.line(x, y, room, &[(name, dim), (" ", plain), (&value, plain)]) + 3;
        }
    }
    if let Some(reason) = &run.reason {
        ink.text(area.x, area.y + 2, area.width, reason, style);
    } else if let Some(damage) = run.damage.first() {
        ink.text(area.x, area.y + 2, area.width, damage, ink.theme.warning());
    }
}

fn note(run: &RunView, pane: Pane) -> String {
    match pane {
        Pane::Charts => String::new(),
        Pane::Log if run.log.is_empty() => String::new(),
        Pane::Log => text::count(run.log.len() as u64, "line"),
        Pane::Events if run.detail.alerts > 0 => format!("▲ {}", run.detail.alerts),
        Pane::Events => run.events.len().to_string(),
        Pane::Config => String::new(),
    }
}

fn tabs(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView) {
    let mut x = area.x;
    for pane in Pane::ALL {
        let style = if pane == app.pane { ink.theme.accent() } else { ink.theme.plain() };
        let begin = x;
        x += ink.text(x, area.y, 10, pane.title(), style);
        let note = note(run, pane);
        if pane != Pane::Charts && !note.is_empty() {
            x += ink.text(x, area.y, 12, &format!(" {note}"), ink.theme.dim());
        }
        app.targets.push((Rect::new(begin, area.y, x - begin, 1), Target::Pane(pane)));
        x += 3;
    }
}

/// Charts at the left, the rest at the right.
fn all_panes(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView) -> Option<Position> {
    let mut cursor = None;
    let (left, right) = beside(area, (area.width * 2 / 5).min(80));
    let third = right.height / 3;
    let (log, rest) = above(right, right.height - third * 2);
    let (events, config) = above(rest, third);
    for (place, shown) in
        [(left, Pane::Charts), (log, Pane::Log), (events, Pane::Events), (config, Pane::Config)]
    {
        app.targets.push((place, Target::Pane(shown)));
        let inside = if shown == Pane::Charts {
            place
        } else {
            ink.section(
                Rect { height: place.height.saturating_sub(1), ..place },
                shown.title(),
                &note(run, shown),
                app.pane == shown,
            )
        };
        cursor = pane(app, ink, inside, run, shown).or(cursor);
    }
    cursor
}

fn pane(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView, pane: Pane) -> Option<Position> {
    match pane {
        Pane::Charts if run.names.is_empty() => {
            ink.empty(area, "No metrics yet", "what the run logs appears here as it comes");
        }
        Pane::Charts => {
            let known = (run.first, run.charts.as_slice(), run.x);
            grid::draw(ink, area, &mut app.charts, &mut app.targets, &run.names, known);
        }
        Pane::Log => return log::draw(app, ink, area, run),
        Pane::Events => events(app, ink, area, run),
        Pane::Config => config(app, ink, area, run),
    }
    None
}

/// Which of so many lines are in sight: the last, or earlier ones.
pub(super) fn in_sight(app: &mut App, area: Rect, pane: Pane, lines: usize) -> Range<usize> {
    let height = usize::from(area.height);
    app.list.height = height;
    let scroll = &mut app.scrolled[pane as usize];
    *scroll = (*scroll).min(lines.saturating_sub(height));
    let end = lines - *scroll;
    end.saturating_sub(height)..end
}

fn events(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView) {
    let only = app.alerts_only;
    let shown: Vec<&EventLine> = run
        .events
        .iter()
        .filter(|event| !only || event.level > Level::Info || event.kind == "alert")
        .collect();
    if shown.is_empty() {
        ink.empty(area, if only { "No alerts" } else { "No events yet" }, "");
        return;
    }
    let wide = usize::from(area.width).saturating_sub(21).max(12);
    let mut lines = Vec::new();
    for event in shown {
        let time = Timestamp::from_nanosecond(i128::from(event.time)).unwrap_or(Timestamp::UNIX_EPOCH);
        let words = if event.message.is_empty() { &event.kind } else { &event.message };
        let style = ink.theme.level(event.level);
        for (at, line) in wrap(&text::escape(words), wide).into_iter().enumerate() {
            let before = match at {
                0 => format!("{} {} {:>8} ", level_sign(event.level), time.strftime("%H:%M:%S"), event.step),
                _ => " ".repeat(20),
            };
            lines.push((format!("{before}{line}"), style));
        }
    }
    let seen = in_sight(app, area, Pane::Events, lines.len());
    for (y, (line, style)) in (area.y..).zip(&lines[seen]) {
        ink.text(area.x, y, area.width, line, *style);
    }
}

fn config(app: &mut App, ink: &mut Ink<'_>, area: Rect, run: &RunView) {
    let mut lines: Vec<(String, String, bool)> = Vec::new();
    for (heading, pairs) in &run.config {
        if !lines.is_empty() {
            lines.push((String::new(), String::new(), false));
        }
        lines.push((heading.clone(), String::new(), true));
        lines.extend(pairs.iter().map(|(name, value)| (name.clone(), value.clone(), false)));
    }
    let height = usize::from(area.height);
    let scroll = &mut app.scrolled[Pane::Config as usize];
    *scroll = (*scroll).min(lines.len().saturating_sub(height));
    let names = run.config.iter().flat_map(|(_, pairs)| pairs).map(|(name, _)| name.chars().count());
    let label = (names.max().unwrap_or(0) as u16).min(area.width * 2 / 5);
    for (at, (name, value, heading)) in lines.iter().skip(*scroll).take(height).enumerate() {
        let y = area.y + at as u16;
        let style = if *heading { ink.theme.title() } else { ink.theme.dim() };
        ink.text(area.x, y, if *heading { area.width } else { label }, name, style);
        ink.text(area.x + label + 2, y, area.width.saturating_sub(label + 2), value, Style::new());
    }
}
