//! JSON lines: one object for each point, event and rewind. Numbers that are not finite are the texts `NaN`, `inf` and
//! `-inf`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use aether_core::{Run, signal::Nanos};
use aether_ledger::TimedEvent;
use serde_json::{Value, json};

use super::{Exporter, Point};
use crate::{ExchangeError, times::timestamp};

/// Writes a file of JSON lines.
#[derive(Debug)]
pub struct JsonLines {
    path: PathBuf,
    file: BufWriter<File>,
    run: String,
}

impl JsonLines {
    /// Begins the file, whose first line is the run's record.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, run: &Run) -> Result<Self, ExchangeError> {
        let file = File::create(path).map_err(ExchangeError::io("make", path))?;
        let mut lines = Self { path: path.to_owned(), file: BufWriter::new(file), run: run.id.to_string() };
        lines.line(&json!({ "run": run }))?;
        Ok(lines)
    }

    fn line(&mut self, value: &Value) -> Result<(), ExchangeError> {
        writeln!(self.file, "{value}").map_err(ExchangeError::io("write", &self.path))
    }
}

impl Exporter for JsonLines {
    fn point(&mut self, p: Point<'_>) -> Result<(), ExchangeError> {
        let value = if p.value.is_finite() { json!(p.value) } else { json!(p.value.to_string()) };
        let time = timestamp(p.time);
        self.line(&json!({"run": self.run, "metric": p.metric, "step": p.step, "time": time, "value": value}))
    }

    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError> {
        self.line(&json!({"run": self.run, "time": timestamp(event.time), "event": event.event}))
    }

    fn rewind(&mut self, time: Nanos, step: u64) -> Result<(), ExchangeError> {
        self.line(&json!({"run": self.run, "time": timestamp(time), "rewind": step}))
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        self.file.flush().map_err(ExchangeError::io("write", &self.path))
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        Ok(self.path.display().to_string())
    }
}
