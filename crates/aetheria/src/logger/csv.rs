//! `csv`: every point as a row `time,step,metric,value`. What a resume takes back is removed from the file.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
};

use aether_core::{AtomicFile, Listener, Signal, signal::Nanos};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Options,
    relay::{Relay, Sink},
};

const HEADER: &str = "time,step,metric,value";

/// Writes every point to a CSV file: `time` (RFC 3339, UTC), `step`, `metric`, `value` (`NaN`, `inf`, `-inf` where it
/// is not finite). A training that begins anew keeps what another one left there beside, as `PATH.previous`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct CsvLogger(Relay);

impl TryFrom<Options> for CsvLogger {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let path = options.path;
        // Found out now rather than at the first point.
        File::options()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.display().to_string();
        Relay::start(name, Rows { path, file: None }).map(Self).map_err(|e| e.to_string())
    }
}

impl Listener for CsvLogger {
    fn on(&self, time: Nanos, signal: &Signal) {
        if matches!(signal, Signal::Point { .. } | Signal::Rewind { .. }) {
            self.0.hear(time, signal);
        }
    }

    fn sync(&self) -> Result<(), String> {
        self.0.sync()
    }

    fn trouble(&self) -> Option<String> {
        self.0.trouble()
    }
}

struct Rows {
    path: PathBuf,
    /// Not before the first signal, which tells whether a training begins or goes on.
    file: Option<BufWriter<File>>,
}

impl Rows {
    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.begin()?,
        };
        Ok(self.file.insert(file))
    }

    /// Begins the file anew.
    fn begin(&self) -> io::Result<BufWriter<File>> {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() > 0) {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".previous");
            fs::rename(&self.path, aside)?;
        }
        let mut file = BufWriter::new(File::create(&self.path)?);
        writeln!(file, "{HEADER}")?;
        Ok(file)
    }

    /// Removes the rows of all steps after `last`, and a row that a killed process left torn.
    fn rewind(&mut self, last: u64) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush()?;
        }
        let mut kept = BufWriter::new(AtomicFile::create(&self.path)?);
        writeln!(kept, "{HEADER}")?;
        for line in BufReader::new(File::open(&self.path)?).lines() {
            let line = line?;
            let fields: Vec<&str> = line.split(',').collect();
            let step = fields.get(1).and_then(|step| step.parse::<u64>().ok());
            if fields.len() == 4 && step.is_some_and(|step| step <= last) {
                writeln!(kept, "{line}")?;
            }
        }
        kept.into_inner().map_err(io::IntoInnerError::into_error)?.publish()?;
        self.file = Some(BufWriter::new(File::options().append(true).open(&self.path)?));
        Ok(())
    }
}

impl Sink for Rows {
    fn write(&mut self, time: Nanos, signal: &Signal) -> io::Result<()> {
        match signal {
            Signal::Point { metric, step, value } => {
                let time = Timestamp::from_nanosecond(i128::from(time)).map_err(io::Error::other)?;
                writeln!(self.open()?, "{time},{step},{},{value}", metric.name())
            }
            Signal::Rewind { step } => self.rewind(*step),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush()?;
        file.get_ref().sync_data()
    }
}
