//! Brings the index up to date: looks at every run's files and reads those that have changed.

use std::{collections::BTreeMap, fs, io, num::NonZero, os::unix::fs::MetadataExt, path::PathBuf, thread};

use aether_core::{Level, RunId, RunState, signal::Nanos};

use super::{
    Entry,
    cache::{self, Cache, Changed, Known, Progress},
    details::{Details, Packed},
    find, parallel,
    stamp::{self, Seen, Stamp},
};
use serde_json::Value;

use crate::{
    Described, Digest, Home, LedgerError, NamedBlob, RunDirectory, RunReader, Summary, TimedEvent,
    artifacts::digests_in, flatten, owner, state::State,
};

pub(super) struct Scan {
    pub(super) entries: Vec<Entry>,
    pub(super) passed_over: Vec<LedgerError>,
}

/// The last alerts of a run that lists know.
const ALERTS: usize = 32;

/// Threads that look at runs: more than there are processors, because they wait for the disk.
const LOOKERS: usize = 8;

/// Threads that read runs: a long log takes memory.
const READERS: usize = 4;

/// What is found of one run.
enum Found {
    /// As it is known.
    Same(Entry),
    /// As it is known, but how its files stand is to be noted anew.
    Restamped(Entry, Option<Changed>),
    /// It must be read.
    Stale(Stale),
    /// It is just being made or removed.
    Nothing,
    /// It cannot be looked at.
    Trouble(LedgerError),
}

struct Stale {
    directory: RunDirectory,
    seen: Seen,
    known: Option<Known>,
}

/// Looks at every run. What was read anew, and what is gone, goes into the cache.
pub(super) fn everything(home: &Home, cache: &mut Cache) -> Result<Scan, LedgerError> {
    let directories = home.run_directories()?;
    let mut cached = cache.load();
    let runs = directories.into_iter().map(|directory| {
        let packed = cached.remove(&cache::key(&directory));
        (directory, packed)
    });
    let runs = runs.collect();
    let gone: Vec<String> = cached.into_keys().collect();
    cache.store(&[], &gone);
    Ok(some(runs, cache))
}

/// Looks at the runs with this id: one in a project at most.
pub(super) fn of_id(home: &Home, cache: &mut Cache, id: RunId) -> Result<Scan, LedgerError> {
    let runs = home.run_directories_of(id)?.into_iter().map(|directory| {
        let packed = cache.known(&cache::key(&directory));
        (directory, packed)
    });
    let runs = runs.collect();
    Ok(some(runs, cache))
}

/// Looks at the runs that one of `queries` can name, and at those that are not in the cache. A run keeps its name, so
/// the others need not be looked at.
pub(super) fn named(home: &Home, cache: &mut Cache, queries: &[&str]) -> Result<Scan, LedgerError> {
    let mut names = cache.names();
    let mut runs = Vec::new();
    for directory in home.run_directories()? {
        let key = cache::key(&directory);
        let known = names.remove(&key);
        let can_mean = |query: &&str| {
            known.as_ref().is_some_and(|name| name == query) || find::begins(directory.id(), query)
        };
        if known.is_none() {
            runs.push((directory, None));
        } else if queries.iter().any(can_mean) {
            let packed = cache.known(&key);
            runs.push((directory, packed));
        }
    }
    let gone: Vec<String> = names.into_keys().collect();
    cache.store(&[], &gone);
    Ok(some(runs, cache))
}

/// Looks at these runs, of which this is in the cache.
pub(super) fn some(runs: Vec<(RunDirectory, Option<Vec<u8>>)>, cache: &mut Cache) -> Scan {
    let mut scan = Scan { entries: Vec::with_capacity(runs.len()), passed_over: Vec::new() };
    let (mut changed, mut stale) = (Vec::new(), Vec::new());
    for found in parallel::map(runs, LOOKERS, |(directory, packed)| look(directory, packed.as_deref())) {
        match found {
            Found::Same(entry) => scan.entries.push(entry),
            Found::Restamped(entry, known) => {
                scan.entries.push(entry);
                changed.extend(known);
            }
            Found::Stale(run) => {
                let progress = run.known.as_ref().and_then(|_| cache.state(&cache::key(&run.directory)));
                stale.push((run, progress));
            }
            Found::Nothing => {}
            Found::Trouble(trouble) => scan.passed_over.push(trouble),
        }
    }
    let readers = thread::available_parallelism().map_or(1, NonZero::get).min(READERS);
    let read = |(Stale { directory, seen: Seen { stamp, written }, known }, progress): (Stale, Option<_>)| {
        let (known, progress, trouble) = read(&directory, stamp, known.zip(progress))?;
        let progress = progress.filter(|_| known.standing(written).may_live());
        // What there is trouble with is not cached, so that it is said again.
        let changed =
            if trouble.is_none() { Changed::of(&directory, &known, progress.as_ref()) } else { None };
        Ok((known.entry(directory, written), changed, trouble))
    };
    for read in parallel::map(stale, readers, read) {
        match read {
            Ok((entry, new, trouble)) => {
                scan.entries.push(entry);
                changed.extend(new);
                scan.passed_over.extend(trouble);
            }
            Err(e) => scan.passed_over.push(e),
        }
    }
    cache.store(&changed, &[]);
    scan
}

fn look(directory: RunDirectory, packed: Option<&[u8]>) -> Found {
    let known = packed.and_then(Known::unpack);
    let seen = match stamp::look(&directory, known.as_ref().map(|known| &known.stamp)) {
        Ok(seen) => seen,
        Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Found::Nothing;
        }
        Err(e) => return Found::Trouble(e),
    };
    match known {
        Some(known) if known.stamp == seen.stamp => Found::Same(known.entry(directory, seen.written)),
        Some(known) if known.stamp.agrees(&seen.stamp) && !known.standing(seen.written).may_live() => {
            let known = Known { stamp: seen.stamp, ..known };
            let changed = Changed::of(&directory, &known, None);
            Found::Restamped(known.entry(directory, seen.written), changed)
        }
        Some(known) if known.stamp.agrees(&seen.stamp) => Found::Same(known.entry(directory, seen.written)),
        known => Found::Stale(Stale { directory, seen, known }),
    }
}

/// Reads a run's record, and what its logs have said since they were last read; also tells how far that is, if it may go
/// on, and why not all of them could be read.
fn read(
    directory: &RunDirectory,
    stamp: Stamp,
    before: Option<(Known, Progress)>,
) -> Result<(Known, Option<Progress>, Option<LedgerError>), LedgerError> {
    let run = directory.run()?;
    // Before the logs are read: what is replaced meanwhile is then found out next time.
    let goes_on = before.is_some() || run.state == RunState::Running;
    let files = if goes_on { Some(files(directory)?) } else { None };
    let going_on = before.zip(files.as_ref());
    let heard = match going_on.and_then(|((known, progress), files)| go_on(directory, known, progress, files))
    {
        Some(heard) => heard,
        None => Heard::all(directory),
    };
    let Heard { reader, described, artifacts, alerts, mut blobs, metrics, last_event, trouble } = heard;
    let mut parameters = flatten(&run.spec);
    parameters.extend(flatten(&Value::Object(described.config.clone())));
    let tags = described.all_tags(run.tags);
    // Wherever in the record and the events: a content that is named is kept.
    digests_in(&Value::Object(run.environment), &mut blobs);
    digests_in(&run.spec, &mut blobs);
    blobs.sort_unstable();
    blobs.dedup();
    // A file of series may be mended when nothing else changes: see `RunDirectory::damaged_series`.
    let damage = reader.damage().iter().filter(|damage| !damage.is_whole_file()).cloned().collect();
    let progress = files.map(|files| {
        let state = State { summaries: metrics.clone(), events: Vec::new(), ..reader.state() };
        Progress { state, described: described.clone(), last_event, files }
    });
    let known = Known {
        stamp,
        name: run.name,
        project: run.project,
        kind: run.kind,
        state: run.state,
        host: run.host,
        user: owner::name(fs::metadata(directory.record()).map_or(0, |m| m.uid())),
        pid: run.pid,
        pid_start: run.pid_start,
        created: run.created,
        ended: run.ended,
        reason: run.reason,
        resumed: run.resumed,
        details: Packed::of(Details {
            tags,
            parameters: parameters.into_iter().collect(),
            summary: described.summary.into_iter().collect(),
            artifacts,
            alerts,
            blobs,
            metrics: metrics.into_iter().collect(),
            damage,
        }),
    };
    Ok((known, progress, trouble))
}

/// What a run's logs say, as far as the index wants to know.
struct Heard {
    reader: RunReader,
    described: Described,
    artifacts: Vec<NamedBlob>,
    alerts: Vec<TimedEvent>,
    blobs: Vec<Digest>,
    metrics: BTreeMap<String, Summary>,
    last_event: Option<(u32, Nanos)>,
    trouble: Option<LedgerError>,
}

impl Heard {
    /// From the beginning.
    fn all(directory: &RunDirectory) -> Self {
        let (reader, trouble) = RunReader::open_what_can_be(directory.clone());
        let mut heard = Self {
            described: Described::default(),
            artifacts: Vec::new(),
            alerts: Vec::new(),
            blobs: Vec::new(),
            metrics: BTreeMap::new(),
            last_event: None,
            reader,
            trouble,
        };
        heard.add();
        heard
    }

    /// Adds what the reader has read.
    fn add(&mut self) {
        for said in self.reader.events() {
            self.described.hear(&said.event);
            self.artifacts.extend(NamedBlob::said_by(&said.event));
            said.event.fields.values().for_each(|value| digests_in(value, &mut self.blobs));
            if said.event.kind == "alert" || said.event.level > Level::Info {
                self.alerts.push(said.clone());
            }
        }
        self.alerts.drain(..self.alerts.len().saturating_sub(ALERTS));
        self.last_event = self.reader.last_event().or(self.last_event);
        let summaries = self.reader.metrics().filter_map(|(name, s)| Some((name.to_owned(), s.summary()?)));
        self.metrics = summaries.collect();
    }
}

/// Reads on from where the logs were left. `None`: that does not tell everything, and they must be read from their
/// beginning.
fn go_on(
    directory: &RunDirectory,
    known: Known,
    progress: Progress,
    files: &BTreeMap<String, u64>,
) -> Option<Heard> {
    // The same files as then, and perhaps others.
    if !progress.files.iter().all(|(name, number)| files.get(name) == Some(number)) {
        return None;
    }
    let mut reader = RunReader::going_on(directory.clone(), progress.state);
    reader.poll(|_| {}).ok()?;
    // An event of an earlier session stands before those that were heard.
    let in_order =
        reader.first_event().is_none_or(|first| progress.last_event.is_none_or(|last| last <= first));
    if reader.is_unknowable() || !in_order {
        return None;
    }
    let Details { artifacts, alerts, blobs, .. } = known.details.into_inner();
    let mut heard = Heard {
        reader,
        described: progress.described,
        artifacts,
        alerts,
        blobs,
        metrics: BTreeMap::new(),
        last_event: progress.last_event,
        trouble: None,
    };
    heard.add();
    Some(heard)
}

/// The numbers of the logs' files, by name.
fn files(directory: &RunDirectory) -> Result<BTreeMap<String, u64>, LedgerError> {
    let number = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, fs::metadata(&path).ok()?.ino()))
    };
    Ok(directory.logs()?.into_iter().filter_map(|(path, _)| number(path)).collect())
}
