//! `runs`: a list of runs.

use std::collections::BTreeMap;

use aether_core::RunId;
use aether_ledger::{Entry, Filter, Index, Query, Sort, Standing};
use jiff::{SpanRelativeTo, Timestamp, civil};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{cli, context::Context, failure::Failure, render, render::MetricSummary, text};

/// What the list shows of one run.
#[derive(Debug, Serialize)]
pub(crate) struct RunRow {
    /// Its id.
    pub(crate) id: RunId,
    /// Its name.
    pub(crate) name: String,
    /// Its project.
    pub(crate) project: String,
    /// What kind of work it is.
    pub(crate) kind: String,
    /// Where it stands.
    pub(crate) state: Standing,
    /// Why it ended, if that needs saying.
    pub(crate) reason: Option<String>,
    /// When it began.
    pub(crate) created: Timestamp,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// How long it has worked.
    pub(crate) seconds: f64,
    /// How often it was taken up again.
    pub(crate) resumed: u32,
    /// Its files.
    pub(crate) directory: String,
    /// Words to find it by.
    pub(crate) tags: Vec<String>,
    /// Its parameters by their paths.
    pub(crate) parameters: Map<String, Value>,
    /// Values that it said stand for it.
    pub(crate) summary: Map<String, Value>,
    /// Its metrics.
    pub(crate) metrics: BTreeMap<String, MetricSummary>,
}

/// The list.
#[derive(Debug)]
pub(crate) struct RunList {
    /// The runs, in order.
    pub(crate) rows: Vec<RunRow>,
    /// The value of that metric, of each run.
    pub(crate) values: Vec<Option<f64>>,
    /// The metric that has a column of its own.
    pub(crate) metric: String,
    /// How many more the limit left out.
    pub(crate) more: usize,
}

/// Metrics worth a column, the first that any run in the list has.
const HEADLINE: [&str; 3] = ["val/loss", "train/loss", "loss"];

pub(super) fn run(args: &cli::Runs, context: &mut Context<'_>) -> Result<(), Failure> {
    let filter = Filter {
        project: args.project.clone(),
        standings: args.state.iter().filter_map(|word| standing(word)).collect(),
        name: args.name.clone(),
        since: args.since.as_deref().map(since).transpose()?,
        query: query(args.query.as_deref())?,
        limit: None,
    };
    let (sort, turn) = order(args);
    let home = context.home()?;
    // Of a list by age alone, what it does not show need not be looked at.
    let by_age = Filter { project: None, ..filter.clone() }.is_empty();
    let index = if by_age && sort == Sort::Newest && !turn && args.limit > 0 {
        Index::of_newest(&home, filter.project.as_deref(), args.limit)?
    } else {
        Index::open(&home)?
    };
    for reason in index.passed_over() {
        context.note(&format!("passed over: {reason}"));
    }
    if let Some(query) = &filter.query {
        query.check(index.entries()).map_err(Failure::request)?;
    }
    let mut entries = index.list(&filter, &sort);
    if turn {
        entries.reverse();
    }
    if let Sort::Ascending(metric) | Sort::Descending(metric) = &sort
        && !entries.is_empty()
        && !entries.iter().any(|entry| entry.headline(metric).is_some())
    {
        return Err(Failure::request(unknown_sort_key(metric, &entries)));
    }
    let shown = if args.limit == 0 { entries.len() } else { args.limit.min(entries.len()) };
    let metric = match sort {
        Sort::Ascending(metric) | Sort::Descending(metric) => metric,
        _ => HEADLINE
            .iter()
            .find(|name| entries[..shown].iter().any(|entry| entry.headline(name).is_some()))
            .map_or_else(String::new, |name| (*name).to_owned()),
    };
    let list = RunList {
        rows: entries[..shown].iter().map(|e| row(e)).collect(),
        values: entries[..shown].iter().map(|e| e.headline(&metric)).collect(),
        metric,
        more: index.left_out() + entries.len() - shown,
    };
    if list.rows.is_empty() {
        context.note("no runs; `train` makes one");
    }
    context.render().runs(&list)?;
    Ok(())
}

fn row(entry: &Entry) -> RunRow {
    RunRow {
        id: entry.id,
        name: entry.name.clone(),
        project: entry.project.clone(),
        kind: entry.kind.clone(),
        state: entry.standing,
        reason: entry.reason.clone(),
        created: entry.created,
        ended: entry.ended,
        seconds: entry.duration().as_secs_f64(),
        resumed: entry.resumed,
        directory: entry.directory.path().display().to_string(),
        tags: entry.tags.clone(),
        parameters: entry.parameters.to_map(),
        summary: entry.summary.to_map(),
        metrics: render::metrics(entry),
    }
}

/// A query as it was typed.
pub(super) fn query(text: Option<&str>) -> Result<Option<Query>, Failure> {
    text.map(|text| Query::parse(text).map_err(Failure::request)).transpose()
}

pub(super) fn standing(word: &str) -> Option<Standing> {
    use Standing::{Died, Done, Failed, Interrupted, Running, Unknown};
    [Running, Done, Failed, Interrupted, Died, Unknown].into_iter().find(|s| s.as_str() == word)
}

/// The order, and whether the list must be turned round besides. A metric has two orders of its own, because runs
/// without it stay at the end in both.
fn order(args: &cli::Runs) -> (Sort, bool) {
    match (args.sort.as_str(), args.reverse) {
        ("newest", false) | ("oldest", true) => (Sort::Newest, false),
        ("oldest", false) | ("newest", true) => (Sort::Oldest, false),
        ("name", turn) => (Sort::Name, turn),
        ("duration", turn) => (Sort::Duration, turn),
        (metric, false) => (Sort::Ascending(metric.to_owned()), false),
        (metric, true) => (Sort::Descending(metric.to_owned()), false),
    }
}

fn unknown_sort_key(key: &str, entries: &[&Entry]) -> String {
    let known = entries.iter().flat_map(|e| e.metrics.keys().chain(e.summary.keys()));
    let mut names: Vec<&str> = known.collect();
    names.extend(["newest", "oldest", "name", "duration"]);
    names.sort_unstable();
    names.dedup();
    format!("no run has a metric '{}' to sort by; there are {}", text::escape(key), names.join(", "))
}

/// A time in the past: a span before now, a date, or a time.
fn since(when: &str) -> Result<Timestamp, Failure> {
    if let Ok(span) = when.parse::<jiff::Span>() {
        let before = span.abs().to_duration(SpanRelativeTo::days_are_24_hours());
        if let Some(time) = before.ok().and_then(|before| Timestamp::now().checked_sub(before).ok()) {
            return Ok(time);
        }
    }
    let date = || when.parse::<civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    when.parse().ok().or_else(|| date().map(|day| day.timestamp())).ok_or_else(|| {
        Failure::request(format!(
            "--since {}: not a span (90min, 2d), a date (2026-01-31) or a time (2026-01-31T12:00:00Z)",
            text::escape(when)
        ))
    })
}
