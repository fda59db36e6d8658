//! CSV: one line for each point, `run,metric,step,time,value`. Events have no place in it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use aether_core::Run;
use aether_ledger::TimedEvent;

use super::{Exporter, Point};
use crate::{ExchangeError, times::timestamp};

/// Writes a CSV file.
#[derive(Debug)]
pub struct Csv {
    path: PathBuf,
    file: csv::Writer<File>,
    run: String,
}

impl Csv {
    /// Begins the file with its heading.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, run: &Run) -> Result<Self, ExchangeError> {
        let file = File::create(path).map_err(ExchangeError::io("make", path))?;
        let mut csv =
            Self { path: path.to_owned(), file: csv::Writer::from_writer(file), run: run.id.to_string() };
        csv.line(["run", "metric", "step", "time", "value"])?;
        Ok(csv)
    }

    fn line(&mut self, fields: [&str; 5]) -> Result<(), ExchangeError> {
        let written = self.file.write_record(fields).map_err(std::io::Error::from);
        written.map_err(ExchangeError::io("write", &self.path))
    }
}

impl Exporter for Csv {
    fn point(&mut self, p: Point<'_>) -> Result<(), ExchangeError> {
        let run = self.run.clone();
        let (step, time) = (p.step.to_string(), timestamp(p.time).to_string());
        self.line([&run, p.metric, &step, &time, &format!("{:?}", p.value)])
    }

    fn event(&mut self, _: &TimedEvent) -> Result<(), ExchangeError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        self.file.flush().map_err(ExchangeError::io("write", &self.path))
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        Ok(self.path.display().to_string())
    }
}
