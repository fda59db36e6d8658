//! Parquet files of the Neptune exporter: one row for each attribute of a run, or for each point of a series.
//!
//! The columns are those of its `model.py`: `project_id`, `run_id`, `attribute_path`, `attribute_type`, `step` (a decimal),
//! `timestamp`, and one for each type of value. A point of a series of numbers that has none was NaN: the exporter's
//! writer makes no difference. Files lie beside the Parquet, `files/PROJECT/...` by `data/PROJECT/RUN_part_N.parquet`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

use aether_core::{Level, RunState, signal::Nanos};
use parquet::{
    data_type::Decimal,
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};

use super::{
    Content, ForeignArtifact, ForeignImage, ForeignPoint, ForeignRun, Source, files, media::is_image,
};
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
            // The exporter says no time of a file.
            let points = run.metrics.values().flatten().map(|point| point.time);
            let begun = run.created.or_else(|| points.min()).unwrap_or(0);
            run.artifacts.iter_mut().filter(|file| file.time == 0).for_each(|file| file.time = begun);
            run.passed_over(
                others,
                "attributes that are empty, of an unknown type, or files that are not there were",
            );
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
    let beside = files_beside(path);
    let reader = SerializedFileReader::new(file).map_err(malformed())?;
    for row in reader.get_row_iter(None).map_err(malformed())? {
        let row = row.map_err(malformed())?;
        let cells: BTreeMap<&str, &Field> =
            row.get_column_iter().filter(|(_, f)| **f != Field::Null).map(|(n, f)| (n.as_str(), f)).collect();
        let text = |name: &str| cells.get(name).and_then(|field| text(field));
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
        let row = Attribute { name: attribute, cells: &cells };
        if !row.take(text("attribute_type").unwrap_or_default(), beside.as_deref(), run) {
            *others += 1;
        }
    }
    Ok(())
}

/// Where the exporter puts the files of the project whose Parquet this is, unless it was told otherwise.
fn files_beside(path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let project = path.parent()?;
    fs::canonicalize(project.parent()?.parent()?.join("files").join(project.file_name()?)).ok()
}

/// A row.
struct Attribute<'a> {
    name: &'a str,
    cells: &'a BTreeMap<&'a str, &'a Field>,
}

impl Attribute<'_> {
    /// Adds it to its run; `false` if there is nothing to add.
    fn take(&self, kind: &str, files: Option<&Path>, run: &mut ForeignRun) -> bool {
        match kind {
            "float_series" => {
                let value = self.number("float_value").unwrap_or(f64::NAN);
                run.point(self.name, ForeignPoint { step: self.step(), time: self.time(), value });
                true
            }
            "string_series" => self.words(run),
            "histogram_series" => self.histogram(run).unwrap_or(false),
            "file" | "file_series" => self.file(files, run).is_some(),
            "int" | "float" | "string" | "bool" | "datetime" | "string_set" => match self.single() {
                Some(value) => {
                    self.set(value, run);
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn number(&self, cell: &str) -> Option<f64> {
        double(self.cells.get(cell)?)
    }

    fn text(&self, cell: &str) -> Option<&str> {
        text(self.cells.get(cell)?)
    }

    fn time(&self) -> Nanos {
        self.cells.get("timestamp").and_then(|field| time(field)).unwrap_or(0)
    }

    fn step(&self) -> Option<u64> {
        step(self.cells.get("step")?)
    }

    fn words(&self, run: &mut ForeignRun) -> bool {
        let Some(said) = self.text("string_value") else { return false };
        let fields = json!({"name": self.name, "text": said});
        let message = format!("Text {}", self.name);
        run.event(self.time(), "text", Level::Info, self.step().unwrap_or(0), message, fields);
        true
    }

    fn histogram(&self, run: &mut ForeignRun) -> Option<bool> {
        let Field::Group(parts) = self.cells.get("histogram_value")? else { return None };
        let numbers = |name: &str| -> Option<Vec<f64>> {
            let (_, field) = parts.get_column_iter().find(|(part, _)| *part == name)?;
            let Field::ListInternal(list) = field else { return None };
            list.elements().iter().map(double).collect()
        };
        let (edges, counts) = (numbers("edges")?, numbers("values")?);
        Some(run.histogram(self.time(), self.step().unwrap_or(0), self.name, &edges, &counts))
    }

    /// A file that is there; images of a series are images here.
    fn file(&self, files: Option<&Path>, run: &mut ForeignRun) -> Option<()> {
        let Field::Group(parts) = self.cells.get("file_value")? else { return None };
        let (_, path) = parts.get_column_iter().find(|(part, _)| *part == "path")?;
        let files = files?;
        let path = fs::canonicalize(files.join(text(path)?)).ok()?;
        // A path comes from somebody else's file: it may lead nowhere but below.
        if !path.starts_with(files) || !path.is_file() {
            return None;
        }
        let (time, step) = (self.time(), self.step());
        let mut name = self.name.to_owned();
        match step {
            Some(step) if is_image(&path) => {
                let content = Content::File(path);
                run.images.push(ForeignImage { time, step, name, size: None, caption: None, content });
                return Some(());
            }
            Some(step) => name = format!("{name}/step_{step}"),
            None => {}
        }
        run.artifacts.push(ForeignArtifact { time, name, source: Source::File(path) });
        Some(())
    }

    /// The value of what is no series.
    fn single(&self) -> Option<Value> {
        if let Some(Field::Long(whole)) = self.cells.get("int_value") {
            return Some(json!(whole));
        }
        if let Some(number) = self.number("float_value") {
            return Some(if number.is_finite() { json!(number) } else { json!(number.to_string()) });
        }
        match (self.text("string_value"), self.cells.get("bool_value"), self.cells.get("string_set_value")) {
            (Some(text), _, _) => Some(json!(text)),
            (_, Some(Field::Bool(truth)), _) => Some(json!(truth)),
            (_, _, Some(Field::ListInternal(list))) => {
                Some(list.elements().iter().filter_map(text).collect())
            }
            _ => {
                let time = self.cells.get("datetime_value").and_then(|field| time(field))?;
                Some(json!(crate::times::timestamp(time)))
            }
        }
    }

    /// What is no series is a parameter, but for what Neptune itself says of a run.
    fn set(&self, value: Value, run: &mut ForeignRun) {
        match (self.name, &value) {
            ("sys/tags" | "sys/group_tags", Value::Array(tags)) => {
                run.tags.extend(tags.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            ("sys/creation_time", _) => {
                run.created = self.cells.get("datetime_value").and_then(|field| time(field));
            }
            ("sys/hostname", Value::String(host)) => run.host.clone_from(host),
            ("sys/failed", Value::Bool(true)) => run.state = RunState::Failed,
            _ => _ = run.config.insert(self.name.to_owned(), value),
        }
    }
}

fn text(field: &Field) -> Option<&str> {
    match field {
        Field::Str(text) => Some(text),
        _ => None,
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
