//! Exact resume: wherever a training stops or dies, its final bits and all of its points are those of one that never
//! did.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod lab;

use std::{path::Path, sync::Arc};

use aetheria::{
    snapshot::Snapshot,
    train::{EarlyStopping, Every, Outcome, Phase, Settings, SnapshotPlan, TrainError},
};
use lab::{Log, Process, Series, clouds, settings};

/// What an uninterrupted training leaves, and how many calls of its strategy that takes.
fn uninterrupted(settings: &Settings) -> (Vec<u32>, Series, u64) {
    let (data, log) = (clouds(), Arc::new(Log::default()));
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::new(settings, &data, &log);
    let report = process.run(dir.path(), None).unwrap();
    assert!(matches!(report.outcome, Outcome::Finished { .. }), "{report:?}");
    (process.strategy.bits(), log.series(), process.strategy.calls)
}

/// Several plans, so that snapshots, validations and ends fall on each other in many ways.
fn plans() -> Vec<Settings> {
    let by_steps =
        Settings { validate: Every::Steps(2), snapshot: SnapshotPlan::Every(Every::Steps(2)), ..settings() };
    let monitor = settings().best;
    vec![
        settings(),
        Settings { log_every_steps: 3, ..by_steps.clone() },
        Settings {
            validate: Every::Steps(3),
            max_steps: Some(5),
            epochs: None,
            accumulation: 1,
            ..by_steps.clone()
        },
        Settings {
            early_stopping: Some(EarlyStopping { monitor, patience: 2, min_delta: 10.0 }),
            epochs: Some(9),
            ..by_steps
        },
    ]
}

#[test]
fn stopped_at_every_single_call() {
    for settings in plans() {
        let (bits, series, calls) = uninterrupted(&settings);
        let mut phases = Vec::new();
        for call in 1..=calls {
            let (data, log) = (clouds(), Arc::new(Log::default()));
            let dir = tempfile::tempdir().unwrap();
            let first = Process::new(&settings, &data, &log).stop_at(call).run(dir.path(), None).unwrap();
            if first.outcome != Outcome::Interrupted {
                // The last call of all: there was nothing left to stop.
                assert_eq!(call, calls);
                continue;
            }
            let snapshot = first.snapshot.unwrap();
            phases.push((first.progress.phase, first.progress.micro));
            let mut second = Process::new(&settings, &data, &log);
            let report = second.run(dir.path(), Some(&snapshot)).unwrap();
            assert!(matches!(report.outcome, Outcome::Finished { .. }), "{report:?}");
            assert_eq!(second.strategy.bits(), bits, "weights, stopped in call {call}");
            assert_eq!(log.series(), series, "points, stopped in call {call}");
            assert_eq!(log.events("resumed").len(), 1);
        }
        assert!(phases.iter().any(|&(phase, _)| phase == Phase::Validate), "{phases:?}");
        assert!(settings.accumulation == 1 || phases.iter().any(|&(_, micro)| micro > 1), "{phases:?}");
    }
}

#[test]
fn stopped_again_and_again() {
    for settings in plans() {
        let (bits, series, _) = uninterrupted(&settings);
        let (data, log) = (clouds(), Arc::new(Log::default()));
        let dir = tempfile::tempdir().unwrap();
        let mut from = None;
        // A validation is not divided, so a process must be let live for one: 3 batches and the call after it.
        for call in (1..5).cycle() {
            let mut process = Process::new(&settings, &data, &log).stop_at(call);
            let report = process.run(dir.path(), from.as_deref()).unwrap();
            if report.outcome != Outcome::Interrupted {
                assert_eq!(process.strategy.bits(), bits);
                break;
            }
            from = report.snapshot;
        }
        assert_eq!(log.series(), series);
    }
}

#[test]
fn died_at_every_single_call() {
    for settings in plans() {
        let (bits, series, calls) = uninterrupted(&settings);
        for call in 1..=calls {
            let (data, log) = (clouds(), Arc::new(Log::default()));
            let dir = tempfile::tempdir().unwrap();
            let died = Process::new(&settings, &data, &log).die_at(call).run(dir.path(), None);
            assert!(matches!(died, Err(TrainError::Strategy(_))));
            let latest = dir.path().join("latest.safetensors");
            if !latest.exists() {
                continue;
            }
            // A second death, so that what the second process said after its snapshot is in the log as well.
            let _ = Process::new(&settings, &data, &log).die_at(6).run(dir.path(), Some(&latest));
            let mut last = Process::new(&settings, &data, &log);
            last.run(dir.path(), Some(&latest)).unwrap();
            assert_eq!(last.strategy.bits(), bits, "weights, died in call {call}");
            assert_eq!(log.series(), series, "points, died in call {call}");
        }
    }
}

#[test]
fn a_finished_training_goes_on_with_a_farther_goal() {
    // A schedule that knows the end would move with it.
    let longer = Settings { schedule: aetheria::schedule::Schedule::CONSTANT, ..settings() };
    let shorter = Settings { epochs: Some(1), ..longer.clone() };
    let (bits, series, _) = uninterrupted(&longer);
    let (data, log) = (clouds(), Arc::new(Log::default()));
    let dir = tempfile::tempdir().unwrap();
    let report = Process::new(&shorter, &data, &log).run(dir.path(), None).unwrap();
    let mut second = Process::new(&longer, &data, &log);
    second.run(dir.path(), report.snapshot.as_deref()).unwrap();
    assert_eq!((second.strategy.bits(), log.series()), (bits, series));
}

fn interrupted(settings: &Settings, dir: &Path) -> std::path::PathBuf {
    let (data, log) = (clouds(), Arc::new(Log::default()));
    Process::new(settings, &data, &log).stop_at(3).run(dir, None).unwrap().snapshot.unwrap()
}

#[test]
fn what_makes_a_step_must_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = interrupted(&settings(), dir.path());
    let log = Arc::new(Log::default());
    for (key, value) in [("batch_size", 8), ("seed", 6), ("grad_accumulation_steps", 2)] {
        let mut changed = settings();
        changed.experiment[key] = value.into();
        let error = Process::new(&changed, &clouds(), &log).run(dir.path(), Some(&path)).unwrap_err();
        assert!(matches!(&error, TrainError::Changed { key: k, .. } if k == key), "{error}");
    }
    let other = lab::dataset(lab::samples(23, 9), None);
    let settings = settings();
    let error = Process::new(&settings, &other, &log).run(dir.path(), Some(&path)).unwrap_err();
    assert!(error.to_string().contains("data is two clouds (fingerprint"), "{error}");
}

#[test]
fn what_else_changes_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = interrupted(&settings(), dir.path());
    let (data, log) = (clouds(), Arc::new(Log::default()));
    let mut changed = Settings { learning_rate: 0.01, ..settings() };
    changed.experiment["learning_rate"] = 0.01.into();
    Process::new(&changed, &data, &log).run(dir.path(), Some(&path)).unwrap();
    let resumed = &log.events("resumed")[0];
    assert_eq!(resumed.fields["changed"], serde_json::json!(["learning_rate"]));
}

#[test]
fn an_interruption_inside_a_window_keeps_its_gradients() {
    let dir = tempfile::tempdir().unwrap();
    let path = interrupted(&settings(), dir.path());
    assert_eq!(path.file_name().unwrap(), "snapshot_step0_micro3.safetensors");
    let snapshot = Snapshot::open(&path).unwrap();
    assert!(snapshot.tensors().any(|(name, shape)| name == "gradient/weights" && shape == [2, 3]));
    assert_eq!(snapshot.header().progress.phase, Phase::Accumulate);
}
