//! The file that says what is watched for: `watch.yaml`.

use std::{ops::RangeInclusive, path::Path, time::Duration};

use aether_core::{
    ConfigError, Level,
    config::{self, Node},
    suggest,
};
use serde::Deserialize;

use super::parse::Condition;

/// How long it may be from one sample of the machine to the next.
pub const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3600);

/// What a rule does when its condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Says it as an alert.
    Alert,
    /// Has the run write a snapshot.
    Snapshot,
    /// Has the run stop, in order.
    Stop,
    /// Runs a command in a shell.
    Run(String),
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What events call it; else its condition.
    pub name: Option<String>,
    /// What must hold.
    pub when: Condition,
    /// What is done then.
    pub then: Vec<Action>,
    /// How urgent it is; a warning where nothing is said.
    pub level: Option<Level>,
}

/// All that the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchFile {
    /// From one sample of the machine to the next.
    pub interval: Duration,
    /// Rules, in the order of the file.
    pub rules: Vec<Rule>,
}

impl Default for WatchFile {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), rules: Vec::new() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    interval: Option<Node>,
    #[serde(default)]
    rules: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: Option<String>,
    when: Node,
    then: Node,
    level: Option<Level>,
}

impl WatchFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read or says something that is not allowed; shows the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::read(&config::load(path)?)
    }

    /// Takes up what was read.
    ///
    /// # Errors
    /// As [`WatchFile::load`].
    pub fn read(node: &Node) -> Result<Self, ConfigError> {
        if node.is_null() {
            return Ok(Self::default());
        }
        let written: Written = node.read()?;
        let interval = written.interval.as_ref().map_or(Ok(Duration::from_secs(1)), interval)?;
        let rules = written.rules.iter().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { interval, rules })
    }
}

/// `1s`, `500ms`, `2 s`.
fn interval(node: &Node) -> Result<Duration, ConfigError> {
    let wrong = || node.error("must be a duration from 100ms to 1h, such as 1s or 500ms");
    let text = node.text().ok_or_else(wrong)?;
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let number: f64 = text[..digits].parse().map_err(|_| wrong())?;
    let seconds = match text[digits..].trim() {
        "ms" => number / 1e3,
        "s" => number,
        "min" => number * 60.0,
        _ => return Err(wrong()),
    };
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    if INTERVALS.contains(&duration) { Ok(duration) } else { Err(wrong()) }
}

fn rule(node: &Node) -> Result<Rule, ConfigError> {
    let written: WrittenRule = node.read()?;
    let text =
        written.when.text().ok_or_else(|| written.when.error("must be a condition, such as loss > 3"))?;
    let when = Condition::parse(text).map_err(|mistake| {
        let at = mistake.at();
        let piece = text.get(at.clone()).filter(|piece| !piece.is_empty());
        let place = match piece {
            Some(piece) => format!("`{piece}`"),
            None => "its end".to_owned(),
        };
        let column = text.get(..at.start).map_or(0, |before| before.chars().count()) + 1;
        written.when.error(format!("at {place} (character {column}): {mistake}"))
    })?;
    let then = match written.then.items() {
        [] => vec![action(&written.then)?],
        items => items.iter().map(action).collect::<Result<_, _>>()?,
    };
    Ok(Rule { name: written.name, when, then, level: written.level })
}

const ACTIONS: [&str; 4] = ["alert", "snapshot", "stop", "run"];

/// `alert`, `snapshot`, `stop` or `run: CMD`.
fn action(node: &Node) -> Result<Action, ConfigError> {
    if let [entry] = node.entries()
        && entry.key() == Some("run")
        && let Some(command) = entry.text().filter(|command| !command.trim().is_empty())
    {
        return Ok(Action::Run(command.to_owned()));
    }
    match node.text() {
        Some("alert") => Ok(Action::Alert),
        Some("snapshot") => Ok(Action::Snapshot),
        Some("stop") => Ok(Action::Stop),
        Some(other) => {
            let error = node.error(format!("cannot be `{other}`"));
            let help = suggest::help(other, &ACTIONS);
            Err(error
                .with_help(help.unwrap_or_else(|| "known here: alert, snapshot, stop, run: CMD".to_owned())))
        }
        None => Err(node.error("must be alert, snapshot, stop, or run: CMD, or a list of them")),
    }
}
