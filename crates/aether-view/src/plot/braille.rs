//! Plots in a terminal: each character cell holds 2 by 4 dots (Unicode block U+2800).

use console::{Color, Style};

use super::{Chart, axis::Axis, canvas::Canvas, series::Bin};

const COLORS: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Magenta, Color::Green, Color::Red, Color::Blue];
/// Cells between two letters of a curve that has no colour.
const LETTER_EVERY: usize = 14;

/// The size of a plot in characters, axes included.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Characters in a line.
    pub width: usize,
    /// Lines, without title and legend.
    pub height: usize,
}

fn draw_piece(canvas: &mut Canvas, piece: &[Bin], row: impl Fn(f64) -> usize, owner: usize) {
    for (i, bin) in piece.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).map(|i| piece[i]) {
            canvas.line((before.column, row(before.last)), (bin.column, row(bin.first)), owner);
        }
        canvas.line((bin.column, row(bin.min)), (bin.column, row(bin.max)), owner);
    }
}

/// Draws `chart` as lines of text. With `colored`, curves are told apart by colour; else, when there are several, by
/// letters on them.
pub fn draw(chart: &Chart, size: Size, colored: bool) -> Vec<String> {
    let y = chart.y_axis((size.height / 2).max(2));
    let margin = y.ticks.iter().map(|t| t.label.chars().count()).max().unwrap_or(0);
    let columns = size.width.saturating_sub(margin + 2).max(8);
    let rows = size.height.saturating_sub(2).max(2);
    let x = chart.x_axis((columns / 12).max(2));
    let lettered = !colored && chart.series.len() > 1;

    let mut canvas = Canvas::new(columns, rows);
    let mut gaps: Vec<Option<usize>> = vec![None; columns];
    let row = |value: f64| (rows * 4 - 1) - y.scale.column(value, rows * 4);
    for (owner, series) in chart.series.iter().enumerate() {
        let curve = series.curve(|v| x.scale.column(v, columns * 2), |v| y.scale.drawable(v));
        for piece in &curve.pieces {
            draw_piece(&mut canvas, piece, row, owner);
        }
        for gap in curve.gaps {
            gaps[gap / 2] = Some(owner);
        }
    }

    let mut letters: Vec<Option<char>> = vec![None; columns * rows];
    if lettered {
        for owner in 0..chart.series.len() {
            let offset = LETTER_EVERY * (2 * owner + 1) / (2 * chart.series.len());
            for column in (offset..columns).step_by(LETTER_EVERY) {
                if let Some(row) = canvas.cell_of(column, owner) {
                    letters[row * columns + column] = Some(letter(owner));
                }
            }
        }
    }

    let mut lines = vec![heading(chart, colored)];
    for row in 0..rows {
        let tick = y.ticks.iter().find(|t| y_row(t.at, rows) == row);
        let (label, edge) = tick.map_or(("", '│'), |t| (t.label.as_str(), '┤'));
        let mut line = format!("{label:>margin$} {edge}");
        for column in 0..columns {
            let cell = row * columns + column;
            line += &match letters[cell] {
                Some(letter) => letter.to_string(),
                None if canvas.dots[cell] == 0 => " ".to_owned(),
                None => paint(canvas.glyph(cell), canvas.owner[cell], colored),
            };
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.push(ruler(&x, margin, &gaps, colored));
    lines.push(ruler_labels(&x, margin, columns, &chart.x_label));
    if let Some(note) = chart.gap_note(&y) {
        lines.push(format!("{:>margin$}  × {note}", ""));
    }
    lines
}

fn y_row(at: f64, rows: usize) -> usize {
    rows - 1 - (at * rows as f64).clamp(0.0, (rows - 1) as f64) as usize
}

fn letter(owner: usize) -> char {
    char::from(b'a' + (owner % 26) as u8)
}

fn paint(dots: char, owner: usize, colored: bool) -> String {
    let style = Style::new().fg(COLORS[owner % COLORS.len()]);
    if colored { style.force_styling(true).apply_to(dots).to_string() } else { dots.to_string() }
}

/// The title, or, when there are several curves, the legend.
fn heading(chart: &Chart, colored: bool) -> String {
    if chart.series.len() < 2 {
        return chart.title.clone();
    }
    let entry = |(owner, series): (usize, &super::Series)| {
        let key = if colored { paint('━', owner, true) } else { letter(owner).to_string() };
        format!("{key} {}", series.name)
    };
    chart.series.iter().enumerate().map(entry).collect::<Vec<_>>().join("   ")
}

/// The x axis, with ticks and with the places where points are missing.
fn ruler(x: &Axis, margin: usize, gaps: &[Option<usize>], colored: bool) -> String {
    let ticks: Vec<usize> = x.ticks.iter().map(|t| tick_column(t.at, gaps.len())).collect();
    let mut line = format!("{:>margin$} └", "");
    for (column, gap) in gaps.iter().enumerate() {
        line += &match gap {
            Some(owner) => paint('×', *owner, colored),
            None if ticks.contains(&column) => "┬".to_owned(),
            None => "─".to_owned(),
        };
    }
    line
}

fn tick_column(at: f64, columns: usize) -> usize {
    (at * columns as f64).clamp(0.0, (columns - 1) as f64) as usize
}

/// The labels below the ticks, those that have room, and what x counts.
fn ruler_labels(x: &Axis, margin: usize, columns: usize, name: &str) -> String {
    let width = margin + 2 + columns;
    let name_at = width.saturating_sub(name.chars().count());
    let mut line = String::new();
    for tick in &x.ticks {
        let length = tick.label.chars().count();
        let at = (margin + 2 + tick_column(tick.at, columns)).saturating_sub(length / 2).min(width - length);
        let free = line.chars().count();
        if (free == 0 || at > free) && at + length < name_at {
            line += &" ".repeat(at - free);
            line += &tick.label;
        }
    }
    let free = line.chars().count();
    line + &" ".repeat(name_at.saturating_sub(free)) + name
}
