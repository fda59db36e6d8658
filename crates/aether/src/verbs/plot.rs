//! `plot`: metrics over steps, in the terminal or to a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aether_core::{RunId, suggest};
use aether_ledger::{Index, RunReader};
use aether_view::plot::{Chart, Series, png, svg};

use crate::{cli, context::Context, failure::Failure, render::Format, text};

/// The plots of one run.
#[derive(Debug)]
pub(crate) struct Plots {
    /// The run.
    pub(crate) run: RunId,
    /// One chart for each group of metrics.
    pub(crate) charts: Vec<Chart>,
    /// The files they were written to instead of the terminal.
    pub(crate) files: Vec<PathBuf>,
}

pub(super) fn run(args: &cli::Plot, context: &mut Context<'_>) -> Result<(), Failure> {
    let entry = &Index::find_in(&context.home()?, &args.run)?;
    let reader = RunReader::open(entry.directory.clone())?;
    // Only a program wants every point of a long series; a drawing has so many columns.
    let charts = charts(&reader, args, context.format == Format::Json)?;
    for damage in reader.series_damage() {
        context.note(&damage.to_string());
    }
    let mut plots = Plots { run: entry.id, charts, files: Vec::new() };
    if let Some(path) = &args.svg {
        write(path, svg::draw(&plots.charts).as_bytes())?;
        plots.files.push(path.clone());
    }
    if let Some(path) = &args.png {
        let bytes = png::draw(&plots.charts)
            .map_err(|e| Failure::work(format!("cannot draw {}: {e}; plot fewer metrics", path.display())))?;
        write(path, &bytes)?;
        plots.files.push(path.clone());
    }
    context.render().plot(&plots)?;
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error: io::Error| {
        Failure::work(format!("cannot write the plot to {}: {error}; name another file", path.display()))
    })
}

/// One chart for each group of metrics, in the order in which they are asked for, or by name.
fn charts(reader: &RunReader, args: &cli::Plot, exact: bool) -> Result<Vec<Chart>, Failure> {
    let mut known: Vec<&str> = reader.metrics().map(|(name, _)| name).collect();
    known.sort_by(|a, b| text::by_place(a, b));
    if known.is_empty() {
        return Err(Failure::work(format!(
            "run {} has said nothing to plot yet; see what it does with `logs`",
            text::escape(&args.run)
        )));
    }
    let wanted: Vec<&str> = if args.metrics.is_empty() {
        worth_seeing(&known)
    } else {
        args.metrics.iter().map(String::as_str).collect()
    };
    let mut charts: Vec<Chart> = Vec::new();
    for name in wanted {
        let series = reader.series(name).ok_or_else(|| Failure::request(unknown_metric(name, &known)))?;
        let points = if exact {
            series.points().iter().map(|p| (p.step as f64, p.value)).collect()
        } else {
            drawn(series)
        };
        let series = Series { name: text::escape(name).into_owned(), points };
        match charts.iter_mut().find(|chart| group(&chart.title) == group(&series.name)) {
            Some(chart) => chart.series.push(series),
            None => charts.push(Chart {
                title: series.name.clone(),
                x_label: "step".to_owned(),
                log: args.log,
                series: vec![series],
            }),
        }
    }
    Ok(charts)
}

/// Stretches of a long series that a drawing tells apart: more than it has columns, so that each column's extremes
/// stay.
const STRETCHES: usize = 8192;

/// What a drawing needs of a series: all of its points, or of a long one the extremes of stretches, with a NaN for
/// those that hold values that are not finite.
fn drawn(series: &aether_ledger::Series) -> Vec<(f64, f64)> {
    let count = series.summary().map_or(0, |summary| summary.count);
    if count <= STRETCHES as u64 * 4 {
        return series.points().iter().map(|p| (p.step as f64, p.value)).collect();
    }
    let mut points = Vec::new();
    for stretch in series.stretches(STRETCHES) {
        let (first, last) = (stretch.first_step as f64, stretch.summary.last_step as f64);
        points.push((first, stretch.summary.first));
        if stretch.summary.non_finite > 0 && stretch.summary.first.is_finite() {
            points.push((first, f64::NAN));
        }
        let extremes = [stretch.summary.min, stretch.summary.max];
        points.extend(extremes.into_iter().filter(|v| v.is_finite()).map(|value| (first, value)));
        points.push((last, stretch.summary.last));
    }
    points
}

/// What is plotted when no metric is named: what was validated, with its counterparts in training; all, where nothing
/// was validated.
fn worth_seeing<'a>(known: &[&'a str]) -> Vec<&'a str> {
    let validated =
        |name: &str| known.iter().any(|other| other.starts_with("val/") && group(other) == group(name));
    let seen: Vec<&str> = known.iter().copied().filter(|name| validated(name)).collect();
    if seen.is_empty() { known.to_vec() } else { seen }
}

/// What metrics of one chart have in common: all but the first part of the name.
fn group(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, rest)| rest)
}

fn unknown_metric(name: &str, known: &[&str]) -> String {
    let name = text::escape(name);
    let near = suggest::nearest(&name, known.iter().copied())
        .map_or(String::new(), |near| format!("did you mean '{near}'? "));
    format!("the run has no metric '{name}'; {near}it has {}", text::escape(&known.join(", ")))
}
