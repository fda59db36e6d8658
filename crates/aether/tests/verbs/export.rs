use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use aether_core::{Metric, RunState};
use aether_ledger::{Home, NewRun, RunWriter};
use serde_json::json;

use crate::harness::Scratch;

#[test]
fn to_files() {
    let scratch = Scratch::new();
    let id = scratch.run("x", json!({"lr": 0.1}), &[1.0, f64::NAN]);
    let said = scratch.aether("export @latest --to csv -o points.csv").run().ok();
    assert_eq!(said, format!("{id}: 2 points to points.csv\n"));
    let csv = fs::read_to_string(scratch.path().join("points.csv")).unwrap();
    assert!(csv.starts_with("run,metric,step,time,value\n") && csv.trim_end().ends_with(",NaN"), "{csv}");
    for format in ["jsonl", "parquet"] {
        let done = scratch.aether("export @latest --json --to").arg(format).run().json();
        assert_eq!((&done[0]["points"], &done[0]["to"]), (&json!(2), &json!(format)));
        assert!(scratch.path().join(format!("{id}.{format}")).is_file());
    }
}

#[test]
fn several_runs_go_into_a_directory() {
    let scratch = Scratch::new();
    let (a, b) = (scratch.run("a", json!({}), &[1.0]), scratch.run("b", json!({}), &[2.0]));
    let places = scratch.aether("export a b --to csv -o tables --quiet").run().ok();
    assert_eq!(places, format!("tables/{a}.csv\ntables/{b}.csv\n"));
    assert!(scratch.path().join(format!("tables/{b}.csv")).is_file());
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    assert!(scratch.aether("export x --to mlflow").run().refused().contains("--url"));
    assert!(scratch.aether("export x --to tensorbord").run().refused().contains("tensorboard"));
    assert!(scratch.aether("export none --to csv").run().refused().contains("'none'"));
    let done = scratch.aether("export x --to csv -o /proc/none/x.csv").run();
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/proc/none/x.csv"), "{done:?}");
}

#[test]
fn a_run_is_followed_to_its_end() {
    let scratch = Scratch::new();
    let new = NewRun {
        name: "live".to_owned(),
        project: "default".to_owned(),
        kind: "train".to_owned(),
        spec: json!({}),
        command: Vec::new(),
        directory: scratch.path().to_owned(),
        tags: Vec::new(),
    };
    let writer = RunWriter::create(&Home::at(scratch.home()), new).unwrap();
    let mut bus = aether_core::Bus::new();
    bus.add(std::sync::Arc::new(writer.log().unwrap()));
    bus.point(Metric::named("loss"), 1, 1.0);
    bus.sync();
    let child = scratch.aether("export live --to jsonl -o live.jsonl --follow --json").start();
    let file = scratch.path().join("live.jsonl");
    let lines = || fs::read_to_string(&file).map_or(0, |text| text.lines().count());
    while lines() < 2 {
        thread::sleep(Duration::from_millis(20));
    }
    bus.point(Metric::named("loss"), 2, 0.5);
    bus.sync();
    // Passed on while the run goes on.
    while lines() < 3 {
        thread::sleep(Duration::from_millis(20));
    }
    drop(bus);
    writer.end(RunState::Done, None).unwrap();
    let done = crate::harness::Done::from(child.wait_with_output().unwrap()).json();
    assert_eq!(done[0]["points"], 2);
}

#[test]
fn prometheus_is_served_the_last_values() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0, 0.25]);
    let mut child = scratch.aether("export x --to prometheus --listen 127.0.0.1:0").start();
    let mut note = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut note).unwrap();
    let address = note.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(page.contains("metric=\"train/loss\"} 0.25\n"), "{page}");
}
