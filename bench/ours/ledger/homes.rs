//! Homes to measure the program in: one with a long run, one with many runs.

use std::{fs, time::Instant};

use aether_core::{Metric, RunState};
use aether_ledger::{Home, compact, drop_covered_logs};
use serde_json::{Value, json};

use crate::{Outcome, values};

/// A compacted run of so many series.
pub(crate) fn long(home: &Home, points: u64, series: u64) -> Outcome<Value> {
    let run = values::new_run(home)?;
    let metrics: Vec<_> = (0..series).map(|at| Metric::named(&format!("m{at}"))).collect();
    let began = Instant::now();
    values::say(&run, &metrics, points / series, values::noisy)?;
    let said = began.elapsed().as_secs_f64();
    run.end(RunState::Done, None)?;
    let compacted = compact(run.directory())?;
    let seconds = began.elapsed().as_secs_f64() - said;
    drop_covered_logs(run.directory(), false)?;
    Ok(json!({
        "run": run.id().to_string(), "points": points, "said_s": said, "compacted_s": seconds,
        "bytes": compacted.map(|done| done.bytes),
    }))
}

/// Runs that have ended, of three metrics and a hundred steps each.
pub(crate) fn many(home: &Home, runs: u64) -> Outcome<Value> {
    let run = values::new_run(home)?;
    values::say(&run, &["train/loss", "val/loss", "rate"].map(Metric::named), 100, values::noisy)?;
    run.end(RunState::Done, None)?;
    let (from, id) = (run.directory().path().to_owned(), run.id().to_string());
    let record = fs::read_to_string(run.directory().record())?;
    let log = run.directory().logs()?.remove(0).0;
    let project = from.parent().ok_or("a run has no project")?;
    for number in 1..runs {
        let other = format!("{number:08}");
        let to = project.join(&other);
        for part in ["signals", "output"] {
            fs::create_dir_all(to.join(part))?;
        }
        fs::write(to.join("run.json"), record.replace(&id, &other))?;
        fs::copy(&log, to.join("signals").join(log.file_name().ok_or("a log has no name")?))?;
    }
    Ok(json!({"runs": runs}))
}
