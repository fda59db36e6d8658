//! `GET /runs/{id}`: all that is known of one run.

use std::collections::BTreeMap;

use aether_core::Run;
use aether_ledger::{Direction, Entry, RunReader, Standing};
use aether_watch::Unit;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{
    answer::{Fault, Number},
    call::Call,
    open_runs::OpenRun,
    state::App,
};
use crate::text;

/// One run in full.
#[derive(Debug, Serialize)]
pub(crate) struct Details {
    /// Its record, with `state` as it was written; `standing` says how it stands now.
    #[serde(flatten)]
    record: Map<String, Value>,
    seconds: f64,
    written: Option<Timestamp>,
    path: String,
    parameters: Map<String, Value>,
    summary: Map<String, Value>,
    metrics: Vec<Metric>,
    damage: Vec<String>,
}

/// A metric in a few numbers.
#[derive(Debug, Serialize)]
pub(in super::super) struct Metric {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    count: u64,
    first_step: u64,
    last_step: u64,
    first_time: Option<Timestamp>,
    last_time: Option<Timestamp>,
    /// The last value, or what the run's summary says in its place.
    last: Number,
    min: Number,
    max: Number,
    mean: Number,
    non_finite: u64,
}

/// Something that the run left or took.
#[derive(Debug, Serialize)]
struct Artifact {
    name: String,
    kind: String,
    digest: Option<String>,
    bytes: u64,
    direction: Direction,
    step: Option<u64>,
    media: String,
}

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let (entry, run) = open(&call.app, &call.name)?;
    call.json(&details(&entry, &run)?)
}

/// The run that a text names, with what is read of it.
pub(in super::super) fn open(app: &App, id: &str) -> Result<(Entry, std::sync::Arc<OpenRun>), Fault> {
    let entry = app.catalogue.find(id)?;
    let run = app.runs.get(&entry.directory)?;
    Ok((entry, run))
}

/// A time as JSON has it.
pub(in super::super) fn time(nanos: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(nanos)).ok()
}

/// The metrics of a run. Numbers of the reader, which knows what was said a moment ago; what the run's summary says in
/// place of a last value is the index's.
pub(in super::super) fn metrics(entry: &Entry, reader: &RunReader) -> Vec<Metric> {
    let described = reader.described().summary;
    let mut metrics: Vec<Metric> = reader
        .metrics()
        .filter_map(|(name, series)| {
            let (summary, extent) = (series.summary()?, series.extent());
            let said = described.get(name).or_else(|| entry.summary.get(name)).and_then(Value::as_f64);
            Some(Metric {
                name: name.to_owned(),
                unit: Unit::of(name),
                count: summary.count,
                first_step: extent.map_or(0, |extent| extent.first_step),
                last_step: summary.last_step,
                first_time: extent.and_then(|extent| time(extent.first_time)),
                last_time: extent.and_then(|extent| time(extent.last_time)),
                last: Number(said.unwrap_or(summary.last)),
                min: Number(summary.min),
                max: Number(summary.max),
                mean: Number(summary.mean),
                non_finite: summary.non_finite,
            })
        })
        .collect();
    metrics.sort_by(|a, b| text::by_place(&a.name, &b.name));
    metrics
}

/// Everything about a run.
pub(crate) fn details(entry: &Entry, run: &OpenRun) -> Result<Details, Fault> {
    let mut written: Run = entry.directory.run()?;
    let standing = entry.directory.standing(&written);
    let reading = run.reading();
    let reader = &reading.reader;
    let artifacts = artifacts(entry, &written, reader);
    written.tags.clone_from(&entry.tags);
    written.artifacts.clear();
    let record = serde_json::to_value(&written).map_err(|e| Fault::work(e, "report this"))?;
    let mut record = match record {
        Value::Object(record) => record,
        _ => Map::new(),
    };
    // What was written is one thing, how it stands another: this one is what every view shows.
    record.insert("state".to_owned(), standing_json(standing));
    let artifacts = serde_json::to_value(artifacts).map_err(|e| Fault::work(e, "report this"))?;
    record.insert("artifacts".to_owned(), artifacts);
    let mut damage: Vec<String> = reader.damage().iter().map(ToString::to_string).collect();
    damage.extend(reader.series_damage().iter().map(ToString::to_string));
    Ok(Details {
        record,
        seconds: entry.duration().as_secs_f64(),
        written: Timestamp::try_from(entry.written).ok(),
        path: entry.directory.path().display().to_string(),
        parameters: entry.parameters.to_map(),
        summary: entry.summary.to_map(),
        metrics: metrics(entry, reader),
        damage,
    })
}

fn standing_json(standing: Standing) -> Value {
    Value::String(standing.as_str().to_owned())
}

/// What it left and took: of each name and content the last, with the images that it said, and the files that its
/// record names.
fn artifacts(entry: &Entry, record: &Run, reader: &RunReader) -> Vec<Artifact> {
    let mut all: BTreeMap<(String, Option<String>, bool), Artifact> = BTreeMap::new();
    let mut put = |artifact: Artifact| {
        let input = artifact.direction == Direction::Input;
        all.insert((artifact.name.clone(), artifact.digest.clone(), input), artifact);
    };
    for blob in &entry.artifacts {
        put(Artifact {
            name: blob.name.clone(),
            kind: blob.kind.clone(),
            digest: Some(blob.digest.to_string()),
            bytes: blob.bytes,
            direction: blob.direction,
            step: None,
            media: media_of(&blob.name).to_owned(),
        });
    }
    for event in reader.events().iter().map(|timed| &timed.event) {
        let text = |name: &str| event.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let named = matches!(event.kind.as_str(), "artifact" | "image");
        let (true, Some(name), Some(digest)) = (named, text("name"), text("digest")) else { continue };
        let direction = match text("direction").as_deref() {
            Some("input") => Direction::Input,
            _ => Direction::Output,
        };
        put(Artifact {
            kind: text("kind").unwrap_or_else(|| event.kind.clone()),
            bytes: event.fields.get("bytes").and_then(Value::as_u64).unwrap_or(0),
            direction,
            step: Some(event.step),
            media: text("media").unwrap_or_else(|| media_of(&name).to_owned()),
            digest: Some(digest),
            name,
        });
    }
    for file in &record.artifacts {
        put(Artifact {
            name: file.name.clone(),
            kind: file.kind.clone(),
            digest: None,
            bytes: file.bytes,
            direction: Direction::Output,
            step: None,
            media: media_of(&file.name).to_owned(),
        });
    }
    all.into_values().collect()
}

/// What kind of content a file of this name most likely has: only what a browser may show without running any of it.
pub(in super::super) fn media_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    match extension.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "svg" => "image/svg+xml",
        "csv" => "text/csv",
        "json" | "jsonl" | "ndjson" => "application/json",
        "txt" | "md" | "log" | "yaml" | "yml" | "toml" | "py" | "rs" | "diff" | "patch" | "tsv" | "ini"
        | "cfg" | "sh" => "text/plain",
        _ => "application/octet-stream",
    }
}
