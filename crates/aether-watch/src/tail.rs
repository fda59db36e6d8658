//! What a run says, as its logs grow. Unlike a reader of a whole run it keeps nothing of what was said: a run may go on
//! for months.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use aether_core::{Event, Metric};
use aether_ledger::{
    LedgerError, RunDirectory,
    log::{
        reader::{Entry, LogReader},
        record::{LoggedPoint, Record},
    },
};

use crate::{Observed, goal, heard::Heard, thin::Thin};

/// Bytes of a log: of a run that lives and says more from one look to the next, only a part is looked at.
const MUCH: u64 = 64 << 10;
/// So many events are remembered, so that what was found before is not said again.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Tail {
    directory: RunDirectory,
    /// The log of whoever watches, which is not listened to.
    own: Option<PathBuf>,
    /// Logs of earlier sessions are passed over.
    session: u32,
    lives: bool,
    logs: HashMap<PathBuf, Log>,
    thin: Thin,
    known: HashSet<(String, u64, String)>,
}

#[derive(Debug)]
struct Log {
    reader: LogReader,
    length: u64,
    /// It is of an earlier session.
    earlier: bool,
    metrics: HashMap<u32, Metric>,
    sets: HashMap<u32, Vec<u32>>,
}

impl Log {
    fn metric(&mut self, id: u32) -> Metric {
        *self.metrics.entry(id).or_insert_with(|| Metric::named(&format!("metric#{id}")))
    }

    fn observed(&mut self, point: &LoggedPoint) -> Observed {
        Observed { time: point.time, metric: self.metric(point.metric), step: point.step, value: point.value }
    }
}

impl Tail {
    /// Of what was said from `session` on, by a run that `lives` or has ended.
    pub(crate) fn new(directory: RunDirectory, session: u32, lives: bool) -> Self {
        Self {
            lives,
            directory,
            own: None,
            session,
            logs: HashMap::new(),
            thin: Thin::default(),
            known: HashSet::new(),
        }
    }

    /// From now on does not listen to the log of whoever watches.
    pub(crate) fn pass_over(&mut self, own: &Path) {
        self.own = Some(own.to_owned());
    }

    /// Tells what was added since the last call, log after log, and remembers the events.
    ///
    /// # Errors
    /// When a log cannot be read; the others were.
    pub(crate) fn poll(&mut self, mut heard: impl FnMut(Heard<'_>)) -> Result<(), LedgerError> {
        let mut outcome = Ok(());
        let mut logs = self.directory.logs()?;
        logs.sort();
        for (path, length) in logs {
            if self.own.as_ref() == Some(&path) {
                continue;
            }
            let log = self.logs.entry(path).or_insert_with_key(|path| Log {
                reader: LogReader::new(path),
                length: 0,
                earlier: false,
                metrics: HashMap::new(),
                sets: HashMap::new(),
            });
            if log.length == length || log.earlier {
                continue;
            }
            log.length = length;
            let thins = self.lives && length - log.reader.offset() > MUCH;
            let thin = &self.thin;
            let mut heard = |said: Heard<'_>| match said {
                Heard::Point(seen) if thins && !thin.takes(seen.metric, seen.time, seen.value) => {}
                said => heard(said),
            };
            // What is added meanwhile waits for the next call: whoever looks has more to do than to read.
            while !log.earlier && log.reader.offset() < length {
                match log.reader.next() {
                    Ok(None) => break,
                    Ok(Some(Entry::Record(Record::Header(header)))) => {
                        log.earlier = header.session < self.session
                    }
                    Ok(Some(Entry::Record(record))) => tell(log, record, &mut self.known, &mut heard),
                    // Damage is for those who show the run.
                    Ok(Some(_)) => {}
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                }
            }
        }
        outcome
    }

    /// Whether the run's logs hold this event already.
    pub(crate) fn knows(&self, event: &Event) -> bool {
        self.known.contains(&key(event))
    }
}

fn key(event: &Event) -> (String, u64, String) {
    let metric = event.fields.get("metric").and_then(serde_json::Value::as_str).unwrap_or_default();
    (event.kind.clone(), event.step, metric.to_owned())
}

fn tell(
    log: &mut Log,
    record: Record,
    known: &mut HashSet<(String, u64, String)>,
    heard: &mut impl FnMut(Heard<'_>),
) {
    match record {
        Record::Metric { id, name } => {
            log.metrics.insert(id, Metric::named(&name));
        }
        Record::Points(points) => {
            points.iter().for_each(|point| heard(Heard::Point(&log.observed(point))));
        }
        Record::Set { id, metrics } => {
            log.sets.insert(id, metrics);
        }
        Record::Rows(rows) => {
            let Some(metrics) = log.sets.get(&rows.set).cloned() else { return };
            rows.points(&metrics).for_each(|point| heard(Heard::Point(&log.observed(&point))));
        }
        Record::Event { time, event } => {
            if let Some(steps) = goal::of(&event) {
                heard(Heard::Goal(steps));
            }
            // The program's own word for it; other events may be those of somebody else who watches.
            if event.kind == "alert" {
                heard(Heard::Alert(time, &event));
            }
            if known.len() < REMEMBERED {
                known.insert(key(&event));
            }
        }
        _ => {}
    }
}
