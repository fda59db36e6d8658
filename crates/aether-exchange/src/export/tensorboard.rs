//! TensorBoard event files.
//!
//! Values are tensors of doubles for the plugin `scalars`, as TensorFlow 2 writes them (of floats): a `simple_value`
//! has 32 bits, and would not keep a point. Wall times are doubles, exact to about 200 ns.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use aether_core::{Run, signal::Nanos};
use aether_ledger::TimedEvent;
use prost::Message;

use super::{Exporter, Point};
use crate::{
    ExchangeError,
    proto::tensorboard::{
        DOUBLE, Event, Metadata, PluginData, SESSION_START, STRING, SessionLog, Shape, Summary, Tensor, Value,
    },
    tfrecord,
    times::seconds,
};

/// So much is written at once.
const BATCH: usize = 256 * 1024;
/// `DATA_CLASS_SCALAR` and `DATA_CLASS_TENSOR` of `summary.proto`.
const SCALAR: i32 = 1;
const TENSOR: i32 = 2;

/// Writes one event file.
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    file: File,
    unwritten: Vec<u8>,
    /// Nothing was said of a later step.
    last_step: u64,
}

impl TensorBoard {
    /// Begins an event file for `run` in `directory/NAME-ID`, the name without what paths cannot have.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(directory: &Path, run: &Run) -> Result<Self, ExchangeError> {
        let plain: String =
            run.name.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).take(60).collect();
        let directory = directory.join(format!("{}-{}", plain.trim_start_matches('.'), run.id));
        fs::create_dir_all(&directory).map_err(ExchangeError::io("make", &directory))?;
        let created = run.created.as_nanosecond() as Nanos;
        // What TensorBoard takes for an event file; the same export replaces its own file.
        let path =
            directory.join(format!("events.out.tfevents.{}.{}", run.created.as_second(), run.id.as_str()));
        let file = File::create(&path).map_err(ExchangeError::io("make", &path))?;
        let mut board = Self { path, file, unwritten: Vec::new(), last_step: 0 };
        let version = Some("brain.Event:2".to_owned());
        board.write(&Event { wall_time: seconds(created), file_version: version, ..Event::default() })?;
        Ok(board)
    }

    fn write(&mut self, event: &Event) -> Result<(), ExchangeError> {
        tfrecord::append(&mut self.unwritten, &event.encode_to_vec());
        if self.unwritten.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn summary(
        &mut self,
        (time, step): (Nanos, u64),
        tag: &str,
        plugin: &str,
        tensor: Tensor,
    ) -> Result<(), ExchangeError> {
        let data_class = if plugin == "scalars" { SCALAR } else { TENSOR };
        let plugin_data = Some(PluginData { plugin_name: plugin.to_owned() });
        let value = Value {
            tag: tag.to_owned(),
            tensor: Some(tensor),
            metadata: Some(Metadata { plugin_data, data_class }),
            ..Value::default()
        };
        let summary = Some(Summary { value: vec![value] });
        // Steps are signed there.
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.write(&Event { wall_time: seconds(time), step, summary, ..Event::default() })
    }
}

impl Exporter for TensorBoard {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        self.last_step = self.last_step.max(point.step);
        let tensor = Tensor {
            dtype: DOUBLE,
            shape: Some(Shape::default()),
            doubles: vec![point.value],
            ..Tensor::default()
        };
        self.summary((point.time, point.step), point.metric, "scalars", tensor)
    }

    /// As text, below `events/`.
    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError> {
        let said = &event.event;
        let text = match (&said.kind[..], said.fields.get("text").and_then(serde_json::Value::as_str)) {
            ("text", Some(text)) => text.to_owned(),
            _ if said.fields.is_empty() => said.message.clone(),
            _ => format!("{}\n\n    {}", said.message, serde_json::Value::Object(said.fields.clone())),
        };
        let tag = match (&said.kind[..], said.fields.get("name").and_then(serde_json::Value::as_str)) {
            ("text", Some(name)) => name.to_owned(),
            _ => format!("events/{}", said.kind),
        };
        let tensor = Tensor {
            dtype: STRING,
            shape: Some(Shape::default()),
            strings: vec![text.into_bytes()],
            ..Tensor::default()
        };
        self.summary((event.time, said.step), &tag, "text", tensor)
    }

    /// TensorBoard voids what was said of the step of a session's start and of later ones.
    fn rewind(&mut self, time: Nanos, step: u64) -> Result<(), ExchangeError> {
        if step >= self.last_step {
            return Ok(());
        }
        self.last_step = step;
        let step = i64::try_from(step).unwrap_or(i64::MAX).saturating_add(1);
        let session_log = Some(SessionLog { status: SESSION_START });
        self.write(&Event { wall_time: seconds(time), step, session_log, ..Event::default() })
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        self.file.write_all(&self.unwritten).map_err(ExchangeError::io("write", &self.path))?;
        self.unwritten.clear();
        Ok(())
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        self.file.sync_all().map_err(ExchangeError::io("sync", &self.path))?;
        Ok(self.path.display().to_string())
    }
}
