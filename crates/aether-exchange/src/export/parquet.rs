//! Parquet: a table of points with the columns `run`, `metric`, `step`, `time` (nanoseconds, UTC) and `value`. Events have
//! no place in it. The file is whole only at its end.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use aether_core::Run;
use aether_ledger::TimedEvent;
use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};

use super::{Exporter, Point};
use crate::ExchangeError;

const SCHEMA: &str = "message points {
    required binary run (UTF8);
    required binary metric (UTF8);
    required int64 step (INTEGER(64, false));
    required int64 time (TIMESTAMP(NANOS, true));
    required double value;
}";
/// Points in a row group.
const GROUP: usize = 1 << 20;

/// Writes a Parquet file.
pub struct Parquet {
    path: PathBuf,
    file: Option<SerializedFileWriter<File>>,
    run: ByteArray,
    metrics: Vec<ByteArray>,
    steps: Vec<i64>,
    times: Vec<i64>,
    values: Vec<f64>,
}

impl std::fmt::Debug for Parquet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parquet").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Parquet {
    /// Begins the file.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path, run: &Run) -> Result<Self, ExchangeError> {
        let file = File::create(path).map_err(ExchangeError::io("make", path))?;
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let file = parse_message_type(SCHEMA)
            .and_then(|schema| SerializedFileWriter::new(file, Arc::new(schema), properties))
            .map_err(|e| failed(path, e))?;
        Ok(Self {
            path: path.to_owned(),
            file: Some(file),
            run: run.id.as_str().into(),
            metrics: Vec::new(),
            steps: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
        })
    }

    fn group(&mut self) -> Result<(), ExchangeError> {
        let Some(file) = self.file.as_mut().filter(|_| !self.values.is_empty()) else { return Ok(()) };
        let runs = vec![self.run.clone(); self.values.len()];
        let mut write = || -> Result<(), ParquetError> {
            let mut group = file.next_row_group()?;
            column::<ByteArrayType>(&mut group, &runs)?;
            column::<ByteArrayType>(&mut group, &self.metrics)?;
            column::<Int64Type>(&mut group, &self.steps)?;
            column::<Int64Type>(&mut group, &self.times)?;
            column::<DoubleType>(&mut group, &self.values)?;
            group.close().map(drop)
        };
        write().map_err(|e| failed(&self.path, e))?;
        self.metrics.clear();
        self.steps.clear();
        self.times.clear();
        self.values.clear();
        Ok(())
    }
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn failed(path: &Path, error: ParquetError) -> ExchangeError {
    ExchangeError::io("write", path)(std::io::Error::other(error))
}

impl Exporter for Parquet {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        self.metrics.push(point.metric.into());
        self.steps.push(point.step as i64);
        self.times.push(point.time);
        self.values.push(point.value);
        if self.values.len() >= GROUP { self.group() } else { Ok(()) }
    }

    fn event(&mut self, _: &TimedEvent) -> Result<(), ExchangeError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        Ok(())
    }

    fn end(&mut self, _: &Run) -> Result<String, ExchangeError> {
        self.group()?;
        if let Some(file) = self.file.take() {
            file.close().map_err(|e| failed(&self.path, e))?;
        }
        Ok(self.path.display().to_string())
    }
}
