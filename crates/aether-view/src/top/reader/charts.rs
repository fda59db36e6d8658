//! Which charts a run has, and their curves.

use aether_ledger::RunReader;
use aether_watch::Unit;

use super::Opened;
use crate::{
    board::X,
    text,
    top::{
        curve::{self, Curve, Origin},
        model::{ChartWishes, of_time},
    },
};

/// Curves of one chart at most.
const CURVES: usize = 100;

/// What metrics of one chart have in common: all but the first part of the name; of the machine, all but numbers.
fn group(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("system/") {
        let words: Vec<&str> = rest.split('/').filter(|word| word.parse::<u32>().is_err()).collect();
        return format!("system/{}", words.join("/"));
    }
    name.split_once('/').map_or(name, |(_, rest)| rest).to_owned()
}

/// Charts in the order in which one looks at them: what was validated, then the rest of the run's own, then the machine.
/// Each has a name and its metrics.
pub(super) fn of(reader: &RunReader) -> Vec<(String, Vec<String>)> {
    let mut charts: Vec<(String, Vec<String>)> = Vec::new();
    let mut names: Vec<&str> = reader.metrics().map(|(name, _)| name).collect();
    names.sort_by(|a, b| text::by_place(a, b));
    for name in names {
        let group = group(name);
        match charts.iter_mut().find(|(known, _)| *known == group) {
            Some((_, metrics)) => metrics.push(name.to_owned()),
            None => charts.push((group, vec![name.to_owned()])),
        }
    }
    charts.sort_by_key(|(group, metrics)| {
        // Of the machine, what the run itself takes comes first.
        let known =
            ["system/process/cpu", "system/process", "system/gpu", "system/cpu", "system/memory", "system/"];
        let machine = known.iter().position(|known| group.starts_with(known)).map_or(0, |place| place + 1);
        let loss = group.contains("loss");
        (machine, !loss, machine > 0 || metrics.len() < 2)
    });
    for (group, metrics) in &mut charts {
        if let [only] = &metrics[..] {
            group.clone_from(only);
        }
    }
    charts
}

/// The curves of the charts in sight.
pub(super) fn in_sight(
    opened: &Opened,
    charts: &[(String, Vec<String>)],
    wishes: &ChartWishes,
) -> Vec<Vec<Curve>> {
    let seen = charts.iter().skip(wishes.first).take(wishes.count);
    seen.map(|(name, metrics)| {
        // The machine knows no steps.
        let (x, window) =
            if of_time(name, wishes.x) { (X::Relative, None) } else { (wishes.x, wishes.window) };
        let origin = Origin { x, ..origin(opened, wishes) };
        let curves = metrics.iter().take(CURVES).enumerate().filter_map(|(number, name)| {
            let series = opened.reader.series(name)?;
            let stretches = curve::stretches(series, origin, window, wishes.columns);
            Some(Curve { name: name.clone(), number, unit: Unit::of(name), stretches })
        });
        curves.collect()
    })
    .collect()
}

pub(super) fn origin(opened: &Opened, wishes: &ChartWishes) -> Origin {
    Origin { x: wishes.x, began: i64::try_from(opened.entry.created.as_nanosecond()).unwrap_or(0) }
}
