use aether_core::{Event, Level, Metric, Signal};
use serde_json::json;

use crate::harness::Scratch;

fn event(level: Level, step: u64, message: &str) -> Signal {
    let (kind, message) = ("note".to_owned(), message.to_owned());
    Signal::Event(Event { kind, level, step, message, fields: serde_json::Map::new() })
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        bus.emit(&event(Level::Info, 1, "began"));
        bus.point(Metric::named("train/loss"), 1, f64::NAN);
        bus.emit(&event(Level::Error, 2, "disk \u{1b}[31mfull"));
    });
    scratch
}

#[test]
fn in_order_with_times_and_levels() {
    let log = scratch().aether("logs @latest").run().ok();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].ends_with("Z  step 1       began"), "{log}");
    assert!(lines[1].ends_with("step 2       error: disk \\u{1b}[31mfull"), "{log}");
}

#[test]
fn only_what_matters() {
    let scratch = scratch();
    assert_eq!(scratch.aether("logs @latest --level warning --quiet").run().ok(), "disk \\u{1b}[31mfull\n");
    assert_eq!(
        scratch.aether("logs @latest --quiet --points").run().ok().lines().nth(1),
        Some("train/loss 1 NaN")
    );
}

#[test]
fn as_json() {
    let lines = scratch().aether("logs @latest --json --points").run().json();
    assert_eq!((&lines[0]["kind"], &lines[0]["level"]), (&json!("note"), &json!("info")));
    assert_eq!((&lines[1]["metric"], &lines[1]["value"]), (&json!("train/loss"), &json!("NaN")));
    assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')));
}

#[test]
fn following_a_run_that_is_over_ends() {
    assert_eq!(scratch().aether("logs @latest --follow --quiet").run().ok().lines().count(), 2);
}
