//! A run's logs merged into one view: series in which no step appears twice, and events in order.
//!
//! A run has a log for every process that wrote it, and a session for every time it was taken up. Logs are ordered by
//! session, then by start, then by file name. A rewind to a step voids every point of a later step that was said
//! before it: those in its own log before it, those of earlier sessions, and those of its own session in other logs
//! with an earlier time. Where two points of a metric still share a step, that of the later log stands, and in one
//! log the later. So the view does not depend on when which log was read.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

use aether_core::{Event, signal::Nanos};

use crate::{
    Described, LedgerError, Point, RunDirectory, Series,
    log::{
        reader::{self, Damage, LogReader},
        record::{LoggedPoint, Record},
    },
    series::Origin,
};

/// An event with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedEvent {
    /// When it was said, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// What was said.
    pub event: Event,
}

/// One thing read from a run's logs, for those who show a run as it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Said<'a> {
    /// A value of a metric.
    Point {
        /// The metric.
        metric: &'a str,
        /// The value, with its step and time.
        point: Point,
    },
    /// Something that happened.
    Event(&'a TimedEvent),
    /// The run was taken up again: what was said before about steps after this one is void.
    Rewind {
        /// When.
        time: Nanos,
        /// The last step that still stands.
        step: u64,
    },
    /// A part of a log could not be read and was passed over.
    Damage(&'a LogDamage),
}

/// A part of one of a run's logs that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDamage {
    /// The log.
    pub path: PathBuf,
    /// Where in it, and why.
    pub damage: Damage,
}

/// Reads a run, also while it is being written.
#[derive(Debug)]
pub struct RunReader {
    directory: RunDirectory,
    /// In the order in which they were found: a log's place here is the [`Origin`] of its points.
    logs: Vec<Log>,
    metrics: BTreeMap<Arc<str>, usize>,
    series: Vec<Series>,
    rewinds: Vec<Rewind>,
    events: Vec<TimedEvent>,
    /// Of each event.
    sessions: Vec<u32>,
    damage: Vec<LogDamage>,
}

/// A log that is being read.
#[derive(Debug)]
struct Log {
    reader: LogReader,
    place: Place,
    /// The file's length when it was last read to its end.
    length: u64,
    /// Which series a number of this log stands for, and the metric's name.
    named: BTreeMap<u32, (Arc<str>, usize)>,
    /// The metrics' numbers that a set's number stands for.
    sets: HashMap<u32, Vec<u32>>,
}

/// Where a log stands among a run's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    session: u32,
    start: Nanos,
    path: PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct Rewind {
    origin: Origin,
    session: u32,
    time: Nanos,
    step: u64,
}

impl Rewind {
    /// Whether it voids a point of another log.
    fn voids(&self, point: &Point, session: u32) -> bool {
        point.step > self.step
            && (session < self.session || (session == self.session && point.time < self.time))
    }
}

impl RunReader {
    /// Reads all that there is so far.
    ///
    /// # Errors
    /// When a log cannot be read or is of a newer format.
    pub fn open(directory: RunDirectory) -> Result<Self, LedgerError> {
        let mut reader = Self::unread(directory);
        reader.poll(|_| {})?;
        Ok(reader)
    }

    /// A reader that has read nothing yet: the first [`RunReader::poll`] tells the run from its beginning.
    pub fn unread(directory: RunDirectory) -> Self {
        Self {
            directory,
            logs: Vec::new(),
            metrics: BTreeMap::new(),
            series: Vec::new(),
            rewinds: Vec::new(),
            events: Vec::new(),
            sessions: Vec::new(),
            damage: Vec::new(),
        }
    }

    /// Reads what has been added since, and tells each thing as it was said: log after log in their order, each log
    /// from where it was left. Points that a later session voided are not told. Returns whether there was anything.
    ///
    /// # Errors
    /// When a log cannot be read or is of a newer format. What was read before stands.
    pub fn poll(&mut self, mut heard: impl FnMut(Said<'_>)) -> Result<bool, LedgerError> {
        let mut longer = self.discover()?;
        longer.sort_by(|a, b| self.logs[a.0].place.cmp(&self.logs[b.0].place));
        let mut anything = false;
        let mut outcome = Ok(());
        for (at, length) in longer {
            match self.read(at, &mut heard) {
                Ok(said) => {
                    anything |= said;
                    self.logs[at].length = length;
                }
                // The other logs are still worth reading.
                Err(e) => outcome = Err(e),
            }
        }
        self.series.iter_mut().for_each(Series::settle);
        outcome.map(|()| anything)
    }

    /// The logs that have grown, with their lengths.
    fn discover(&mut self) -> Result<Vec<(usize, u64)>, LedgerError> {
        let mut longer = Vec::new();
        for (path, length) in self.directory.logs()? {
            let known = self.logs.iter().position(|log| log.place.path == path);
            let at = match known {
                Some(at) => at,
                None => match LogReader::new(&path).next()? {
                    // Just made; its place is not known yet.
                    None => continue,
                    Some(first) => self.adopt(path, &first),
                },
            };
            if self.logs[at].length != length {
                longer.push((at, length));
            }
        }
        Ok(longer)
    }

    fn adopt(&mut self, path: PathBuf, first: &reader::Entry) -> usize {
        let (session, start) = match first {
            reader::Entry::Record(Record::Header(header)) => (header.session, header.start),
            // One whose header is damaged counts as the first, so that any rewind voids what it must.
            _ => (0, Nanos::MIN),
        };
        let reader = LogReader::new(&path);
        let place = Place { session, start, path };
        self.logs.push(Log { reader, place, length: 0, named: BTreeMap::new(), sets: HashMap::new() });
        self.logs.len() - 1
    }

    fn read(&mut self, at: usize, heard: &mut impl FnMut(Said<'_>)) -> Result<bool, LedgerError> {
        let mut anything = false;
        loop {
            let from = self.logs[at].reader.offset();
            let Some(entry) = self.logs[at].reader.next()? else { break };
            anything = true;
            match entry {
                reader::Entry::Record(Record::Rows(rows)) if !self.logs[at].sets.contains_key(&rows.set) => {
                    let reason = format!("rows of set {}, which no readable record defines", rows.set);
                    let to = self.logs[at].reader.offset();
                    self.note_damage(at, Damage { from, to, reason }, heard);
                }
                reader::Entry::Record(record) => self.take(at, record, heard),
                reader::Entry::Damage(damage) => self.note_damage(at, damage, heard),
            }
        }
        Ok(anything)
    }

    fn note_damage(&mut self, at: usize, damage: Damage, heard: &mut impl FnMut(Said<'_>)) {
        let damage = LogDamage { path: self.logs[at].place.path.clone(), damage };
        heard(Said::Damage(&damage));
        self.damage.push(damage);
    }

    fn take(&mut self, at: usize, record: Record, heard: &mut impl FnMut(Said<'_>)) {
        let origin = at as Origin;
        let session = self.logs[at].place.session;
        match record {
            Record::Header(_) => {}
            Record::Metric { id, name } => {
                let named = self.series_of(&name);
                self.logs[at].named.insert(id, named);
            }
            Record::Points(points) => points.into_iter().for_each(|point| self.take_point(at, point, heard)),
            Record::Set { id, metrics } => {
                self.logs[at].sets.insert(id, metrics);
            }
            Record::Rows(rows) => {
                // Taken out for as long as its rows are read, for the points need the rest.
                let Some(metrics) = self.logs[at].sets.remove(&rows.set) else { return };
                rows.points(&metrics).for_each(|point| self.take_point(at, point, heard));
                self.logs[at].sets.insert(rows.set, metrics);
            }
            Record::Event { time, event } => {
                let event = TimedEvent { time, event };
                heard(Said::Event(&event));
                let before = |i: usize| (self.sessions[i], self.events[i].time) <= (session, time);
                // Nearly always the last.
                let place = (0..self.events.len()).rev().find(|&i| before(i)).map_or(0, |i| i + 1);
                self.events.insert(place, event);
                self.sessions.insert(place, session);
            }
            Record::Rewind { time, step } => {
                heard(Said::Rewind { time, step });
                let rewind = Rewind { origin, session, time, step };
                let logs = &self.logs;
                for series in &mut self.series {
                    // What its own log has said so far stands before it.
                    series.void_after(step, |point, from| {
                        from == origin || rewind.voids(point, logs[from as usize].place.session)
                    });
                }
                self.rewinds.push(rewind);
            }
        }
    }

    fn take_point(&mut self, at: usize, logged: LoggedPoint, heard: &mut impl FnMut(Said<'_>)) {
        let (origin, session) = (at as Origin, self.logs[at].place.session);
        let point = Point { step: logged.step, time: logged.time, value: logged.value };
        let void = |r: &Rewind| r.origin != origin && r.voids(&point, session);
        if self.rewinds.iter().any(void) {
            return;
        }
        let (name, series) = self.metric_of(at, logged.metric);
        heard(Said::Point { metric: &name, point });
        let logs = &self.logs;
        let outranks = |old: Origin, new| logs[old as usize].place > logs[new as usize].place;
        self.series[series].put(point, origin, outranks);
    }

    /// The series that a log's number stands for. A number whose definition was damaged has a name made of it.
    fn metric_of(&mut self, at: usize, id: u32) -> (Arc<str>, usize) {
        if let Some(named) = self.logs[at].named.get(&id) {
            return named.clone();
        }
        let named = self.series_of(&format!("metric#{id}"));
        self.logs[at].named.insert(id, named.clone());
        named
    }

    fn series_of(&mut self, name: &str) -> (Arc<str>, usize) {
        if let Some((name, &at)) = self.metrics.get_key_value(name) {
            return (Arc::clone(name), at);
        }
        let name: Arc<str> = name.into();
        self.series.push(Series::default());
        self.metrics.insert(Arc::clone(&name), self.series.len() - 1);
        (name, self.series.len() - 1)
    }

    /// The run's directory.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// The metrics that have points, by name, ascending.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &Series)> {
        let series = self.metrics.iter().map(|(name, &at)| (&**name, &self.series[at]));
        series.filter(|(_, series)| !series.points().is_empty())
    }

    /// The series of one metric.
    pub fn series(&self, metric: &str) -> Option<&Series> {
        self.metrics.get(metric).map(|&at| &self.series[at])
    }

    /// All events, in the order of their sessions, and by time within one. Rewinds void no events: they did happen.
    pub fn events(&self) -> &[TimedEvent] {
        &self.events
    }

    /// What its events say of the run as a whole: parameters, numbers that stand for it, tags.
    pub fn described(&self) -> Described {
        Described::by(self.events.iter().map(|timed| &timed.event))
    }

    /// What could not be read.
    pub fn damage(&self) -> &[LogDamage] {
        &self.damage
    }
}
