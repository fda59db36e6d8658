//! What a receiver is told.

use aether_core::{Event, Level, Run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// So many different sentences of one message are kept; beyond them, only how many there were.
const SENTENCES: usize = 5;

/// What a message says of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The folder it is filed under.
    pub project: String,
    /// The host it runs on.
    pub host: String,
}

impl From<&Run> for RunFacts {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            name: run.name.clone(),
            project: run.project.clone(),
            host: run.host.clone(),
        }
    }
}

/// Findings of one kind in one run. Its JSON is what commands and plain webhooks are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The events' kind.
    pub kind: String,
    /// The most urgent one's level.
    pub level: Level,
    /// The run.
    pub run: RunFacts,
    /// How many events there were.
    pub count: u64,
    /// When the first was raised.
    pub first: Timestamp,
    /// When the last was raised.
    pub last: Timestamp,
    /// The optimizer step of the last.
    pub step: u64,
    /// The events' sentences, each once, the first few of them.
    pub sentences: Vec<String>,
    /// The fields of the last event.
    pub fields: Map<String, Value>,
}

impl Message {
    /// About one event.
    pub fn new(event: &Event, run: &RunFacts, now: Timestamp) -> Self {
        Self {
            kind: event.kind.clone(),
            level: event.level,
            run: run.clone(),
            count: 1,
            first: now,
            last: now,
            step: event.step,
            sentences: vec![sentence(event)],
            fields: event.fields.clone(),
        }
    }

    /// Counts one more event.
    pub(super) fn add(&mut self, event: &Event, now: Timestamp) {
        self.count += 1;
        self.level = self.level.max(event.level);
        self.last = self.last.max(now);
        self.step = event.step;
        self.fields.clone_from(&event.fields);
        let sentence = sentence(event);
        if self.sentences.len() < SENTENCES && !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    /// One line: how bad, what, how often, where.
    pub fn title(&self) -> String {
        let times = if self.count > 1 { format!(" ({} times)", self.count) } else { String::new() };
        let name = one_line(&self.run.name);
        // A program's own alerts are all of one kind, and each has a title.
        let title = self.fields.get("title").and_then(Value::as_str);
        let title = title.filter(|_| self.kind == "alert" && self.count == 1);
        format!("{}: {}{times} in {name}", self.level_word(), one_line(title.unwrap_or(&self.kind)))
    }

    /// The sentences and where to look, on lines of their own.
    pub fn text(&self) -> String {
        let mut text = self.sentences.join("\n");
        let run = &self.run;
        text.push_str(&format!(
            "\nrun {} ({}/{}) on {}, step {}, {:.0}",
            run.id, run.project, run.name, run.host, self.step, self.last
        ));
        plain(&text)
    }

    pub(super) fn level_word(&self) -> &'static str {
        match self.level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// What an event says. Alerts of programs have a title and a text of their own.
fn sentence(event: &Event) -> String {
    let field = |name: &str| event.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (field("title"), field("text")) {
        (Some(title), Some(text)) if event.kind == "alert" => format!("{title}: {text}"),
        (Some(title), None) if event.kind == "alert" => title.to_owned(),
        _ => event.message.clone(),
    }
}

/// Without characters that steer terminals; a message may say what a program printed.
fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// The same on one line.
pub(super) fn one_line(text: &str) -> String {
    plain(&text.replace('\n', " "))
}
