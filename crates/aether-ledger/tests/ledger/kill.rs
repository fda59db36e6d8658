//! kill -9 at any instant loses at most what the writer's loss bound says, and leaves everything readable.

use std::{
    thread,
    time::{Duration, Instant},
};

use aether_ledger::{Index, RunDirectory, Standing};

use crate::{child::Writer, support::*};

/// Checks that the log is whole from its beginning; returns its last step.
fn last_step(directory: &RunDirectory) -> u64 {
    let run = read(directory);
    assert_eq!(run.damage(), []);
    let series = series(&run, "loss");
    let expected: Vec<_> = (1..=series.len() as u64).map(|step| (step, step as f64)).collect();
    assert_eq!(series, expected);
    series.len() as u64
}

#[test]
fn what_was_synced_survives_a_kill_at_any_instant() {
    let (_dir, home) = home();
    for instant in [1, 2, 3, 5, 8, 13, 21, 34] {
        let mut writer = Writer::start(&home, "sync", None);
        let mut synced = 0;
        for _ in 0..instant {
            synced = writer.told("synced").unwrap();
        }
        // Somewhere between two syncs.
        thread::sleep(Duration::from_micros(137 * instant));
        writer.kill();
        while let Some(step) = writer.told("synced") {
            synced = step;
        }
        assert!(last_step(&writer.directory) >= synced, "synced {synced}");
        let run = writer.directory.run().unwrap();
        assert_eq!(writer.directory.standing(&run), Standing::Died);
    }
    let index = Index::open(&home).unwrap();
    assert_eq!((index.entries().len(), index.passed_over().len()), (8, 0));
    assert!(index.entries().iter().all(|entry| entry.standing == Standing::Died));
}

#[test]
fn what_was_said_is_handed_over_without_a_sync() {
    let (_dir, home) = home();
    let mut writer = Writer::start(&home, "wait", None);
    assert_eq!(writer.told("said"), Some(1000));
    // The bound is 50 ms; a busy machine may take its time.
    let begin = Instant::now();
    while last_step(&writer.directory) < 1000 {
        assert!(begin.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(10));
    }
    writer.kill();
    assert_eq!(last_step(&writer.directory), 1000);
}

#[test]
fn so_is_what_is_said_after_a_silence() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    for step in 1..=3 {
        // Long enough for the writing thread to fall asleep.
        thread::sleep(Duration::from_millis(150));
        say(&log, "loss", step, step as f64);
        let begin = Instant::now();
        while last_step(writer.directory()) < step {
            assert!(begin.elapsed() < Duration::from_secs(30), "nobody woke it for step {step}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}
