//! What passes between the screens and who reads for them: wishes one way, news the other. Every text in news is as it
//! was written; screens make it harmless when they draw it.

use std::collections::HashMap;

use aether_core::{Level, RunId, signal::Nanos};
use aether_ledger::Standing;
use jiff::Timestamp;

use super::{
    curve::{Curve, Stretch},
    printed::Printed,
};
use crate::{board::X, host::Reading};

/// What the screens in sight need.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Wishes {
    /// Which runs are listed.
    pub(crate) query: String,
    /// In which order.
    pub(crate) sort: Sorting,
    /// Those whose details are in sight.
    pub(crate) in_sight: Vec<RunId>,
    /// The one that is shown in full, or those that are compared.
    pub(crate) runs: Vec<RunId>,
    /// Whether `runs` are compared.
    pub(crate) compare: bool,
    /// What of their charts is in sight.
    pub(crate) charts: ChartWishes,
    /// Whether the board is in sight.
    pub(crate) board: bool,
}

/// Which charts, and which part of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChartWishes {
    /// What x counts.
    pub(crate) x: X,
    /// The part of x in sight; all where there is none.
    pub(crate) window: Option<(f64, f64)>,
    /// The first chart in sight, and how many are.
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Columns of dots of the widest.
    pub(crate) columns: usize,
}

impl Default for ChartWishes {
    fn default() -> Self {
        Self { x: X::Step, window: None, first: 0, count: 1, columns: 200 }
    }
}

/// Whether a chart is drawn over time although steps are asked for: what is measured of the machine has none.
pub(crate) fn of_time(name: &str, x: X) -> bool {
    x == X::Step && name.starts_with("system/")
}

/// The order of runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Sorting {
    #[default]
    Newest,
    Oldest,
    Name,
    State,
    Longest,
    BestLoss,
}

impl Sorting {
    pub(crate) const ALL: [Self; 6] =
        [Self::Newest, Self::Oldest, Self::Name, Self::State, Self::Longest, Self::BestLoss];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Oldest => "oldest first",
            Self::Name => "by name",
            Self::State => "by state",
            Self::Longest => "longest first",
            Self::BestLoss => "least loss first",
        }
    }

    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|other| *other == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// Something new.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum News {
    /// The machine, a moment ago.
    Host { name: String, reading: Box<Reading> },
    /// The runs for which the query holds, in order.
    Listing(Listing),
    /// The query is none; the text says why, in several lines.
    NoQuery(String),
    /// More on runs in sight.
    Details(HashMap<RunId, Detail>),
    /// A run in full.
    Run(Box<RunView>),
    /// Runs side by side.
    Compare(Box<CompareView>),
    /// The panels of the board, in its order.
    Board(Vec<PanelView>),
    /// Something cannot be read.
    Trouble(String),
}

/// A list of runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) rows: Vec<RunRow>,
    /// How many runs there are, listed or not.
    pub(crate) total: usize,
    /// Whether all of them were looked at.
    pub(crate) complete: bool,
    /// How many could not be read.
    pub(crate) passed_over: usize,
}

/// What every list knows of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunRow {
    pub(crate) id: RunId,
    pub(crate) name: String,
    pub(crate) project: String,
    pub(crate) standing: Standing,
    pub(crate) created: Timestamp,
    /// How long it took; `None` while it runs.
    pub(crate) seconds: Option<f64>,
}

/// What costs more to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Detail {
    /// The last step, and how many there will be.
    pub(crate) step: Option<u64>,
    pub(crate) total: Option<u64>,
    /// The metric that stands for the run, its last value, and its course.
    pub(crate) metric: Option<String>,
    pub(crate) value: Option<f64>,
    pub(crate) spark: Vec<Stretch>,
    /// Seconds that the rest takes at the pace of late.
    pub(crate) left: Option<f64>,
    /// Percent of one processor, and bytes: while it runs and is watched.
    pub(crate) cpu: Option<f64>,
    pub(crate) memory: Option<f64>,
    /// Bytes on GPUs.
    pub(crate) gpu_memory: Option<f64>,
    /// Events that somebody should look at.
    pub(crate) alerts: usize,
}

/// One run in full.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunView {
    pub(crate) row: RunRow,
    pub(crate) detail: Detail,
    pub(crate) reason: Option<String>,
    pub(crate) tags: Vec<String>,
    /// Names of all charts.
    pub(crate) names: Vec<String>,
    /// Those in sight: the first one's number, and their curves.
    pub(crate) first: usize,
    pub(crate) charts: Vec<Vec<Curve>>,
    pub(crate) x: X,
    /// Pairs of what the run is and was asked for, under headings.
    pub(crate) config: Vec<(String, Vec<(String, String)>)>,
    /// The newest last.
    pub(crate) events: Vec<EventLine>,
    /// The last lines that it printed.
    pub(crate) log: Vec<Printed>,
    /// What could not be read of it.
    pub(crate) damage: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventLine {
    pub(crate) time: Nanos,
    pub(crate) step: u64,
    pub(crate) level: Level,
    pub(crate) kind: String,
    pub(crate) message: String,
}

/// Runs side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompareView {
    pub(crate) rows: Vec<RunRow>,
    pub(crate) details: Vec<Detail>,
    /// Parameters that differ: a name, and a value for each run.
    pub(crate) parameters: Vec<(String, Vec<Option<String>>)>,
    /// Metrics: a name, and the last value of each run.
    pub(crate) metrics: Vec<(String, Vec<Option<f64>>)>,
    pub(crate) names: Vec<String>,
    pub(crate) first: usize,
    pub(crate) charts: Vec<Vec<Curve>>,
    pub(crate) x: X,
}

/// What a panel of a board shows now.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PanelView {
    /// Curves; smoothing, and whether y is logarithmic, the panel says.
    Curves(Vec<Curve>),
    /// Names and numbers.
    Bars(Vec<(String, f64)>),
    /// Points, with what the axes are called.
    Points { points: Vec<(f64, f64)>, without: usize },
    /// Columns' names and rows.
    Rows { columns: Vec<String>, rows: Vec<Vec<String>> },
    /// Lines of text.
    Lines(Vec<String>),
    /// The last lines that a run printed.
    Printed(Vec<Printed>),
    /// A number and whose it is.
    Gauge(Option<(f64, String)>),
    /// Histograms: steps, edges over all of them, and of each step the share of each bin in its fullest.
    Histogram { steps: Vec<u64>, edges: (f64, f64), shares: Vec<Vec<f64>> },
    /// It cannot show anything, and why.
    Nothing(String),
}
