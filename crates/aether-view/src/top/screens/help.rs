//! All keys.

use ratatui_core::{layout::Rect, style::Style};

use super::inset;
use crate::top::{app::App, ink::Ink};

const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Everywhere",
        &[
            ("1 .. 5", "host, runs, run, compare, board"),
            ("tab, shift-tab", "next, previous pane or screen"),
            ("j k, ↓ ↑, wheel", "one down, one up"),
            ("ctrl-d, ctrl-u", "a page down, up"),
            ("g, G", "to the top, to the end"),
            ("esc", "back"),
            ("?", "this help"),
            ("ctrl-z", "stop for a while; fg goes on"),
            ("q, ctrl-c", "quit"),
        ],
    ),
    (
        "Runs",
        &[
            ("enter, l, click", "open the run"),
            ("/", "filter: loss.min < 0.1 and tag = best"),
            ("s", "sort another way"),
            ("space", "mark"),
            ("c", "compare what is marked"),
        ],
    ),
    (
        "Charts",
        &[
            ("+ -, wheel", "zoom in, out"),
            ("h l, ← →, drag", "pan"),
            ("0", "all of it"),
            ("L", "logarithmic y"),
            ("S", "smooth; the raw curve stays dim"),
            ("x", "by step, relative time, time"),
            ("enter", "one chart alone, or all"),
        ],
    ),
    (
        "A run",
        &[
            ("[ ]", "the run before, after it"),
            ("a", "of events, alerts only"),
            ("/, n, N", "find in the log; next, before"),
        ],
    ),
];

pub(in crate::top) fn draw(app: &App, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area);
    let columns = if area.width >= 76 { 2 } else { 1 };
    let wide = (area.width - (columns - 1) * 3) / columns;
    let mut heights = [area.y; 2];
    for (title, keys) in KEYS {
        let column = if columns == 2 && heights[0] > heights[1] { 1 } else { 0 };
        let place = Rect::new(area.x + column as u16 * (wide + 3), heights[column], wide, 1);
        ink.section(place, title, "", false);
        for (at, (key, what)) in keys.iter().enumerate() {
            let y = place.y + 1 + at as u16;
            if y < area.bottom() {
                ink.text(place.x, y, 16, key, app.theme.accent());
                ink.text(place.x + 17, y, wide.saturating_sub(17), what, Style::new());
            }
        }
        heights[column] += keys.len() as u16 + 2;
    }
}
