//! What changes runs, and what is not let to.

use std::fs;

use serde_json::{Value, json};

use super::client::Dash;
use crate::harness::Scratch;

#[test]
fn tags_come_and_go() {
    let scratch = Scratch::new();
    let (a, b) = (scratch.described("a", 1.0), scratch.run("b", json!({}), &[1.0]));
    let dash = Dash::of(&scratch);
    let tags = |id: &str| dash.json(&format!("/runs/{id}"))["tags"].clone();
    assert_eq!(tags(a.as_str()), json!(["quick", "baseline"]));
    let done =
        dash.post("/runs/tag", &json!({"ids": [a, b, "none"], "add": ["best"], "remove": ["quick"]})).json();
    assert_eq!(done["changed"], json!([a, b]));
    assert_eq!((&done["refused"][0]["id"], done["refused"].as_array().unwrap().len()), (&json!("none"), 1));
    assert_eq!((tags(a.as_str()), tags(b.as_str())), (json!(["baseline", "best"]), json!(["best"])));
    // Another program, and an index made anew, see the same.
    fs::remove_file(scratch.home().join("index.db")).unwrap();
    let listed = scratch.aether("runs --json").arg("tag = best").run().json();
    assert_eq!(listed.len(), 2);
    dash.post("/runs/tag", &json!({"ids": [a], "add": ["quick"]})).json();
    assert_eq!(tags(a.as_str()), json!(["baseline", "best", "quick"]));
    assert!(dash.post("/runs/tag", &json!({"ids": [a], "add": [""]})).refused(400).contains("tag"));
    assert!(dash.post("/runs/tag", &json!({"id": [a]})).refused(400).contains("id"));
}

#[test]
fn runs_are_removed_but_for_those_alive() {
    let scratch = Scratch::new();
    let ids: Vec<String> = (0..3).map(|_| scratch.run("x", json!({}), &[1.0]).to_string()).collect();
    scratch.aether("run --detach -- sleep 600").run().ok();
    let dash = Dash::of(&scratch);
    let runs = dash.json("/runs");
    let alive = runs["runs"].as_array().unwrap().iter().find(|run| run["state"] == json!("running")).unwrap();
    let alive = alive["id"].as_str().unwrap();
    let done = dash.post("/runs/delete", &json!({"ids": [ids[0], alive, ids[1]]})).json();
    assert_eq!(done["changed"], json!([ids[0], ids[1]]));
    assert!(done["refused"][0]["error"].as_str().unwrap().contains("alive"));
    assert_eq!(dash.json("/runs")["total"], json!(2));
    let stopped = dash.post(&format!("/runs/{alive}/stop"), &json!({})).json();
    assert_ne!(stopped["state"], json!("running"));
    assert!(dash.post(&format!("/runs/{alive}/stop"), &json!({})).refused(409).contains("does not run"));
    let done: Value = dash.post("/runs/delete", &json!({"ids": [alive]})).json();
    assert_eq!(done["changed"], json!([alive]));
}
