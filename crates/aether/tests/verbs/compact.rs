use std::fs;

use aether_core::Metric;
use aether_ledger::Home;
use serde_json::json;

use crate::harness::Scratch;

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
