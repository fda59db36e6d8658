//! What a list shows of a run beside what every list knows.

use aether_core::Level;
use aether_ledger::{Entry, RunReader, Series, Standing};
use aether_watch::detect::Role;
use serde_json::Value;

use crate::{
    board::X,
    top::{
        curve::{self, Origin},
        model::Detail,
    },
};

/// Columns of dots of a long spark line.
const SPARK: usize = 96;
/// The pace is that over the last of so many parts.
const PARTS: usize = 64;

/// Where a standing stands in lists by state: what needs eyes first.
pub(super) fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::Running => 0,
        Standing::Failed => 1,
        Standing::Died => 2,
        Standing::Unknown => 3,
        Standing::Interrupted => 4,
        Standing::Done => 5,
    }
}

pub(super) fn of(entry: &Entry, reader: &RunReader) -> Detail {
    let metric = headline(reader);
    let series = metric.as_deref().and_then(|name| reader.series(name));
    let step = series.and_then(Series::summary).map(|summary| summary.last_step);
    let total = total(entry, reader);
    let live = entry.standing == Standing::Running;
    let last = |name: &str| reader.series(name)?.summary().map(|summary| summary.last).filter(|_| live);
    let origin = Origin { x: X::Step, began: 0 };
    let left = || {
        let rest = total?.checked_sub(step?)?;
        Some(rest as f64 / pace(series?)?).filter(|seconds| seconds.is_finite())
    };
    Detail {
        step,
        total,
        value: metric.as_deref().and_then(|name| Some(reader.series(name)?.summary()?.last)),
        spark: series.map_or_else(Vec::new, |series| curve::stretches(series, origin, None, SPARK)),
        metric,
        left: if live { left() } else { None },
        cpu: last("system/process/cpu"),
        memory: last("system/process/pss").or_else(|| last("system/process/rss")),
        gpu_memory: gpu_memory(reader).filter(|_| live),
        alerts: reader.events().iter().filter(|said| said.event.level > Level::Info).count(),
    }
}

/// The metric that stands for a run: the loss that it is trained on, else any loss, else its first metric.
pub(super) fn headline(reader: &RunReader) -> Option<String> {
    let known = ["train/loss", "loss"];
    if let Some(name) = known.into_iter().find(|name| reader.series(name).is_some_and(|s| !s.is_empty())) {
        return Some(name.to_owned());
    }
    let own = || reader.metrics().map(|(name, _)| name).filter(|name| !name.starts_with("system/"));
    let role = |wanted: Role| own().find(|name| Role::of(name) == wanted);
    let name = role(Role::Loss).or_else(|| role(Role::ValidationLoss)).or_else(|| own().next());
    name.map(str::to_owned)
}

/// How many steps there will be, as far as the run has said so.
fn total(entry: &Entry, reader: &RunReader) -> Option<u64> {
    let began =
        reader.events().iter().rev().find(|said| matches!(said.event.kind.as_str(), "started" | "resumed"));
    let said = began.and_then(|said| said.event.fields.get("total_steps")).and_then(Value::as_u64);
    let asked = || ["total_steps", "max_steps"].iter().find_map(|name| entry.parameters.get(name)?.as_u64());
    said.or_else(asked).filter(|total| *total > 0)
}

/// Steps in a second, of late.
fn pace(series: &Series) -> Option<f64> {
    let nodes = series.stretches(PARTS);
    let last = nodes.last()?;
    let before = nodes.iter().rev().nth(8).or_else(|| nodes.first())?;
    let seconds = (last.first_time - before.first_time) as f64 / 1e9;
    let steps = last.first_step.checked_sub(before.first_step)? as f64;
    Some(steps / seconds).filter(|pace| pace.is_finite() && *pace > 0.0)
}

fn gpu_memory(reader: &RunReader) -> Option<f64> {
    let gpus = reader.metrics().filter(|(name, _)| matches!(Role::of(name), Role::GpuProcessMemory(_)));
    gpus.filter_map(|(_, series)| Some(series.summary()?.last)).reduce(|a, b| a + b)
}
