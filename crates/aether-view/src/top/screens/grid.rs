//! Several charts in one place: those that have room, the others one key away.

use console::measure_text_width;
use ratatui_core::layout::Rect;

use crate::{
    board::X,
    text,
    top::{
        app::{Charts, Target},
        curve::Curve,
        ink::{Ink, Look, letter},
        model::of_time,
    },
};

/// Cells of a chart that can be read.
const WIDTH: u16 = 38;
const HEIGHT: u16 = 9;

/// Draws the charts called `names`, of which those from `first` on are known.
pub(super) fn draw(
    ink: &mut Ink<'_>,
    area: Rect,
    charts: &mut Charts,
    targets: &mut Vec<(Rect, Target)>,
    names: &[String],
    (first, known, x): (usize, &[Vec<Curve>], X),
) {
    let (columns, rows) = match charts.alone {
        true => (1, 1),
        false => ((area.width / WIDTH).clamp(1, 4), (area.height / HEIGHT).clamp(1, 6)),
    };
    let columns = columns.min(names.len().max(1) as u16);
    let rows = rows.min((names.len() as u16).div_ceil(columns).max(1));
    let count = usize::from(columns * rows);
    charts.focus = charts.focus.min(names.len().saturating_sub(1));
    charts.count = count;
    // Whole pages, so that charts stay in their places.
    charts.first = charts.focus / count * count;
    let (wide, high) = ((area.width - (columns - 1) * 2) / columns, area.height / rows);
    charts.columns = usize::from(wide) * 2;
    for (place, number) in (charts.first..names.len().min(charts.first + count)).enumerate() {
        let (column, row) = (place as u16 % columns, place as u16 / columns);
        let at = Rect::new(area.x + column * (wide + 2), area.y + row * high, wide, high);
        let curves = number.checked_sub(first).and_then(|at| known.get(at));
        let focused = number == charts.focus && (count > 1 || names.len() > 1);
        let inside = heading(ink, at, &names[number], curves, charts, focused);
        let Some(curves) = curves else { continue };
        let look = match of_time(&names[number], x) {
            true => Look { x: X::Relative, window: None, ..charts.look },
            false => Look { x, ..charts.look },
        };
        match ink.chart(inside, curves, look) {
            Some(plot) => targets.push((at, Target::Chart(number, plot))),
            None => ink.empty(inside, "nothing to draw", ""),
        }
    }
}

/// Names in the colours of their curves in one line, each with as much room as the others; what has none is left out.
pub(super) fn legend<'a>(
    ink: &mut Ink<'_>,
    area: Rect,
    names: impl ExactSizeIterator<Item = (usize, &'a str)> + Clone,
) {
    let wide = |name: &str| measure_text_width(&text::escape(name)) as u16 + 4;
    let total = names.clone().map(|(_, name)| u32::from(wide(name))).sum::<u32>();
    let fits = total <= u32::from(area.width) + 2;
    let share = ((area.width + 2) / names.len().max(1) as u16).max(14) - 4;
    let mut x = area.x;
    for (number, name) in names {
        let room = area.right().saturating_sub(x);
        if room < 6 {
            break;
        }
        let key = if ink.theme.colored { "━".to_owned() } else { letter(number) };
        x += ink.text(x, area.y, 1, &key, ink.theme.curve(number)) + 1;
        let room = if fits { room - 2 } else { share.min(room - 2) };
        x += ink.name(x, area.y, room, name, ink.theme.dim()) + 2;
    }
}

/// The title and the legend: of one curve its last value, of several their names in their colours.
fn heading(
    ink: &mut Ink<'_>,
    at: Rect,
    name: &str,
    curves: Option<&Vec<Curve>>,
    charts: &Charts,
    focused: bool,
) -> Rect {
    let look = charts.look;
    let mut notes = Vec::new();
    if look.log {
        notes.push("log".to_owned());
    }
    if look.smoothing > 0.0 {
        notes.push(format!("smooth {}", look.smoothing));
    }
    if look.window.is_some() {
        notes.push("zoomed".to_owned());
    }
    let curves = curves.map_or(&[][..], Vec::as_slice);
    if let [only] = curves
        && let Some(last) = only.stretches.last()
    {
        notes.push(text::measured(last.ends.1, only.unit));
    }
    let missing: u64 = curves.iter().flat_map(|c| &c.stretches).map(|s| s.non_finite).sum();
    if missing > 0 {
        notes.push(format!("× {missing} NaN or infinite"));
    }
    let inside = ink.section(at, name, &notes.join("  "), focused);
    if curves.len() < 2 || inside.height < 5 {
        return inside;
    }
    let last = |curve: &Curve| {
        curve.stretches.last().map_or_else(String::new, |s| text::measured(s.ends.1, curve.unit))
    };
    let full: Vec<(usize, String)> =
        curves.iter().map(|curve| (curve.number, format!("{} {}", curve.name, last(curve)))).collect();
    let wide: usize = full.iter().map(|(_, words)| measure_text_width(&text::escape(words)) + 4).sum();
    // The last values are there where all of them have room.
    match wide <= usize::from(inside.width) + 2 {
        true => legend(ink, inside, full.iter().map(|(number, words)| (*number, words.as_str()))),
        false => legend(ink, inside, curves.iter().map(|curve| (curve.number, curve.name.as_str()))),
    }
    Rect { y: inside.y + 1, height: inside.height - 1, ..inside }
}
