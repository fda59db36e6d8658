//! `watch`, of runs that have ended and of one that lives: this test's own process.

use std::{fs, sync::Arc, thread, time::Duration};

use aether_core::{Bus, Metric, RunState};
use aether_ledger::{Home, NewRun, RunReader, RunWriter};
use serde_json::json;

use crate::harness::Scratch;

#[test]
fn what_an_ended_run_said_is_looked_at() {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        for step in 1..100 {
            bus.point(
                Metric::named("train/loss"),
                step,
                if step < 60 { 1.0 / step as f64 } else { f64::NAN },
            );
        }
    });
    let said = scratch.aether("watch @latest").run().ok();
    assert!(said.contains("step 60"), "{said}");
    assert!(said.contains("error: train/loss is NaN at step 60; at step 59 it was still 0.017"), "{said}");
    let lines = scratch.aether("watch @latest --json").run().json();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["fields"]["metric"]),
        (&json!("non_finite"), &json!("train/loss"))
    );
    assert_eq!(lines.len(), 1, "once, though it stays so, and nothing was written down by the first look");
}

#[test]
fn rules_and_their_mistakes() {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        (1..50).for_each(|step| bus.point(Metric::named("accuracy"), step, step as f64));
    });
    let rules = scratch.home().join("watch.yaml");
    fs::write(&rules, "rules:\n  - {name: good, when: accuracy > 20 for 5 steps, then: alert}\n").unwrap();
    let said = scratch.aether("watch @latest").run().ok();
    assert!(said.contains("rule `good` holds at step 25"), "{said}");

    fs::write(&rules, "rules:\n  - when: medain(accuracy, 5) > 20\n    then: alert\n").unwrap();
    let failed = scratch.aether("watch @latest").run();
    assert_eq!(failed.code, Some(2));
    assert!(
        failed.stderr.contains("did you mean `median`?") && failed.stderr.contains("watch.yaml:2"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_run_that_lives() {
    let scratch = Scratch::new();
    let new = NewRun {
        name: "alive".to_owned(),
        project: "default".to_owned(),
        kind: "script".to_owned(),
        spec: json!({}),
        command: Vec::new(),
        directory: scratch.home().to_owned(),
        tags: Vec::new(),
    };
    let writer = RunWriter::create(&Home::at(scratch.home()), new).unwrap();
    let mut bus = Bus::new();
    bus.add(Arc::new(writer.log().unwrap()));
    let rules = scratch.home().join("rules.yaml");
    let mark = scratch.home().join("mark");
    let command = format!("echo $AETHER_RUN_ID $AETHER_ALERT_KIND > {}", mark.display());
    let text = format!(
        "interval: 100ms\nrules:\n  - when: loss > 5\n    then: [alert, snapshot, {{run: '{command}'}}]\n"
    );
    fs::write(&rules, text).unwrap();
    let child = scratch.aether(&format!("watch @latest --json --rules {}", rules.display())).start();

    // Until somebody has looked: the command's mark and values of the machine.
    let loss = Metric::named("loss");
    let machine = || {
        let reader = RunReader::open(writer.directory().clone()).unwrap();
        reader.series("system/process/rss").map_or(0, |series| series.points().len())
    };
    let mut step = 0;
    while !(mark.exists() && machine() > 2) {
        step += 1;
        bus.point(loss, step, 9.0);
        thread::sleep(Duration::from_millis(20));
        assert!(step < 3000, "mark: {}, points: {}", mark.exists(), machine());
    }
    while fs::read_to_string(&mark).unwrap().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(&mark).unwrap(), format!("{} rule\n", writer.id()));
    drop(bus);
    writer.end(RunState::Done, None).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let said = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!(of("rule"), 1, "{said}");
    assert!(said.contains("cannot write a snapshot") && said.contains("asked to run"), "{said}");
    let kept = RunReader::open(writer.directory().clone()).unwrap();
    assert_eq!(kept.events().iter().filter(|e| e.event.kind == "rule").count(), 1, "and it was written down");
    let memory = kept.series("system/process/rss").unwrap().summary().unwrap();
    assert!(memory.last > 1e6, "{memory:?}");
}
