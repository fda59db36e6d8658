//! All keys.

use ratatui_core::{layout::Rect, style::Style};

use super::inset;
use crate::top::ink::{Ink, wrap};

/// Cells of the keys.
const KEY: u16 = 15;

const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Everywhere",
        &[
            ("1 .. 5", "the screens above"),
            ("tab, shift-tab", "pane, screen: the next, the last"),
            ("j k, ↓ ↑, wheel", "one down, one up"),
            ("ctrl-d, ctrl-u", "a page down, up"),
            ("g, G", "to the top, the end"),
            ("esc", "back"),
            ("?", "this help"),
            ("ctrl-z", "pause; fg goes on"),
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

pub(in crate::top) fn draw(ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area);
    let columns = if area.width >= 76 { 2 } else { 1 };
    let wide = (area.width - (columns - 1) * 3) / columns;
    let mut heights = [area.y; 2];
    for (title, keys) in KEYS {
        let column = if columns == 2 && heights[0] > heights[1] { 1 } else { 0 };
        let place = Rect::new(area.x + column as u16 * (wide + 3), heights[column], wide, 1);
        ink.section(place, title, "", false);
        let mut y = place.y + 1;
        for (key, what) in keys {
            if y < area.bottom() {
                ink.text(place.x, y, KEY, key, ink.theme.accent());
            }
            let room = wide.saturating_sub(KEY + 1);
            for line in wrap(what, usize::from(room)) {
                if y < area.bottom() {
                    ink.text(place.x + KEY + 1, y, room, &line, Style::new());
                }
                y += 1;
            }
        }
        heights[column] = y + 1;
    }
}
