//! Parquet files of the Neptune exporter: one row for each attribute of a run, or for each point of a series.
//!
//! The columns are those that its documentation names: `project_id`, `run_id`, `attribute_path`, `attribute_type`,
//! `step` (a decimal), `timestamp`, `int_value`, `float_value`, `string_value`, `bool_value`, `datetime_value`,
//! `string_set_value`. Files and histograms are passed over.

use std::{collections::BTreeMap, fs::File, path::Path};

use aether_core::{Level, signal::Nanos};
use parquet::{
    data_type::Decimal,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};

use super::{ForeignPoint, ForeignRun, files};
use crate::{ExchangeError, times::parse};

/// Reads a file, or every one below a directory: a run may lie in several.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let files = files(path, |name| name.ends_with(".parquet"))?;
    if files.is_empty() {
        return Err(ExchangeError::Nothing { path: path.to_owned(), what: "Parquet file (*.parquet)" });
    }
    let mut runs: BTreeMap<String, (ForeignRun, usize)> = BTreeMap::new();
    for file in files {
        take_file(&file, &mut runs)?;
    }
    Ok(runs
        .into_values()
        .map(|(mut run, others)| {
            run.passed_over(others, "attributes that are files, histograms or empty were");
            if let Some(Value::String(name)) = run.config.get("sys/name").filter(|name| *name != "") {
                run.name = name.clone();
            }
            run
        })
        .collect())
}

fn take_file(path: &Path, runs: &mut BTreeMap<String, (ForeignRun, usize)>) -> Result<(), ExchangeError> {
    let malformed = || ExchangeError::malformed("file of the Neptune exporter", path);
    let file = File::open(path).map_err(ExchangeError::io("open", path))?;
    let reader = SerializedFileReader::new(file).map_err(malformed())?;
    for row in reader.get_row_iter(None).map_err(malformed())? {
        let row = row.map_err(malformed())?;
        let cells: BTreeMap<&str, &Field> =
            row.get_column_iter().filter(|(_, f)| **f != Field::Null).map(|(n, f)| (n.as_str(), f)).collect();
        let text = |name: &str| match cells.get(name) {
            Some(Field::Str(text)) => Some(text.as_str()),
            _ => None,
        };
        let (Some(id), Some(attribute)) = (text("run_id"), text("attribute_path")) else {
            return Err(ExchangeError::malformed::<&str>("file of the Neptune exporter", path)(
                "a row has no run_id or no attribute_path",
            ));
        };
        let project = text("project_id").unwrap_or_default();
        let (run, others) = runs.entry(format!("{project}/{id}")).or_insert_with(|| {
            let mut run = ForeignRun::new("neptune", format!("{project}/{id}"), path, id);
            run.project = project.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
            (run, 0)
        });
        let number = ["float_value", "int_value"].iter().find_map(|n| cells.get(n).and_then(|f| double(f)));
        if let Some(at) = cells.get("step") {
            let time = cells.get("timestamp").and_then(|f| time(f)).unwrap_or(0);
            let step = step(at);
            match (number, text("string_value")) {
                (Some(value), _) => run.point(attribute, ForeignPoint { step, time, value }),
                (None, Some(said)) => {
                    let fields = json!({"name": attribute, "text": said});
                    let message = format!("Text {attribute}");
                    run.event(time, "text", Level::Info, step.unwrap_or(0), message, fields);
                }
                (None, None) => *others += 1,
            }
        } else if let Some(value) = single(&cells, number) {
            match (attribute, &value) {
                ("sys/tags", Value::Array(tags)) => {
                    run.tags.extend(tags.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                ("sys/creation_time", _) => run.created = cells.get("datetime_value").and_then(|f| time(f)),
                _ => _ = run.config.insert(attribute.to_owned(), value),
            }
        } else {
            *others += 1;
        }
    }
    Ok(())
}

/// An attribute that is no series.
fn single(cells: &BTreeMap<&str, &Field>, number: Option<f64>) -> Option<Value> {
    if let Some(Field::Long(whole)) = cells.get("int_value") {
        return Some(json!(whole));
    }
    if let Some(number) = number {
        return Some(if number.is_finite() { json!(number) } else { json!(number.to_string()) });
    }
    match (cells.get("string_value"), cells.get("bool_value"), cells.get("string_set_value")) {
        (Some(Field::Str(text)), _, _) => Some(json!(text)),
        (_, Some(Field::Bool(truth)), _) => Some(json!(truth)),
        (_, _, Some(Field::ListInternal(list))) => {
            let words = list.elements().iter().filter_map(|f| match f {
                Field::Str(word) => Some(json!(word)),
                _ => None,
            });
            Some(Value::Array(words.collect()))
        }
        _ => {
            let time = cells.get("datetime_value").and_then(|f| time(f))?;
            Some(json!(crate::times::timestamp(time)))
        }
    }
}

fn double(field: &Field) -> Option<f64> {
    match field {
        Field::Double(value) => Some(*value),
        Field::Float(value) => Some(f64::from(*value)),
        Field::Long(value) => Some(*value as f64),
        Field::Int(value) => Some(f64::from(*value)),
        _ => None,
    }
}

fn time(field: &Field) -> Option<Nanos> {
    match field {
        Field::TimestampMillis(ms) => ms.checked_mul(1_000_000),
        Field::TimestampMicros(us) => us.checked_mul(1000),
        Field::Long(ns) => Some(*ns),
        Field::Str(text) => parse(text),
        _ => None,
    }
}

/// A whole step; Neptune has fractions, too.
fn step(field: &Field) -> Option<u64> {
    let (unscaled, scale) = match field {
        Field::Decimal(decimal) => (unscaled(decimal)?, u32::try_from(decimal.scale()).ok()?),
        other => {
            let number = double(other)?;
            return (number >= 0.0 && number.fract() == 0.0).then_some(number as u64);
        }
    };
    let one = 10i128.checked_pow(scale)?;
    (unscaled % one == 0).then(|| u64::try_from(unscaled / one).ok()).flatten()
}

/// Big-endian two's complement, of at most 16 bytes.
fn unscaled(decimal: &Decimal) -> Option<i128> {
    let bytes = decimal.data();
    let negative = bytes.first()? & 0x80 != 0;
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide[16usize.checked_sub(bytes.len())?..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}
