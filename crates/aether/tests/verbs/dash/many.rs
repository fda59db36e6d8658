//! Ten thousand runs, and logs that are torn.

use std::fs;

use serde_json::{Value, json};

use super::client::Dash;
use crate::harness::Scratch;

/// Copies of one run with names and parameters of their own.
fn multiply(scratch: &Scratch, count: usize) {
    let id = scratch.run("run-0", json!({"lr": 0.0, "group": "g0"}), &[1.0, 0.5]);
    let project = scratch.home().join("runs/default");
    let record = fs::read_to_string(project.join(id.as_str()).join("run.json")).unwrap();
    let logs: Vec<_> =
        fs::read_dir(project.join(id.as_str()).join("signals")).unwrap().map(Result::unwrap).collect();
    let digits = b"0123456789abcdefghjkmnpqrstvwxyz";
    for at in 1..count {
        let mut number = at;
        let mut other = *b"00000000";
        for digit in other.iter_mut().rev() {
            *digit = digits[number % 32];
            number /= 32;
        }
        let other = std::str::from_utf8(&other).unwrap();
        let mut run: Value = serde_json::from_str(&record).unwrap();
        run["id"] = json!(other);
        run["name"] = json!(format!("run-{at}"));
        run["spec"] = json!({"lr": at as f64 / 1e3, "group": format!("g{}", at % 7)});
        let directory = project.join(other);
        fs::create_dir_all(directory.join("signals")).unwrap();
        fs::write(directory.join("run.json"), run.to_string()).unwrap();
        for log in &logs {
            fs::hard_link(log.path(), directory.join("signals").join(log.file_name())).unwrap();
        }
    }
}

#[test]
fn ten_thousand_runs() {
    let scratch = Scratch::new();
    multiply(&scratch, 10_000);
    let dash = Dash::of(&scratch);
    let runs = dash.json("/runs?limit=100&sort=-param.lr&columns=param.lr&group=param.group");
    assert_eq!((&runs["total"], &runs["matched"]), (&json!(10_000), &json!(10_000)));
    assert_eq!(runs["runs"].as_array().unwrap().len(), 100);
    assert_eq!(runs["runs"][0]["columns"]["param.lr"], json!(9.999));
    let counts: Vec<u64> =
        runs["groups"].as_array().unwrap().iter().map(|g| g["count"].as_u64().unwrap()).collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (7, 10_000));
    let some = dash.json("/runs?q=lr%20%3C%200.1%20and%20group%20%3D%20g3&limit=5000&sort=name");
    assert_eq!(some["matched"], json!((0..100).filter(|at| at % 7 == 3).count()));
    let deep = dash.json("/runs?offset=9999&sort=param.lr");
    assert_eq!(deep["runs"][0]["name"], json!("run-9999"));
}

#[test]
fn torn_and_damaged_logs_are_told_and_hide_nothing_else() {
    let scratch = Scratch::new();
    let (torn, damaged, empty) = (
        scratch.run("torn", json!({}), &[1.0, 2.0]),
        scratch.run("damaged", json!({}), &[1.0; 50]),
        scratch.run("x", json!({}), &[1.0]),
    );
    let change = |id: &aether_core::RunId, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let signals = scratch.home().join("runs/default").join(id.as_str()).join("signals");
        let log = fs::read_dir(signals)
            .unwrap()
            .map(|e| e.unwrap().path())
            .find(|p| p.extension().is_some_and(|e| e == "log"));
        let log = log.unwrap();
        fs::write(&log, change(fs::read(&log).unwrap())).unwrap();
    };
    change(&torn, &|mut bytes| {
        bytes.truncate(bytes.len() - 3);
        bytes
    });
    change(&damaged, &|bytes| [&bytes[..], &[0xff; 20], &bytes[..]].concat());
    fs::write(scratch.home().join("runs/default").join(empty.as_str()).join("run.json"), "{").unwrap();
    let dash = Dash::of(&scratch);
    let runs = dash.json("/runs");
    assert_eq!(runs["total"], json!(2));
    assert!(runs["passed_over"][0].as_str().unwrap().contains("run.json"));
    assert_eq!(dash.json(&format!("/runs/{torn}"))["damage"], json!([]));
    assert!(
        dash.json(&format!("/runs/{damaged}"))["damage"][0].as_str().unwrap().contains("damaged from byte")
    );
    assert_eq!(dash.get(&format!("/api/v1/runs/{damaged}/series")).status, 200);
}
