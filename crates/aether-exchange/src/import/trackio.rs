//! trackio: the SQLite database of a project.

use std::path::Path;

use aether_core::Level;
use rusqlite::{Connection, Row, types::ValueRef};
use serde_json::{Value, json as object};

use super::{
    ForeignPoint, ForeignRun, files,
    sqlite::{each, open},
};
use crate::{ExchangeError, times::parse};

/// Reads every run of a database, or of all databases in trackio's directory.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let files = files(path, |name| name.ends_with(".db"))?;
    if files.is_empty() {
        return Err(ExchangeError::Nothing { path: path.to_owned(), what: "trackio database (*.db)" });
    }
    let mut runs = Vec::new();
    for file in files {
        runs.extend(database(&file).map_err(ExchangeError::malformed("trackio database", &file))?);
    }
    Ok(runs)
}

fn database(path: &Path) -> rusqlite::Result<Vec<ForeignRun>> {
    let project = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let database = open(path)?;
    let mut runs: Vec<ForeignRun> = Vec::new();
    // Older versions have no ids of runs.
    let id = if has(&database, "metrics", "run_id")? { "run_id" } else { "run_name" };
    let query = format!("SELECT {id}, run_name, timestamp, step, metrics FROM metrics ORDER BY id");
    each(&database, &query, |row| {
        let (id, name, time): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let step: i64 = row.get(3)?;
        let metrics = json(row, 4)?;
        let time = parse(&time).unwrap_or(0);
        let run = find(&mut runs, path, &project, &id, &name);
        let step = u64::try_from(step).ok();
        flatten("", &metrics, &mut |metric, leaf| match value(leaf) {
            Some(value) => run.point(metric, ForeignPoint { step, time, value }),
            None => {
                if let Value::String(text) = leaf {
                    let fields = object!({"name": metric, "text": text});
                    run.event(time, "text", Level::Info, step.unwrap_or(0), format!("Text {metric}"), fields);
                }
            }
        });
        Ok(())
    })?;
    if has(&database, "system_metrics", "metrics")? {
        let id = if id == "run_id" { "run_id" } else { "run_name" };
        let query = format!("SELECT {id}, run_name, timestamp, metrics FROM system_metrics ORDER BY id");
        each(&database, &query, |row| {
            let (id, name, time): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let metrics = json(row, 3)?;
            let time = parse(&time).unwrap_or(0);
            let run = find(&mut runs, path, &project, &id, &name);
            let begun = run.metrics.values().flatten().map(|p| p.time).min().unwrap_or(time);
            let step = u64::try_from((time - begun) / 1_000_000).ok();
            flatten("", &metrics, &mut |metric, leaf| {
                if let Some(value) = value(leaf) {
                    run.point(&format!("system/{metric}"), ForeignPoint { step, time, value });
                }
            });
            Ok(())
        })?;
    }
    if has(&database, "configs", "config")? {
        each(&database, &format!("SELECT {id}, run_name, config FROM configs"), |row| {
            let (id, name): (String, String) = (row.get(0)?, row.get(1)?);
            let config = json(row, 2)?;
            if let Value::Object(config) = config {
                let own = config.into_iter().filter(|(key, _)| !key.starts_with('_'));
                find(&mut runs, path, &project, &id, &name).config.extend(own);
            }
            Ok(())
        })?;
    }
    Ok(runs)
}

fn has(database: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    let query = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
    database.query_row(query, [table, column], |row| row.get::<_, i64>(0)).map(|found| found > 0)
}

fn find<'a>(
    runs: &'a mut Vec<ForeignRun>,
    path: &Path,
    project: &str,
    id: &str,
    name: &str,
) -> &'a mut ForeignRun {
    let id = format!("{project}/{id}");
    let at = runs.iter().position(|run| run.id == id).unwrap_or_else(|| {
        let mut run = ForeignRun::new("trackio", id, path, name);
        run.project = Some(project.to_owned());
        runs.push(run);
        runs.len() - 1
    });
    &mut runs[at]
}

/// A column of JSON, kept as text or as bytes; what is none is nothing.
fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(json) | ValueRef::Blob(json) => serde_json::from_slice(json).unwrap_or_default(),
        _ => Value::Null,
    })
}

/// trackio writes what JSON has no numbers for as texts.
fn value(leaf: &Value) -> Option<f64> {
    match leaf {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn flatten(path: &str, node: &Value, take: &mut impl FnMut(&str, &Value)) {
    let Value::Object(fields) = node else { return take(path, node) };
    for (key, value) in fields {
        flatten(&if path.is_empty() { key.clone() } else { format!("{path}/{key}") }, value, take);
    }
}
