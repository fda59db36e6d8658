//! All runs as a list, and below it, where there is room, the course of the selected one.

use aether_watch::Unit;
use console::measure_text_width;
use ratatui_core::{
    layout::{Position, Rect},
    style::Style,
};

use super::{above, brief, inset, prompt, size};
use crate::{
    text,
    top::{
        app::{App, Target},
        ink::Ink,
        model::{Detail, RunRow},
    },
};

/// A column: its heading, its cells, and the width of the list from which on it is there.
struct Column {
    title: &'static str,
    width: u16,
    from: u16,
    right: bool,
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    State,
    Id,
    Name,
    Project,
    Progress,
    Value,
    Spark,
    Cpu,
    Memory,
    Left,
    Time,
    Created,
    Alerts,
}

const COLUMNS: [Column; 13] = [
    Column { title: "state", width: 9, from: 0, right: false, what: What::State },
    Column { title: "id", width: 8, from: 150, right: false, what: What::Id },
    // Takes what the others leave.
    Column { title: "name", width: 12, from: 0, right: false, what: What::Name },
    Column { title: "project", width: 14, from: 130, right: false, what: What::Project },
    Column { title: "progress", width: 12, from: 0, right: false, what: What::Progress },
    Column { title: "loss", width: 8, from: 0, right: true, what: What::Value },
    Column { title: "course", width: 8, from: 70, right: false, what: What::Spark },
    Column { title: "cpu", width: 5, from: 76, right: true, what: What::Cpu },
    Column { title: "mem", width: 6, from: 76, right: true, what: What::Memory },
    Column { title: "alerts", width: 6, from: 110, right: true, what: What::Alerts },
    Column { title: "left", width: 6, from: 76, right: true, what: What::Left },
    Column { title: "took", width: 6, from: 90, right: true, what: What::Time },
    Column { title: "begun", width: 19, from: 120, right: true, what: What::Created },
];

pub(in crate::top) fn draw(app: &mut App, ink: &mut Ink<'_>, area: Rect) -> Option<Position> {
    let area = inset(area);
    let (bar, rest) = above(area, 1);
    let cursor = filter(app, ink, bar);
    let wrong = app.list.wrong.clone().filter(|_| app.list.typing.is_some() || !app.list.query.is_empty());
    let rest = match wrong {
        Some(why) => {
            let lines: Vec<&str> = why.lines().collect();
            let (place, rest) = above(rest, lines.len() as u16 + 1);
            for (at, line) in lines.iter().enumerate() {
                ink.text(place.x, place.y + at as u16, place.width, line, ink.theme.warning());
            }
            rest
        }
        None => rest,
    };
    let Some(listing) = app.listing.take() else {
        ink.empty(rest, "Reading runs", "");
        return cursor;
    };
    // Room that the list does not need goes to the selected run; of a high terminal, a third.
    let free = rest.height.saturating_sub(listing.rows.len().min(1000) as u16 + 2);
    let preview = free.clamp(if rest.height >= 24 { rest.height / 3 } else { 0 }, rest.height * 2 / 3);
    let preview = if preview >= 8 { preview } else { 0 };
    let (table, below) = above(rest, rest.height - preview);
    if listing.rows.is_empty() {
        match listing.total {
            0 => ink.empty(table, "No runs yet", "`aether train FILE` or `aether run COMMAND` makes one"),
            _ => ink.empty(table, "No run for which this holds", "esc shows all again"),
        }
        app.in_sight.clear();
    } else {
        rows(app, ink, table, &listing.rows);
        if preview > 0
            && let Some(row) = listing.rows.get(app.list.selected)
        {
            course(app, ink, below, row);
        }
    }
    app.listing = Some(listing);
    cursor
}

/// The line above the list: what is filtered, how it is sorted, how many there are.
fn filter(app: &App, ink: &mut Ink<'_>, area: Rect) -> Option<Position> {
    let listing = app.listing.as_ref();
    let (shown, total) = listing.map_or((0, 0), |listing| (listing.rows.len(), listing.total));
    let count =
        if shown == total { text::count(total as u64, "run") } else { format!("{shown} of {total} runs") };
    let reading = if listing.is_some_and(|listing| !listing.complete) { ", reading more" } else { "" };
    let marked = match app.list.marked.len() {
        0 => String::new(),
        n => format!("{n} marked, "),
    };
    let passed = match listing.map_or(0, |listing| listing.passed_over) {
        0 => String::new(),
        n => format!("{n} cannot be read, "),
    };
    let note = format!("{marked}{passed}{count}{reading}, {}", app.list.sort.word());
    let wide = measure_text_width(&note) as u16;
    ink.right(area.x, area.y, area.width, &note, ink.theme.dim());
    let room = area.width.saturating_sub(wide + 2);
    match &app.list.typing {
        Some(typing) => Some(prompt(ink, Rect { width: room, ..area }, typing)),
        None if app.list.query.is_empty() => None,
        None => {
            let taken = ink.text(area.x, area.y, 2, "/ ", ink.theme.accent());
            ink.text(area.x + taken, area.y, room.saturating_sub(taken), &app.list.query, ink.theme.title());
            None
        }
    }
}

fn rows(app: &mut App, ink: &mut Ink<'_>, area: Rect, rows: &[RunRow]) {
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| column.from <= area.width).collect();
    let fixed: u16 = columns.iter().filter(|c| c.what != What::Name).map(|c| c.width + 1).sum();
    let name = area.width.saturating_sub(fixed + 2).clamp(6, 48);
    // What a wide list leaves goes to the course.
    let spare = area.width.saturating_sub(fixed + 2 + name);
    let width = |column: &Column| match column.what {
        What::Name => name,
        What::Spark => column.width + spare.min(30),
        _ => column.width,
    };
    let mut x = area.x + 2;
    for column in &columns {
        let style = ink.theme.dim();
        let title = match column.what {
            What::Time if area.width < 110 => "took",
            _ => column.title,
        };
        if column.right {
            ink.right(x, area.y, width(column), title, style);
        } else {
            ink.text(x, area.y, width(column), title, style);
        }
        x += width(column) + 1;
    }
    let height = usize::from(area.height.saturating_sub(1));
    app.list.height = height;
    let list = &mut app.list;
    list.offset = list.offset.min(list.selected).max((list.selected + 1).saturating_sub(height));
    list.offset = list.offset.min(rows.len().saturating_sub(height));
    let seen = rows.iter().enumerate().skip(list.offset).take(height);
    app.in_sight = seen.clone().map(|(_, row)| row.id).collect();
    for (at, (number, row)) in seen.enumerate() {
        let y = area.y + 1 + at as u16;
        let line = Rect::new(area.x, y, area.width, 1);
        app.targets.push((line, Target::Row(number)));
        let detail = app.details.get(&row.id);
        let mut x = area.x + 2;
        for column in &columns {
            cell(app, ink, column, Rect::new(x, y, width(column), 1), row, detail);
            x += width(column) + 1;
        }
        if app.list.marked.contains(&row.id) {
            ink.text(area.x + 1, y, 1, "+", ink.theme.accent());
        }
        if number == app.list.selected {
            ink.text(area.x, y, 1, "▸", ink.theme.accent());
            ink.buffer.set_style(Rect::new(area.x + 2, y, x - area.x - 3, 1), ink.theme.selected());
        }
    }
}

fn cell(app: &App, ink: &mut Ink<'_>, column: &Column, at: Rect, row: &RunRow, detail: Option<&Detail>) {
    let plain = Style::new();
    let words = match column.what {
        What::State => {
            let (sign, word, style) = ink.theme.standing(row.standing);
            ink.text(at.x, at.y, at.width, &format!("{sign} {word}"), style);
            return;
        }
        What::Name => {
            ink.name(at.x, at.y, at.width, &row.name, ink.theme.title());
            return;
        }
        What::Spark => {
            if let Some(detail) = detail {
                ink.spark(at.x, at.y, at.width, &detail.spark, ink.theme.curve(0));
            }
            return;
        }
        What::Progress => {
            progress(ink, at, detail);
            return;
        }
        What::Value => {
            let value = detail.and_then(|detail| detail.value);
            let style = if value.is_some_and(|value| !value.is_finite()) { ink.theme.bad() } else { plain };
            let words = value.map_or_else(String::new, text::number);
            ink.right(at.x, at.y, at.width, &words, style);
            return;
        }
        What::Alerts => {
            let alerts = detail.map_or(0, |detail| detail.alerts);
            if alerts > 0 {
                ink.right(at.x, at.y, at.width, &format!("▲ {alerts}"), ink.theme.warning());
            }
            return;
        }
        What::Id => row.id.to_string(),
        What::Project => row.project.clone(),
        What::Cpu => detail.and_then(|d| d.cpu).map_or_else(String::new, |cpu| format!("{cpu:.0}%")),
        What::Memory => detail.and_then(|d| d.memory).map_or_else(String::new, size),
        What::Left => detail.and_then(|d| d.left).map_or_else(String::new, brief),
        What::Time => brief(app.seconds(row)),
        What::Created => row.created.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    };
    if column.right {
        ink.right(at.x, at.y, at.width, &words, plain);
    } else {
        ink.text(at.x, at.y, at.width, &words, plain);
    }
}

/// A meter and percent where it is known how many steps there will be; else the step.
pub(super) fn progress(ink: &mut Ink<'_>, at: Rect, detail: Option<&Detail>) {
    let Some(step) = detail.and_then(|detail| detail.step) else { return };
    match detail.and_then(|detail| detail.total) {
        Some(total) => {
            let share = (step as f64 / total as f64).min(1.0);
            ink.meter(at.x, at.y, at.width - 5, share, ink.theme.curve(0));
            // Not all is only all when it is.
            let percent = if step < total { (share * 100.0).floor().min(99.0) } else { 100.0 };
            ink.right(at.x + at.width - 5, at.y, 5, &format!("{percent:.0}%"), Style::new());
        }
        None => {
            ink.text(at.x, at.y, at.width, &format!("step {step}"), ink.theme.plain());
        }
    }
}

/// The selected run at a glance.
fn course(app: &App, ink: &mut Ink<'_>, area: Rect, row: &RunRow) {
    let detail = app.details.get(&row.id);
    let metric = detail.and_then(|detail| detail.metric.as_deref()).unwrap_or_default();
    let inside = ink.section(area, &row.name, metric, false);
    let Some(detail) = detail.filter(|detail| !detail.spark.is_empty()) else {
        ink.empty(inside, "It has said no numbers yet", "");
        return;
    };
    let (name, stretches) = (metric.to_owned(), detail.spark.clone());
    let curve = crate::top::curve::Curve { name, number: 0, unit: Unit::of(metric), stretches };
    let look = crate::top::ink::Look { window: None, x: crate::board::X::Step, ..app.charts.look };
    ink.chart(inside, &[curve], look);
}
