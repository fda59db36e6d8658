//! Runs of other tools, taken over into the ledger.
//!
//! Every format ends in a [`ForeignRun`]; [`keep`] writes it as a run of kind `import` with the times of its points. The
//! record's `environment.origin` says what it was, and is written last: so a run is imported once, and one whose import
//! was cut off is not taken for whole.

mod artifact;
pub mod csv;
mod media;
pub mod mlflow;
pub mod mlflow_server;
pub mod neptune;
mod sqlite;
pub mod tensorboard;
pub mod trackio;
pub mod wandb;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use aether_core::{AtomicFile, Event, Level, Listener, Metric, RunId, RunState, Signal, signal::Nanos};
use aether_ledger::{Blobs, Home, NewRun, RunWriter, TimedEvent};
use serde_json::{Map, Value, json};

use crate::{ExchangeError, times::timestamp};

pub use artifact::{Download, ForeignArtifact, Source};
pub use media::{Content, ForeignImage};

/// So many signals go into a log before it is synced: its queue must never be full.
const BATCH: usize = 100_000;

/// One value of another tool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForeignPoint {
    /// Its step, where that is a whole number that is not negative.
    pub step: Option<u64>,
    /// When it was said, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// The value.
    pub value: f64,
}

/// A run of another tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignRun {
    /// The tool.
    pub tool: &'static str,
    /// What it is for that tool: the same for the same run, and for no other one.
    pub id: String,
    /// Where it was read.
    pub path: PathBuf,
    /// Its name for people.
    pub name: String,
    /// The project it was filed under, if the tool has such.
    pub project: Option<String>,
    /// Where it ran.
    pub host: String,
    /// Its words.
    pub tags: Vec<String>,
    /// Its parameters.
    pub config: Map<String, Value>,
    /// What stands for it in tables.
    pub summary: Map<String, Value>,
    /// How it ended; one that was still running when it was read counts as done.
    pub state: RunState,
    /// When it began, if that is known; else its first point did.
    pub created: Option<Nanos>,
    /// When it ended, if that is known; else its last point did.
    pub ended: Option<Nanos>,
    /// Its metrics, each in the order in which its points were said.
    pub metrics: BTreeMap<String, Vec<ForeignPoint>>,
    /// What happened in it.
    pub events: Vec<TimedEvent>,
    /// Its images.
    pub images: Vec<ForeignImage>,
    /// Its other files.
    pub artifacts: Vec<ForeignArtifact>,
    /// What could not be taken over.
    pub remarks: Vec<String>,
}

impl ForeignRun {
    /// A run of which nothing else is known.
    pub fn new(tool: &'static str, id: impl Into<String>, path: &Path, name: impl Into<String>) -> Self {
        Self {
            tool,
            id: id.into(),
            path: path.to_owned(),
            name: name.into(),
            project: None,
            host: String::new(),
            tags: Vec::new(),
            config: Map::new(),
            summary: Map::new(),
            state: RunState::Done,
            created: None,
            ended: None,
            metrics: BTreeMap::new(),
            events: Vec::new(),
            images: Vec::new(),
            artifacts: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Adds a value to a metric.
    pub(crate) fn point(&mut self, metric: &str, point: ForeignPoint) {
        match self.metrics.get_mut(metric) {
            Some(points) => points.push(point),
            None => _ = self.metrics.insert(metric.to_owned(), vec![point]),
        }
    }

    /// Adds an event.
    pub(crate) fn event(
        &mut self,
        time: Nanos,
        kind: &str,
        level: Level,
        step: u64,
        message: String,
        fields: Value,
    ) {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let event = Event { kind: kind.to_owned(), level, step, message, fields };
        self.events.push(TimedEvent { time, event });
    }

    /// Notes something that could not be taken over, if there was any.
    pub(crate) fn passed_over(&mut self, count: usize, what: &str) {
        if count > 0 {
            self.remarks.push(format!("{count} {what} passed over"));
        }
    }
}

/// What became of a foreign run.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its run here.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// Its points.
    pub points: u64,
    /// Whether it was here before; then nothing was written.
    pub before: bool,
    /// What could not be taken over as it was.
    pub remarks: Vec<String>,
}

/// Which runs were imported before, by tool and id.
#[derive(Debug)]
pub struct Origins(BTreeMap<(String, String), (RunId, u64)>);

impl Origins {
    /// Reads the records of all runs.
    ///
    /// # Errors
    /// When the home cannot be listed.
    pub fn read(home: &Home) -> Result<Self, ExchangeError> {
        let mut origins = BTreeMap::new();
        // A record that cannot be read is no import that could be found again.
        for run in home.run_directories()?.iter().filter_map(|directory| directory.run().ok()) {
            if let Some(origin) = run.environment.get("origin")
                && let (Some(tool), Some(id)) = (origin["tool"].as_str(), origin["id"].as_str())
            {
                let points = origin["points"].as_u64().unwrap_or(0);
                origins.insert((tool.to_owned(), id.to_owned()), (run.id, points));
            }
        }
        Ok(Self(origins))
    }
}

/// Writes a run into the ledger, if it is not there yet.
///
/// # Errors
/// When the home does not take it; what was written of it is then a run that died, to be removed.
pub fn keep(
    home: &Home,
    origins: &mut Origins,
    mut foreign: ForeignRun,
    project: Option<&str>,
) -> Result<Kept, ExchangeError> {
    let points: u64 = foreign.metrics.values().map(|points| points.len() as u64).sum();
    let key = (foreign.tool.to_owned(), foreign.id.clone());
    let project =
        project.map(str::to_owned).or(foreign.project.take()).unwrap_or_else(|| "default".to_owned());
    let mut kept = Kept {
        run: RunId::random().map_err(ExchangeError::io("draw an id from", "/dev/urandom"))?,
        name: foreign.name.clone(),
        project: plain(&project),
        points,
        before: false,
        remarks: std::mem::take(&mut foreign.remarks),
    };
    if let Some(&(run, had)) = origins.0.get(&key) {
        kept.run = run;
        kept.before = true;
        if had != points {
            kept.remarks.push(format!(
                "it had {had} points when it was imported and has {points} now; remove run {run} to import it anew"
            ));
        }
        return Ok(kept);
    }

    for (name, points) in &mut foreign.metrics {
        if number_anew(points) {
            let said = format!(
                "steps of '{}' were repeated or no whole numbers: its points are numbered from 0",
                name.escape_debug()
            );
            kept.remarks.push(said);
        }
    }
    let images = keep_images(&home.blobs(), &foreign.images, &mut kept.remarks);
    foreign.events.extend(images);
    let artifacts = keep_artifacts(&home.blobs(), &foreign.artifacts, &mut kept.remarks);
    foreign.events.extend(artifacts);
    let times =
        || foreign.metrics.values().flatten().map(|p| p.time).chain(foreign.events.iter().map(|e| e.time));
    let created = foreign.created.or_else(|| times().min()).unwrap_or_else(aether_core::signal::now);
    let ended = foreign.ended.or_else(|| times().max()).unwrap_or(created).max(created);

    let writer = RunWriter::create(
        home,
        NewRun {
            name: foreign.name.clone(),
            project: kept.project.clone(),
            kind: "import".to_owned(),
            spec: Value::Object(foreign.config),
            command: std::env::args().collect(),
            directory: std::env::current_dir().unwrap_or_default(),
            tags: foreign.tags,
        },
    )?;
    kept.run = writer.id();
    let log = writer.log()?;
    let mut said = 0;
    let mut say = |time: Nanos, signal: &Signal| -> Result<(), ExchangeError> {
        log.on(time, signal);
        said += 1;
        if said % BATCH == 0 { log.sync().map_err(ExchangeError::Log) } else { Ok(()) }
    };
    for (name, points) in &foreign.metrics {
        let metric = Metric::named(name);
        for point in points {
            let step = point.step.unwrap_or(0);
            say(point.time, &Signal::Point { metric, step, value: point.value })?;
        }
    }
    for event in foreign.events {
        say(event.time, &Signal::Event(event.event))?;
    }
    let event = |kind: &str, level, message: String, fields| {
        Signal::Event(Event { kind: kind.to_owned(), level, step: 0, message, fields })
    };
    if !foreign.summary.is_empty() {
        say(ended, &event("summary", Level::Info, "Summary".to_owned(), foreign.summary))?;
    }
    for remark in &kept.remarks {
        say(ended, &event("import", Level::Warning, remark.clone(), Map::new()))?;
    }
    log.sync().map_err(ExchangeError::Log)?;
    drop(log);
    writer.end(foreign.state, None)?;

    let mut run = writer.run();
    run.created = timestamp(created);
    run.ended = Some(timestamp(ended));
    if !foreign.host.is_empty() {
        run.host = foreign.host;
    }
    let path = fs::canonicalize(&foreign.path).unwrap_or(foreign.path);
    let origin = json!({"tool": key.0, "id": key.1, "path": path, "points": points});
    run.environment.insert("origin".to_owned(), origin);
    let record = writer.directory().record();
    let mut text = serde_json::to_vec_pretty(&run).map_err(|e| ExchangeError::Log(e.to_string()))?;
    text.push(b'\n');
    AtomicFile::write(&record, &text).map_err(ExchangeError::io("write", &record))?;
    origins.0.insert(key, (kept.run, points));
    Ok(kept)
}

/// Keeps the images' bytes; the events that name them. What cannot be kept is remarked.
fn keep_images(blobs: &Blobs, images: &[ForeignImage], remarks: &mut Vec<String>) -> Vec<TimedEvent> {
    let (mut events, mut unknown) = (Vec::new(), 0);
    for image in images {
        match image.keep(blobs) {
            Ok(Some(event)) => events.push(TimedEvent { time: image.time, event }),
            Ok(None) => unknown += 1,
            Err(error) => {
                remarks.push(format!("image '{}' is not kept: {error}", image.name.escape_debug()));
            }
        }
    }
    if unknown > 0 {
        remarks.push(format!("{unknown} images of an unknown kind were passed over"));
    }
    events
}

/// Fetches and keeps the files; the events that name them. What cannot be had is remarked.
fn keep_artifacts(
    blobs: &Blobs,
    artifacts: &[ForeignArtifact],
    remarks: &mut Vec<String>,
) -> Vec<TimedEvent> {
    let mut events = Vec::new();
    for artifact in artifacts {
        match artifact.keep(blobs) {
            Ok(event) => events.push(event),
            Err(error) => remarks.push(format!("'{}' is not kept: {error}", artifact.name.escape_debug())),
        }
    }
    events
}

/// A point's step is its own here. Where another tool had several of one step, or steps that are no whole numbers, all
/// of that metric's points are numbered in their order, so that none is lost. Whether that was done.
fn number_anew(points: &mut [ForeignPoint]) -> bool {
    let mut seen = BTreeSet::new();
    if points.iter().all(|point| point.step.is_some_and(|step| seen.insert(step))) {
        return false;
    }
    (0..).zip(points).for_each(|(step, point)| point.step = Some(step));
    true
}

/// A project's name that can name a directory.
fn plain(project: &str) -> String {
    let mut name: String = project
        .trim_start_matches('.')
        .chars()
        .map(|c| if c == '/' || c.is_control() { '_' } else { c })
        .collect();
    while name.len() > 200 {
        name.pop();
    }
    if name.is_empty() { "default".to_owned() } else { name }
}

/// A number as Python's `json` writes it: also `NaN`, `Infinity`, `-Infinity`, and truths.
pub(crate) fn number(json: &str) -> Option<f64> {
    match json.trim() {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "true" => Some(1.0),
        "false" => Some(0.0),
        other => serde_json::from_str(other).ok(),
    }
}

/// All files below a directory, or the file itself, that `fits`, sorted.
pub(crate) fn files(path: &Path, fits: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, ExchangeError> {
    fn descend(
        path: &Path,
        fits: &dyn Fn(&str) -> bool,
        found: &mut Vec<PathBuf>,
    ) -> Result<(), ExchangeError> {
        for entry in fs::read_dir(path).map_err(ExchangeError::io("list", path))? {
            let entry = entry.map_err(ExchangeError::io("list", path))?;
            // Links are not followed: `latest-run` would be read twice, and a ring never end.
            let kind = entry.file_type().map_err(ExchangeError::io("look at", entry.path()))?;
            if kind.is_dir() {
                descend(&entry.path(), fits, found)?;
            } else if kind.is_file() && fits(&entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    if fs::metadata(path).map_err(ExchangeError::io("look at", path))?.is_dir() {
        descend(path, &fits, &mut found)?;
    } else {
        found.push(path.to_owned());
    }
    found.sort();
    Ok(found)
}
