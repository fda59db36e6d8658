use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use aether_core::Metric;
use aether_ledger::Home;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    harness::Scratch,
    pty::PATIENCE,
    run::{record, sh},
};

/// Points of a log that its supervisor finds long: more than 64 MiB.
const MANY: u64 = 6_600_000;

/// A log of so many points, in a home of its own.
fn long_log() -> (Scratch, PathBuf) {
    let scratch = Scratch::new();
    let id = scratch.run_that("long", json!({}), |bus| {
        let loss = Metric::named("loss");
        for step in 0..MANY {
            bus.point(loss, step, (step as f64).sin());
            if step % 500_000 == 0 {
                bus.sync();
            }
        }
    });
    let log = Home::at(scratch.home()).run("default", id).unwrap().logs().unwrap().remove(0).0;
    assert!(fs::metadata(&log).unwrap().len() > 64 << 20);
    (scratch, log)
}

/// Runs a program that says what is in `log`, to its end; the run's directory of series.
fn say(scratch: &Scratch, log: &Path) -> PathBuf {
    let script = format!("cp {} $AETHER_RUN_DIR/signals/host-1-1.log", log.display());
    sh(scratch, "--no-watch", &script).run().ok();
    record(scratch).0.join("series")
}

/// Waits until `found` finds something below `directory` by its name's end.
fn wait_for(directory: &Path, end: &str) -> PathBuf {
    let until = Instant::now() + PATIENCE;
    loop {
        let files = fs::read_dir(directory).into_iter().flatten();
        let mut paths = files.map(|file| file.unwrap().path());
        if let Some(path) = paths.find(|path| path.to_string_lossy().ends_with(end)) {
            return path;
        }
        assert!(Instant::now() < until, "no {end} in {}", directory.display());
        thread::sleep(Duration::from_millis(1));
    }
}

fn points(scratch: &Scratch) -> Value {
    scratch.aether("show @latest --json").run().json()[0]["metrics"]["loss"]["count"].clone()
}

#[test]
fn a_long_run_is_compacted_by_its_supervisor_while_nobody_waits_and_read_whole_after_its_death() {
    let (_other, log) = long_log();
    let scratch = Scratch::new();
    let series = say(&scratch, &log);
    // The program's user was told of its end already; what compacts is killed in the middle.
    wait_for(&series, ".part");
    let supervisor = record(&scratch).1["pid"].as_i64().unwrap();
    kill_process(Pid::from_raw(supervisor as i32).unwrap(), Signal::KILL).unwrap();
    let dead = || match fs::read_to_string(format!("/proc/{supervisor}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    while !dead() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(record(&scratch).1["state"], "done");
    let published = |end: &str| {
        fs::read_dir(&series).unwrap().any(|file| file.unwrap().file_name().to_string_lossy().ends_with(end))
    };
    assert!(published(".part") && !published(".series"), "it was in the middle");
    assert_eq!(points(&scratch), MANY);
    assert!(scratch.aether("compact @latest").run().ok().contains(&format!("{MANY} points in ")));
    assert_eq!(points(&scratch), MANY);

    // And one that nobody kills.
    let scratch = Scratch::new();
    let file = wait_for(&say(&scratch, &log), ".series");
    assert!(fs::metadata(file).unwrap().len() > 0);
    assert_eq!(points(&scratch), MANY);
    assert_eq!(scratch.aether("compact @latest").run().ok(), "nothing to compact\n");
}

#[test]
fn runs_that_are_named_are_compacted_and_say_the_same() {
    let scratch = Scratch::new();
    let id = scratch.run("a", json!({}), &[3.0, 2.0, f64::NAN]);
    scratch.run("b", json!({}), &[1.0]);
    let before = scratch.aether("plot a --json").run().ok();
    let told = scratch.aether("compact a").run().ok();
    assert!(told.starts_with(&format!("{id}: 3 points in ")) && told.contains("of logs"), "{told}");
    let series = Home::at(scratch.home()).run("default", id).unwrap().series();
    assert_eq!(fs::read_dir(&series).unwrap().count(), 1);
    assert_eq!(scratch.aether("plot a --json").run().ok(), before);
    assert_eq!(scratch.aether("compact a").run().ok(), "nothing to compact\n");
    let rows = scratch.aether("compact b --json").run().json();
    assert_eq!((&rows[0]["points"], rows.len()), (&json!(1), 1));
    assert!(
        fs::metadata(rows[0]["file"].as_str().unwrap()).unwrap().len() == rows[0]["bytes"].as_u64().unwrap()
    );
    let error = scratch.aether("compact none").run().refused();
    assert!(error.contains("no run is called 'none'"), "{error}");
}

#[test]
fn without_names_the_long_ones_are() {
    let scratch = Scratch::new();
    scratch.run("short", json!({}), &[1.0]);
    let long = scratch.run_that("long", json!({}), |bus| {
        let loss = Metric::named("train/loss");
        (0..40_000).for_each(|step| bus.point(loss, step, 0.5));
    });
    assert_eq!(scratch.aether("compact --quiet").run().ok(), format!("{long}\n"));
    assert_eq!(scratch.aether("compact").run().ok(), "nothing to compact\n");
}

#[test]
fn what_cannot_be_compacted_is_said_and_stops_no_other() {
    let scratch = Scratch::new();
    let hurt = scratch.run("hurt", json!({}), &[1.0]);
    scratch.run("well", json!({}), &[1.0, 2.0]);
    // A log of a format to come.
    let log = Home::at(scratch.home()).run("default", hurt).unwrap().logs().unwrap().remove(0).0;
    let mut bytes = fs::read(&log).unwrap();
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    bytes[8 + 7] = 99;
    let crc = crc32(&bytes[8..8 + length]);
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    fs::write(&log, bytes).unwrap();
    let done = scratch.aether("compact hurt well --json").run();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.contains("log format 99") && done.stderr.contains("1 run could not be compacted"),
        "{done:?}"
    );
    assert!(done.stdout.contains("\"points\":2"), "{done:?}");
}

/// CRC-32 (IEEE 802.3), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
