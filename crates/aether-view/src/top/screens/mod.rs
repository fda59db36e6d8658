//! One file a screen.

pub(super) mod board;
pub(super) mod compare;
mod grid;
pub(super) mod help;
pub(super) mod host;
mod log;
pub(super) mod run;
pub(super) mod runs;

use crate::{text, top::ink::Ink};
use ratatui_core::{
    layout::{Position, Rect},
    style::Style,
};

/// A rate of bytes: `1.2 MiB/s`.
fn per_second(rate: f64) -> String {
    format!("{}/s", text::bytes(rate.max(0.0) as u64))
}

/// A time that is short enough for a column: `4.2s`, `3:20`, `2h05`, `3d04h`.
fn brief(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "-".to_owned();
    }
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..60 => format!("{seconds:.1}s"),
        60..3600 => format!("{}:{:02}", whole / 60, whole % 60),
        3600..86400 => format!("{}h{:02}", whole / 3600, whole / 60 % 60),
        _ => format!("{}d{:02}h", whole / 86400, whole / 3600 % 24),
    }
}

/// A size that is short enough for a column: `417B`, `1.2G`.
fn size(bytes: f64) -> String {
    text::bytes(bytes.max(0.0) as u64).replace(" ", "").replace("iB", "")
}

/// Labels and values, one below the other, the values aligned.
fn pairs(ink: &mut Ink<'_>, area: Rect, label: u16, pairs: &[(&str, String, Style)]) {
    for (at, (name, value, style)) in pairs.iter().enumerate().take(usize::from(area.height)) {
        let y = area.y + at as u16;
        ink.text(area.x, y, label, name, ink.theme.dim());
        ink.text(area.x + label + 1, y, area.width.saturating_sub(label + 1), value, *style);
    }
}

/// What is typed after a `/`, the end of it where it is long; where the cursor stands.
fn prompt(ink: &mut Ink<'_>, area: Rect, typed: &str) -> Position {
    let taken = ink.text(area.x, area.y, 2, "/ ", ink.theme.accent());
    let room = area.width.saturating_sub(taken);
    let skipped = typed.chars().count().saturating_sub(usize::from(room.saturating_sub(1)));
    let shown: String = typed.chars().skip(skipped).collect();
    let wide = ink.text(area.x + taken, area.y, room, &shown, ink.theme.title());
    Position::new(area.x + taken + wide, area.y)
}

/// Two areas side by side with a gap; the second has `right` cells.
fn beside(area: Rect, right: u16) -> (Rect, Rect) {
    const GAP: u16 = 3;
    let right = right.min(area.width.saturating_sub(GAP));
    let left = area.width - right - GAP;
    (Rect { width: left, ..area }, Rect { x: area.x + left + GAP, width: right, ..area })
}

/// The upper lines of an area, and the rest.
fn above(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
}

/// Without a column at each side.
fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}
