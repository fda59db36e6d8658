//! From a file to a board.

use std::num::NonZeroU32;

use aether_core::{ConfigError, config::Node, suggest};
use aether_ledger::Query;
use serde::Deserialize;

use super::{
    Area, Bar, Board, COLUMNS, Content, Count, Gauge, Key, Line, Log, Named, Panel, Runs, Scatter, Stream,
    TEN, Table, Text, X, key::Statistic, place,
};
use aether_core::config::BelowOne;

const KINDS: [&str; 10] =
    ["line", "bar", "scatter", "histogram", "table", "text", "gauge", "log", "image", "query"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBoard {
    title: Option<String>,
    #[serde(default)]
    panels: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLine {
    metrics: Node,
    #[serde(default)]
    x: X,
    #[serde(default)]
    log: bool,
    smoothing: Option<BelowOne>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBar {
    metrics: Node,
    #[serde(default)]
    value: Statistic,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenScatter {
    x: Node,
    y: Node,
    #[serde(default)]
    log_x: bool,
    #[serde(default)]
    log_y: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNamed {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTable {
    columns: Node,
    sort: Option<Node>,
    #[serde(default)]
    descending: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenText {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGauge {
    value: Node,
    #[serde(default)]
    min: f64,
    max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLog {
    #[serde(default)]
    stream: Stream,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCount {
    group: Option<Node>,
}

impl Board {
    /// Takes up what was read; panels that do not say where they stand are put where there is room.
    ///
    /// # Errors
    /// When it is no board; shows the line.
    pub fn read(node: &Node) -> Result<Self, ConfigError> {
        let written: WrittenBoard = node.read()?;
        let mut panels: Vec<(Option<Area>, Panel)> = Vec::new();
        for node in &written.panels {
            let (area, panel) = panel(node)?;
            if let Some(area) = area
                && let Some(at) =
                    panels.iter().position(|(other, _)| other.is_some_and(|o| o.overlaps(&area)))
            {
                let where_ = node.get("at").unwrap_or(node);
                return Err(where_
                    .error(format!("panel {} stands over panel {}", panels.len() + 1, at + 1))
                    .with_help("give it other rows or columns, or leave `at` out"));
            }
            panels.push((area, panel));
        }
        let mut taken: Vec<Area> = panels.iter().filter_map(|(area, _)| *area).collect();
        for ((area, panel), node) in panels.iter_mut().zip(&written.panels) {
            if area.is_none() {
                let free = Area::free(&taken, (panel.at.width, panel.at.height));
                panel.at = free.ok_or_else(|| node.error("the board has no room left for this panel"))?;
                taken.push(panel.at);
            }
        }
        Ok(Self { title: written.title, panels: panels.into_iter().map(|(_, panel)| panel).collect() })
    }
}

/// A panel, and where it says that it stands.
fn panel(node: &Node) -> Result<(Option<Area>, Panel), ConfigError> {
    let mut rest = node.clone();
    let title = rest.take("title")?;
    let area = rest.take::<Node>("at")?.as_ref().filter(|node| !node.is_null()).map(area).transpose()?;
    let runs = rest.take::<Node>("runs")?.as_ref().map_or(Ok(Runs::All), runs)?;
    let most = rest.take::<NonZeroU32>("most")?.unwrap_or(TEN);
    let kind: Option<Node> = rest.take("kind")?;
    let kind =
        kind.ok_or_else(|| node.missing("kind").with_help(format!("known here: {}", suggest::list(KINDS))))?;
    let content = content(&kind, &rest)?;
    let (width, height) = place::USUAL;
    let at = area.unwrap_or(Area { column: 0, row: 0, width, height });
    Ok((area, Panel { title, at, runs, most, content }))
}

fn area(node: &Node) -> Result<Area, ConfigError> {
    let area: Area = node.read()?;
    if area.fits() {
        return Ok(area);
    }
    Err(node.error(format!(
        "must be at least one row high and one column wide, within {COLUMNS} columns and {} rows",
        place::ROWS
    )))
}

fn runs(node: &Node) -> Result<Runs, ConfigError> {
    if node.is_null() {
        return Ok(Runs::All);
    }
    let Some(text) = node.text() else {
        let names: Vec<String> = node.read()?;
        return Ok(if names.is_empty() { Runs::All } else { Runs::Named(names) });
    };
    if text.trim().is_empty() {
        return Ok(Runs::All);
    }
    match Query::parse(text) {
        Ok(_) => Ok(Runs::Query(text.to_owned())),
        Err(error) => {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default();
            let help = "write a query such as state = done, or a list of ids and names: [@latest]";
            Err(node.error(format!("this is no query: {said}")).with_help(help))
        }
    }
}

fn content(kind: &Node, rest: &Node) -> Result<Content, ConfigError> {
    let word = kind.text().unwrap_or_default();
    Ok(match word {
        "line" => {
            let WrittenLine { metrics, x, log, smoothing } = rest.read()?;
            Content::Line(Line { metrics: names(&metrics)?, x, log, smoothing })
        }
        "bar" => {
            let WrittenBar { metrics, value } = rest.read()?;
            Content::Bar(Bar { metrics: names(&metrics)?, value })
        }
        "scatter" => {
            let WrittenScatter { x, y, log_x, log_y } = rest.read()?;
            Content::Scatter(Scatter { x: key(&x)?, y: key(&y)?, log_x, log_y })
        }
        "histogram" => Content::Histogram(Named { name: rest.read::<WrittenNamed>()?.name }),
        "image" => Content::Image(Named { name: rest.read::<WrittenNamed>()?.name }),
        "table" => {
            let WrittenTable { columns, sort, descending } = rest.read()?;
            let keys = columns.items().iter().map(key).collect::<Result<Vec<_>, _>>()?;
            if keys.is_empty() {
                return Err(columns.error("must be a list of keys such as [name, metric.val/loss.min]"));
            }
            Content::Table(Table { columns: keys, sort: sort.as_ref().map(key).transpose()?, descending })
        }
        "text" => Content::Text(Text { text: rest.read::<WrittenText>()?.text }),
        "gauge" => {
            let WrittenGauge { value, min, max } = rest.read()?;
            if !(min.is_finite() && max.is_finite() && min < max) {
                return Err(rest.error_at("max", "must be finite and above `min`"));
            }
            Content::Gauge(Gauge { value: key(&value)?, min, max })
        }
        "log" => Content::Log(Log { stream: rest.read::<WrittenLog>()?.stream }),
        "query" => {
            let group = rest.read::<WrittenCount>()?.group;
            Content::Query(Count { group: group.as_ref().map(key).transpose()? })
        }
        _ => {
            let error = kind.error(format!("cannot be `{word}`"));
            return Err(match suggest::help(word, &KINDS) {
                Some(help) => error.with_help(help),
                None => error,
            });
        }
    })
}

/// One name or a list of them.
fn names(node: &Node) -> Result<Vec<String>, ConfigError> {
    let names = match node.text() {
        Some(name) => vec![name.to_owned()],
        None => node.read::<Vec<String>>()?,
    };
    if names.iter().all(String::is_empty) {
        return Err(node.error("must name at least one metric, such as val/loss"));
    }
    Ok(names)
}

fn key(node: &Node) -> Result<Key, ConfigError> {
    let text = node.text().ok_or_else(|| node.error("must be a key such as metric.val/loss or param.lr"))?;
    Key::parse(text).map_err(|error| node.error(error.to_string()).with_help(error.help))
}
