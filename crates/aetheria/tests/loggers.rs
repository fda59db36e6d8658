//! The built-in loggers: what is in their files after a training that was killed and taken up again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod lab;

use std::{path::Path, sync::Arc};

use aether_core::{Bus, Listener, Signal, config};
use aetheria::{
    logger::{CsvLogger, JsonLinesLogger},
    snapshot::{Snapshot, SnapshotStore},
    train::{Orchestrator, Parts, StopFlag},
};
use lab::{Log, Softmax, clouds, settings};

fn options(path: &Path) -> config::Node {
    config::parse("options", &format!("path: {}", path.display())).unwrap()
}

/// Trains with a listener until `die_at`, and returns what a ledger would hold.
fn train(listener: Arc<dyn Listener>, log: &Arc<Log>, snapshots: &Path, die_at: Option<u64>) {
    let (settings, data, stop) = (settings(), clouds(), StopFlag::default());
    let mut strategy = Softmax::new(settings.seed);
    strategy.die_at = die_at;
    let mut bus = Bus::new();
    bus.add(listener);
    bus.add(log.clone());
    let store = SnapshotStore::open(snapshots, 3).unwrap();
    let latest = snapshots.join("latest.safetensors");
    let parts = Parts {
        settings: &settings,
        data: &data,
        strategy: &mut strategy,
        bus: &bus,
        stop: &stop,
        store,
        callbacks: vec![],
    };
    let mut orchestrator = Orchestrator::new(parts).unwrap();
    if latest.exists() {
        orchestrator.resume(&Snapshot::open(latest).unwrap()).unwrap();
    }
    let _ = orchestrator.run();
}

#[test]
fn csv_holds_each_point_once() {
    let dir = tempfile::tempdir().unwrap();
    let (path, log) = (dir.path().join("metrics.csv"), Arc::new(Log::default()));
    std::fs::write(&path, "what another program left\n").unwrap();
    // Died in the second epoch, after the snapshot of the first; one row is torn.
    train(Arc::new(options(&path).read::<CsvLogger>().unwrap()), &log, dir.path(), Some(18));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.lines().any(|line| line.contains(",3,train/loss,")), "{text}");
    std::fs::write(&path, format!("{text}2026-01-01T00:00:00Z,4,tra")).unwrap();
    train(Arc::new(options(&path).read::<CsvLogger>().unwrap()), &log, dir.path(), None);

    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("time,step,metric,value"));
    let mut rows: Vec<(String, u64, f64)> = lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (fields[2].to_owned(), fields[1].parse().unwrap(), fields[3].parse().unwrap())
        })
        .collect();
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let expected: Vec<_> = log
        .series()
        .into_iter()
        .map(|((name, step), bits)| (name.to_owned(), step, f64::from_bits(bits)))
        .collect();
    assert_eq!(rows, expected);
    let previous = std::fs::read_to_string(dir.path().join("metrics.csv.previous")).unwrap();
    assert_eq!(previous, "what another program left\n");
}

#[test]
fn json_lines_hold_everything_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (path, log) = (dir.path().join("metrics.jsonl"), Arc::new(Log::default()));
    train(Arc::new(options(&path).read::<JsonLinesLogger>().unwrap()), &log, dir.path(), Some(18));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}{{\"torn")).unwrap();
    train(Arc::new(options(&path).read::<JsonLinesLogger>().unwrap()), &log, dir.path(), None);

    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(text.lines().count(), lines.len() + 1, "the torn line alone cannot be read");
    assert!(lines.iter().any(|line| line["rewind"] == 1));
    assert!(lines.iter().any(|line| line["event"] == "resumed"));
    let mut points = std::collections::BTreeMap::new();
    for line in &lines {
        if let Some(last) = line["rewind"].as_u64() {
            points.retain(|&(_, step), _| step <= last);
        } else if let Some(name) = line["metric"].as_str() {
            points.insert((name, line["step"].as_u64().unwrap()), line["value"].as_f64().unwrap().to_bits());
        }
    }
    assert_eq!(points, log.series());
}

#[test]
fn a_file_that_cannot_be_made_is_refused_at_once() {
    let node = options(Path::new("/nowhere/metrics.csv"));
    let error = node.read::<CsvLogger>().unwrap_err().to_string();
    assert!(error.contains("/nowhere/metrics.csv: No such file"), "{error}");
    assert!(node.read::<JsonLinesLogger>().is_err());
}

#[test]
fn a_full_disk_is_trouble_and_no_panic() {
    // Linux' device that is always full.
    let logger = options(Path::new("/dev/full")).read::<JsonLinesLogger>().unwrap();
    logger.on(0, &Signal::Rewind { step: 0 });
    let error = logger.sync().unwrap_err();
    assert!(error.contains("cannot write /dev/full: No space left"), "{error}");
}
