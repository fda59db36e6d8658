//! Runs side by side: their curves in one chart, parameters that differ, last values.

use console::measure_text_width;
use ratatui_core::{layout::Rect, style::Style};

use super::{above, beside, brief, grid, inset};
use crate::{
    text,
    top::{
        app::App,
        ink::{Ink, letter},
        model::CompareView,
    },
};

pub(in crate::top) fn draw(app: &mut App, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area);
    if app.compared.len() < 2 {
        ink.empty(
            area,
            "Mark two runs or more to compare them",
            "2 shows all runs; space marks one, c compares",
        );
        return;
    }
    let Some(view) = app.compare.take() else {
        ink.empty(area, "Reading the runs", "");
        return;
    };
    let wide = area.width >= 110;
    let (charts, tables) = if app.charts.alone {
        (area, Rect { height: 0, ..area })
    } else if wide {
        beside(area, area.width * 2 / 5)
    } else {
        above(area, area.height / 2)
    };
    let known = (view.first, view.charts.as_slice(), view.x);
    let Rect { height, .. } = charts;
    let charts = Rect { height: if wide { height } else { height.saturating_sub(1) }, ..charts };
    grid::draw(ink, charts, &mut app.charts, &mut app.targets, &view.names, known);
    if tables.height > 0 {
        table(app, ink, tables, &view);
    }
    app.compare = Some(view);
}

/// One column a run, as many as have room.
fn table(app: &App, ink: &mut Ink<'_>, area: Rect, view: &CompareView) {
    let names = view.parameters.iter().map(|(name, _)| name).chain(view.metrics.iter().map(|(name, _)| name));
    let widest = names.map(|name| measure_text_width(name) as u16).max().unwrap_or(0);
    let label = widest.clamp(8, (area.width / 3).max(8));
    let each = ((area.width - label) / view.rows.len().max(1) as u16).clamp(11, 24);
    let shown = usize::from((area.width - label) / each).min(view.rows.len());
    let (dim, title) = (ink.theme.dim(), ink.theme.title());
    let at = |number: usize| area.x + label + number as u16 * each;
    let mut y = area.y;
    for (number, row) in view.rows.iter().enumerate().take(shown) {
        let key = if ink.theme.colored { "━".to_owned() } else { letter(number) };
        ink.text(at(number) + 1, y, 1, &key, ink.theme.curve(number));
        ink.name(at(number) + 3, y, each - 3, &row.name, title);
        let (sign, word, style) = ink.theme.standing(row.standing);
        ink.text(at(number) + 3, y + 1, each - 3, &format!("{sign} {word}"), style);
        ink.text(at(number) + 3, y + 2, each - 3, &brief(app.seconds(row)), Style::new());
    }
    if shown < view.rows.len() {
        ink.text(area.x, y, label, &format!("{} of {}", shown, view.rows.len()), dim);
    }
    ink.text(area.x, y + 1, label, "state", dim);
    ink.text(area.x, y + 2, label, "took", dim);
    y += 4;
    let bottom = area.bottom();
    if view.parameters.is_empty() && y < bottom {
        ink.text(area.x, y, area.width, "No parameter differs", dim);
        y += 1;
    }
    for (name, values) in &view.parameters {
        if y >= bottom {
            return;
        }
        ink.text(area.x, y, label, name, dim);
        for (number, value) in values.iter().enumerate().take(shown) {
            ink.text(at(number) + 3, y, each - 3, value.as_deref().unwrap_or("-"), Style::new());
        }
        y += 1;
    }
    y += 1;
    for (name, values) in &view.metrics {
        if y >= bottom {
            return;
        }
        ink.text(area.x, y, label, name, dim);
        for (number, value) in values.iter().enumerate().take(shown) {
            let words = value.map_or_else(|| "-".to_owned(), text::number);
            let style = if value.is_some_and(|v| !v.is_finite()) { ink.theme.bad() } else { Style::new() };
            ink.text(at(number) + 3, y, each - 3, &words, style);
        }
        y += 1;
    }
}
