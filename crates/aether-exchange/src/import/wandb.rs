//! W&B offline runs: `.wandb` files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path},
};

use aether_core::{Level, RunState, signal::Nanos};
use prost::Message;
use serde_json::{Map, Value, json};

use super::{Content, ForeignImage, ForeignPoint, ForeignRun, files, number};
use crate::{
    ExchangeError,
    proto::wandb::{History, Item, Record, Stats, Timestamp, Update},
    times::from_seconds,
    wandb_log::{Records, is_one},
};

/// Reads every offline run below a directory, or one `.wandb` file.
///
/// # Errors
/// When a file cannot be read, or there is none.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let files = files(path, |name| name.ends_with(".wandb"))?;
    if files.is_empty() {
        return Err(ExchangeError::Nothing { path: path.to_owned(), what: "W&B run (*.wandb)" });
    }
    files.iter().map(|file| run(file)).collect()
}

fn run(path: &Path) -> Result<ForeignRun, ExchangeError> {
    let bytes = fs::read(path).map_err(ExchangeError::io("read", path))?;
    if !is_one(&bytes) {
        return Err(ExchangeError::malformed("W&B run", path)("it does not begin with ':W&B'"));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut run = ForeignRun::new("wandb", name.clone(), path, name);
    let mut records = Records::new(&bytes);
    let mut unread = 0;
    let mut others = 0;
    // Without an end it was killed.
    run.state = RunState::Failed;
    for record in records.by_ref() {
        match Record::decode(&record[..]) {
            Ok(record) => take(&mut run, record, &mut others),
            Err(_) => unread += 1,
        }
    }
    run.passed_over(unread + records.damaged(), "damaged or torn records were");
    run.passed_over(others, "values that are no numbers, texts, images or histograms were");
    Ok(run)
}

fn take(run: &mut ForeignRun, record: Record, others: &mut usize) {
    if let Some(said) = record.run {
        run.id = format!("{}/{}/{}", said.entity, said.project, said.run_id);
        run.name = if said.display_name.is_empty() { said.run_id } else { said.display_name };
        run.project = (!said.project.is_empty()).then_some(said.project);
        run.tags = said.tags;
        run.host = said.host;
        run.created = said.start_time.map(nanos);
        update(&mut run.config, said.config);
    }
    update(&mut run.config, record.config);
    update(&mut run.summary, record.summary);
    if let Some(history) = record.history {
        row(run, history, others);
    }
    if let Some(stats) = record.stats {
        system(run, &stats);
    }
    if let Some(alert) = record.alert {
        let level = match alert.level.as_str() {
            "ERROR" => Level::Error,
            "WARN" => Level::Warning,
            _ => Level::Info,
        };
        let time = run.metrics.values().filter_map(|points| points.last()).map(|p| p.time).max();
        let time = time.or(run.created).unwrap_or(0);
        let fields = json!({"title": alert.title, "text": alert.text});
        run.event(time, "alert", level, 0, alert.title, fields);
    }
    if let Some(exit) = record.exit {
        run.state = if exit.exit_code == 0 { RunState::Done } else { RunState::Failed };
    }
}

fn nanos(time: Timestamp) -> Nanos {
    time.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(time.nanos))
}

/// A name as W&B shows it: the parts of a nested one joined by dots.
fn key(item: &Item) -> String {
    if item.nested_key.is_empty() { item.key.clone() } else { item.nested_key.join(".") }
}

/// What W&B says for itself.
fn internal(key: &str) -> bool {
    key.starts_with('_')
}

fn update(into: &mut Map<String, Value>, update: Option<Update>) {
    for item in update.into_iter().flat_map(|update| update.update) {
        let key = key(&item);
        if !internal(&key) {
            // JSON has no numbers that are not finite: they stay texts.
            let value = serde_json::from_str(&item.value_json).unwrap_or(Value::String(item.value_json));
            into.insert(key, value);
        }
    }
}

fn row(run: &mut ForeignRun, history: History, others: &mut usize) {
    let said = |name: &str| history.item.iter().find(|i| key(i) == name).and_then(|i| number(&i.value_json));
    let time = said("_timestamp").map_or(run.created.unwrap_or(0), from_seconds);
    // A step of 0 is not written.
    let step = history.step.map_or(0, |step| step.num);
    let step = u64::try_from(step).ok();
    let objects = objects(&history.item);
    for (path, said) in &objects {
        if !media(run, time, step.unwrap_or(0), &path.join("."), said) {
            *others += 1;
        }
    }
    for item in &history.item {
        let name = key(item);
        if internal(&name) || objects.keys().any(|path| item.nested_key.starts_with(path)) {
            continue;
        }
        if let Some(value) = number(&item.value_json) {
            run.point(&name, ForeignPoint { step, time, value });
            continue;
        }
        let step = step.unwrap_or(0);
        match serde_json::from_str(&item.value_json) {
            Ok(Value::String(text)) => {
                let message = format!("Text {name}");
                let fields = json!({"name": name, "text": text});
                run.event(time, "text", Level::Info, step, message, fields);
            }
            Ok(Value::Object(said)) if media(run, time, step, &name, &said) => {}
            _ => *others += 1,
        }
    }
}

/// What newer versions spread over an item for each field: the fields of each object that has a `_type`, by its path.
fn objects(items: &[Item]) -> BTreeMap<&[String], Map<String, Value>> {
    let typed = items.iter().filter_map(|item| match &item.nested_key[..] {
        [path @ .., last] if last == "_type" && !path.is_empty() => Some(path),
        _ => None,
    });
    let mut objects: BTreeMap<_, Map<_, _>> = typed.map(|path| (path, Map::new())).collect();
    for item in items {
        if let [path @ .., field] = &item.nested_key[..]
            && let Some(object) = objects.get_mut(path)
        {
            object.insert(field.clone(), serde_json::from_str(&item.value_json).unwrap_or_default());
        }
    }
    objects
}

/// An image, several of them, or a histogram; files lie beside the run's own, in `files/`.
fn media(run: &mut ForeignRun, time: Nanos, step: u64, name: &str, said: &Map<String, Value>) -> bool {
    let kind = said.get("_type").and_then(Value::as_str).unwrap_or_default();
    let numbers = |name: &str| -> Vec<f64> {
        said.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let names: Vec<String> = match kind {
        "histogram" => return run.histogram(time, step, name, &numbers("bins"), &numbers("values")),
        "image-file" => text(said.get("path")).into_iter().collect(),
        "images/separated" => {
            let names = said.get("filenames").and_then(Value::as_array);
            names.into_iter().flatten().filter_map(|name| text(Some(name))).collect()
        }
        _ => return false,
    };
    let files = run.path.parent().unwrap_or(Path::new("")).join("files");
    let size = |name: &str| said.get(name).and_then(Value::as_u64);
    let captions = said.get("captions").and_then(Value::as_array);
    for (at, file) in names.iter().enumerate() {
        // A file of theirs names no other place on this machine.
        if Path::new(file).components().any(|part| !matches!(part, Component::Normal(_))) {
            continue;
        }
        let caption = captions.and_then(|all| text(all.get(at))).or_else(|| text(said.get("caption")));
        run.images.push(ForeignImage {
            time,
            step,
            name: if names.len() == 1 { name.to_owned() } else { format!("{name}/{at}") },
            size: size("width").zip(size("height")),
            caption: caption.filter(|caption| !caption.is_empty()),
            content: Content::File(files.join(file)),
        });
    }
    !names.is_empty()
}

/// The machine's metrics, whose step is the time since the run's beginning in milliseconds.
fn system(run: &mut ForeignRun, stats: &Stats) {
    let Some(time) = stats.timestamp.clone().map(nanos) else { return };
    let step = u64::try_from((time - run.created.unwrap_or(time)) / 1_000_000).ok();
    for item in &stats.item {
        if let Some(value) = number(&item.value_json) {
            run.point(&format!("system/{}", item.key), ForeignPoint { step, time, value });
        }
    }
}
