//! Makes runs, and asks Python.

use std::{collections::BTreeMap, env, path::Path, process::Command, sync::Arc};

use aether_core::{Bus, Event, Level, Metric, RunState, Signal};
use aether_exchange::{
    ExchangeError,
    export::{Exporter, whole},
    import::{ForeignRun, Kept, Origins, keep},
};
use aether_ledger::{Home, NewRun, RunDirectory, RunReader, RunWriter};
use serde_json::{Value, json};

/// A run's points by metric: step and bits, all NaN alike.
pub(crate) type Points = BTreeMap<String, Vec<(u64, u64)>>;

pub(crate) fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN } else { value }.to_bits()
}

/// A run that is over, with values of every kind.
pub(crate) fn run(home: &Path) -> RunDirectory {
    let new = NewRun {
        name: "größe \"one\"".to_owned(),
        project: "exchange".to_owned(),
        kind: "train".to_owned(),
        spec: json!({"lr": 0.1, "model": {"layers": [1, 2]}, "note": "a\nb"}),
        command: Vec::new(),
        directory: home.to_owned(),
        tags: vec!["baseline".to_owned()],
    };
    let writer = RunWriter::create(&Home::at(home), new).unwrap();
    let mut bus = Bus::new();
    bus.add(Arc::new(writer.log().unwrap()));
    let (loss, accuracy) = (Metric::named("train/loss"), Metric::named("größe/λ"));
    let event = |kind: &str, fields: Value| {
        let fields = fields.as_object().unwrap().clone();
        let (kind, message) = (kind.to_owned(), "Said".to_owned());
        bus.emit(&Signal::Event(Event { kind, level: Level::Warning, step: 3, message, fields }));
    };
    event("config", json!({"seed": 7}));
    for step in 1..=200u64 {
        bus.points(step, &[(loss, 1.0 / step as f64), (accuracy, step as f64 * -0.1)]);
    }
    for (step, value) in (201..).zip([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MIN]) {
        bus.point(loss, step, value);
    }
    bus.point(Metric::named("huge"), 0, 0.0);
    bus.point(Metric::named("huge"), 1 << 53, 1.0);
    event("text", json!({"name": "sample", "text": "hello\nworld"}));
    event("summary", json!({"best": 0.5}));
    event("alert", json!({"title": "Hot", "text": "Very \"hot\""}));
    assert_eq!(bus.sync(), Vec::<String>::new());
    drop(bus);
    writer.end(RunState::Done, None).unwrap();
    writer.directory().clone()
}

pub(crate) fn points(directory: &RunDirectory) -> Points {
    let reader = RunReader::open(directory.clone()).unwrap();
    reader
        .metrics()
        .map(|(name, series)| {
            (name.to_owned(), series.points().iter().map(|p| (p.step, bits(p.value))).collect())
        })
        .collect()
}

/// Exports the whole run; where it went.
pub(crate) fn export(directory: &RunDirectory, mut exporter: impl Exporter) -> String {
    let said: usize = points(directory).values().map(Vec::len).sum();
    assert_eq!(whole(directory, &mut exporter).unwrap(), said as u64);
    exporter.end(&directory.run().unwrap()).unwrap()
}

/// Imports into `home`, twice: the second time nothing is written.
pub(crate) fn import(
    home: &Path,
    read: impl Fn() -> Result<Vec<ForeignRun>, ExchangeError>,
) -> Vec<(RunDirectory, Kept)> {
    let home = Home::at(home);
    let keep_all = || -> Vec<Kept> {
        let mut origins = Origins::read(&home).unwrap();
        read().unwrap().into_iter().map(|run| keep(&home, &mut origins, run, None).unwrap()).collect()
    };
    let (first, second) = (keep_all(), keep_all());
    let ids = |kept: &[Kept]| kept.iter().map(|k| k.run).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    assert!(first.iter().all(|k| !k.before) && second.iter().all(|k| k.before));
    assert_eq!(home.run_directories().unwrap().len(), first.len());
    first.into_iter().map(|k| (home.run(&k.project, k.run).unwrap(), k)).collect()
}

/// The Python of `scripts/python`, if it has these modules. Where CI promises it, its absence is a failure.
pub(crate) fn python(modules: &str) -> Option<Command> {
    let ci = env::var_os("CI").is_some_and(|ci| ci == "true");
    let python = env::var_os("AETHER_PYTHON").or_else(|| {
        assert!(!ci, "AETHER_PYTHON is not set: run scripts/test");
        eprintln!("skipped: AETHER_PYTHON is not set: run scripts/test");
        None
    })?;
    let found = Command::new(&python).args(["-c", &format!("import {modules}")]).output().unwrap();
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success() || !ci, "{modules}: {said}");
    if !found.status.success() {
        eprintln!("skipped: {} has not all of {modules}", python.display());
        return None;
    }
    let mut command = Command::new(python);
    // MLflow's own reports change the environment that another of its threads reads.
    command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("PYTHONUTF8", "1");
    Some(command)
}

/// Runs a script; each line that it prints, as JSON.
#[track_caller]
pub(crate) fn script(mut python: Command, script: &str, args: &[&str]) -> Vec<Value> {
    let done = python.args(["-c", script]).args(args).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines()
        .filter(|line| line.starts_with('['))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Points from lines `[metric, step, repr(value)]`.
pub(crate) fn said(lines: &[Value]) -> Points {
    let mut points = Points::new();
    for line in lines {
        let value: f64 = line[2].as_str().unwrap().parse().unwrap();
        let of = points.entry(line[0].as_str().unwrap().to_owned()).or_default();
        of.push((line[1].as_u64().unwrap(), bits(value)));
    }
    points.values_mut().for_each(|of| of.sort_unstable());
    points
}
