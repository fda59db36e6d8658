//! Charts: curves over steps or time with axes. Each column of dots shows the least and the greatest value in it, so no
//! spike is hidden; where points have no place on the axis stands `×` on the ruler.

use std::cmp::Reverse;

use jiff::Timestamp;
use ratatui_core::{layout::Rect, style::Modifier};

use super::Ink;
use crate::{
    board::X,
    plot::{
        axis::{Axis, Count},
        canvas::Canvas,
    },
    top::curve::{self, Curve},
};

/// How a chart is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// What x counts.
    pub(crate) x: X,
    /// The part of x in sight; all where there is none.
    pub(crate) window: Option<(f64, f64)>,
    /// Whether y is logarithmic.
    pub(crate) log: bool,
    /// How much of the value before goes into a smoothed one; 0 for no smoothed curve.
    pub(crate) smoothing: f64,
}

/// Where a chart was drawn, so that a mouse can point at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plot {
    /// The cells of its curves.
    pub(crate) area: Rect,
    /// The x of its edges.
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Plot {
    /// The x that a column of cells shows.
    pub(crate) fn x(&self, column: u16) -> f64 {
        let share = (f64::from(column) - f64::from(self.area.x) + 0.5) / f64::from(self.area.width.max(1));
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }
}

impl Ink<'_> {
    /// Draws curves and their axes; `None` where there is no room or nothing to draw.
    pub(crate) fn chart(&mut self, area: Rect, curves: &[Curve], look: Look) -> Option<Plot> {
        if area.width < 12 || area.height < 3 {
            return None;
        }
        let (from, to) = span(curves, look)?;
        let in_sight = |x: (f64, f64)| x.1 >= from && x.0 <= to;
        let stretches = || curves.iter().flat_map(|c| &c.stretches).filter(|s| in_sight(s.x));
        let values = stretches().flat_map(|s| [s.extremes.0, s.extremes.1]);
        let y = Axis::over(
            values,
            look.log,
            (usize::from(area.height) / 3).max(2),
            Count::of(curves.iter().map(|curve| curve.unit)),
        );
        let margin = y.ticks.iter().map(|tick| tick.label.chars().count()).max().unwrap_or(0);
        let columns = usize::from(area.width).saturating_sub(margin + 1);
        let rows = usize::from(area.height) - 2;
        if columns < 6 {
            return None;
        }
        let place = |x: f64| (x - from) / (to - from);
        let column = |x: f64| ((place(x) * (columns * 2) as f64).max(0.0) as usize).min(columns * 2 - 1);
        let row = |value: f64| rows * 4 - 1 - y.scale.column(value, rows * 4);
        let mut canvas = Canvas::new(columns, rows);
        let mut gaps: Vec<Option<usize>> = vec![None; columns];
        // Those of few points over those of many, which would hide them.
        let points = |c: &Curve| c.stretches.iter().filter(|s| in_sight(s.x)).map(|s| s.count).sum::<u64>();
        let mut curves: Vec<&Curve> = curves.iter().collect();
        curves.sort_by_key(|curve| Reverse(points(curve)));
        for curve in &curves {
            let mut before: Option<(f64, f64)> = None;
            for stretch in curve.stretches.iter().filter(|s| in_sight(s.x)) {
                let drawable = |value: f64| y.scale.drawable(value);
                let hidden = look.log && stretch.extremes.0 <= 0.0;
                if stretch.non_finite > 0 || hidden {
                    gaps[column(stretch.x.0) / 2] = Some(curve.number);
                }
                if let Some((x, value)) = before.filter(|(_, v)| drawable(*v) && drawable(stretch.ends.0)) {
                    canvas.line(
                        (column(x), row(value)),
                        (column(stretch.x.0), row(stretch.ends.0)),
                        curve.number * 2,
                    );
                }
                let (low, high) = (stretch.extremes.0, stretch.extremes.1);
                if drawable(high) {
                    let low = if drawable(low) { row(low) } else { rows * 4 - 1 };
                    let (left, right) = (column(stretch.x.0), column(stretch.x.1));
                    // Where in a stretch of several columns its values lie is not known.
                    for column in left..=right {
                        canvas.line((column, row(high)), (column, low), curve.number * 2);
                    }
                }
                before = Some((stretch.x.1, stretch.ends.1));
            }
        }
        // Smoothed ones over the raw ones, which stay in sight.
        if look.smoothing > 0.0 {
            for curve in &curves {
                let points = curve::smooth(&curve.stretches, look.smoothing);
                for pair in points.windows(2).filter(|p| in_sight((p[0].0, p[1].0))) {
                    if y.scale.drawable(pair[0].1) && y.scale.drawable(pair[1].1) {
                        let [a, b] = [pair[0], pair[1]].map(|(x, v)| (column(x), row(v)));
                        canvas.line(a, b, curve.number * 2 + 1);
                    }
                }
            }
        }
        let left = area.x + margin as u16 + 1;
        for row in 0..rows {
            let tick = y
                .ticks
                .iter()
                .find(|t| rows - 1 - (t.at * rows as f64).clamp(0.0, (rows - 1) as f64) as usize == row);
            let at = area.y + row as u16;
            let dim = self.theme.dim();
            self.right(area.x, at, margin as u16, tick.map_or("", |t| &t.label), dim);
            self.text(left - 1, at, 1, if tick.is_some() { "┤" } else { "│" }, dim);
            for cell in 0..columns {
                let at_cell = row * columns + cell;
                if canvas.dots[at_cell] == 0 {
                    continue;
                }
                let (number, smooth) = (canvas.owner[at_cell] / 2, canvas.owner[at_cell] % 2 == 1);
                let mut style = self.theme.curve(number);
                if look.smoothing > 0.0 {
                    style = if smooth { style.add_modifier(Modifier::BOLD) } else { self.theme.dim() };
                }
                self.text(left + cell as u16, at, 1, canvas.glyph(at_cell).encode_utf8(&mut [0; 4]), style);
            }
        }
        if !self.theme.colored && curves.len() > 1 {
            self.letters(&canvas, &curves, left, area.y);
        }
        let plot = Plot { area: Rect::new(left, area.y, columns as u16, rows as u16), from, to };
        self.ruler(plot, &gaps, look.x);
        Some(plot)
    }

    /// Without colours, letters on the curves tell them apart.
    fn letters(&mut self, canvas: &Canvas, curves: &[&Curve], left: u16, top: u16) {
        /// Cells between two letters of a curve.
        const EVERY: usize = 14;
        for (at, curve) in curves.iter().enumerate() {
            let offset = EVERY * (2 * at + 1) / (2 * curves.len());
            for column in (offset..canvas.columns).step_by(EVERY) {
                let own = |owner| canvas.cell_of(column, owner);
                if let Some(row) = own(curve.number * 2 + 1).or_else(|| own(curve.number * 2)) {
                    let letter = letter(curve.number);
                    self.text(left + column as u16, top + row as u16, 1, &letter, self.theme.title());
                }
            }
        }
    }

    fn ruler(&mut self, plot: Plot, gaps: &[Option<usize>], x: X) {
        let (area, dim) = (plot.area, self.theme.dim());
        let y = area.bottom();
        self.text(area.x - 1, y, 1, "└", dim);
        let wide = if x == X::Step { 10 } else { 12 };
        let axis =
            Axis::over([plot.from, plot.to].into_iter(), false, (gaps.len() / wide).max(2), Count::Decimal);
        let column = |at: f64| (at * gaps.len() as f64).clamp(0.0, (gaps.len() - 1) as f64) as u16;
        for (cell, gap) in gaps.iter().enumerate() {
            let at = area.x + cell as u16;
            match gap {
                Some(number) => {
                    self.text(at, y, 1, "×", self.theme.curve(*number).add_modifier(Modifier::BOLD));
                }
                None if axis.ticks.iter().any(|tick| usize::from(column(tick.at)) == cell) => {
                    self.text(at, y, 1, "┬", dim);
                }
                None => {
                    self.text(at, y, 1, "─", dim);
                }
            }
        }
        let (mut free, end) = (area.x.saturating_sub(2), area.right());
        for tick in &axis.ticks {
            let label = match x {
                X::Step => tick.label.clone(),
                X::Time => clock(plot.from + tick.at * (plot.to - plot.from), plot.to - plot.from),
                X::Relative => span_label(plot.from + tick.at * (plot.to - plot.from)),
            };
            let wide = label.chars().count() as u16;
            let at = (area.x + column(tick.at)).saturating_sub(wide / 2).min(end.saturating_sub(wide));
            if at >= free {
                self.text(at, y + 1, wide, &label, dim);
                free = at + wide + 1;
            }
        }
    }
}

/// The letter of a curve where there are no colours.
pub(crate) fn letter(number: usize) -> String {
    char::from(b'a' + (number % 26) as u8).to_string()
}

/// The x of both edges; `None` when no curve has a point.
fn span(curves: &[Curve], look: Look) -> Option<(f64, f64)> {
    if let Some(window) = look.window {
        return Some(window);
    }
    let first = curves.iter().filter_map(|c| c.stretches.first()).map(|s| s.x.0).reduce(f64::min)?;
    let last = curves.iter().filter_map(|c| c.stretches.last()).map(|s| s.x.1).reduce(f64::max)?;
    Some(if first < last { (first, last) } else { (first - 0.5, first + 0.5) })
}

/// The time of day, UTC; with the day where the axis is longer than one.
fn clock(seconds: f64, span: f64) -> String {
    let time = Timestamp::from_millisecond((seconds * 1e3) as i64).unwrap_or(Timestamp::UNIX_EPOCH);
    let form = if span > 86400.0 { "%d %b %H:%M" } else { "%H:%M:%S" };
    time.strftime(form).to_string()
}

fn span_label(seconds: f64) -> String {
    match seconds.abs() {
        s if s >= 86400.0 => format!("{:.1}d", seconds / 86400.0),
        s if s >= 3600.0 => format!("{:.1}h", seconds / 3600.0),
        s if s >= 60.0 => format!("{:.1}min", seconds / 60.0),
        _ => format!("{seconds:.1}s"),
    }
}
