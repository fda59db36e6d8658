//! A run in the formats of other tools: whole, or as it goes.

pub mod csv;
pub mod jsonl;
pub mod mlflow;
pub mod otlp;
pub mod parquet;
pub mod prometheus;
pub mod tensorboard;
pub mod wandb;

use aether_core::{Run, signal::Nanos};
use aether_ledger::{RunDirectory, RunReader, Said, TimedEvent};

use crate::ExchangeError;

/// One value of a metric, on its way out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<'a> {
    /// The metric's name.
    pub metric: &'a str,
    /// The step it belongs to.
    pub step: u64,
    /// When it was said.
    pub time: Nanos,
    /// The value.
    pub value: f64,
}

/// Hears a run and writes it down in another tool's format. What it has taken is where it belongs after
/// [`flush`](Exporter::flush).
pub trait Exporter {
    /// Takes a value.
    ///
    /// # Errors
    /// When it cannot be written or sent.
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError>;

    /// Takes an event.
    ///
    /// # Errors
    /// When it cannot be written or sent.
    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError>;

    /// What was taken about steps after this one is void. Only a run that is followed says so.
    ///
    /// # Errors
    /// When that cannot be written.
    fn rewind(&mut self, time: Nanos, step: u64) -> Result<(), ExchangeError> {
        let _ = (time, step);
        Ok(())
    }

    /// Puts everything taken where it belongs.
    ///
    /// # Errors
    /// When it cannot be written or sent.
    fn flush(&mut self) -> Result<(), ExchangeError>;

    /// Ends the export of a run that stands so; where it went, for people.
    ///
    /// # Errors
    /// When the rest cannot be written or sent.
    fn end(&mut self, run: &Run) -> Result<String, ExchangeError>;
}

/// Passes on the merged run as it is now: each metric once per step, steps ascending, then the events.
///
/// # Errors
/// When the run cannot be read, or what the exporter says.
pub fn whole(directory: &RunDirectory, exporter: &mut dyn Exporter) -> Result<u64, ExchangeError> {
    let reader = RunReader::open(directory.clone())?;
    for event in reader.events() {
        exporter.event(event)?;
    }
    let mut points: Vec<Point<'_>> = Vec::new();
    for (metric, series) in reader.metrics() {
        let of = series.points().iter();
        points.extend(of.map(|p| Point { metric, step: p.step, time: p.time, value: p.value }));
    }
    // Stable: within a step, metrics stay in the order of their names.
    points.sort_by_key(|point| point.step);
    points.iter().try_for_each(|&point| exporter.point(point))?;
    exporter.flush()?;
    Ok(points.len() as u64)
}

/// Follows a run as it is written.
#[derive(Debug)]
pub struct Follower {
    reader: RunReader,
    points: u64,
}

impl Follower {
    /// From the run's beginning.
    pub fn new(directory: &RunDirectory) -> Self {
        Self { reader: RunReader::unread(directory.clone()), points: 0 }
    }

    /// Points passed on so far.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Passes on what was added since, as it was said. Whether there was anything.
    ///
    /// # Errors
    /// When the run cannot be read, or what the exporter says first.
    pub fn poll(&mut self, exporter: &mut dyn Exporter) -> Result<bool, ExchangeError> {
        let mut told = Ok(());
        let mut points = 0;
        let heard = self.reader.poll(|said| {
            if told.is_err() {
                return;
            }
            told = match said {
                Said::Point { metric, point } => {
                    points += 1;
                    exporter.point(Point { metric, step: point.step, time: point.time, value: point.value })
                }
                Said::Event(event) => exporter.event(event),
                Said::Rewind { time, step } => exporter.rewind(time, step),
                Said::Damage(_) => Ok(()),
            };
        })?;
        self.points += points;
        told?;
        if heard {
            exporter.flush()?;
        }
        Ok(heard)
    }
}

/// Gathers points that share a step into one row, for formats that have rows.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) step: u64,
    pub(crate) time: Nanos,
    pub(crate) values: Vec<(String, f64)>,
}

impl Rows {
    /// Takes a point. Returns the row before it, when the point does not belong into that: another step, or a metric
    /// that the row has.
    pub(crate) fn take(&mut self, point: Point<'_>) -> Option<Rows> {
        let full = !self.values.is_empty()
            && (self.step != point.step || self.values.iter().any(|(name, _)| name == point.metric));
        let row = full.then(|| std::mem::take(self));
        if self.values.is_empty() {
            (self.step, self.time) = (point.step, point.time);
        }
        self.values.push((point.metric.to_owned(), point.value));
        row
    }

    /// The row in the making.
    pub(crate) fn rest(&mut self) -> Option<Rows> {
        (!self.values.is_empty()).then(|| std::mem::take(self))
    }
}
