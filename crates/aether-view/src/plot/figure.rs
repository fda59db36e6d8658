//! The drawing that SVG and PNG share: charts laid out one below the other, as lines and texts at places.

use super::{Chart, axis::Axis, series::Curve};

/// The width of every figure, in units; an SVG user unit, half a PNG pixel.
pub(super) const WIDTH: f64 = 800.0;
const PANEL: f64 = 300.0;
/// What a letter is wide: 0.6 of a monospaced font of this size.
pub(super) const FONT: f64 = 10.0;
const LETTER: f64 = 6.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 44.0;

/// A place, from the upper left corner.
pub(super) type At = (f64, f64);

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

const INK: Rgb = [0x22, 0x22, 0x22];
const GRID: Rgb = [0xdd, 0xdd, 0xdd];
/// Colours that stay apart for colour-blind eyes (Okabe & Ito 2008), without the yellow that white drowns.
const CURVES: [Rgb; 6] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
];

/// Which part of a text lies at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One thing to draw.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// Straight strokes from point to point.
    Path { points: Vec<At>, color: Rgb, width: f64 },
    /// A line of text; `at` is on its baseline.
    Text { at: At, text: String, anchor: Anchor, color: Rgb },
}

/// Everything to draw, in order.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) height: f64,
    pub(super) marks: Vec<Mark>,
}

/// The rectangle of one chart's curves.
struct Panel {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Panel {
    fn x(&self, at: f64) -> f64 {
        self.left + at * (self.right - self.left)
    }

    fn y(&self, at: f64) -> f64 {
        self.bottom - at * (self.bottom - self.top)
    }

    fn columns(&self) -> usize {
        (self.right - self.left) as usize
    }
}

impl Figure {
    /// Lays `charts` out.
    pub(super) fn of(charts: &[Chart]) -> Self {
        let mut marks = Vec::new();
        for (i, chart) in charts.iter().enumerate() {
            let top = i as f64 * PANEL;
            let panel =
                Panel { left: LEFT, top: top + TOP, right: WIDTH - RIGHT, bottom: top + PANEL - BOTTOM };
            draw(chart, &panel, &mut marks);
        }
        Self { height: PANEL * charts.len().max(1) as f64, marks }
    }
}

fn text(at: At, text: impl Into<String>, anchor: Anchor, color: Rgb) -> Mark {
    Mark::Text { at, text: text.into(), anchor, color }
}

fn stroke(from: At, to: At, color: Rgb) -> Mark {
    Mark::Path { points: vec![from, to], color, width: 1.0 }
}

fn draw(chart: &Chart, panel: &Panel, marks: &mut Vec<Mark>) {
    let (x, y) = (chart.x_axis(8), chart.y_axis(6));
    axes(chart, &x, &y, panel, marks);
    legend(chart, panel, marks);
    for (i, series) in chart.series.iter().enumerate() {
        let columns = panel.columns();
        let curve = series.curve(|v| x.scale.column(v, columns), |v| y.scale.drawable(v));
        draw_curve(&curve, &y, panel, CURVES[i % CURVES.len()], marks);
    }
}

fn axes(chart: &Chart, x: &Axis, y: &Axis, panel: &Panel, marks: &mut Vec<Mark>) {
    for tick in &y.ticks {
        let at = panel.y(tick.at);
        marks.push(stroke((panel.left, at), (panel.right, at), GRID));
        marks.push(text((panel.left - 6.0, at + 3.5), &tick.label, Anchor::End, INK));
    }
    for tick in &x.ticks {
        let at = panel.x(tick.at);
        marks.push(stroke((at, panel.top), (at, panel.bottom), GRID));
        marks.push(text((at, panel.bottom + 15.0), &tick.label, Anchor::Middle, INK));
    }
    let corner = (panel.left, panel.bottom);
    let frame = vec![(panel.left, panel.top), corner, (panel.right, panel.bottom)];
    marks.push(Mark::Path { points: frame, color: INK, width: 1.0 });
    let middle = f64::midpoint(panel.left, panel.right);
    marks.push(text((middle, panel.bottom + 32.0), &chart.x_label, Anchor::Middle, INK));
    if let Some(note) = chart.gap_note(y) {
        marks.push(text((panel.right, panel.bottom + 32.0), format!("x {note}"), Anchor::End, INK));
    }
}

fn legend(chart: &Chart, panel: &Panel, marks: &mut Vec<Mark>) {
    let baseline = panel.top - 14.0;
    if chart.series.len() < 2 {
        marks.push(text((panel.left, baseline), &chart.title, Anchor::Start, INK));
        return;
    }
    let mut left = panel.left;
    for (i, series) in chart.series.iter().enumerate() {
        let color = CURVES[i % CURVES.len()];
        let points = vec![(left, baseline - 3.5), (left + 14.0, baseline - 3.5)];
        marks.push(Mark::Path { points, color, width: 2.5 });
        marks.push(text((left + 19.0, baseline), &series.name, Anchor::Start, INK));
        left += 19.0 + LETTER * (series.name.chars().count() + 3) as f64;
    }
}

fn draw_curve(curve: &Curve, y: &Axis, panel: &Panel, color: Rgb, marks: &mut Vec<Mark>) {
    for piece in &curve.pieces {
        let mut points: Vec<At> = Vec::with_capacity(piece.len());
        for bin in piece {
            let x = panel.left + bin.column as f64 + 0.5;
            for value in [bin.first, bin.min, bin.max, bin.last] {
                let at = (x, panel.y(y.scale.at(value)));
                if points.last() != Some(&at) {
                    points.push(at);
                }
            }
        }
        // A lone point is a dot as wide as the stroke.
        if let [(x, y)] = points[..] {
            points = vec![(x - 0.75, y), (x + 0.75, y)];
        }
        marks.push(Mark::Path { points, color, width: 1.5 });
    }
    for &gap in &curve.gaps {
        let (x, y) = (panel.left + gap as f64 + 0.5, panel.bottom);
        marks.push(stroke((x - 3.0, y - 3.0), (x + 3.0, y + 3.0), color));
        marks.push(stroke((x - 3.0, y + 3.0), (x + 3.0, y - 3.0), color));
    }
}
