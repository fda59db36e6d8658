//! `GET /runs/{id}/series`: metrics for charts, as columns of numbers, JSON or CSV.

use std::fmt::Write;

use aether_core::{signal::Nanos, suggest};
use aether_ledger::{Entry, Node, Point, Range, RunReader, Window};
use axum::{http::header, response::Response};
use serde_json::{Map, Value, json};

use super::super::{
    answer::{Answer, Fault, Number},
    blocks::{self, Column},
    call::Call,
    parameters::Parameters,
};

/// Stretches of a metric at most.
const MOST: usize = 100_000;
/// And where the asker does not say.
const USUAL: usize = 1_000;

/// In what form.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Blocks,
    Json,
    Csv,
}

impl Form {
    fn wanted(call: &Call) -> Self {
        let accepts = call.header(header::ACCEPT).unwrap_or_default();
        if accepts.contains(blocks::CONTENT_TYPE) {
            Self::Blocks
        } else if accepts.contains("text/csv") {
            Self::Csv
        } else if accepts.contains("application/json") {
            Self::Json
        } else {
            Self::Blocks
        }
    }
}

pub(in super::super) fn get(call: &Call) -> Result<Response, Fault> {
    let most = call.parameters.number("most", USUAL, MOST)?;
    let (entry, run) = super::run::open(&call.app, &call.name)?;
    let range = range(&call.parameters, &entry)?;
    let wanted: Vec<String> = call.parameters.all("metric").map(str::to_owned).collect();
    let windows = windows(&run.reading().reader, &wanted, range, most)?;
    Ok(call.answer(write(&entry, &windows, Form::wanted(call))?))
}

/// The part of the series that is asked for.
fn range(parameters: &Parameters, entry: &Entry) -> Result<Range, Fault> {
    let bound = |name| parameters.parsed::<f64>(name, "it takes a number");
    let (from, to) = (bound("from")?, bound("to")?);
    if from.is_none() && to.is_none() {
        return Ok(Range::ALL);
    }
    // Casts of numbers beyond a range end at its bounds.
    let times = |from: Option<f64>, to: Option<f64>| {
        Range::Times(from.map_or(Nanos::MIN, |t| t as Nanos), to.map_or(Nanos::MAX, |t| t as Nanos))
    };
    match parameters.one("x").unwrap_or("step") {
        "step" => Ok(Range::Steps(
            from.map_or(0, |step| step.max(0.0).ceil() as u64),
            to.map_or(u64::MAX, |step| step.floor() as u64),
        )),
        "time" => Ok(times(from.map(|t| t * 1e6), to.map(|t| t * 1e6))),
        "relative" => {
            let created = entry.created.as_nanosecond() as f64;
            Ok(times(from.map(|t| created + t * 1e9), to.map(|t| created + t * 1e9)))
        }
        other => Err(Fault::wrong(format!("x={}", other.escape_debug()), "it is step, time or relative")),
    }
}

/// What lies there of these metrics; of all, where none is named.
pub(crate) fn windows(
    reader: &RunReader,
    wanted: &[String],
    range: Range,
    most: usize,
) -> Result<Vec<(String, Window)>, Fault> {
    if wanted.is_empty() {
        let all = reader.metrics().map(|(name, series)| (name.to_owned(), series.window(range, most)));
        return Ok(all.collect());
    }
    let one = |name: &String| match reader.series(name) {
        Some(series) => Ok((name.clone(), series.window(range, most))),
        None => {
            let known: Vec<&str> = reader.metrics().map(|(name, _)| name).collect();
            let near = suggest::nearest(name, known.iter().copied());
            Err(Fault::nothing(
                format!("the run has no metric '{}'", name.escape_debug()),
                near.map_or_else(String::new, |near| format!("did you mean '{near}'?")),
            ))
        }
    };
    wanted.iter().map(one).collect()
}

fn write(entry: &Entry, windows: &[(String, Window)], form: Form) -> Result<Answer, Fault> {
    match form {
        Form::Blocks => {
            let mut out = Vec::new();
            windows.iter().for_each(|(name, window)| blocks::append(&mut out, name, window));
            Ok(Answer::new(blocks::CONTENT_TYPE, out))
        }
        Form::Json => {
            let series: Vec<Value> = windows.iter().map(|(name, window)| json_of(name, window)).collect();
            Answer::json(&json!({ "run": entry.id, "series": series }))
        }
        Form::Csv => Ok(Answer::new("text/csv; charset=utf-8", csv(windows))),
    }
}

fn json_of(name: &str, window: &Window) -> Value {
    fn columns<T>(rows: &[T], columns: &[Column<T>]) -> Map<String, Value> {
        let column = |of: fn(&T) -> f64| rows.iter().map(|row| json!(Number(of(row)))).collect();
        columns.iter().map(|(name, of)| ((*name).to_owned(), Value::Array(column(*of)))).collect()
    }
    let (kind, columns) = match window {
        Window::Points(points) => ("points", columns(points, &blocks::POINT_COLUMNS)),
        Window::Stretches(nodes) => ("stretches", columns(nodes, &blocks::STRETCH_COLUMNS)),
    };
    json!({ "metric": name, "kind": kind, "columns": columns })
}

/// One row a point, or a stretch: where both occur, those of a point stand in the columns of stretches.
fn csv(windows: &[(String, Window)]) -> String {
    let points = windows.iter().all(|(_, window)| matches!(window, Window::Points(_)));
    let mut out = String::from("metric");
    let names: Vec<&str> = if points {
        blocks::POINT_COLUMNS.iter().map(|(name, _)| *name).collect()
    } else {
        blocks::STRETCH_COLUMNS.iter().map(|(name, _)| *name).collect()
    };
    names.iter().for_each(|name| out.extend([",", name]));
    out.push_str("\r\n");
    for (name, window) in windows {
        let name = quoted(name);
        match window {
            Window::Points(rows) if points => {
                rows.iter().for_each(|row| line(&mut out, &name, row, &blocks::POINT_COLUMNS));
            }
            Window::Points(rows) => {
                let alone = |point: &Point| Node::of_point(*point);
                rows.iter().map(alone).for_each(|row| line(&mut out, &name, &row, &blocks::STRETCH_COLUMNS));
            }
            Window::Stretches(rows) => {
                rows.iter().for_each(|row| line(&mut out, &name, row, &blocks::STRETCH_COLUMNS));
            }
        }
    }
    out
}

fn line<T>(out: &mut String, name: &str, row: &T, columns: &[Column<T>]) {
    out.push_str(name);
    for (_, of) in columns {
        // Writing to a text does not fail.
        let _ = write!(out, ",{}", of(row));
    }
    out.push_str("\r\n");
}

/// A text as a field of RFC 4180. What a spreadsheet would take for a formula is made a text.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_table() {
        assert_eq!(quoted("loss"), "loss");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
