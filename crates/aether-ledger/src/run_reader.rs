//! A run's logs merged into one view: series in which no step appears twice, and events in order.

use std::collections::BTreeMap;

use aether_core::{Event, signal::Nanos};

use crate::{LedgerError, Point, RunDirectory, Series};

/// An event with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedEvent {
    /// When it was said, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// What was said.
    pub event: Event,
}

/// One thing read from a run's logs, for those who show a run as it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// A value of a metric.
    Point {
        /// The metric.
        metric: &'a str,
        /// The value, with its step and time.
        point: Point,
    },
    /// Something that happened.
    Event(&'a TimedEvent),
    /// The run was taken up again: what was said before about steps after this one is void.
    Rewind {
        /// When.
        time: Nanos,
        /// The last step that still stands.
        step: u64,
    },
}

/// Reads a run, also while it is being written.
#[derive(Debug)]
pub struct RunReader {
    directory: RunDirectory,
    series: BTreeMap<String, Series>,
    events: Vec<TimedEvent>,
}

impl RunReader {
    /// Reads all that there is so far.
    ///
    /// # Errors
    /// When a log cannot be read or is of a newer format.
    pub fn open(directory: RunDirectory) -> Result<Self, LedgerError> {
        let mut reader = Self::unread(directory);
        reader.poll(|_| {})?;
        Ok(reader)
    }

    /// A reader that has read nothing yet: the first [`RunReader::poll`] tells the run from its beginning.
    pub fn unread(directory: RunDirectory) -> Self {
        Self { directory, series: BTreeMap::new(), events: Vec::new() }
    }

    /// Reads what has been added since, and tells each thing as it was said: log after log in the order of their
    /// writers' starts, each log from its beginning on. Returns whether there was anything.
    ///
    /// # Errors
    /// When a log cannot be read or is of a newer format. What was read before stands.
    pub fn poll(&mut self, _heard: impl FnMut(Said<'_>)) -> Result<bool, LedgerError> {
        let _ = &self.directory;
        todo!()
    }

    /// The metrics by name, ascending.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &Series)> {
        self.series.iter().map(|(name, series)| (name.as_str(), series))
    }

    /// The series of one metric.
    pub fn series(&self, metric: &str) -> Option<&Series> {
        self.series.get(metric)
    }

    /// All events, in the order of their sessions, and by time within one.
    pub fn events(&self) -> &[TimedEvent] {
        &self.events
    }
}
