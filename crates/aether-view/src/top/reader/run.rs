//! One run in full, and runs side by side.

use std::collections::BTreeSet;

use aether_ledger::flatten;
use aether_watch::Unit;
use serde_json::Value;

use super::{Opened, charts, detail, labels, output, row};
use crate::{
    board::{Stream, X},
    text,
    top::{
        curve,
        model::{ChartWishes, CompareView, EventLine, RunRow, RunView, of_time},
    },
};

/// The newest events that are shown.
const EVENTS: usize = 1000;

pub(super) fn view(opened: &Opened, wishes: &ChartWishes) -> RunView {
    let (entry, reader) = (&opened.entry, &opened.reader);
    let charts = charts::of(reader);
    let mut news: Vec<_> = reader.events().iter().filter(|said| !said.event.is_content()).collect();
    let events = news.split_off(news.len().saturating_sub(EVENTS)).into_iter().map(|said| EventLine {
        time: said.time,
        step: said.event.step,
        level: said.event.level,
        kind: said.event.kind.clone(),
        message: said.event.message.clone(),
    });
    RunView {
        row: row(entry),
        detail: detail::of(entry, reader),
        reason: entry.reason.clone(),
        tags: entry.tags.clone(),
        first: wishes.first,
        charts: charts::in_sight(opened, &charts, wishes),
        names: charts.into_iter().map(|(name, _)| name).collect(),
        x: wishes.x,
        config: config(opened),
        events: events.collect(),
        log: output::tail(&entry.directory, Stream::All),
        damage: reader.damage().iter().map(ToString::to_string).collect(),
    }
}

/// What the run is, and what it was asked for.
fn config(opened: &Opened) -> Vec<(String, Vec<(String, String)>)> {
    let entry = &opened.entry;
    let mut about = vec![
        ("id".to_owned(), entry.id.to_string()),
        ("project".to_owned(), entry.project.clone()),
        ("kind".to_owned(), entry.kind.clone()),
        ("host".to_owned(), entry.host.clone()),
        ("user".to_owned(), entry.user.clone()),
        ("created".to_owned(), text::time(entry.created)),
    ];
    about.extend(entry.ended.map(|ended| ("ended".to_owned(), text::time(ended))));
    if !entry.tags.is_empty() {
        about.push(("tags".to_owned(), entry.tags.join(", ")));
    }
    let mut sections = Vec::new();
    let record = entry.directory.run().ok();
    if let Some(run) = &record {
        about.push(("directory".to_owned(), run.directory.display().to_string()));
        about.push(("command".to_owned(), run.command.join(" ")));
    }
    sections.push(("Run".to_owned(), about));
    sections.push(("Parameters".to_owned(), pairs(entry.parameters.iter())));
    sections.push(("Summary".to_owned(), pairs(entry.summary.iter())));
    if let Some(run) = record {
        let environment = flatten(&Value::Object(run.environment));
        let environment = environment.iter().map(|(name, value)| (name.as_str(), value));
        sections.push(("Environment".to_owned(), pairs(environment)));
    }
    sections.retain(|(_, pairs)| !pairs.is_empty());
    sections
}

fn pairs<'a>(values: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<(String, String)> {
    values.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

/// A value without its quotes.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn compare(opened: &[&Opened], wishes: &ChartWishes) -> CompareView {
    let labels = labels(opened.iter().map(|opened| &opened.entry));
    let parameters: BTreeSet<&str> = opened.iter().flat_map(|o| o.entry.parameters.keys()).collect();
    let parameters = parameters.into_iter().filter_map(|name| {
        let values: Vec<Option<String>> =
            opened.iter().map(|o| o.entry.parameters.get(name).map(plain)).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        // A parameter that repeats the runs' names says nothing.
        let named = values.iter().zip(opened).all(|(value, o)| value.as_deref() == Some(&*o.entry.name));
        (differs && !named).then(|| (name.to_owned(), values))
    });
    let names: BTreeSet<&str> =
        opened.iter().flat_map(|o| o.reader.metrics().map(|(name, _)| name)).collect();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_by(|a, b| text::by_place(a, b));
    names.sort_by_key(|name| (name.starts_with("system/"), !name.contains("loss")));
    let last = |opened: &Opened, name: &str| {
        opened.entry.headline(name).or_else(|| Some(opened.reader.series(name)?.summary()?.last))
    };
    let metrics = names.iter().filter(|name| !name.starts_with("system/"));
    let metrics =
        metrics.map(|name| (name.clone(), opened.iter().map(|o| last(o, name)).collect())).collect();
    let charts = names.iter().skip(wishes.first).take(wishes.count).map(|name| {
        let curves = opened.iter().enumerate().filter_map(|(number, opened)| {
            let series = opened.reader.series(name)?;
            let (x, window) =
                if of_time(name, wishes.x) { (X::Relative, None) } else { (wishes.x, wishes.window) };
            let origin = curve::Origin { x, ..charts::origin(opened, wishes) };
            let stretches = curve::stretches(series, origin, window, wishes.columns);
            Some(curve::Curve { name: labels[number].clone(), number, unit: Unit::of(name), stretches })
        });
        curves.collect()
    });
    CompareView {
        rows: opened
            .iter()
            .zip(&labels)
            .map(|(opened, label)| RunRow { name: label.clone(), ..row(&opened.entry) })
            .collect(),
        details: opened.iter().map(|opened| detail::of(&opened.entry, &opened.reader)).collect(),
        parameters: parameters.collect(),
        metrics,
        charts: charts.collect(),
        first: wishes.first,
        names,
        x: wishes.x,
    }
}
