use std::fs;

use aether_core::Metric;
use aether_ledger::Home;
use serde_json::json;

use crate::harness::{Scratch, golden};

#[test]
fn everything_about_a_run() {
    let scratch = Scratch::new();
    let id = scratch.run("digits", json!({"epochs": 3, "optimizer": {"kind": "adam"}}), &[2.0, 0.5]);
    for query in [id.as_str(), &id.as_str()[..4], "digits", "@latest"] {
        let shown = scratch.aether("show").arg(query).run().ok();
        assert!(shown.starts_with(&format!("run       {id}\nname      digits\n")), "{shown}");
        let has =
            |words: &[&str]| shown.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
        assert!(has(&["state", "done"]), "{shown}");
        assert!(has(&["optimizer.kind", "adam"]), "{shown}");
        assert!(has(&["train/loss", "0.5000", "2", "0.5000", "2.0000", "2", "0"]), "{shown}");
    }
}

#[test]
fn as_json() {
    let scratch = Scratch::new();
    let id = scratch.run("digits", json!({"epochs": 3}), &[2.0]);
    let shown = &scratch.aether("show @latest --json").run().json()[0];
    assert_eq!(shown["id"], id.as_str());
    assert_eq!(shown["standing"], "done");
    assert_eq!(shown["spec"]["epochs"], 3);
    assert_eq!(scratch.aether("show @latest --quiet").run().ok(), format!("{id} done\n"));
}

#[test]
fn what_events_say_of_the_run_as_a_whole() {
    let scratch = Scratch::new();
    scratch.described("a", 0.5);
    let shown = scratch.aether("show a").run().ok();
    let has = |words: &[&str]| shown.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
    assert!(
        has(&["optimizer.lr", "0.1"]) && has(&["seed", "1"]) && has(&["tags", "quick,", "baseline"]),
        "{shown}"
    );
    assert!(
        has(&["best", "0.5"]) && has(&["train/loss", "0.5000", "2", "1.0000", "3.0000", "2", "0"]),
        "{shown}"
    );
    let json = &scratch.aether("show a --json").run().json()[0];
    assert_eq!(json["parameters"], json!({"seed": 1, "optimizer.lr": 0.1}));
    assert_eq!(
        (&json["summary"]["best"], &json["metrics"]["train/loss"]["last"]),
        (&json!(0.5), &json!(0.5))
    );
}

/// A run whose log has a byte flipped in its middle, and whose file of series is cut.
fn damaged(scratch: &Scratch) {
    let id = scratch.run("hurt", json!({}), &[3.0, 2.0, 1.0]);
    let directory = Home::at(scratch.home()).run("default", id).unwrap();
    let file = aether_ledger::compact(&directory).unwrap().unwrap().file;
    let series = fs::read(&file).unwrap();
    fs::write(&file, &series[..series.len() - 1]).unwrap();
    let log = directory.logs().unwrap().remove(0).0;
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    // As if more had been said, so that what stands before it is damage and no torn end.
    let whole = fs::read(&log).unwrap();
    bytes.extend(whole);
    fs::write(&log, bytes).unwrap();
}

#[test]
fn what_is_damaged_is_said_by_show_and_logs() {
    let scratch = Scratch::new();
    damaged(&scratch);
    for verb in ["show hurt", "logs hurt --events"] {
        let done = scratch.aether(verb).run();
        let said = format!("{}{}", done.stdout, done.stderr);
        assert_eq!(done.code, Some(0), "{said}");
        assert!(said.contains("it does not end as such a file does"), "{said}");
        assert!(said.contains("is damaged from byte"), "{said}");
    }
    let damage = scratch.aether("show hurt --json").run().json()[0]["damage"].clone();
    assert_eq!(damage.as_array().unwrap().len(), 2, "{damage}");
    let lines = scratch.aether("logs hurt --events --json").run().json();
    assert_eq!(lines.iter().filter(|line| line["damage"].is_string()).count(), 2, "{lines:?}");
}

/// A run of a program that was watched.
fn watched(scratch: &Scratch) {
    scratch.run_that("watched", json!({"lr": 0.1}), |bus| {
        for (name, value) in [
            ("system/cpu/usage", 0.5),
            ("system/gpu/0/power", 250.0),
            ("loss", 2.0),
            ("train/accuracy", 0.75),
            ("systematic", 1.0),
        ] {
            bus.point(Metric::named(name), 1, value);
        }
    });
}

#[test]
fn a_programs_own_metrics_come_first_and_the_machines_when_they_are_asked_for() {
    let scratch = Scratch::new();
    watched(&scratch);
    let metrics = |options: &str| {
        let shown = scratch.aether("show watched").args(options).run().ok();
        shown[shown.find("\n\n").unwrap()..].to_owned()
    };
    golden("show.txt", &metrics(""));
    golden("show_system.txt", &metrics("--system"));
    let json = &scratch.aether("show watched --json").run().json()[0];
    assert_eq!(json["metrics"].as_object().unwrap().len(), 5, "a program gets them all");
}
