//! `json_lines`: every signal as one line of JSON, appended.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use aether_core::{Listener, Signal, signal::Nanos};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Options,
    relay::{Relay, Sink},
};

/// Appends every signal to a file, one JSON object a line, each with `time` (RFC 3339, UTC): a point has `metric`,
/// `step` and `value` (a string where it is not finite); an event has `event` (its kind), `level`, `step`, `message`
/// and `fields`; `{"rewind": step}` takes back all lines before it of later steps.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct JsonLinesLogger(Relay);

impl TryFrom<Options> for JsonLinesLogger {
    type Error = String;

    fn try_from(options: Options) -> Result<Self, String> {
        let name = options.path.display().to_string();
        let open = || {
            let mut file = File::options().read(true).append(true).create(true).open(&options.path)?;
            end_line(&mut file)?;
            Relay::start(name.clone(), Lines(BufWriter::new(file)))
        };
        open().map(Self).map_err(|error| format!("{name}: {error}"))
    }
}

/// Ends a line that a killed process left torn.
fn end_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

impl Listener for JsonLinesLogger {
    fn on(&self, time: Nanos, signal: &Signal) {
        self.0.hear(time, signal);
    }

    fn sync(&self) -> Result<(), String> {
        self.0.sync()
    }

    fn trouble(&self) -> Option<String> {
        self.0.trouble()
    }
}

struct Lines(BufWriter<File>);

impl Sink for Lines {
    fn write(&mut self, time: Nanos, signal: &Signal) -> io::Result<()> {
        let time = Timestamp::from_nanosecond(i128::from(time)).map_err(io::Error::other)?.to_string();
        let line = match signal {
            Signal::Point { metric, step, value } => {
                let value = if value.is_finite() { Value::from(*value) } else { value.to_string().into() };
                json!({ "time": time, "metric": metric.name(), "step": step, "value": value })
            }
            Signal::Event(event) => json!({
                "time": time, "event": event.kind, "level": event.level, "step": event.step,
                "message": event.message, "fields": event.fields,
            }),
            Signal::Rewind { step } => json!({ "time": time, "rewind": step }),
            _ => return Ok(()),
        };
        writeln!(self.0, "{line}")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_data()
    }
}
