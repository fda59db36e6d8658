//! CSV: one line for each point (`metric`, `value`, and where there are such, `step`, `time` and `run`), as
//! `aether export --to csv` writes it; or one column for each metric, with one for the step.

use std::{collections::BTreeMap, fs, path::Path};

use super::{ForeignPoint, ForeignRun, files};
use crate::{
    ExchangeError,
    times::{from_seconds, parse},
};

/// Names of a column of steps, of times and of runs, in lower case.
const STEPS: [&str; 5] = ["step", "_step", "global_step", "iteration", "epoch"];
const TIMES: [&str; 5] = ["time", "timestamp", "_timestamp", "wall_time", "wall time"];
const RUNS: [&str; 3] = ["run", "run_id", "run_name"];

/// Reads a CSV file, or every one below a directory.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn read(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let files = files(path, |name| name.ends_with(".csv"))?;
    if files.is_empty() {
        return Err(ExchangeError::Nothing { path: path.to_owned(), what: "CSV file (*.csv)" });
    }
    let mut runs = Vec::new();
    for file in files {
        runs.extend(table(&file)?);
    }
    Ok(runs)
}

fn table(path: &Path) -> Result<Vec<ForeignRun>, ExchangeError> {
    let malformed = ExchangeError::malformed::<String>("table of metrics", path);
    let bytes = fs::read(path).map_err(ExchangeError::io("read", path))?;
    // The same content is the same run, wherever it lies.
    let digest = format!("crc32c-{:08x}-{}", crc32c::crc32c(&bytes), bytes.len());
    let mut reader = csv::ReaderBuilder::new().from_reader(&bytes[..]);
    let heading = reader.headers().map_err(|e| malformed(e.to_string()))?.clone();
    let column =
        |names: &[&str]| heading.iter().position(|h| names.contains(&h.trim().to_lowercase().as_str()));
    let (step, time, run) = (column(&STEPS), column(&TIMES), column(&RUNS));
    let long = column(&["metric"]).zip(column(&["value"]));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();

    let mut runs: BTreeMap<String, ForeignRun> = BTreeMap::new();
    let mut unread: BTreeMap<String, usize> = BTreeMap::new();
    for (line, record) in (0..).zip(reader.records()) {
        let record = record.map_err(|e| malformed(e.to_string()))?;
        let cell =
            |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::trim).filter(|c| !c.is_empty());
        let key = cell(run).unwrap_or_default();
        let foreign = runs.entry(key.to_owned()).or_insert_with(|| {
            let name = if key.is_empty() { stem.clone() } else { key.to_owned() };
            ForeignRun::new("csv", format!("{digest}/{key}"), path, name)
        });
        let time = cell(time).and_then(|text| parse(text).or_else(|| text.parse().ok().map(from_seconds)));
        let time = time.unwrap_or(0);
        let step = match step {
            None => Some(line),
            Some(at) => cell(Some(at)).and_then(whole),
        };
        let mut take = |metric: &str, text: &str| match text.parse() {
            Ok(value) => foreign.point(metric, ForeignPoint { step, time, value }),
            Err(_) => *unread.entry(key.to_owned()).or_default() += 1,
        };
        match long {
            Some((metric, value)) => {
                // A metric's name may be anything, so it is not trimmed.
                if let (Some(metric), Some(text)) = (record.get(metric), cell(Some(value))) {
                    take(metric, text);
                }
            }
            None => {
                for (at, name) in heading.iter().enumerate() {
                    let special = [step.and(column(&STEPS)), column(&TIMES), run].contains(&Some(at));
                    if let Some(text) = cell(Some(at)).filter(|_| !special) {
                        take(name, text);
                    }
                }
            }
        }
    }
    for (key, count) in unread {
        if let Some(run) = runs.get_mut(&key) {
            run.passed_over(count, "values that are no numbers were");
        }
    }
    Ok(runs.into_values().collect())
}

/// A step, also one that was written as a double.
fn whole(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number >= 0.0 && number.fract() == 0.0 && number < 2f64.powi(53)).then_some(number as u64)
    })
}
