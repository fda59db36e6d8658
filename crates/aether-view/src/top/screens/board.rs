//! A board of one's own.

use aether_watch::Unit;
use console::measure_text_width;
use ratatui_core::{
    layout::Rect,
    style::{Modifier, Style},
};

use super::{grid, inset};
use crate::{
    board::{COLUMNS, Content, Key, Panel},
    plot::{
        axis::{Axis, Count},
        canvas::Canvas,
    },
    text,
    top::{
        app::App,
        curve::Curve,
        ink::{Ink, Look, wrap},
        model::PanelView,
    },
};

/// Lines of a row of the grid.
const ROW: u16 = 4;

pub(in crate::top) fn draw(app: &mut App, ink: &mut Ink<'_>, area: Rect) {
    let Some(board) = &app.board else { return };
    let area = inset(area);
    if board.panels.is_empty() {
        ink.empty(area, "The board has no panels", "the guide's page on boards says how to add some");
        return;
    }
    let below = board.panels.iter().map(|panel| (panel.at.row + panel.at.height) * ROW).max().unwrap_or(0);
    app.board_row = app.board_row.min(usize::from(below.saturating_sub(area.height)));
    let top = i32::from(area.y) - app.board_row as i32;
    // Narrow terminals have one panel a line.
    let edge =
        |column: u16| area.x + (u32::from(area.width + 2) * u32::from(column) / u32::from(COLUMNS)) as u16;
    for (panel, view) in board.panels.iter().zip(app.panels.iter()) {
        let (from, to) = (edge(panel.at.column), edge(panel.at.column + panel.at.width) - 2);
        let y = top + i32::from(panel.at.row * ROW);
        let end = y + i32::from(panel.at.height * ROW) - 1;
        // Panels that are not wholly in sight are drawn as far as they are.
        let (first, last) = (y.max(i32::from(area.y)), end.min(i32::from(area.bottom())));
        if last - first < 2 || y < i32::from(area.y) {
            continue;
        }
        let place = Rect::new(from, first as u16, to.saturating_sub(from), (last - first) as u16);
        draw_panel(ink, place, panel, view);
    }
}

fn title(panel: &Panel) -> String {
    panel.title.clone().unwrap_or_else(|| match &panel.content {
        Content::Line(line) => line.metrics.join(", "),
        Content::Bar(bar) => bar.metrics.join(", "),
        Content::Scatter(scatter) => format!("{} over {}", scatter.y.label(), scatter.x.label()),
        Content::Histogram(named) | Content::Image(named) => named.name.clone(),
        Content::Gauge(gauge) => gauge.value.label(),
        other => {
            let kind = other.kind();
            kind[..1].to_uppercase() + &kind[1..]
        }
    })
}

fn draw_panel(ink: &mut Ink<'_>, area: Rect, panel: &Panel, view: &PanelView) {
    let note = match (&panel.content, view) {
        (Content::Scatter(scatter), PanelView::Points { without, .. }) => {
            let more = if *without > 0 { format!(", {without} without") } else { String::new() };
            format!("{} over {}{more}", scatter.y.label(), scatter.x.label())
        }
        (Content::Line(line), _) => match (line.log, line.smoothing) {
            (log, Some(keep)) => format!("{}smooth {}", if log { "log  " } else { "" }, keep.get()),
            (true, None) => "log".to_owned(),
            _ => String::new(),
        },
        (_, PanelView::Gauge(Some((_, whose)))) => whose.clone(),
        _ => String::new(),
    };
    let inside = ink.section(area, &title(panel), &note, false);
    match (view, &panel.content) {
        (PanelView::Nothing(why), _) => {
            for (at, line) in wrap(&text::escape(why), usize::from(inside.width)).iter().enumerate() {
                if (at as u16) < inside.height {
                    ink.text(inside.x, inside.y + at as u16, inside.width, line, ink.theme.dim());
                }
            }
        }
        (PanelView::Curves(curves), Content::Line(line)) => {
            let smoothing = line.smoothing.map_or(0.0, |keep| keep.get());
            let look = Look { x: line.x, window: None, log: line.log, smoothing };
            curves_of(ink, inside, curves, look);
        }
        (PanelView::Points { points, .. }, Content::Scatter(scatter)) => {
            scatter_of(ink, inside, points, scatter.log_x, scatter.log_y);
        }
        (PanelView::Gauge(value), Content::Gauge(gauge)) => match value {
            Some((value, _)) => {
                let share = (value - gauge.min) / (gauge.max - gauge.min);
                let unit = gauge.value.unit();
                ink.text(inside.x, inside.y, inside.width, &text::measured(*value, unit), ink.theme.title());
                ink.meter(inside.x, inside.y + 1, inside.width, share, ink.theme.curve(0));
                if inside.height > 2 {
                    let y = inside.y + 2;
                    ink.text(inside.x, y, inside.width / 2, &short(gauge.min, unit), ink.theme.dim());
                    ink.right(inside.x, y, inside.width, &short(gauge.max, unit), ink.theme.dim());
                }
            }
            None => {
                ink.text(inside.x, inside.y, inside.width, "no run has it yet", ink.theme.dim());
            }
        },
        (PanelView::Bars(bars), Content::Bar(bar)) => {
            let mut units = bar.metrics.iter().map(|metric| Key::Metric(metric.clone(), bar.value).unit());
            let unit =
                units.next().flatten().filter(|first| units.all(|other| other.as_ref() == Some(first)));
            bars_of(ink, inside, bars, unit);
        }
        (PanelView::Bars(bars), _) => bars_of(ink, inside, bars, None),
        (PanelView::Rows { columns, rows }, _) => rows_of(ink, inside, columns, rows),
        (PanelView::Printed(lines), _) => {
            let from = lines.len().saturating_sub(usize::from(inside.height));
            for (y, line) in (inside.y..).zip(&lines[from..]) {
                ink.printed(inside.x, y, inside.width, &line.pieces(&[], Modifier::empty()));
            }
        }
        (PanelView::Lines(lines), _) => {
            let wrapped = lines.iter().flat_map(|line| wrap(&text::escape(line), usize::from(inside.width)));
            for (at, line) in wrapped.enumerate().take(usize::from(inside.height)) {
                ink.text(inside.x, inside.y + at as u16, inside.width, &line, Style::new());
            }
        }
        (PanelView::Histogram { steps, edges, shares }, _) => {
            histogram_of(ink, inside, steps, *edges, shares)
        }
        _ => {}
    }
}

/// A number as somebody would write it.
fn short(value: f64, unit: Option<Unit>) -> String {
    match unit {
        None if value == value.trunc() && value.abs() < 1e6 => format!("{value:.0}"),
        unit => text::measured(value, unit),
    }
}

fn curves_of(ink: &mut Ink<'_>, area: Rect, curves: &[Curve], look: Look) {
    let mut area = area;
    if curves.len() > 1 && area.height > 5 {
        grid::legend(ink, area, curves.iter().map(|curve| (curve.number, curve.name.as_str())));
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    ink.chart(area, curves, look);
}

fn bars_of(ink: &mut Ink<'_>, area: Rect, bars: &[(String, f64)], unit: Option<Unit>) {
    let widest = bars.iter().map(|(name, _)| measure_text_width(name)).max().unwrap_or(0) as u16;
    let label = widest.min(area.width / 2);
    let numbers: Vec<String> = bars.iter().map(|(_, value)| short(*value, unit)).collect();
    let number = numbers.iter().map(String::len).max().unwrap_or(0) as u16;
    let most =
        bars.iter().map(|(_, value)| value.abs()).filter(|v| v.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    for (at, ((name, value), words)) in bars.iter().zip(&numbers).enumerate().take(usize::from(area.height)) {
        let y = area.y + at as u16;
        ink.name(area.x, y, label, name, Style::new());
        let room = area.width.saturating_sub(label + number + 2);
        let share = if value.is_finite() { value.abs() / most } else { 0.0 };
        ink.meter(area.x + label + 1, y, room, share, ink.theme.curve(usize::from(*value < 0.0)));
        ink.right(area.right() - number, y, number, words, Style::new());
    }
}

fn rows_of(ink: &mut Ink<'_>, area: Rect, columns: &[String], rows: &[Vec<String>]) {
    let wide = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).chain(columns.get(at));
        cells.map(|cell| measure_text_width(&text::escape(cell)) as u16).max().unwrap_or(0)
    };
    let widths: Vec<u16> = (0..columns.len()).map(wide).collect();
    let dim = ink.theme.dim();
    let mut line = |y: u16, cells: &[String], style: Style| {
        let mut x = area.x;
        for (cell, width) in cells.iter().zip(&widths) {
            let room = area.right().saturating_sub(x).min(*width);
            ink.text(x, y, room, cell, style);
            x += width + 2;
        }
    };
    line(area.y, columns, dim);
    for (at, row) in rows.iter().enumerate().take(usize::from(area.height.saturating_sub(1))) {
        line(area.y + 1 + at as u16, row, Style::new());
    }
}

fn scatter_of(ink: &mut Ink<'_>, area: Rect, points: &[(f64, f64)], log_x: bool, log_y: bool) {
    if points.is_empty() || area.width < 16 || area.height < 4 {
        ink.text(area.x, area.y, area.width, "no run has both yet", ink.theme.dim());
        return;
    }
    let y =
        Axis::over(points.iter().map(|p| p.1), log_y, (usize::from(area.height) / 3).max(2), Count::Decimal);
    let margin = y.ticks.iter().map(|tick| tick.label.chars().count()).max().unwrap_or(0) as u16;
    let (columns, rows) = (usize::from(area.width - margin - 1), usize::from(area.height - 2));
    let x = Axis::over(points.iter().map(|p| p.0), log_x, (columns / 12).max(2), Count::Decimal);
    let mut canvas = Canvas::new(columns, rows);
    for (px, py) in points {
        let at = (x.scale.column(*px, columns * 2), rows * 4 - 1 - y.scale.column(*py, rows * 4));
        // One dot alone is hard to see.
        canvas.dot(at.0, at.1, 0);
        canvas.dot(at.0 ^ 1, at.1, 0);
        canvas.dot(at.0, at.1 ^ 1, 0);
        canvas.dot(at.0 ^ 1, at.1 ^ 1, 0);
    }
    let (left, dim) = (area.x + margin + 1, ink.theme.dim());
    for row in 0..rows {
        let at = area.y + row as u16;
        let place = |t: f64| rows - 1 - (t * rows as f64).clamp(0.0, (rows - 1) as f64) as usize;
        let tick = y.ticks.iter().find(|tick| place(tick.at) == row);
        ink.right(area.x, at, margin, tick.map_or("", |tick| &tick.label), dim);
        ink.text(left - 1, at, 1, if tick.is_some() { "┤" } else { "│" }, dim);
        let line: String = (0..columns).map(|column| canvas.glyph(row * columns + column)).collect();
        ink.text(left, at, columns as u16, &line, ink.theme.curve(0));
    }
    let bottom = area.bottom() - 2;
    ink.text(left - 1, bottom, columns as u16 + 1, &format!("└{}", "─".repeat(columns)), dim);
    let mut free = area.x;
    for tick in &x.ticks {
        let wide = tick.label.chars().count() as u16;
        let place = left + (tick.at * columns as f64).clamp(0.0, columns as f64 - 1.0) as u16;
        let at = place.saturating_sub(wide / 2).min(area.right().saturating_sub(wide));
        if at >= free {
            ink.text(at, bottom + 1, wide, &tick.label, dim);
            free = at + wide + 1;
        }
    }
}

/// Steps to the right, values upwards; the fuller a bin, the darker its cell.
fn histogram_of(ink: &mut Ink<'_>, area: Rect, steps: &[u64], edges: (f64, f64), shares: &[Vec<f64>]) {
    const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
    let labels = [text::number(edges.1), text::number(edges.0)];
    let margin = labels.iter().map(String::len).max().unwrap_or(0) as u16;
    let (columns, rows) = (area.width.saturating_sub(margin + 1), area.height.saturating_sub(1));
    if columns < 4 || rows < 2 || shares.is_empty() {
        return;
    }
    ink.right(area.x, area.y, margin, &labels[0], ink.theme.dim());
    ink.right(area.x, area.y + rows - 1, margin, &labels[1], ink.theme.dim());
    for column in 0..columns {
        let step = usize::from(column) * shares.len() / usize::from(columns);
        for row in 0..rows {
            let bins = &shares[step];
            let from = usize::from(rows - 1 - row) * bins.len() / usize::from(rows);
            let to = (usize::from(rows - row) * bins.len()).div_ceil(usize::from(rows)).max(from + 1);
            let most = bins[from..to.min(bins.len())].iter().copied().fold(0.0, f64::max);
            // What is there at all is seen.
            let shade =
                if most > 0.0 { SHADES[((most * 4.0).ceil() as usize).clamp(1, 4)] } else { SHADES[0] };
            ink.text(area.x + margin + 1 + column, area.y + row, 1, shade, ink.theme.curve(0));
        }
    }
    let (first, last) = (steps.first().copied().unwrap_or(0), steps.last().copied().unwrap_or(0));
    let y = area.y + rows;
    ink.text(area.x + margin + 1, y, columns, &format!("step {first}"), ink.theme.dim());
    ink.right(area.x + margin + 1, y, columns, &last.to_string(), ink.theme.dim());
}
