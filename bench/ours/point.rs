//! What it costs the training thread to hand one metric point to the ledger.

use std::{env, error::Error, fs, process, sync::Arc, time::Instant};

use aether_core::{Bus, Metric};
use aether_ledger::{Home, NewRun, RunReader, RunWriter};
use serde_json::{Value, json};

/// Far more than the log's writer holds back: what is measured is what it keeps up with, too.
const POINTS: u64 = 2_000_000;

pub(crate) fn measure() -> Result<Value, Box<dyn Error>> {
    let root = env::temp_dir().join(format!("aether-bench-point-{}", process::id()));
    let result = in_home(&Home::at(&root));
    fs::remove_dir_all(&root)?;
    result
}

fn in_home(home: &Home) -> Result<Value, Box<dyn Error>> {
    let run = RunWriter::create(
        home,
        NewRun {
            name: "bench".to_owned(),
            project: "bench".to_owned(),
            kind: "bench".to_owned(),
            spec: Value::Null,
            command: Vec::new(),
            directory: env::current_dir()?,
            tags: Vec::new(),
        },
    )?;
    let mut bus = Bus::new();
    bus.add(Arc::new(run.log()?));
    let loss = Metric::named("train/loss");
    let began = Instant::now();
    for step in 1..=POINTS {
        bus.point(loss, step, 1.0 / step as f64);
    }
    let spent = began.elapsed();
    if let Some(message) = bus.sync().first() {
        return Err(message.clone().into());
    }
    let kept = RunReader::open(run.directory().clone())?
        .series("train/loss")
        .map_or(0, |series| series.points().len());
    if kept as u64 != POINTS {
        return Err(format!("{kept} of {POINTS} points arrived: a faster time would mean nothing").into());
    }
    Ok(json!({"ns": spent.as_nanos() as f64 / POINTS as f64, "points": POINTS}))
}
