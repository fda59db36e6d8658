//! What the panels of a board show.

use std::collections::BTreeMap;

use aether_core::RunId;
use aether_ledger::{Entry, Filter, Query, Sort};
use aether_watch::Unit;
use serde_json::Value;

use super::{Reader, charts, output, run::plain};
use crate::{
    board::{Bar, Content, Count, Gauge, Key, Line, Panel, Runs, Scatter, Stream, Table},
    text,
    top::{
        curve::{self, Curve},
        model::{ChartWishes, PanelView},
    },
};

/// Columns of dots of a panel's curves.
const COLUMNS: usize = 400;

pub(super) fn panels(reader: &mut Reader) -> Vec<PanelView> {
    let Some(board) = reader.board.clone() else { return Vec::new() };
    board.panels.iter().map(|panel| view(panel, reader).unwrap_or_else(PanelView::Nothing)).collect()
}

/// A panel, or why it cannot show anything.
fn view(panel: &Panel, reader: &mut Reader) -> Result<PanelView, String> {
    if let Content::Text(words) = &panel.content {
        return Ok(PanelView::Lines(words.text.lines().map(str::to_owned).collect()));
    }
    let all = matches!(&panel.content, Content::Query(_));
    let entries = entries(panel, all, reader)?;
    if entries.is_empty() {
        return Err("no run yet for which this holds".to_owned());
    }
    match &panel.content {
        Content::Line(line) => curves(line, &entries, reader),
        Content::Bar(bar) => bars(bar, &entries),
        Content::Scatter(scatter) => Ok(points(scatter, &entries)),
        Content::Table(table) => Ok(rows(table, entries)),
        Content::Gauge(gauge) => Ok(newest_number(gauge, &entries)),
        Content::Log(log) => printed(log.stream, &entries),
        Content::Histogram(named) => histogram(&named.name, &entries, reader),
        Content::Image(named) => image(&named.name, &entries, reader),
        Content::Query(count) => Ok(counts(count, &entries)),
        Content::Text(_) => Ok(PanelView::Lines(Vec::new())),
    }
}

/// The runs of a panel, the newest first.
fn entries(panel: &Panel, all: bool, reader: &Reader) -> Result<Vec<Entry>, String> {
    let Some(index) = &reader.index else { return Ok(Vec::new()) };
    let limit = (!all).then_some(panel.most.get() as usize);
    let query = match &panel.runs {
        Runs::All => None,
        Runs::Query(text) => Some(Query::parse(text).map_err(|error| error.to_string())?),
        Runs::Named(names) => {
            let found = names.iter().map(|name| index.find(name).cloned().map_err(|error| error.to_string()));
            return found.take(limit.unwrap_or(usize::MAX)).collect();
        }
    };
    Ok(index
        .list(&Filter { query, limit, ..Filter::default() }, &Sort::Newest)
        .into_iter()
        .cloned()
        .collect())
}

fn curves(line: &Line, entries: &[Entry], reader: &mut Reader) -> Result<PanelView, String> {
    let wishes = ChartWishes { x: line.x, columns: COLUMNS, ..ChartWishes::default() };
    let mut curves = Vec::new();
    let labels = super::labels(entries.iter());
    for (entry, label) in entries.iter().zip(labels) {
        let Some((opened, _)) = reader.open(entry.id) else { continue };
        let origin = charts::origin(opened, &wishes);
        for metric in &line.metrics {
            let Some(series) = opened.reader.series(metric).filter(|series| !series.is_empty()) else {
                continue;
            };
            let stretches = curve::stretches(series, origin, None, COLUMNS);
            let name = match (entries.len(), line.metrics.len()) {
                (1, _) => metric.clone(),
                (_, 1) => label.clone(),
                _ => format!("{label} {metric}"),
            };
            curves.push(Curve { name, number: curves.len(), unit: Unit::of(metric), stretches });
        }
    }
    if curves.is_empty() {
        return Err(format!("no run has {} yet", line.metrics.join(" or ")));
    }
    Ok(PanelView::Curves(curves))
}

fn bars(bar: &Bar, entries: &[Entry]) -> Result<PanelView, String> {
    let mut bars = Vec::new();
    for (entry, name) in entries.iter().zip(super::labels(entries.iter())) {
        for metric in &bar.metrics {
            let label = if bar.metrics.len() == 1 { name.clone() } else { format!("{name} {metric}") };
            bars.extend(Key::Metric(metric.clone(), bar.value).number(entry).map(|value| (label, value)));
        }
    }
    if bars.is_empty() {
        return Err(format!("no run has {} yet", bar.metrics.join(" or ")));
    }
    Ok(PanelView::Bars(bars))
}

fn points(scatter: &Scatter, entries: &[Entry]) -> PanelView {
    let place = |entry| Some((scatter.x.number(entry)?, scatter.y.number(entry)?));
    let usable = |(x, y): &(f64, f64)| {
        x.is_finite() && y.is_finite() && (!scatter.log_x || *x > 0.0) && (!scatter.log_y || *y > 0.0)
    };
    let points: Vec<(f64, f64)> = entries.iter().filter_map(place).filter(usable).collect();
    PanelView::Points { without: entries.len() - points.len(), points }
}

fn rows(table: &Table, mut entries: Vec<Entry>) -> PanelView {
    if let Some(key) = &table.sort {
        let number = |entry: &Entry| key.number(entry).filter(|value| !value.is_nan());
        let words = |entry: &Entry| key.of(entry).as_ref().map(plain);
        entries.sort_by(|a, b| match (number(a), number(b)) {
            (Some(a), Some(b)) if table.descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            // Runs without it stay at the end in both orders.
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) if table.descending => words(b).cmp(&words(a)),
            (None, None) => words(a).cmp(&words(b)),
        });
    }
    let cell = |entry: &Entry, key: &Key| match key {
        Key::Metric(..) => key.number(entry).map(|value| text::measured(value, key.unit())),
        Key::Field("duration") => Some(text::duration(entry.duration())),
        Key::Field("created") => Some(text::time(entry.created)),
        Key::Field("tags") => Some(entry.tags.join(", ")),
        _ => key.of(entry).as_ref().map(plain),
    };
    PanelView::Rows {
        columns: table.columns.iter().map(Key::label).collect(),
        rows: entries
            .iter()
            .map(|entry| table.columns.iter().map(|key| cell(entry, key).unwrap_or_default()).collect())
            .collect(),
    }
}

fn newest_number(gauge: &Gauge, entries: &[Entry]) -> PanelView {
    let found = entries.iter().find_map(|entry| Some((gauge.value.number(entry)?, entry.name.clone())));
    PanelView::Gauge(found)
}

fn printed(stream: Stream, entries: &[Entry]) -> Result<PanelView, String> {
    let printed =
        entries.iter().map(|entry| output::tail(&entry.directory, stream)).find(|lines| !lines.is_empty());
    printed.map(PanelView::Printed).ok_or_else(|| "nothing was printed yet".to_owned())
}

/// Of the newest run that has events of this kind and name, those.
fn said(kind: &str, name: &str, entries: &[Entry], reader: &mut Reader) -> Option<Vec<aether_core::Event>> {
    let ids: Vec<RunId> = entries.iter().map(|entry| entry.id).collect();
    ids.into_iter().find_map(|id| {
        let (opened, _) = reader.open(id)?;
        let events = opened.reader.events().iter().map(|said| &said.event);
        let of_name = |event: &&aether_core::Event| {
            event.kind == kind && event.fields.get("name").and_then(Value::as_str) == Some(name)
        };
        let found: Vec<_> = events.filter(of_name).cloned().collect();
        (!found.is_empty()).then_some(found)
    })
}

fn histogram(name: &str, entries: &[Entry], reader: &mut Reader) -> Result<PanelView, String> {
    let events = said("histogram", name, entries, reader)
        .ok_or_else(|| format!("no run has said a histogram '{name}' yet"))?;
    let numbers = |value: Option<&Value>| -> Vec<f64> {
        value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let known: Vec<(u64, Vec<f64>, Vec<f64>)> = events
        .iter()
        .map(|event| (event.step, numbers(event.fields.get("edges")), numbers(event.fields.get("counts"))))
        .filter(|(_, edges, counts)| !counts.is_empty() && edges.len() == counts.len() + 1)
        .collect();
    let low = known.iter().map(|(_, edges, _)| edges[0]).fold(f64::INFINITY, f64::min);
    let high = known.iter().map(|(_, edges, _)| edges[edges.len() - 1]).fold(f64::NEG_INFINITY, f64::max);
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        return Err(format!("the histograms '{name}' are empty"));
    }
    /// Bins over the edges of all steps.
    const BINS: usize = 64;
    let shares = known.iter().map(|(_, edges, counts)| {
        let mut bins = vec![0.0f64; BINS];
        for (at, count) in counts.iter().enumerate() {
            let place = |edge: f64| ((edge - low) / (high - low) * BINS as f64).clamp(0.0, BINS as f64);
            let (from, to) = (place(edges[at]), place(edges[at + 1]));
            for (bin, total) in bins.iter_mut().enumerate().take(to.ceil() as usize).skip(from as usize) {
                let common = (to.min(bin as f64 + 1.0) - from.max(bin as f64)).max(0.0);
                *total += count * common / (to - from).max(f64::MIN_POSITIVE);
            }
        }
        let most = bins.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        bins.into_iter().map(|count| count / most).collect()
    });
    let shares = shares.collect();
    Ok(PanelView::Histogram {
        steps: known.iter().map(|(step, ..)| *step).collect(),
        edges: (low, high),
        shares,
    })
}

/// A terminal shows no images; it says where one is.
fn image(name: &str, entries: &[Entry], reader: &mut Reader) -> Result<PanelView, String> {
    let events = said("image", name, entries, reader)
        .ok_or_else(|| format!("no run has said an image '{name}' yet"))?;
    let Some(last) = events.last() else { return Ok(PanelView::Lines(Vec::new())) };
    let field = |name: &str| last.fields.get(name).map(plain).unwrap_or_default();
    Ok(PanelView::Lines(vec![
        format!("{} of {} by {}, step {}", field("media"), field("width"), field("height"), last.step),
        "A terminal shows no images: `aether dash` does.".to_owned(),
    ]))
}

fn counts(count: &Count, entries: &[Entry]) -> PanelView {
    let Some(group) = &count.group else {
        return PanelView::Bars(vec![("runs".to_owned(), entries.len() as f64)]);
    };
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for entry in entries {
        let value = group.of(entry).as_ref().map_or_else(|| "none".to_owned(), plain);
        *counts.entry(value).or_default() += 1.0;
    }
    let mut counts: Vec<(String, f64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.total_cmp(&a.1));
    PanelView::Bars(counts)
}
