//! What need not be kept goes, and nothing else does.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use aether_core::{Listener, RunState, Signal};
use aether_ledger::{
    Direction, Home, Index, NamedBlob, Query, RunWriter,
    gc::{Retention, collect},
};

use crate::support::*;

fn keep_all() -> Retention {
    Retention {
        keep_last: None,
        older_than: None,
        standings: Vec::new(),
        query: None,
        grace: Duration::from_secs(3600),
        dry_run: false,
    }
}

fn run(home: &Home, name: &str, blob: Option<&[u8]>) {
    let writer = RunWriter::create(home, new_run("default", name)).unwrap();
    let log = writer.log().unwrap();
    say(&log, "loss", 1, 1.0);
    if let Some(content) = blob {
        let kept = home.blobs().put(content).unwrap();
        let (digest, bytes, direction) = (kept.digest, kept.bytes, Direction::Output);
        let blob = NamedBlob { name: "model".into(), kind: "model".into(), digest, bytes, direction };
        log.on(aether_core::signal::now(), &Signal::Event(blob.event(1)));
    }
    drop(log);
    writer.end(RunState::Done, None).unwrap();
    std::thread::sleep(Duration::from_millis(2));
}

fn names(home: &Home) -> Vec<String> {
    let mut names: Vec<_> = Index::open(home).unwrap().entries().iter().map(|e| e.name.clone()).collect();
    names.sort();
    names
}

/// Makes a file as old as a day.
fn age(path: &std::path::Path) {
    let file = fs::File::open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(86400)).unwrap();
}

#[test]
fn without_conditions_no_run_goes_but_what_nothing_names_does() {
    let (_dir, home) = home();
    run(&home, "a", Some(b"named"));
    let blobs = home.blobs();
    let (named, young, old) =
        (aether_ledger::Digest::of(b"named"), blobs.put(b"young").unwrap(), blobs.put(b"old").unwrap());
    age(&blobs.path(named));
    age(&blobs.path(old.digest));
    let parts = [
        blobs.directory().join(".new.1.0.part"),
        Index::open(&home).unwrap().entries()[0].directory.path().join(".run.json.1.0.part"),
    ];
    for part in &parts {
        fs::write(part, "half").unwrap();
    }
    age(&parts[0]);
    age(&parts[1]);
    let live_part = blobs.directory().join(".new.2.0.part");
    fs::write(&live_part, "half").unwrap();
    let dry = collect(&home, &Retention { dry_run: true, ..keep_all() }).unwrap();
    assert!(parts[0].exists() && blobs.length(old.digest).is_some(), "a dry run does nothing");
    let done = collect(&home, &keep_all()).unwrap();
    for collected in [&dry, &done] {
        assert!(collected.runs.is_empty() && collected.failed.is_empty(), "{collected:?}");
        assert_eq!((collected.blobs.count, collected.blobs.bytes, collected.parts.count), (1, 3, 2));
    }
    assert!(!parts[0].exists() && !parts[1].exists() && live_part.exists());
    assert_eq!(blobs.length(old.digest), None);
    assert!(blobs.length(young.digest).is_some() && blobs.length(named).is_some());
    // Put again, an old content is young again.
    age(&blobs.path(young.digest));
    blobs.put(b"young").unwrap();
    assert_eq!(collect(&home, &keep_all()).unwrap().blobs.count, 0);
}

#[test]
fn conditions_choose_runs_and_what_lives_stays() {
    let (_dir, home) = home();
    for name in ["a", "b", "c"] {
        run(&home, name, Some(name.as_bytes()));
    }
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 1.0);
    log.sync().unwrap();
    let removed = |retention: Retention| -> String {
        let collected = collect(&home, &retention).unwrap();
        assert!(collected.failed.is_empty(), "{collected:?}");
        collected.runs.into_iter().map(|(_, name)| name).collect()
    };
    let dry = || Retention { dry_run: true, ..keep_all() };
    assert_eq!(removed(Retention { keep_last: Some(0), ..dry() }), "cba", "the live one stays");
    assert_eq!(removed(Retention { keep_last: Some(2), ..dry() }), "ba");
    assert_eq!(removed(Retention { older_than: Some(Duration::from_secs(60)), ..dry() }), "");
    assert_eq!(removed(Retention { older_than: Some(Duration::ZERO), ..dry() }), "cba");
    let query = || Some(Query::parse("name = b or name = test").unwrap());
    assert_eq!(removed(Retention { query: query(), ..dry() }), "b");
    assert_eq!(removed(Retention { standings: vec![aether_ledger::Standing::Failed], ..dry() }), "");
    let blob = home.blobs().path(aether_ledger::Digest::of(b"b"));
    assert_eq!(removed(Retention { query: query(), grace: Duration::ZERO, ..keep_all() }), "b");
    assert!(!blob.exists(), "what it alone named goes with it");
    assert_eq!(names(&home), ["a", "c", "test"]);
    drop((writer, log));
}

#[test]
fn a_run_that_cannot_be_read_keeps_every_content() {
    let (_dir, home) = home();
    run(&home, "a", Some(b"x"));
    fs::write(Index::open(&home).unwrap().entries()[0].directory.record(), "rubbish").unwrap();
    let collected = collect(&home, &Retention { grace: Duration::ZERO, ..keep_all() }).unwrap();
    assert_eq!(collected.blobs.count, 0);
    assert_eq!(home.blobs().list().unwrap().len(), 1);
}

#[test]
fn long_logs_of_ended_runs_are_compacted_and_go_and_live_ones_stay() {
    let (_dir, home) = home();
    let said = |log: &aether_ledger::SignalLog| {
        (0..30_000).for_each(|step| say(log, "loss", step, step as f64));
        log.sync().unwrap();
    };
    let (ended, log) = begin(&home);
    said(&log);
    drop(log);
    ended.end(RunState::Done, None).unwrap();
    let (live, log) = begin(&home);
    said(&log);
    let collected = collect(&home, &keep_all()).unwrap();
    assert!(collected.failed.is_empty() && collected.logs.count == 1, "{collected:?}");
    assert!(ended.directory().logs().unwrap().is_empty());
    assert_eq!(live.directory().logs().unwrap().len(), 1);
    assert_eq!(series(&read(ended.directory()), "loss").len(), 30_000);
    // A run that is taken up again goes on where it was.
    let again = RunWriter::resume(ended.directory().clone(), false).unwrap();
    let log = again.log().unwrap();
    rewind(&log, 9_999);
    say(&log, "loss", 10_000, -1.0);
    drop(log);
    let all = series(&read(ended.directory()), "loss");
    assert_eq!((all.len(), all[10_000]), (10_001, (10_000, -1.0)));
    assert_eq!(
        Index::open(&home).unwrap().find(again.id().as_str()).unwrap().metrics.get("loss").unwrap().count,
        10_001
    );
}

#[test]
fn a_damaged_file_of_series_does_not_keep_logs_from_going_and_stays_where_they_are_gone() {
    let (_dir, home) = home();
    run(&home, "mended", None);
    run(&home, "lost", None);
    let directory = |name: &str| {
        let index = Index::open(&home).unwrap();
        index.entries().iter().find(|entry| entry.name == name).unwrap().directory.clone()
    };
    for name in ["mended", "lost"] {
        let file = aether_ledger::compact(&directory(name)).unwrap().unwrap().file;
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    }
    fs::remove_file(&directory("lost").logs().unwrap()[0].0).unwrap();
    let collected = collect(&home, &keep_all()).unwrap();
    assert_eq!(collected.logs.count, 1);
    assert_eq!(collected.failed.len(), 1);
    assert!(collected.failed[0].to_string().contains("are gone"), "{}", collected.failed[0]);
    assert!(directory("mended").logs().unwrap().is_empty());
    let mended = read(&directory("mended"));
    assert!(mended.damage().is_empty() && mended.series_damage().is_empty());
    assert_eq!(series(&mended, "loss"), [(1, 1.0)]);
    assert!(!read(&directory("lost")).damage().is_empty());
}
