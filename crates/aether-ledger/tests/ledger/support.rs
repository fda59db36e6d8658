//! What the tests of the ledger share.

use aether_core::{Event, Level, Listener, Metric, RunId, RunState, Signal};
use aether_ledger::{Home, NewRun, RunDirectory, RunReader, RunWriter, SignalLog};

pub(crate) fn new_run(project: &str, name: &str) -> NewRun {
    NewRun {
        name: name.into(),
        project: project.into(),
        kind: "train".into(),
        spec: serde_json::json!({ "epochs": 10 }),
        command: vec!["aether".into(), "train".into()],
        directory: "/tmp".into(),
        tags: Vec::new(),
    }
}

/// A home in a directory that goes away with the first of the two.
pub(crate) fn home() -> (tempfile::TempDir, Home) {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    (directory, home)
}

pub(crate) fn begin(home: &Home) -> (RunWriter, SignalLog) {
    let writer = RunWriter::create(home, new_run("default", "test")).unwrap();
    let log = writer.log().unwrap();
    (writer, log)
}

/// A run that is done, with a last loss.
pub(crate) fn done(home: &Home, project: &str, name: &str, loss: f64) -> RunId {
    let writer = RunWriter::create(home, new_run(project, name)).unwrap();
    let log = writer.log().unwrap();
    say(&log, "loss", 1, 9.0);
    say(&log, "loss", 2, loss);
    drop(log);
    writer.end(RunState::Done, None).unwrap();
    writer.id()
}

pub(crate) fn say(log: &SignalLog, metric: &str, step: u64, value: f64) {
    log.on(aether_core::signal::now(), &Signal::Point { metric: Metric::named(metric), step, value });
}

pub(crate) fn event(kind: &str, step: u64) -> Event {
    Event {
        kind: kind.into(),
        level: Level::Info,
        step,
        message: format!("{kind} at {step}"),
        fields: Default::default(),
    }
}

pub(crate) fn say_event(log: &SignalLog, kind: &str, step: u64) {
    log.on(aether_core::signal::now(), &Signal::Event(event(kind, step)));
}

pub(crate) fn rewind(log: &SignalLog, step: u64) {
    log.on(aether_core::signal::now(), &Signal::Rewind { step });
}

/// A metric's steps and values.
pub(crate) fn series(run: &RunReader, metric: &str) -> Vec<(u64, f64)> {
    run.series(metric).map_or(vec![], |s| s.points().iter().map(|p| (p.step, p.value)).collect())
}

pub(crate) fn read(directory: &RunDirectory) -> RunReader {
    RunReader::open(directory.clone()).unwrap()
}

/// The bytes of the only log of a run.
pub(crate) fn only_log(directory: &RunDirectory) -> Vec<u8> {
    let logs = directory.logs().unwrap();
    assert_eq!(logs.len(), 1);
    std::fs::read(&logs[0].0).unwrap()
}
