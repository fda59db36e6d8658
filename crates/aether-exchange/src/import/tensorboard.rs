//! TensorBoard event files: each directory that holds some is a run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aether_core::{Level, signal::Nanos};
use prost::Message;
use serde_json::json;

use super::{Content, ForeignImage, ForeignPoint, ForeignRun, files};
use crate::{
    ExchangeError,
    proto::tensorboard::{
        DOUBLE, Event, FLOAT, Histogram, INT32, INT64, SESSION_START, STRING, Tensor, Value,
    },
    tfrecord::Records,
    times::from_seconds,
};

/// Reads every run below a log directory, or of one event file.
///
/// # Errors
/// When a file cannot be read, or there is none.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let mut runs: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for file in files(path, |name| name.contains("tfevents"))? {
        runs.entry(file.parent().unwrap_or(path).to_owned()).or_default().push(file);
    }
    if runs.is_empty() {
        return Err(ExchangeError::Nothing {
            path: path.to_owned(),
            what: "TensorBoard event file (*tfevents*)",
        });
    }
    runs.into_iter().map(|(directory, files)| run(path, &directory, &files)).collect()
}

fn run(root: &Path, directory: &Path, files: &[PathBuf]) -> Result<ForeignRun, ExchangeError> {
    let below = directory.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
    let name = below.or(directory.file_name().map(Path::new)).unwrap_or(root).to_string_lossy();
    // An event file's name holds the time, the host and the process that made it.
    let first = files[0].file_name().unwrap_or_default().to_string_lossy();
    let mut run = ForeignRun::new("tensorboard", format!("{name}/{first}"), directory, name);
    let (mut others, mut damaged) = (0, 0);
    for path in files {
        let bytes = fs::read(path).map_err(ExchangeError::io("read", path))?;
        let mut records = Records::new(&bytes);
        for record in records.by_ref() {
            match Event::decode(record) {
                Ok(event) => take(&mut run, event, &mut others),
                Err(_) => damaged += 1,
            }
        }
        if records.end() < bytes.len() {
            let left = bytes.len() - records.end();
            run.remarks.push(format!("{}: its last {left} bytes are torn or damaged", path.display()));
        }
    }
    run.passed_over(damaged, "records that are no events were");
    run.passed_over(others, "values that are no scalars, texts, images or histograms were");
    Ok(run)
}

fn take(run: &mut ForeignRun, event: Event, others: &mut usize) {
    let time = from_seconds(event.wall_time);
    if event.session_log.is_some_and(|session| session.status == SESSION_START) {
        // As TensorBoard itself does: what an earlier session said of this step and later ones is void.
        let before = u64::try_from(event.step).unwrap_or(0);
        for points in run.metrics.values_mut() {
            points.retain(|point| point.step.is_none_or(|step| step < before));
        }
    }
    let step = u64::try_from(event.step).ok();
    for value in event.summary.into_iter().flat_map(|summary| summary.value) {
        if let Some(scalar) = scalar(&value) {
            run.point(&value.tag, ForeignPoint { step, time, value: scalar });
        } else if let Some(text) = text(&value) {
            let tag = value.tag.strip_suffix("/text_summary").unwrap_or(&value.tag);
            let message = format!("Text {tag}");
            run.event(
                time,
                "text",
                Level::Info,
                step.unwrap_or(0),
                message,
                json!({"name": tag, "text": text}),
            );
        } else if !(images(run, &value, time, step) || histogram(run, &value, time, step)) {
            *others += 1;
        }
    }
}

/// An image, or several of one step, in the form of TensorFlow 1, which PyTorch writes, or that of TensorFlow 2: a tensor
/// of texts with width, height, and files.
fn images(run: &mut ForeignRun, value: &Value, time: Nanos, step: Option<u64>) -> bool {
    let step = step.unwrap_or(0);
    let mut add = |name: String, width: Option<u64>, height: Option<u64>, bytes: &[u8]| {
        let (size, content) = (width.zip(height), Content::Bytes(bytes.to_vec()));
        run.images.push(ForeignImage { time, step, name, size, caption: None, content });
    };
    if let Some(image) = &value.image {
        let (width, height) = (u64::try_from(image.width).ok(), u64::try_from(image.height).ok());
        add(value.tag.clone(), width, height, &image.encoded);
        return true;
    }
    let Some(tensor) = tensor_of(value, "images").filter(|tensor| tensor.dtype == STRING) else {
        return false;
    };
    let [width, height, files @ ..] = &tensor.strings[..] else { return false };
    let number = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    for (at, file) in files.iter().enumerate() {
        let name = if files.len() == 1 { value.tag.clone() } else { format!("{}/{at}", value.tag) };
        add(name, number(width), number(height), file);
    }
    true
}

/// A histogram, in the form of TensorFlow 1, which PyTorch writes, or that of TensorFlow 2: a tensor with rows of left
/// edge, right edge, count.
fn histogram(run: &mut ForeignRun, value: &Value, time: Nanos, step: Option<u64>) -> bool {
    let step = step.unwrap_or(0);
    if let Some(Histogram { min, max, limits, counts }) = &value.histogram {
        let mut edges = limits.clone();
        let mut counts = &counts[..];
        match counts {
            // What is below the first edge: nothing.
            [0.0, rest @ ..] if !rest.is_empty() => counts = rest,
            _ => edges.insert(0, *min),
        }
        // The last edge of TensorFlow's own is the largest number there is.
        if let Some(last) = edges.last_mut().filter(|last| **last == f64::MAX) {
            *last = *max;
        }
        return run.histogram(time, step, &value.tag, &edges, counts);
    }
    let Some(tensor) = tensor_of(value, "histograms").filter(|tensor| tensor.dtype == DOUBLE) else {
        return false;
    };
    let raw =
        tensor.content.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok()).map(f64::from_le_bytes);
    let numbers: Vec<f64> = tensor.doubles.iter().copied().chain(raw).collect();
    let rows = numbers.chunks_exact(3);
    let first = rows.clone().next().map(|row| row[0]);
    let edges: Vec<f64> = first.into_iter().chain(rows.clone().map(|row| row[1])).collect();
    let counts: Vec<f64> = rows.map(|row| row[2]).collect();
    run.histogram(time, step, &value.tag, &edges, &counts)
}

/// The tensor of a value that `plugin` shows.
fn tensor_of<'a>(value: &'a Value, plugin: &str) -> Option<&'a Tensor> {
    let named = &value.metadata.as_ref()?.plugin_data.as_ref()?.plugin_name;
    value.tensor.as_ref().filter(|_| named == plugin)
}

fn scalar(value: &Value) -> Option<f64> {
    if let Some(simple) = value.simple_value {
        return Some(f64::from(simple));
    }
    let tensor = value.tensor.as_ref()?;
    // No dimension but those of one element.
    if tensor.shape.iter().flat_map(|shape| &shape.dim).any(|dim| dim.size != 1) {
        return None;
    }
    number(tensor)
}

/// Of one element, which is in a field of its type, or raw in `content`.
fn number(tensor: &Tensor) -> Option<f64> {
    let raw = &tensor.content[..];
    match tensor.dtype {
        FLOAT => {
            let raw = || raw.try_into().ok().map(f32::from_le_bytes);
            tensor.floats.first().copied().or_else(raw).map(f64::from)
        }
        DOUBLE => tensor.doubles.first().copied().or_else(|| raw.try_into().ok().map(f64::from_le_bytes)),
        INT32 => {
            let raw = || raw.try_into().ok().map(i32::from_le_bytes);
            tensor.ints.first().copied().or_else(raw).map(f64::from)
        }
        INT64 => {
            let raw = || raw.try_into().ok().map(i64::from_le_bytes);
            tensor.longs.first().copied().or_else(raw).map(|n| n as f64)
        }
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    let tensor = tensor_of(value, "text").filter(|tensor| tensor.dtype == STRING)?;
    let texts: Vec<_> = tensor.strings.iter().map(|text| String::from_utf8_lossy(text)).collect();
    Some(texts.join("\n"))
}
