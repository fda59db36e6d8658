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

use crate::Observed;

/// So many events are remembered, so that what was found before is not said again.
const REMEMBERED: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Tail {
    directory: RunDirectory,
    /// The log of whoever watches, which is not listened to.
    own: Option<PathBuf>,
    /// Logs of earlier sessions are passed over.
    session: u32,
    logs: HashMap<PathBuf, Log>,
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
    /// Of what was said from `session` on.
    pub(crate) fn new(directory: RunDirectory, own: Option<&Path>, session: u32) -> Self {
        let own = own.map(Path::to_owned);
        Self { directory, own, session, logs: HashMap::new(), known: HashSet::new() }
    }

    /// Tells the points that were added since the last call, log after log, and remembers the events.
    ///
    /// # Errors
    /// When a log cannot be read; the others were.
    pub(crate) fn poll(&mut self, mut heard: impl FnMut(&Observed)) -> Result<(), LedgerError> {
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
            while !log.earlier {
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
    heard: &mut impl FnMut(&Observed),
) {
    match record {
        Record::Metric { id, name } => {
            log.metrics.insert(id, Metric::named(&name));
        }
        Record::Points(points) => points.iter().for_each(|point| heard(&log.observed(point))),
        Record::Set { id, metrics } => {
            log.sets.insert(id, metrics);
        }
        Record::Rows(rows) => {
            let Some(metrics) = log.sets.get(&rows.set).cloned() else { return };
            rows.points(&metrics).for_each(|point| heard(&log.observed(&point)));
        }
        Record::Event { event, .. } if known.len() < REMEMBERED => {
            known.insert(key(&event));
        }
        _ => {}
    }
}
