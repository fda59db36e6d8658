//! Brings the index up to date: looks at every run's files and reads those that have changed.

use std::{collections::HashMap, fs, io, os::unix::fs::MetadataExt};

use super::{
    Entry,
    cache::{self, Cache, Known},
};
use serde_json::Value;

use crate::{
    Home, LedgerError, NamedBlob, RunDirectory, RunReader, artifacts::digests_in, described::add_tag, flatten,
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
        let known = match cached.remove(&cache::key(&directory)).filter(|known| known.stamp == stamp) {
            Some(known) => known,
            None => match read(&directory, stamp) {
                Ok((known, None)) => {
                    changed.push((cache::key(&directory), known.clone()));
                    known
                }
                // Not cached, so that it is said again.
                Ok((known, Some(trouble))) => {
                    scan.passed_over.push(trouble);
                    known
                }
                Err(e) => {
                    scan.passed_over.push(e);
                    continue;
                }
            },
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

/// Reads a run's record and logs; also tells why not all of its logs could be read.
fn read(directory: &RunDirectory, stamp: String) -> Result<(Known, Option<LedgerError>), LedgerError> {
    let run = directory.run()?;
    let mut reader = RunReader::unread(directory.clone());
    let trouble = reader.poll(|_| {}).err();
    let metrics =
        reader.metrics().filter_map(|(name, series)| Some((name.to_owned(), series.summary()?))).collect();
    let described = reader.described();
    let mut parameters = flatten(&run.spec);
    parameters.extend(flatten(&Value::Object(described.config)));
    let mut tags = run.tags;
    described.tags.iter().for_each(|tag| add_tag(&mut tags, tag));
    let artifacts = reader.events().iter().filter_map(|said| NamedBlob::said_by(&said.event)).collect();
    let mut blobs = Vec::new();
    // Wherever in the record and the events: a content that is named is kept.
    digests_in(&Value::Object(run.environment), &mut blobs);
    digests_in(&run.spec, &mut blobs);
    reader
        .events()
        .iter()
        .flat_map(|said| said.event.fields.values())
        .for_each(|v| digests_in(v, &mut blobs));
    blobs.sort_unstable();
    blobs.dedup();
    let known = Known {
        stamp,
        name: run.name,
        project: run.project,
        kind: run.kind,
        state: run.state,
        host: run.host,
        pid: run.pid,
        pid_start: run.pid_start,
        created: run.created,
        ended: run.ended,
        reason: run.reason,
        resumed: run.resumed,
        tags,
        parameters,
        summary: described.summary,
        artifacts,
        blobs,
        metrics,
    };
    Ok((known, trouble))
}
