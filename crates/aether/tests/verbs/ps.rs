use std::io::{BufRead, BufReader};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    harness::Scratch,
    pty::Terminal,
    run::{record, sh},
};

#[test]
fn runs_that_are_alive_and_no_others() {
    let scratch = Scratch::new();
    assert_eq!(scratch.aether("ps").run().ok(), "");
    let id = sh(&scratch, "--detach --name worker", "echo line one; echo; exec sleep 600").run().ok();
    let id = id.trim();
    let row = loop {
        let row = scratch.aether("ps --json").run().json().remove(0);
        // The line comes when the program has printed it.
        if row["last_line"].is_string() {
            break row;
        }
    };
    assert_eq!((&row["run"], &row["name"]), (&id.into(), &"worker".into()));
    assert_eq!((&row["last_line"], &row["processes"]), (&"line one".into(), &1.into()));
    assert!(row["memory_bytes"].as_u64().unwrap() > 10_000, "{row}");
    assert_eq!(scratch.aether("ps --quiet").run().ok().trim(), id);
    assert!(scratch.aether("ps").run().ok().contains("worker"));
    scratch.aether("stop").arg(id).run().ok();
    assert_eq!(scratch.aether("ps --json").run().ok(), "");
    assert_eq!(record(&scratch).1["state"], "interrupted");
}

#[test]
fn watched_as_json_a_run_has_a_line_when_it_changes_and_one_when_it_is_over() {
    let scratch = Scratch::new();
    let mut watching = scratch.aether("ps --watch --json").start();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let said = scratch.path().join("go");
    let script =
        format!("echo one; until [ -e {} ]; do sleep 0.1; done; echo two; exec sleep 600", said.display());
    let id = sh(&scratch, "--detach --name worker", &script).run().ok();
    let id = id.trim();
    for line in ["one", "two"] {
        let row = std::iter::repeat_with(&mut next).find(|row| row["last_line"] == line).unwrap();
        assert_eq!((&row["run"], &row["name"]), (&id.into(), &"worker".into()));
        std::fs::write(&said, "").unwrap();
    }
    scratch.aether("stop").arg(id).run().ok();
    let over = std::iter::repeat_with(&mut next).find(|row| row.get("state").is_some()).unwrap();
    assert_eq!((&over["run"], &over["state"]), (&id.into(), &"interrupted".into()));
    kill_process(Pid::from_child(&watching), Signal::INT).unwrap();
    assert!(watching.wait().unwrap().success(), "Ctrl-C is its end");
}

#[test]
fn watched_on_a_terminal_the_table_is_drawn_in_its_place() {
    let scratch = Scratch::new();
    let id = sh(&scratch, "--detach --name worker", "echo one; exec sleep 600").run().ok();
    let mut terminal = Terminal::start(&scratch.home(), "ps --watch", None);
    let first = terminal.expect("worker");
    assert!(first.contains("LAST LINE") && !first.contains('\u{1b}'), "{first:?}");
    // Its two lines are taken back, and come again.
    terminal.expect("\u{1b}[2A\r\u{1b}[J");
    terminal.expect("worker");
    scratch.aether("stop").arg(id.trim()).run().ok();
    terminal.expect(&format!("{} interrupted (worker)", id.trim()));
    terminal.expect("no run is alive here");
    terminal.send("\u{3}");
    assert_eq!(terminal.code(), Some(0));
}
