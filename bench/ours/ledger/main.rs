//! Our side of the tracking benchmark's rows on the ledger: one measurement, or one home made for a measurement from
//! outside, a call; one line of JSON on standard output.
//!
//! usage: ledger ingest POINTS | bytes POINTS | long HOME POINTS [SERIES] | many HOME RUNS | read HOME

#![allow(clippy::print_stdout, reason = "the result is read from standard output")]

mod bytes;
mod homes;
mod ingest;
mod values;

use std::{env, error::Error, fs, path::PathBuf, process};

use aether_ledger::Home;
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["ingest", points] => in_scratch(|home| ingest::measure(home, points.parse()?)),
        ["bytes", points] => in_scratch(|home| bytes::measure(home, points.parse()?)),
        ["long", home, points] => homes::long(&Home::at(home), points.parse()?, 100),
        ["long", home, points, series] => homes::long(&Home::at(home), points.parse()?, series.parse()?),
        ["many", home, runs] => homes::many(&Home::at(home), runs.parse()?),
        ["read", home] => ingest::read(&Home::at(home)),
        _ => {
            Err("usage: ledger ingest POINTS | bytes POINTS | long HOME POINTS | many HOME RUNS | read HOME"
                .into())
        }
    }?;
    println!("{result}");
    Ok(())
}

/// Measures in a home that is gone afterwards.
fn in_scratch(measure: impl FnOnce(&Home) -> Outcome<Value>) -> Outcome<Value> {
    let root: PathBuf = env::temp_dir().join(format!("aether-bench-ledger-{}", process::id()));
    let result = measure(&Home::at(&root));
    fs::remove_dir_all(&root)?;
    result
}
