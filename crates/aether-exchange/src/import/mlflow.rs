//! MLflow: its SQLite database (`mlflow.db`), or its directory of files (`mlruns`).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use aether_core::{RunState, signal::Nanos};
use serde_json::Value;

use super::{
    ForeignPoint, ForeignRun,
    sqlite::{each, open},
};
use crate::ExchangeError;

/// Reads every run of a database, or of a directory of files; removed ones are left out.
///
/// # Errors
/// When it is neither, or cannot be read.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    if path.is_dir() {
        let database = path.join("mlflow.db");
        if database.is_file() { read(&database) } else { store(path) }
    } else {
        database(path).map_err(ExchangeError::malformed("database of MLflow", path))
    }
}

pub(super) fn milliseconds(ms: i64) -> Nanos {
    ms.saturating_mul(1_000_000)
}

pub(super) fn state(word: &str) -> RunState {
    match word {
        "FAILED" | "4" => RunState::Failed,
        "KILLED" | "5" => RunState::Interrupted,
        _ => RunState::Done,
    }
}

/// The value that was said: MLflow's databases keep an infinity as the greatest finite number.
pub(super) fn finite_or_not(kept: f64) -> f64 {
    if kept.abs() == f64::MAX { kept.signum() * f64::INFINITY } else { kept }
}

/// A parameter's value, which MLflow keeps as text: a number where it is one.
pub(super) fn parameter(text: &str) -> Value {
    serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn database(path: &Path) -> rusqlite::Result<Vec<ForeignRun>> {
    let database = open(path)?;
    let mut runs: BTreeMap<String, ForeignRun> = BTreeMap::new();
    let query = "SELECT r.run_uuid, r.name, e.name, r.status, r.start_time, r.end_time, r.source_name \
                 FROM runs r LEFT JOIN experiments e USING (experiment_id) \
                 WHERE r.lifecycle_stage = 'active' ORDER BY r.start_time";
    each(&database, query, |row| {
        let id: String = row.get(0)?;
        let name: Option<String> = row.get(1)?;
        let mut run = ForeignRun::new("mlflow", id.clone(), path, name.unwrap_or_else(|| id.clone()));
        run.project = row.get(2)?;
        run.state = state(&row.get::<_, Option<String>>(3)?.unwrap_or_default());
        run.created = row.get::<_, Option<i64>>(4)?.map(milliseconds);
        run.ended = row.get::<_, Option<i64>>(5)?.map(milliseconds);
        runs.insert(id, run);
        Ok(())
    })?;
    each(&database, "SELECT run_uuid, key, value FROM params", |row| {
        if let Some(run) = runs.get_mut(&row.get::<_, String>(0)?) {
            run.config.insert(row.get(1)?, parameter(&row.get::<_, String>(2)?));
        }
        Ok(())
    })?;
    // In the order in which they were said, as far as it is kept.
    let query =
        "SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics ORDER BY timestamp, step, rowid";
    each(&database, query, |row| {
        if let Some(run) = runs.get_mut(&row.get::<_, String>(0)?) {
            let (value, nan): (f64, bool) = (row.get(2)?, row.get::<_, Option<bool>>(5)?.unwrap_or(false));
            let value = if nan { f64::NAN } else { finite_or_not(value) };
            let step = u64::try_from(row.get::<_, i64>(4)?).ok();
            let point = ForeignPoint { step, time: milliseconds(row.get(3)?), value };
            run.point(&row.get::<_, String>(1)?, point);
        }
        Ok(())
    })?;
    each(&database, "SELECT run_uuid, key, value FROM tags", |row| {
        if let Some(run) = runs.get_mut(&row.get::<_, String>(0)?) {
            tag(run, &row.get::<_, String>(1)?, &row.get::<_, Option<String>>(2)?.unwrap_or_default());
        }
        Ok(())
    })?;
    Ok(runs.into_values().collect())
}

/// A tag of the user's becomes `key=value`; those of our own export the words that they were.
pub(super) fn tag(run: &mut ForeignRun, key: &str, value: &str) {
    if let Some(word) = key.strip_prefix("aether.tag.") {
        run.tags.push(word.to_owned());
    } else if key == "mlflow.runName" {
        run.name = value.to_owned();
    } else if !key.starts_with("mlflow.") && !key.starts_with("aether.") {
        run.tags.push(format!("{key}={value}"));
    }
}

/// `mlruns/<experiment>/<run>/{meta.yaml,params/,metrics/,tags/}`; a metric's file has lines of `time value step`.
fn store(root: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let mut runs = Vec::new();
    for experiment in directories(root)? {
        let named = meta(&experiment.join("meta.yaml")).remove("name");
        for directory in directories(&experiment)? {
            let meta = meta(&directory.join("meta.yaml"));
            let Some(id) = meta.get("run_id").or(meta.get("run_uuid")) else { continue };
            if meta.get("lifecycle_stage").is_some_and(|stage| stage == "deleted") {
                continue;
            }
            let name = meta.get("run_name").filter(|name| !name.is_empty()).unwrap_or(id);
            let mut run = ForeignRun::new("mlflow", id.clone(), &directory, name.clone());
            let time = |key: &str| meta.get(key).and_then(|ms| ms.parse().ok()).map(milliseconds);
            run.project.clone_from(&named);
            run.state = state(meta.get("status").map_or("", String::as_str));
            (run.created, run.ended) = (time("start_time"), time("end_time"));
            for (key, text) in texts(&directory.join("params"))? {
                run.config.insert(key, parameter(text.trim_end_matches('\n')));
            }
            for (key, text) in texts(&directory.join("tags"))? {
                tag(&mut run, &key, text.trim_end_matches('\n'));
            }
            for (metric, text) in texts(&directory.join("metrics"))? {
                let mut unread = 0;
                for line in text.lines() {
                    match point(line) {
                        Some(point) => run.point(&metric, point),
                        None => unread += 1,
                    }
                }
                run.passed_over(unread, "lines that are no points were");
            }
            runs.push(run);
        }
    }
    if runs.is_empty() {
        return Err(ExchangeError::Nothing {
            path: root.to_owned(),
            what: "run of MLflow, and no mlflow.db",
        });
    }
    Ok(runs)
}

fn point(line: &str) -> Option<ForeignPoint> {
    let mut words = line.split_ascii_whitespace();
    let time = milliseconds(words.next()?.parse().ok()?);
    let value = words.next()?.parse().ok()?;
    let step = words.next().map_or(Some(0), |step| step.parse().ok());
    Some(ForeignPoint { step, time, value })
}

fn directories(path: &Path) -> Result<Vec<PathBuf>, ExchangeError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(ExchangeError::io("list", path))? {
        let entry = entry.map_err(ExchangeError::io("list", path))?;
        if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The plain `key: value` lines of a `meta.yaml`, which is all that it has; nothing when there is none.
fn meta(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(key, value)| (key.to_owned(), value.trim().trim_matches('\'').to_owned())).collect()
}

/// Files below a directory with their names, of which slashes are a part; nothing when there is none.
fn texts(directory: &Path) -> Result<Vec<(String, String)>, ExchangeError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for path in super::files(directory, |_| true)? {
        let text = fs::read_to_string(&path).map_err(ExchangeError::io("read", &path))?;
        let name = path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().into_owned();
        found.push((name, text));
    }
    Ok(found)
}
