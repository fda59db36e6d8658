//! TensorBoard event files: each directory that holds some is a run.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aether_core::Level;
use prost::Message;
use serde_json::json;

use super::{ForeignPoint, ForeignRun, files};
use crate::{
    ExchangeError,
    proto::tensorboard::{DOUBLE, Event, FLOAT, INT32, INT64, SESSION_START, STRING, Tensor, Value},
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
    run.passed_over(others, "values that are no scalars and no texts were");
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
        } else {
            *others += 1;
        }
    }
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
    let tensor = value.tensor.as_ref().filter(|tensor| tensor.dtype == STRING)?;
    let plugin = value.metadata.as_ref()?.plugin_data.as_ref()?;
    let texts: Vec<_> = tensor.strings.iter().map(|text| String::from_utf8_lossy(text)).collect();
    (plugin.plugin_name == "text").then(|| texts.join("\n"))
}
