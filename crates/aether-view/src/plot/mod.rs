//! Plots of metrics over steps: as braille dots in a terminal, as SVG, and as PNG. All three draw the same
//! [`Chart`]s with the same axes and the same curves.

pub mod axis;
pub mod braille;
pub(crate) mod canvas;
mod figure;
mod font;
pub mod png;
pub mod series;
pub mod svg;

pub use series::Series;

use aether_watch::Unit;
use axis::{Axis, Count};

/// One plot: curves that share their axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// What x counts.
    pub x_label: String,
    /// Whether the y axis is logarithmic.
    pub log: bool,
    /// The curves.
    pub series: Vec<Series>,
}

impl Chart {
    fn x_axis(&self, ticks: usize) -> Axis {
        Axis::over(
            self.series.iter().flat_map(|s| s.points.iter().map(|p| p.0)),
            false,
            ticks,
            Count::Decimal,
        )
    }

    fn y_axis(&self, ticks: usize) -> Axis {
        let count = Count::of(self.series.iter().map(|s| Unit::of(&s.name)));
        Axis::over(self.series.iter().flat_map(|s| s.points.iter().map(|p| p.1)), self.log, ticks, count)
    }

    /// What must be said of points that have no place on the y axis; `None` when all have.
    fn gap_note(&self, y: &Axis) -> Option<String> {
        let drawable = |p: &&(f64, f64)| y.scale.drawable(p.1);
        let missing =
            self.series.iter().map(|s| s.points.len() - s.points.iter().filter(drawable).count()).sum();
        let what = if self.log { "not positive or not finite" } else { "NaN or infinite" };
        match missing {
            0usize => None,
            1 => Some(format!("1 point {what}")),
            n => Some(format!("{n} points {what}")),
        }
    }
}
