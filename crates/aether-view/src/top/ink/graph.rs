//! Small graphs: the course of a metric in one line, and the last minutes of a load.

use ratatui_core::layout::Rect;

use super::Ink;
use crate::{plot::canvas::Canvas, top::curve::Stretch};

impl Ink<'_> {
    /// The course of a metric in one line of cells: each column of dots goes from the least to the greatest value in
    /// it. Where there are values that are not finite stands `×`.
    pub(crate) fn spark(
        &mut self,
        x: u16,
        y: u16,
        width: u16,
        stretches: &[Stretch],
        style: ratatui_core::style::Style,
    ) {
        if stretches.is_empty() || width == 0 {
            return;
        }
        let mut canvas = Canvas::new(usize::from(width), 1);
        let low = stretches.iter().map(|s| s.extremes.0).fold(f64::NAN, f64::min);
        let high = stretches.iter().map(|s| s.extremes.1).fold(f64::NAN, f64::max);
        let row = |value: f64| {
            let share = if high > low { (value - low) / (high - low) } else { 0.5 };
            3 - (share * 3.999).clamp(0.0, 3.0) as usize
        };
        let column = |i: usize| i * usize::from(width) * 2 / stretches.len();
        let mut marks = vec![false; usize::from(width)];
        for (i, stretch) in stretches.iter().enumerate() {
            if stretch.non_finite > 0 {
                marks[column(i) / 2] = true;
            }
            if stretch.extremes.0.is_finite() {
                let (top, bottom) = (row(stretch.extremes.1), row(stretch.extremes.0));
                // Few stretches are wide.
                for x in column(i)..column(i + 1).max(column(i) + 1) {
                    canvas.line((x, top), (x, bottom), 0);
                }
            }
        }
        for (cell, marked) in marks.into_iter().enumerate() {
            let at = x + cell as u16;
            if marked {
                self.text(at, y, 1, "×", self.theme.bad());
            } else {
                self.text(at, y, 1, canvas.glyph(cell).encode_utf8(&mut [0; 4]), style);
            }
        }
    }

    /// The last values of a load, the newest at the right, filled up from below; `full` is the height of the area. The
    /// higher, the more alarming the colour, if it is a share of something that can be used up.
    pub(crate) fn area(&mut self, area: Rect, values: &[f64], full: f64, alarming: bool) {
        if area.is_empty() {
            return;
        }
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        let mut canvas = Canvas::new(columns, rows);
        let shown = values.len().min(columns * 2);
        for (i, value) in values[values.len() - shown..].iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let x = columns * 2 - shown + i;
            let dots =
                (value / full.max(f64::MIN_POSITIVE) * (rows * 4) as f64).clamp(0.0, (rows * 4) as f64);
            let top = (dots.round() as usize).max(1);
            canvas.line((x, rows * 4 - top), (x, rows * 4 - 1), 0);
        }
        for row in 0..rows {
            let share = 1.0 - (row as f64 + 0.5) / rows as f64;
            let style = if alarming { self.theme.load(share) } else { self.theme.curve(0) };
            let line: String = (0..columns).map(|column| canvas.glyph(row * columns + column)).collect();
            self.text(area.x, area.y + row as u16, area.width, &line, style);
        }
    }
}
