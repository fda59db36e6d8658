//! Three renderers of every result: for a person, as JSON, and only what a script needs.

mod human;
mod json;
mod quiet;
mod table;
mod tree;

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Stdout, Write},
};

use aether_exec::protocol::Ended;
use aether_ledger::{Entry, Lineage, Summary};
use aether_view::top::Glance;
use aether_watch::alert::{self, Delivered};
use serde::{Serialize, Serializer};

use crate::verbs::{
    artifacts::{ArtifactRow, Exported},
    compact::CompactedRun,
    compare::Comparison,
    dash::Serving,
    export::PassedOn,
    gc::Gone,
    import::Imported,
    logs::LogEntry,
    output::Output,
    plot::Plots,
    predict::Predictions,
    ps::{Alive, Watched},
    report::Reported,
    rm::Removed,
    run::Launched,
    runs::RunList,
    show::RunDetails,
    stop::Stopped,
    train::{Began, Checked, Trained},
};

/// Which renderer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a person.
    Human,
    /// One JSON object a line.
    Json,
    /// Only what a script needs.
    Quiet,
}

/// Prints results on standard output. Every verb has one method here; to add a verb, add a method.
pub(crate) trait Renderer {
    /// `runs`
    fn runs(&mut self, list: &RunList) -> io::Result<()>;
    /// `show`
    fn show(&mut self, run: &RunDetails) -> io::Result<()>;
    /// `run --detach`
    fn launched(&mut self, run: &Launched) -> io::Result<()>;
    /// `run` and `attach`, at the end
    fn ran(&mut self, ended: &Ended) -> io::Result<()>;
    /// `ps`
    fn alive(&mut self, runs: &[Alive]) -> io::Result<()>;
    /// `ps --watch`, after each look
    fn watched(&mut self, watched: &Watched) -> io::Result<()>;
    /// `stop`, for each run
    fn stopped(&mut self, run: &Stopped) -> io::Result<()>;
    /// `logs`, for some output of a command
    fn output(&mut self, output: &Output<'_>) -> io::Result<()>;
    /// `logs`, for each line
    fn log(&mut self, entry: &LogEntry) -> io::Result<()>;
    /// `plot`
    fn plot(&mut self, plots: &Plots) -> io::Result<()>;
    /// `top --once`
    fn glance(&mut self, glance: Glance) -> io::Result<()>;
    /// `compare`
    fn compare(&mut self, comparison: &Comparison) -> io::Result<()>;
    /// `train` and `resume`, before the first step
    fn began(&mut self, began: &Began) -> io::Result<()>;
    /// `train` and `resume`, at the end
    fn trained(&mut self, trained: &Trained) -> io::Result<()>;
    /// `train --check`
    fn checked(&mut self, checked: &Checked) -> io::Result<()>;
    /// `predict`
    fn predictions(&mut self, predictions: &Predictions) -> io::Result<()>;
    /// `artifacts`
    fn artifacts(&mut self, rows: &[ArtifactRow]) -> io::Result<()>;
    /// `artifacts --export`
    fn exported(&mut self, exported: &Exported) -> io::Result<()>;
    /// `lineage`
    fn lineage(&mut self, lineage: &Lineage) -> io::Result<()>;
    /// `alerts`
    fn alerts(&mut self, waiting: &[alert::Entry]) -> io::Result<()>;
    /// `alerts send` and `alerts test`
    fn delivered(&mut self, delivered: &Delivered) -> io::Result<()>;
    /// `rm`, for each run
    fn removed(&mut self, removed: &Removed) -> io::Result<()>;
    /// `compact`
    fn compacted(&mut self, runs: &[CompactedRun]) -> io::Result<()>;
    /// `gc`
    fn collected(&mut self, gone: &Gone) -> io::Result<()>;
    /// `export`, for each run
    fn passed_on(&mut self, passed: &PassedOn) -> io::Result<()>;
    /// `import`, for each run
    fn imported(&mut self, imported: &Imported) -> io::Result<()>;
    /// `report`
    fn reported(&mut self, report: &Reported) -> io::Result<()>;
    /// `dash`, once it listens
    fn serving(&mut self, server: &Serving) -> io::Result<()>;
    /// Makes sure that what was printed is seen.
    fn flush(&mut self) -> io::Result<()>;
}

type Out = BufWriter<Stdout>;

/// The renderer of a format.
pub(crate) fn renderer(format: Format) -> Box<dyn Renderer> {
    let out = BufWriter::new(io::stdout());
    match format {
        Format::Human => Box::new(human::Human::new(out)),
        Format::Json => Box::new(json::Json::new(out)),
        Format::Quiet => Box::new(quiet::Quiet::new(out)),
    }
}

/// A value of a metric in JSON, which has no numbers for NaN and infinities: they are the strings `NaN`, `inf` and
/// `-inf`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value(pub(crate) f64);

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { to.serialize_f64(self.0) } else { to.collect_str(&self.0) }
    }
}

/// A metric of a run in a few numbers. Minimum, maximum and mean are over its finite values.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MetricSummary {
    /// The last value, or what the run's summary says in its place.
    pub(crate) last: Value,
    /// The step of the last value.
    pub(crate) last_step: u64,
    /// The least value.
    pub(crate) min: Value,
    /// The greatest value.
    pub(crate) max: Value,
    /// The mean.
    pub(crate) mean: Value,
    /// How many values there are.
    pub(crate) count: u64,
    /// How many of them are NaN or infinite.
    pub(crate) non_finite: u64,
}

impl From<&Summary> for MetricSummary {
    fn from(summary: &Summary) -> Self {
        Self {
            last: Value(summary.last),
            last_step: summary.last_step,
            min: Value(summary.min),
            max: Value(summary.max),
            mean: Value(summary.mean),
            count: summary.count,
            non_finite: summary.non_finite,
        }
    }
}

/// A run's metrics, as they are shown.
pub(crate) fn metrics(entry: &Entry) -> BTreeMap<String, MetricSummary> {
    let shown = |(name, summary): (&str, &Summary)| {
        let last = Value(entry.headline(name).unwrap_or(summary.last));
        (name.to_owned(), MetricSummary { last, ..summary.into() })
    };
    entry.metrics.iter().map(shown).collect()
}

/// A parameter for a person: text without its quotes.
fn plain(leaf: &serde_json::Value) -> String {
    match leaf {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The width that lines for a person must keep: the terminal's, or 80.
fn width() -> usize {
    console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns)).max(40)
}

/// Writes `value` as one line of JSON.
pub(crate) fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
