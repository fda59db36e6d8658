use std::{fs, path::Path, thread, time::Duration};

use serde_json::json;

use crate::{
    harness::Scratch,
    run::{record, sh},
};

fn pid(scratch: &Scratch, file: &str) -> u32 {
    let path = scratch.path().join(file);
    loop {
        // Written whole by its shell, but perhaps not yet.
        match fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()) {
            Some(pid) => return pid,
            None => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/root")).read_dir().is_ok()
}

#[test]
fn the_whole_tree_ends_whatever_it_did_to_hide() {
    let scratch = Scratch::new();
    // Twice forked, in a session of its own, deaf to SIGTERM.
    let hidden =
        "(setsid sh -c 'trap \"\" TERM; echo $$ > hidden; while :; do sleep 0.1; done' &); exec sleep 600";
    sh(&scratch, "--detach", hidden).run().ok();
    let hidden = pid(&scratch, "hidden");
    assert!(lives(hidden));
    let said = scratch.aether("stop @latest --timeout 300ms --json").run().json();
    assert_eq!(said[0]["state"], "interrupted");
    assert!(!lives(hidden));
    assert_eq!(record(&scratch).1["outcome"], json!({"kind": "stopped"}));
}

#[test]
fn at_once() {
    let scratch = Scratch::new();
    sh(&scratch, "--detach", "trap '' TERM; echo $$ > me; while :; do sleep 0.1; done").run().ok();
    let me = pid(&scratch, "me");
    scratch.aether("stop @latest --kill").run().ok();
    assert!(!lives(me));
}

#[test]
fn what_cannot_be_stopped() {
    let scratch = Scratch::new();
    sh(&scratch, "", "true").run().ok();
    assert!(scratch.aether("stop @latest").run().refused().contains("it is done"));
    assert!(scratch.aether("attach @latest").run().refused().contains("logs"));
    assert!(scratch.aether("stop @latest --signal NOPE").run().refused().contains("no such signal"));
}
