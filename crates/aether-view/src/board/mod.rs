//! Boards: panels of one's own on a grid, kept as YAML, shown by every face. The guide's page on boards describes the
//! file.

mod arrange;
mod key;
mod place;
mod read;
mod shelf;

pub use arrange::arranged;
pub use key::{Key, KeyError, Statistic};
pub use place::{Area, COLUMNS};
pub use shelf::{Boards, ShelfError};

use std::{num::NonZeroU32, path::Path};

use aether_core::{
    ConfigError,
    config::{self, BelowOne},
};
use serde::{Serialize, Serializer};

/// A board.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Board {
    /// What stands above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its panels, none over another.
    pub panels: Vec<Panel>,
}

/// A panel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Panel {
    /// What stands above it; a face makes one of its content where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it stands.
    pub at: Area,
    /// Of which runs.
    #[serde(skip_serializing_if = "Runs::is_all")]
    pub runs: Runs,
    /// Of how many of them at most, the newest first.
    #[serde(skip_serializing_if = "is_ten")]
    pub most: NonZeroU32,
    /// What it shows.
    #[serde(flatten)]
    pub content: Content,
}

/// Which runs a panel is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Runs {
    /// Any.
    #[default]
    All,
    /// Those for which a query holds: the language of `aether runs`.
    Query(String),
    /// These, by id, the beginning of an id, name, or `@latest`.
    Named(Vec<String>),
}

impl Runs {
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

impl Serialize for Runs {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => to.serialize_str(""),
            Self::Query(query) => to.serialize_str(query),
            Self::Named(names) => names.serialize(to),
        }
    }
}

/// What a panel shows; `kind` in the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Content {
    /// Metrics over steps or time.
    Line(Line),
    /// One bar a run and metric.
    Bar(Bar),
    /// One point a run.
    Scatter(Scatter),
    /// Histograms that runs said, over their steps.
    Histogram(Named),
    /// Runs as rows.
    Table(Table),
    /// Words.
    Text(Text),
    /// One number between two ends.
    Gauge(Gauge),
    /// What runs printed last.
    Log(Log),
    /// The newest image of a name.
    Image(Named),
    /// How many runs there are, by the values of a key.
    Query(Count),
}

impl Content {
    /// The word for it in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Bar(_) => "bar",
            Self::Scatter(_) => "scatter",
            Self::Histogram(_) => "histogram",
            Self::Table(_) => "table",
            Self::Text(_) => "text",
            Self::Gauge(_) => "gauge",
            Self::Log(_) => "log",
            Self::Image(_) => "image",
            Self::Query(_) => "query",
        }
    }
}

/// What x counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum X {
    /// Steps.
    #[default]
    Step,
    /// The time of day.
    Time,
    /// Time since the run began.
    Relative,
}

/// Curves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Which metrics, at least one.
    pub metrics: Vec<String>,
    /// What x counts.
    #[serde(skip_serializing_if = "is_default")]
    pub x: X,
    /// Whether the y axis is logarithmic.
    #[serde(skip_serializing_if = "is_default")]
    pub log: bool,
    /// How much of the value before goes into a smoothed one; the raw curve stays in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothing: Option<BelowOne>,
}

/// Bars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Which metrics, at least one.
    pub metrics: Vec<String>,
    /// Which number of each.
    #[serde(skip_serializing_if = "is_default")]
    pub value: Statistic,
}

/// Points.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scatter {
    /// To the right.
    pub x: Key,
    /// Upwards.
    pub y: Key,
    /// Whether x is logarithmic.
    #[serde(skip_serializing_if = "is_default")]
    pub log_x: bool,
    /// Whether y is logarithmic.
    #[serde(skip_serializing_if = "is_default")]
    pub log_y: bool,
}

/// Something that runs said under a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A table of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// Its columns, at least one.
    pub columns: Vec<Key>,
    /// The column it is sorted by, ascending; newest first where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Key>,
    /// Whether it is sorted the other way round.
    #[serde(skip_serializing_if = "is_default")]
    pub descending: bool,
}

/// Words, shown as they are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Text {
    /// The words.
    pub text: String,
}

/// A number between two ends, of the newest of the runs that has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gauge {
    /// The number.
    pub value: Key,
    /// The lower end.
    pub min: f64,
    /// The upper end.
    pub max: f64,
}

/// Which of a program's streams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Both.
    #[default]
    All,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Lines of output, of the newest of the runs that printed any.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Log {
    /// Which.
    #[serde(skip_serializing_if = "is_default")]
    pub stream: Stream,
}

/// A count of runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Count {
    /// One count for each value of this; a single one where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Key>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How many runs a panel shows where nothing is said.
const TEN: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

fn is_ten(most: &NonZeroU32) -> bool {
    *most == TEN
}

impl Board {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or is no board; shows the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(&config::load(path)?)
    }

    /// Reads a text; `name` stands for it in errors.
    ///
    /// # Errors
    /// When it is no board; shows the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        Self::read(&config::parse(name, text)?)
    }

    /// The board as a file, which reads as the same board.
    ///
    /// # Errors
    /// Never for what was read.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        config::to_yaml(self)
    }
}

#[cfg(test)]
mod tests;
