//! What is told as it happens.

use std::time::Instant;

use aether_core::{Bus, Event, Level, Listener, Metric, RunId, RunState, Signal, signal};
use aether_ledger::{Home, NewRun, RunWriter, SignalLog};
use serde_json::{Value, json};

use super::client::{Block, Dash, PATIENCE};
use crate::harness::Scratch;

/// A run of this process that goes on.
struct Going {
    writer: RunWriter,
    bus: Bus,
}

impl Going {
    fn begin(scratch: &Scratch) -> Self {
        let new = NewRun {
            name: "going".to_owned(),
            project: "default".to_owned(),
            kind: "script".to_owned(),
            spec: json!({}),
            command: vec!["test".to_owned()],
            directory: scratch.path().to_owned(),
            tags: Vec::new(),
        };
        let writer = RunWriter::create(&Home::at(scratch.home()), new).unwrap();
        let mut bus = Bus::new();
        bus.add(std::sync::Arc::new(writer.log().unwrap()));
        Self { writer, bus }
    }

    fn id(&self) -> RunId {
        self.writer.id()
    }

    fn say(&self, step: u64, value: f64) {
        self.bus.point(Metric::named("loss"), step, value);
    }

    fn end(self) {
        assert_eq!(self.bus.sync(), Vec::<String>::new());
        drop(self.bus);
        self.writer.end(RunState::Done, None).unwrap();
    }
}

/// Steps and values of `loss` in messages for `key`, until there are so many.
fn heard(page: &mut super::client::Page, key: &str, count: usize) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    while all.len() < count {
        for Block { kind, columns, .. } in page.blocks(key) {
            assert_eq!(kind, 0);
            all.extend(columns[0].iter().copied().zip(columns[2].iter().copied()));
        }
    }
    all
}

#[test]
fn points_come_as_they_are_said_each_once() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    run.say(1, 0.5);
    assert_eq!(run.bus.sync(), Vec::<String>::new());
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "k", "to": "series", "id": run.id(), "metrics": ["loss"]}));
    assert_eq!(heard(&mut page, "k", 1), [(1.0, 0.5)]);
    for step in 2..50 {
        run.say(step, step as f64);
    }
    let expected: Vec<(f64, f64)> = (2..50).map(|step| (step as f64, step as f64)).collect();
    assert_eq!(heard(&mut page, "k", 48), expected);
    // Another page that has some of it goes on from there.
    let mut other = dash.live();
    other.subscribe(json!({"key": "ö", "to": "series", "id": run.id(), "after": {"loss": 47}}));
    assert_eq!(heard(&mut other, "ö", 2), [(48.0, 48.0), (49.0, 49.0)]);
    run.end();
}

#[test]
fn a_rewind_is_told_and_what_stands_comes_again() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    for step in 1..=5 {
        run.say(step, 1.0);
    }
    assert_eq!(run.bus.sync(), Vec::<String>::new());
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "k", "to": "series", "id": run.id()}));
    assert_eq!(heard(&mut page, "k", 5).len(), 5);
    run.bus.emit(&Signal::Rewind { step: 3 });
    run.say(4, 2.0);
    let rewind = page.until(|value| value.get("rewind").is_some());
    assert_eq!((&rewind["key"], &rewind["rewind"]["step"]), (&json!("k"), &json!(3)));
    assert_eq!(heard(&mut page, "k", 1), [(4.0, 2.0)]);
    // A step that comes late: whoever has later ones gets what lies between again.
    run.say(9, 9.0);
    assert_eq!(heard(&mut page, "k", 1), [(9.0, 9.0)]);
    run.say(7, 7.0);
    let rewind = page.until(|value| value.get("rewind").is_some());
    assert_eq!(rewind["rewind"], json!({"step": 6, "metric": "loss"}));
    assert_eq!(heard(&mut page, "k", 2), [(7.0, 7.0), (9.0, 9.0)]);
    run.end();
}

#[test]
fn a_server_that_is_killed_and_started_again_goes_on_from_the_pages_cursor() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    run.say(1, 1.0);
    assert_eq!(run.bus.sync(), Vec::<String>::new());
    let first = Dash::of(&scratch);
    let mut page = first.live();
    page.subscribe(json!({"key": "k", "to": "series", "id": run.id()}));
    assert_eq!(heard(&mut page, "k", 1), [(1.0, 1.0)]);
    let port = first.port;
    drop(first);
    run.say(2, 2.0);
    assert_eq!(run.bus.sync(), Vec::<String>::new());
    let second = Dash::with(&scratch.home(), &format!("--port {port}"));
    let mut page = second.live();
    page.subscribe(json!({"key": "k", "to": "series", "id": run.id(), "after": {"loss": 1}}));
    assert_eq!(heard(&mut page, "k", 1), [(2.0, 2.0)]);
    run.say(3, 3.0);
    assert_eq!(heard(&mut page, "k", 1), [(3.0, 3.0)]);
    run.end();
}

#[test]
fn runs_come_change_and_go() {
    let scratch = Scratch::new();
    let old = scratch.run("old", json!({}), &[1.0]);
    let dash = Dash::of(&scratch);
    let revision = dash.json("/runs")["revision"].clone();
    let mut page = dash.live();
    page.subscribe(json!({"key": "r", "to": "runs", "columns": "metric.loss", "revision": revision, "q": "name = going or name = old"}));
    let run = Going::begin(&scratch);
    let id = json!(run.id());
    let row = |value: &Value| -> Option<Value> {
        value["runs"]["changed"].as_array()?.iter().find(|row| row["id"] == id).cloned()
    };
    let new = page.until(|value| row(value).is_some());
    assert_eq!(row(&new).unwrap()["state"], json!("running"));
    run.say(1, 0.25);
    page.until(|value| row(value).is_some_and(|row| row["columns"]["metric.loss"] == json!(0.25)));
    run.end();
    page.until(|value| row(value).is_some_and(|row| row["state"] == json!("done")));
    scratch.aether("rm").arg(old.as_str()).run().ok();
    let gone = page.until(|value| value["runs"]["gone"].as_array().is_some_and(|gone| !gone.is_empty()));
    assert_eq!(gone["runs"]["gone"], json!([old]));
}

#[test]
fn a_run_with_its_events_and_its_end() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    // One after the other: once the run is told, what comes from now on is heard as an alert, too.
    page.subscribe(json!({"key": "a", "to": "alerts"}));
    page.subscribe(json!({"key": "x", "to": "run", "id": run.id()}));
    let first = page.until(|value| value.get("run").is_some());
    assert_eq!(first["run"]["state"], json!("running"));
    run.bus.emit(&Signal::Event(Event {
        kind: "alert".to_owned(),
        level: Level::Error,
        step: 4,
        message: "<b>\u{202e}odd\u{1b}[31m".to_owned(),
        fields: serde_json::Map::new(),
    }));
    let (mut events, mut alerts) = (None, None);
    while events.is_none() || alerts.is_none() {
        let value = page.until(|value| value.get("events").is_some() || value.get("alerts").is_some());
        if value["key"] == "x" {
            events = Some(value);
        } else {
            alerts = Some(value);
        }
    }
    // As it was said: who shows it makes it harmless.
    assert_eq!(events.unwrap()["events"][0]["message"], json!("<b>\u{202e}odd\u{1b}[31m"));
    assert_eq!(alerts.unwrap()["alerts"][0]["run"]["name"], json!("going"));
    run.say(5, 1.5);
    page.until(|value| value["run"]["metrics"][0]["last"] == json!(1.5));
    run.end();
    page.until(|value| value["run"]["state"] == json!("done"));
}

/// Says an alert that has this time, and waits until it is written.
fn alert(log: &SignalLog, time: i64, message: &str) {
    let event = Event {
        kind: "alert".to_owned(),
        level: Level::Warning,
        step: 1,
        message: message.to_owned(),
        fields: serde_json::Map::new(),
    };
    log.on(time, &Signal::Event(event));
    log.sync().unwrap();
}

fn messages(told: &Value) -> Vec<&str> {
    told.as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

/// Written while a page is away, with a time before what it was told: it hears it when it is back, from whichever
/// server.
#[test]
fn an_event_that_is_written_late_is_not_missed() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    let log = run.writer.log().unwrap();
    let now = signal::now();
    alert(&log, now, "a");
    alert(&log, now + 2_000, "c");
    let dash = Dash::of(&scratch);
    let path = format!("/runs/{}/events", run.id());
    let first = dash.json(&path);
    assert_eq!((messages(&first["events"]), &first["again"]), (vec!["a", "c"], &json!(false)));
    let since = |told: &Value| format!("{path}?after={}", told["cursor"].as_str().unwrap());
    assert_eq!(dash.json(&since(&first))["events"], json!([]));
    alert(&log, now + 1_000, "b");
    let mut page = dash.live();
    page.subscribe(json!({"key": "x", "to": "run", "id": run.id(), "after": first["cursor"]}));
    let second = page.until(|value| value.get("events").is_some());
    assert_eq!((messages(&second["events"]), &second["again"]), (vec!["a", "b", "c"], &json!(true)));
    let told = dash.json(&since(&first));
    assert_eq!((messages(&told["events"]), &told["again"]), (vec!["a", "b", "c"], &json!(true)));
    assert_eq!(told["cursor"], second["cursor"]);
    // In parts, too.
    let part = dash.json(&format!("{}&limit=1", since(&first)));
    assert_eq!((messages(&part["events"]), &part["again"]), (vec!["a"], &json!(true)));
    let rest = dash.json(&since(&part));
    assert_eq!((messages(&rest["events"]), &rest["again"]), (vec!["b", "c"], &json!(false)));
    // What comes in its order comes alone.
    drop((page, dash));
    alert(&log, now + 3_000, "d");
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "x", "to": "run", "id": run.id(), "after": second["cursor"]}));
    let third = page.until(|value| value.get("events").is_some());
    assert_eq!((messages(&third["events"]), &third["again"]), (vec!["d"], &json!(false)));
    // A page that is there hears a late one, too.
    alert(&log, now + 1_500, "e");
    let fourth = page.until(|value| value.get("events").is_some());
    assert_eq!(messages(&fourth["events"]), ["e"]);
    assert_eq!(dash.json(&path)["cursor"], fourth["cursor"]);
    drop(log);
    run.end();
}

/// Alerts of all runs: those of a run that has ended are seen later than those of one that goes on.
#[test]
fn an_alert_with_an_earlier_time_is_told() {
    let scratch = Scratch::new();
    let (one, two) = (Going::begin(&scratch), Going::begin(&scratch));
    let (log, other) = (one.writer.log().unwrap(), two.writer.log().unwrap());
    let now = signal::now();
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "a", "to": "alerts"}));
    page.subscribe(json!({"key": "h", "to": "host"}));
    // What comes after this is new to the page.
    page.until(|value| value.get("host").is_some());
    let alerts = |page: &mut super::client::Page| page.until(|value| value.get("alerts").is_some());
    alert(&log, now, "first");
    assert_eq!(messages(&alerts(&mut page)["alerts"]), ["first"]);
    alert(&other, now - 60_000_000_000, "a minute before");
    let told = alerts(&mut page);
    assert_eq!(messages(&told["alerts"]), ["a minute before"]);
    drop(page);
    let back = |told: &Value| {
        let mut page = dash.live();
        page.subscribe(json!({"key": "a", "to": "alerts", "after": told["cursor"]}));
        page.subscribe(json!({"key": "h", "to": "host"}));
        page.until(|value| value.get("alerts").is_some() || value.get("host").is_some())
    };
    // Nothing is new: nothing is told again.
    assert!(back(&told).get("host").is_some());
    alert(&other, now - 30_000_000_000, "half a minute before");
    // Looked at a few times a second.
    while dash.json("/alerts")["alerts"].as_array().unwrap().len() < 3 {}
    let again = back(&told);
    assert_eq!(messages(&again["alerts"]), ["first", "half a minute before", "a minute before"]);
    assert_eq!(again["again"], json!(true));
    drop((log, other));
    one.end();
    two.end();
}

#[test]
fn output_as_it_is_printed() {
    let scratch = Scratch::new();
    let marker = scratch.path().join("go");
    let script = format!("echo first; while [ ! -e {} ]; do sleep 0.05; done; echo second", marker.display());
    scratch.aether("run --detach --").arg("sh").arg("-c").arg(script).run().ok();
    let dash = Dash::of(&scratch);
    let mut page = dash.live();
    page.subscribe(json!({"key": "o", "to": "output", "id": "@latest", "from": 0}));
    let line = |value: &Value, text: &str| {
        let lines = value["output"]["lines"].as_array();
        lines.is_some_and(|lines| lines.iter().any(|line| line["text"] == json!(text)))
    };
    page.until(|value| line(value, "first"));
    std::fs::write(marker, "").unwrap();
    let told = page.until(|value| line(value, "second"));
    // The end may be told with the last line, or after it.
    if told["over"] != json!(true) {
        page.until(|value| value["over"] == json!(true));
    }
}

#[test]
fn the_machine_once_a_second_and_signs_of_life() {
    let dash = Dash::of(&Scratch::new());
    let mut page = dash.live();
    page.subscribe(json!({"key": "h", "to": "host"}));
    for _ in 0..2 {
        let told = page.until(|value| value.get("host").is_some());
        assert!(told["host"]["now"]["memory"]["total"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn what_is_not_understood_is_said_and_ends_nothing() {
    let dash = Dash::of(&Scratch::new());
    let mut page = dash.live();
    page.say(&json!({"sbuscribe": {}}));
    assert!(page.until(|_| true)["error"]["error"].as_str().unwrap().contains("sbuscribe"));
    page.subscribe(json!({"key": "k", "to": "series", "id": "nothing"}));
    let error = page.until(|_| true);
    assert_eq!(error["key"], json!("k"));
    assert!(error["error"]["error"].as_str().unwrap().contains("'nothing'"));
    page.subscribe(json!({"key": "q", "to": "runs", "q": "a <"}));
    assert!(page.until(|_| true)["error"]["help"].as_str().unwrap().contains('^'));
    page.subscribe(json!({"key": "x".repeat(300), "to": "host"}));
    assert!(page.until(|_| true)["error"]["error"].as_str().unwrap().contains("255"));
}

/// Somebody subscribes to much and reads nothing: the server works on for others, and that page gets less.
#[test]
fn a_page_that_does_not_read_holds_nobody_up() {
    let scratch = Scratch::new();
    let run = Going::begin(&scratch);
    let dash = Dash::of(&scratch);
    let mut idle = dash.live();
    for key in 0..20 {
        idle.subscribe(json!({"key": key.to_string(), "to": "series", "id": run.id()}));
    }
    let mut page = dash.live();
    page.subscribe(json!({"key": "k", "to": "series", "id": run.id()}));
    let begun = Instant::now();
    for step in 1..=200_000 {
        run.say(step, 0.5);
    }
    let mut last = 0.0;
    while last < 200_000.0 {
        assert!(begun.elapsed() < PATIENCE);
        for block in page.blocks("k") {
            // Far behind, it gets stretches, whose last step is another column.
            last = *block.columns[if block.kind == 0 { 0 } else { 2 }].last().unwrap();
        }
    }
    run.end();
}
