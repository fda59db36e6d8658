//! W&B offline runs: `.wandb` files.

use std::{fs, path::Path};

use aether_core::{Level, RunState, signal::Nanos};
use prost::Message;
use serde_json::{Map, Value, json};

use super::{ForeignPoint, ForeignRun, files, number};
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
    run.passed_over(others, "values that are no numbers and no texts were");
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
    for item in &history.item {
        let name = key(item);
        if internal(&name) {
            continue;
        }
        if let Some(value) = number(&item.value_json) {
            run.point(&name, ForeignPoint { step, time, value });
        } else if let Ok(Value::String(text)) = serde_json::from_str(&item.value_json) {
            let message = format!("Text {name}");
            let fields = json!({"name": name, "text": text});
            run.event(time, "text", Level::Info, step.unwrap_or(0), message, fields);
        } else {
            *others += 1;
        }
    }
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
