//! W&B offline runs: a directory that `wandb sync` takes.
//!
//! A row of W&B has one time, so metrics of one step share that of the first. Times are doubles, exact to about 200 ns.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use aether_core::{Level, Run, RunState, signal::Nanos};
use aether_ledger::TimedEvent;
use prost::Message;
use serde_json::Value;

use super::{Exporter, Point, Rows};
use crate::{
    ExchangeError,
    proto::wandb::{
        Alert, Exit, Header, History, Item, Record, Run as RunRecord, Step, Timestamp, Update, Version,
    },
    times::seconds,
    wandb_log::Framer,
};

/// So much is written at once.
const BATCH: usize = 256 * 1024;

/// Writes one offline run.
#[derive(Debug)]
pub struct Wandb {
    directory: PathBuf,
    path: PathBuf,
    file: File,
    framer: Framer,
    unwritten: Vec<u8>,
    rows: Rows,
    records: i64,
    created: Nanos,
}

impl Wandb {
    /// Begins `directory/offline-run-TIME-ID`, with the run's parameters and tags.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(directory: &Path, run: &Run) -> Result<Self, ExchangeError> {
        let time = run.created.strftime("%Y%m%d_%H%M%S");
        let directory = directory.join(format!("offline-run-{time}-{}", run.id));
        let files = directory.join("files");
        fs::create_dir_all(&files).map_err(ExchangeError::io("make", &files))?;
        let path = directory.join(format!("run-{}.wandb", run.id));
        let file = File::create(&path).map_err(ExchangeError::io("make", &path))?;
        let created = run.created.as_nanosecond() as Nanos;
        let mut wandb = Self {
            directory,
            path,
            file,
            framer: Framer::default(),
            unwritten: Vec::new(),
            rows: Rows::default(),
            records: 0,
            created,
        };
        // The oldest reader that knows everything that is written here.
        let version = Version { producer: "0.31.0".to_owned(), min_consumer: "0.70.0".to_owned() };
        wandb.write(Record { header: Some(Header { version: Some(version) }), ..Record::default() })?;
        let config = run.spec.as_object().map(|spec| Update {
            update: spec.iter().map(|(key, value)| item(&[key], value.to_string())).collect(),
        });
        let run = RunRecord {
            run_id: run.id.to_string(),
            project: run.project.clone(),
            display_name: run.name.clone(),
            tags: run.tags.clone(),
            host: run.host.clone(),
            config,
            start_time: Some(Timestamp {
                seconds: created.div_euclid(1_000_000_000),
                nanos: created.rem_euclid(1_000_000_000) as i32,
            }),
            ..RunRecord::default()
        };
        wandb.write(Record { run: Some(run), ..Record::default() })?;
        Ok(wandb)
    }

    fn write(&mut self, mut record: Record) -> Result<(), ExchangeError> {
        self.records += 1;
        record.num = self.records;
        self.framer.append(&mut self.unwritten, &record.encode_to_vec());
        if self.unwritten.len() >= BATCH { self.put() } else { Ok(()) }
    }

    fn put(&mut self) -> Result<(), ExchangeError> {
        self.file.write_all(&self.unwritten).map_err(ExchangeError::io("write", &self.path))?;
        self.unwritten.clear();
        Ok(())
    }

    fn row(&mut self, row: &Rows) -> Result<(), ExchangeError> {
        let step = i64::try_from(row.step).unwrap_or(i64::MAX);
        let mut items: Vec<Item> =
            row.values.iter().map(|(name, value)| item(&[name], number(*value))).collect();
        let time = seconds(row.time);
        items.push(item(&["_timestamp"], number(time)));
        items.push(item(&["_runtime"], number(time - seconds(self.created))));
        items.push(item(&["_step"], step.to_string()));
        let history = History { item: items, step: Some(Step { num: step }) };
        self.write(Record { history: Some(history), ..Record::default() })
    }
}

fn item(key: &[&str], value_json: String) -> Item {
    Item { key: String::new(), nested_key: key.iter().map(|&k| k.to_owned()).collect(), value_json }
}

/// As Python's `json` writes numbers, which is what W&B reads.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

impl Exporter for Wandb {
    fn point(&mut self, point: Point<'_>) -> Result<(), ExchangeError> {
        match self.rows.take(point) {
            Some(row) => self.row(&row),
            None => Ok(()),
        }
    }

    /// What W&B has a place for: parameters, summaries and alerts.
    fn event(&mut self, event: &TimedEvent) -> Result<(), ExchangeError> {
        let event = &event.event;
        let update = || Update {
            update: event.fields.iter().map(|(key, value)| item(&[key], value.to_string())).collect(),
        };
        let text = |name: &str| event.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let record = match event.kind.as_str() {
            "config" => Record { config: Some(update()), ..Record::default() },
            "summary" => Record { summary: Some(update()), ..Record::default() },
            "alert" => {
                let level = match event.level {
                    Level::Info => "INFO",
                    Level::Warning => "WARN",
                    Level::Error => "ERROR",
                };
                let alert = Alert { title: text("title"), text: text("text"), level: level.to_owned() };
                Record { alert: Some(alert), ..Record::default() }
            }
            _ => return Ok(()),
        };
        self.write(record)
    }

    fn flush(&mut self) -> Result<(), ExchangeError> {
        if let Some(row) = self.rows.rest() {
            self.row(&row)?;
        }
        self.put()
    }

    fn end(&mut self, run: &Run) -> Result<String, ExchangeError> {
        self.flush()?;
        let exit_code = i32::from(matches!(run.state, RunState::Failed | RunState::Interrupted));
        let runtime = run.ended.map_or(0, |ended| ended.as_second() - run.created.as_second()) as i32;
        self.write(Record { exit: Some(Exit { exit_code, runtime }), ..Record::default() })?;
        self.put()?;
        self.file.sync_all().map_err(ExchangeError::io("sync", &self.path))?;
        Ok(self.directory.display().to_string())
    }
}
