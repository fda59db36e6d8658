//! From the first point said to all of them on the disk, and in the answer to a question.

use std::{sync::Arc, time::Instant};

use aether_core::{Bus, Listener, Metric};
use aether_ledger::{Home, Index, SignalLog};
use serde_json::{Value, json};

use crate::{Outcome, values};

/// Steps between two waits for the disk.
const AHEAD: u64 = 50_000;

pub(crate) fn measure(home: &Home, points: u64) -> Outcome<Value> {
    let run = values::new_run(home)?;
    let log = Arc::new(run.log()?);
    let mut bus = Bus::new();
    bus.add(Arc::<SignalLog>::clone(&log));
    let metrics = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(Metric::named);
    let began = Instant::now();
    for step in 0..points / 10 {
        let value = 1.0 / (step + 1) as f64;
        bus.points(step, &metrics.map(|metric| (metric, value)));
        if step % AHEAD == AHEAD - 1 {
            log.sync()?;
        }
    }
    log.sync()?;
    let durable = began.elapsed().as_secs_f64();
    let kept = count(&Index::open(home)?);
    let queryable = began.elapsed().as_secs_f64();
    if kept != points / 10 * 10 {
        return Err(format!("{kept} of {points} points arrived: a faster time would mean nothing").into());
    }
    Ok(json!({
        "points": kept, "durable_per_s": kept as f64 / durable, "queryable_per_s": kept as f64 / queryable,
    }))
}

/// How long the index takes to know of the runs of a home, and until it has told how many points they said.
pub(crate) fn read(home: &Home) -> Outcome<Value> {
    let began = Instant::now();
    let index = Index::open(home)?;
    let opened = began.elapsed().as_secs_f64();
    let points = count(&index);
    let all = began.elapsed().as_secs_f64();
    let began = Instant::now();
    Index::of_newest(home, None, 20)?;
    let newest = began.elapsed().as_secs_f64();
    Ok(json!({
        "runs": index.entries().len(), "points": points, "open_ms": opened * 1e3,
        "points_ms": all * 1e3, "newest_ms": newest * 1e3,
    }))
}

fn count(index: &Index) -> u64 {
    index.entries().iter().flat_map(|entry| entry.metrics.values()).map(|summary| summary.count).sum()
}
