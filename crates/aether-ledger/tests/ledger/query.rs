//! Queries hold for the runs that they describe, and for no others.

use std::{thread, time::Duration};

use aether_core::{Listener, RunState, Signal};
use aether_ledger::{Filter, Home, Index, NewRun, Query, RunWriter, Sort};
use serde_json::json;

use crate::support::*;

fn run(home: &Home, name: &str, spec: serde_json::Value, tags: &[&str], losses: &[f64], state: RunState) {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let writer = RunWriter::create(home, NewRun { spec, tags, ..new_run("default", name) }).unwrap();
    let log = writer.log().unwrap();
    losses.iter().enumerate().for_each(|(step, &loss)| say(&log, "val/loss", step as u64, loss));
    if name == "b" {
        let mut event = event("summary", 0);
        event.fields = json!({"val/loss": 0.01, "best epoch": 3}).as_object().unwrap().clone();
        log.on(aether_core::signal::now(), &Signal::Event(event));
    }
    drop(log);
    writer.end(state, None).unwrap();
    thread::sleep(Duration::from_millis(2));
}

#[test]
fn every_kind_of_condition() {
    let (_dir, home) = home();
    let opt =
        |kind: &str| json!({"lr": 1e-3, "optimizer": {"kind": kind}, "amp": true, "cache": 2_147_483_648u64});
    run(&home, "a", opt("adam"), &["baseline", "quick"], &[3.0, 0.5, 1.0], RunState::Done);
    run(&home, "b", opt("sgd"), &["baseline"], &[2.0, 0.2, f64::NAN], RunState::Failed);
    run(&home, "c d", json!({"lr": 0.1, "amp": false}), &[], &[], RunState::Done);
    let index = Index::open(&home).unwrap();
    let holds = |text: &str| {
        let query = Query::parse(text).unwrap_or_else(|e| panic!("{e}"));
        query.check(index.entries()).unwrap_or_else(|e| panic!("{e}"));
        let filter = Filter { query: Some(query), ..Filter::default() };
        index.list(&filter, &Sort::Oldest).iter().map(|e| &e.name[..1]).collect::<String>()
    };
    for (query, runs) in [
        ("state = done", "ac"),
        ("state != done", "b"),
        ("state ~ d*", "ac"),
        ("name = 'c d'", "c"),
        ("name ~ /^[ab]$/", "ab"),
        ("name ~ ?", "ab"),
        ("tag = baseline", "ab"),
        ("tag != quick", "bc"),
        ("tag", "ab"),
        ("not tag", "c"),
        ("val/loss < 0.1", "b"),
        ("val/loss = 1", "a"),
        ("val/loss.last = nan", "b"),
        ("val/loss.min <= 0.2 or val/loss.max >= 3", "ab"),
        ("val/loss.first > 2.5", "a"),
        ("val/loss.count = 3 and val/loss.mean < 1.2", "b"),
        ("`best epoch` = 3", "b"),
        ("lr > 1e-4 and lr < 0.01", "ab"),
        ("optimizer.kind = adam", "a"),
        ("optimizer.kind != adam", "bc"),
        ("amp = true", "ab"),
        ("amp", "ab"),
        ("cache >= 2GiB", "ab"),
        ("cache > 2GiB", ""),
        ("duration < 1h", "abc"),
        ("duration >= 1h", ""),
        ("created > 1h", "abc"),
        ("created < 2020-01-01", ""),
        ("created > 2020-01-01T00:00:00Z AND project = default and kind = train", "abc"),
        ("state = done and (tag = quick or lr = 0.1)", "ac"),
        ("not (state = done or tag = quick)", "b"),
        ("host ~ * and user ~ *", "abc"),
    ] {
        assert_eq!(holds(query), runs, "{query}");
    }
    let unknown = Query::parse("tag = x or val/los.min < 1").unwrap().check(index.entries()).unwrap_err();
    let said = unknown.to_string();
    assert!(said.contains("'val/los.min'; did you mean 'val/loss"), "{said}");
    assert!(said.ends_with("\n             ^^^^^^^^^^^"), "{said}");
}
