//! Brings the index up to date: looks at every run's files and reads those that have changed.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use aether_core::signal::Nanos;

use super::{
    Entry,
    cache::{self, Cache, Known, Progress},
};
use serde_json::Value;

use crate::{
    Described, Digest, Home, LedgerError, NamedBlob, RunDirectory, RunReader, Summary, artifacts::digests_in,
    described::add_tag, flatten, owner, state::State,
};

pub(super) struct Scan {
    pub(super) entries: Vec<Entry>,
    pub(super) passed_over: Vec<LedgerError>,
}

/// Looks at every run. What was read anew, and what is gone, goes into the cache.
pub(super) fn scan(home: &Home, cache: &mut Cache) -> Result<Scan, LedgerError> {
    let directories = home.run_directories()?;
    let mut cached: HashMap<String, Known> = cache.load();
    let mut scan = Scan { entries: Vec::with_capacity(directories.len()), passed_over: Vec::new() };
    let mut changed = Vec::new();
    for directory in directories {
        let stamp = match stamp(&directory) {
            Ok(stamp) => stamp,
            // It is just being made or removed.
            Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => {
                scan.passed_over.push(e);
                continue;
            }
        };
        let key = cache::key(&directory);
        let before = cached.remove(&key);
        let known = match before {
            Some(known) if known.stamp == stamp => known,
            before => {
                match read(&directory, stamp, before.and_then(|known| Some((known, cache.state(&key)?)))) {
                    Ok((known, progress, None)) => {
                        changed.push((key, known.clone(), progress));
                        known
                    }
                    // Not cached, so that it is said again.
                    Ok((known, _, Some(trouble))) => {
                        scan.passed_over.push(trouble);
                        known
                    }
                    Err(e) => {
                        scan.passed_over.push(e);
                        continue;
                    }
                }
            }
        };
        scan.entries.push(known.entry(directory));
    }
    let gone: Vec<String> = cached.into_keys().collect();
    cache.store(&changed, &gone);
    Ok(scan)
}

/// Differs whenever what is known of a run may: a new record is a new file, and a log only grows.
fn stamp(directory: &RunDirectory) -> Result<String, LedgerError> {
    let path = directory.record();
    let record = fs::metadata(&path).map_err(LedgerError::io("look at", &path))?;
    let logs = directory.logs()?;
    let length: u64 = logs.iter().map(|(_, length)| length).sum();
    let (ino, seconds, nanos) = (record.ino(), record.mtime(), record.mtime_nsec());
    Ok(format!("{ino} {seconds}.{nanos:09} {} {length}", logs.len()))
}

/// Reads a run's record, and what its logs have said since they were last read; also tells why not all of them could
/// be read.
fn read(
    directory: &RunDirectory,
    stamp: String,
    before: Option<(Known, Progress)>,
) -> Result<(Known, Progress, Option<LedgerError>), LedgerError> {
    let run = directory.run()?;
    let files = files(directory)?;
    let heard = match before.and_then(|(known, progress)| go_on(directory, known, progress, &files)) {
        Some(heard) => heard,
        None => Heard::all(directory),
    };
    let Heard { reader, described, artifacts, mut blobs, metrics, last_event, trouble } = heard;
    let mut parameters = flatten(&run.spec);
    parameters.extend(flatten(&Value::Object(described.config.clone())));
    let mut tags = run.tags;
    described.tags.iter().for_each(|tag| add_tag(&mut tags, tag));
    // Wherever in the record and the events: a content that is named is kept.
    digests_in(&Value::Object(run.environment), &mut blobs);
    digests_in(&run.spec, &mut blobs);
    blobs.sort_unstable();
    blobs.dedup();
    let state = State { summaries: metrics.clone(), events: Vec::new(), ..reader.state() };
    // A file of series may be mended when nothing else changes: see `RunDirectory::damaged_series`.
    let damage = reader.damage().iter().filter(|damage| !damage.is_whole_file()).cloned().collect();
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
        tags,
        parameters,
        summary: described.summary.clone(),
        artifacts,
        blobs,
        metrics,
        damage,
    };
    Ok((known, Progress { state, described, last_event, files }, trouble))
}

/// What a run's logs say, as far as the index wants to know.
struct Heard {
    reader: RunReader,
    described: Described,
    artifacts: Vec<NamedBlob>,
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
        }
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
    let mut heard = Heard {
        reader,
        described: progress.described,
        artifacts: known.artifacts,
        blobs: known.blobs,
        metrics: known.metrics,
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
