//! A run's logs merged into one view: series in which no step appears twice, and events in order.
//!
//! A run has a log for every process that wrote it, and a session for every time it was taken up. Logs are ordered by
//! session, then by start, then by file name. A rewind to a step voids every point of a later step that was said
//! before it: those in its own log before it, those of earlier sessions, and those of its own session in other logs
//! with an earlier time. Where two points of a metric still share a step, that of the later log stands, and in one
//! log the later. So the view does not depend on when which log was read.
//!
//! Where logs were compacted, the view begins with what the newest file of series says, and each log is read on from
//! where that file covers it.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use aether_core::{Event, signal::Nanos};
use serde::{Deserialize, Serialize};

use crate::{
    Described, LedgerError, Point, RunDirectory, Series,
    log::{
        reader::{self, Damage, LogReader},
        record::{LoggedPoint, Record},
    },
    numbers::Numbers,
    series::{
        self, Origin,
        file::{Content, SeriesFile},
    },
    state::{LogState, State},
};

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDamage {
    /// The log.
    pub path: PathBuf,
    /// Where in it, and why.
    pub damage: Damage,
}

impl LogDamage {
    /// Whether it is of a file of series, nothing of which could be read.
    pub(crate) fn is_whole_file(&self) -> bool {
        self.damage.to == 0
    }
}

impl std::fmt::Display for LogDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, Damage { from, to, reason }) = (self.path.display(), &self.damage);
        if self.is_whole_file() {
            return write!(f, "{reason}");
        }
        write!(f, "{path} is damaged from byte {from} to {to} ({reason}); that part was passed over")
    }
}

/// Reads a run, also while it is being written.
#[derive(Debug)]
pub struct RunReader {
    directory: RunDirectory,
    /// The file of series that it began with, if there was one.
    base: Option<PathBuf>,
    /// Whether nothing could be read of that file.
    base_is_unusable: bool,
    /// Whether what that file says is still to be told.
    untold: bool,
    /// Whether the run's files were looked at.
    begun: bool,
    /// In the order in which they were found: a log's place here is the [`Origin`] of its points.
    logs: Vec<Log>,
    metrics: BTreeMap<Arc<str>, usize>,
    /// Of each series.
    names: Vec<Arc<str>>,
    series: Vec<Series>,
    rewinds: Vec<Rewind>,
    events: Vec<TimedEvent>,
    /// Of each event.
    sessions: Vec<u32>,
    damage: Vec<LogDamage>,
    /// Points in memory.
    held: usize,
}

/// A log that is being read.
#[derive(Debug)]
struct Log {
    reader: LogReader,
    place: Place,
    /// The file's length when it was last read to its end.
    length: u64,
    /// Which series a number of this log stands for.
    named: Numbers,
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

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Rewind {
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
        let (reader, trouble) = Self::open_what_can_be(directory);
        trouble.map_or(Ok(reader), Err)
    }

    /// Reads all that can be read, and tells what went wrong with the rest.
    pub(crate) fn open_what_can_be(directory: RunDirectory) -> (Self, Option<LedgerError>) {
        loop {
            let mut reader = Self::unread(directory.clone());
            let outcome = reader.poll_some(usize::MAX, &mut |_| {}, false);
            // Logs may have been removed while they were looked for, because a newer file of series covers them.
            match series::newest(&directory) {
                Ok(newest) if newest != reader.base => {}
                _ => return (reader, outcome.err()),
            }
        }
    }

    /// A reader that has read nothing yet: the first [`RunReader::poll`] tells the run from its beginning.
    pub fn unread(directory: RunDirectory) -> Self {
        Self {
            directory,
            base: None,
            base_is_unusable: false,
            untold: false,
            begun: false,
            logs: Vec::new(),
            metrics: BTreeMap::new(),
            names: Vec::new(),
            series: Vec::new(),
            rewinds: Vec::new(),
            events: Vec::new(),
            sessions: Vec::new(),
            damage: Vec::new(),
            held: 0,
        }
    }

    /// A reader of all that the logs say, whatever was compacted.
    pub(crate) fn of_logs(directory: RunDirectory) -> Self {
        Self { begun: true, ..Self::unread(directory) }
    }

    /// A reader that begins with this file of series, which need not be the newest.
    pub(crate) fn upon(directory: RunDirectory, file: &Path) -> Result<Self, LedgerError> {
        let mut reader = Self::of_logs(directory);
        reader.take_file(file)?;
        Ok(reader)
    }

    /// A reader that goes on from `state`, of which it knows no point and no event, only how each series stands.
    pub(crate) fn going_on(directory: RunDirectory, state: State) -> Self {
        let summaries = state.summaries.clone();
        let mut reader = Self { begun: true, ..Self::unread(directory) };
        reader.take_state(state);
        for (name, summary) in summaries {
            let at = reader.series_of(&name);
            reader.series[at] = Series::of_summary(summary);
        }
        reader
    }

    /// Begins with the newest file of series, if there is one.
    fn begin(&mut self, tell: bool) -> Result<(), LedgerError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let Some(path) = series::newest(&self.directory)? else { return Ok(()) };
        self.untold = tell;
        self.take_file(&path).or_else(|e| self.without_base(path, e))
    }

    fn take_file(&mut self, path: &Path) -> Result<(), LedgerError> {
        let Content { series, rest } = SeriesFile::open(path)?;
        let damaged = |reason| LedgerError::DamagedSeries { path: path.to_owned(), reason };
        let state: State = serde_json::from_slice(&rest).map_err(|e| damaged(e.to_string()))?;
        self.base = Some(path.to_owned());
        self.take_state(state);
        for (name, series) in series {
            let at = self.series_of(&name);
            self.series[at] = series;
        }
        Ok(())
    }

    /// A file of series that cannot be used: the logs say the same, if they are all there.
    fn without_base(&mut self, path: PathBuf, error: LedgerError) -> Result<(), LedgerError> {
        if matches!(error, LedgerError::Io { .. }) {
            return Err(error);
        }
        let damage = Damage { from: 0, to: 0, reason: format!("{error}; read from the logs that are there") };
        self.damage.push(LogDamage { path: path.clone(), damage });
        self.base = Some(path);
        self.base_is_unusable = true;
        Ok(())
    }

    fn take_state(&mut self, state: State) {
        for name in &state.names {
            self.series_of(name);
        }
        let signals = self.directory.signals();
        for log in state.logs {
            let path = signals.join(&log.file);
            self.logs.push(Log {
                reader: LogReader::from(&path, log.offset),
                place: Place { session: log.session, start: log.start, path },
                length: log.offset,
                named: log.metrics.into_iter().collect(),
                sets: log.sets.into_iter().collect(),
            });
        }
        self.rewinds = state.rewinds;
        (self.sessions, self.events) = state.events.into_iter().unzip();
        self.damage.extend(state.damage);
    }

    /// How far everything was read: what a reader that goes on from here must know beside the points themselves.
    pub(crate) fn state(&self) -> State {
        let file = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = |log: &Log| LogState {
            file: file(&log.place.path),
            session: log.place.session,
            start: log.place.start,
            offset: log.reader.offset(),
            metrics: log.named.iter().collect(),
            sets: log.sets.iter().map(|(&set, metrics)| (set, metrics.clone())).collect(),
        };
        State {
            names: self.names.iter().map(|name| name.to_string()).collect(),
            summaries: BTreeMap::new(),
            logs: self.logs.iter().map(log).collect(),
            rewinds: self.rewinds.clone(),
            events: self.sessions.iter().copied().zip(self.events.iter().cloned()).collect(),
            damage: self.damage.clone(),
        }
    }

    /// Reads what has been added since, and tells each thing as it was said: log after log in their order, each log
    /// from where it was left. What was compacted is told in the order of its times. Points that a later session
    /// voided are not told. Returns whether there was anything.
    ///
    /// # Errors
    /// When a log cannot be read or is of a newer format. What was read before stands.
    pub fn poll(&mut self, mut heard: impl FnMut(Said<'_>)) -> Result<bool, LedgerError> {
        self.poll_some(usize::MAX, &mut heard, true)
    }

    /// As [`RunReader::poll`], but stops when about so many points are in memory; whether there was anything.
    pub(crate) fn poll_some(
        &mut self,
        most: usize,
        heard: &mut impl FnMut(Said<'_>),
        tell: bool,
    ) -> Result<bool, LedgerError> {
        self.begin(tell)?;
        let mut anything = false;
        if std::mem::take(&mut self.untold) {
            anything = self.base.is_some();
            self.tell_base(heard);
        }
        let mut longer = self.discover()?;
        longer.sort_by(|a, b| self.logs[a.0].place.cmp(&self.logs[b.0].place));
        let mut outcome = Ok(());
        for (at, length) in longer {
            match self.read(at, most, heard) {
                Ok(said) => {
                    anything |= said;
                    if self.held < most {
                        self.logs[at].length = length;
                    }
                }
                // The other logs are still worth reading.
                Err(e) => outcome = Err(e),
            }
        }
        self.series.iter_mut().for_each(Series::settle);
        self.held = self.series.iter().map(Series::in_memory).sum();
        outcome.map(|()| anything)
    }

    /// Tells what was compacted, in the order of its times.
    fn tell_base(&self, heard: &mut impl FnMut(Said<'_>)) {
        let events = self.events.iter().map(|event| (event.time, Said::Event(event)));
        let rewinds = self.rewinds.iter().map(|r| (r.time, Said::Rewind { time: r.time, step: r.step }));
        let mut rest: Vec<(Nanos, Said<'_>)> = events.chain(rewinds).collect();
        rest.sort_by_key(|(time, _)| *time);
        let mut rest = rest.into_iter().peekable();
        let mut tell_until = |time: Option<Nanos>, heard: &mut _| {
            while let Some((_, said)) = rest.next_if(|(at, _)| time.is_none_or(|time| *at < time)) {
                let heard: &mut dyn FnMut(Said<'_>) = heard;
                heard(said);
            }
        };
        series::by_time(&self.series, |series, point| {
            tell_until(Some(point.time), &mut *heard);
            heard(Said::Point { metric: &self.names[series], point });
        });
        tell_until(None, heard);
        self.damage.iter().for_each(|damage| heard(Said::Damage(damage)));
    }

    /// The logs that have grown, with their lengths.
    fn discover(&mut self) -> Result<Vec<(usize, u64)>, LedgerError> {
        let mut longer = Vec::new();
        let known: HashMap<PathBuf, usize> =
            self.logs.iter().enumerate().map(|(at, log)| (log.place.path.clone(), at)).collect();
        for (path, length) in self.directory.logs()? {
            let at = match known.get(&path) {
                Some(&at) => at,
                None => match LogReader::new(&path).next()? {
                    // Just made; its place is not known yet.
                    None => continue,
                    Some(first) => self.adopt(path, &first),
                },
            };
            if self.logs[at].length < length {
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
        self.logs.push(Log { reader, place, length: 0, named: Numbers::default(), sets: HashMap::new() });
        self.logs.len() - 1
    }

    fn read(
        &mut self,
        at: usize,
        most: usize,
        heard: &mut impl FnMut(Said<'_>),
    ) -> Result<bool, LedgerError> {
        let mut anything = false;
        while self.held < most {
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
                let series = self.series_of(&name);
                self.logs[at].named.insert(id, series);
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

    #[inline]
    fn take_point(&mut self, at: usize, logged: LoggedPoint, heard: &mut impl FnMut(Said<'_>)) {
        let (origin, session) = (at as Origin, self.logs[at].place.session);
        let point = Point { step: logged.step, time: logged.time, value: logged.value };
        let void = |r: &Rewind| r.origin != origin && r.voids(&point, session);
        if self.rewinds.iter().any(void) {
            return;
        }
        let series = self.logs[at].named.get(logged.metric);
        let series = series.unwrap_or_else(|| self.nameless(at, logged.metric));
        heard(Said::Point { metric: &self.names[series], point });
        let logs = &self.logs;
        let outranks = |old: Origin, new| logs[old as usize].place > logs[new as usize].place;
        self.series[series].put(point, origin, outranks);
        self.held += 1;
    }

    /// The series of a number whose definition was damaged, which has a name made of the number.
    #[cold]
    fn nameless(&mut self, at: usize, id: u32) -> usize {
        let series = self.series_of(&format!("metric#{id}"));
        self.logs[at].named.insert(id, series);
        series
    }

    fn series_of(&mut self, name: &str) -> usize {
        if let Some(&at) = self.metrics.get(name) {
            return at;
        }
        let name: Arc<str> = name.into();
        self.series.push(Series::default());
        self.names.push(Arc::clone(&name));
        self.metrics.insert(name, self.series.len() - 1);
        self.series.len() - 1
    }

    /// The run's directory.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// The metrics that have points, by name, ascending.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, &Series)> {
        let series = self.metrics.iter().map(|(name, &at)| (&**name, &self.series[at]));
        series.filter(|(_, series)| !series.is_empty())
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

    /// What could not be read of the logs.
    pub fn damage(&self) -> &[LogDamage] {
        &self.damage
    }

    /// What could not be read of the file of series, as far as it was asked for.
    pub fn series_damage(&self) -> Vec<LedgerError> {
        let file = self.series.iter().find_map(Series::file);
        file.map_or_else(Vec::new, SeriesFile::damage)
    }

    /// Whether anything happened that cannot be known without the points that it does not have: see
    /// [`RunReader::going_on`].
    pub(crate) fn is_unknowable(&self) -> bool {
        self.series.iter().any(Series::is_unknowable)
    }

    /// The file of series that it began with.
    pub(crate) fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    /// Whether nothing could be read of that file: then what was read is what the logs say.
    pub(crate) fn base_is_unusable(&self) -> bool {
        self.base_is_unusable
    }

    /// Whether a file of series has come that it did not begin with: a reader opened anew has less in memory, and knows
    /// what logs said that were removed since.
    ///
    /// # Errors
    /// When the directory of such files cannot be listed.
    pub fn is_superseded(&self) -> Result<bool, LedgerError> {
        Ok(self.begun && series::newest(&self.directory)? != self.base)
    }

    /// How many points are in memory.
    pub fn held(&self) -> usize {
        self.held
    }

    /// All series with points, by name, to be compacted.
    pub(crate) fn compactable(&mut self) -> impl Iterator<Item = (&str, &Series)> {
        self.series.iter_mut().for_each(Series::thaw_short_end);
        self.metrics()
    }

    /// The session of the first event, and its time.
    pub(crate) fn first_event(&self) -> Option<(u32, Nanos)> {
        Some((*self.sessions.first()?, self.events.first()?.time))
    }

    /// The session of the last event, and its time.
    pub(crate) fn last_event(&self) -> Option<(u32, Nanos)> {
        Some((*self.sessions.last()?, self.events.last()?.time))
    }
}
