//! What holds for every verb.

use std::{io::Read, process::Stdio};

use crate::harness::{Aether, Scratch};

#[test]
fn an_unknown_verb_is_met_with_the_nearest() {
    let error = Aether::new().arg("trian").run().refused();
    assert!(error.contains("'train'"), "{error}");
}

#[test]
fn no_verb_shows_help_and_is_wrong() {
    let done = Aether::new().run();
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("Usage: aether"), "{done:?}");
}

#[test]
fn a_reader_that_has_heard_enough_is_no_error() {
    let scratch = Scratch::new();
    for _ in 0..3 {
        scratch.run("x", serde_json::json!({}), &[1.0]);
    }
    let mut child = scratch.aether("runs").start();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_run_that_is_not_there() {
    let scratch = Scratch::new();
    for verb in ["show", "logs", "plot", "rm", "resume", "stop", "attach"] {
        let error = scratch.aether(verb).arg("nothing").run().refused();
        assert!(error.contains("'nothing'"), "{verb}: {error}");
    }
}

#[test]
fn no_home_is_told() {
    let error = Aether::new().arg("runs").run().refused();
    assert!(error.contains("AETHER_HOME"), "{error}");
}

#[test]
fn colours_only_on_a_terminal() {
    let scratch = Scratch::new();
    let id = scratch.run("x", serde_json::json!({}), &[1.0]);
    let done = scratch.aether("show").arg(id.as_str()).run();
    assert!(!done.ok().contains('\u{1b}'));
}

#[test]
fn json_and_quiet_exclude_each_other() {
    let error = Aether::new().args("runs --json --quiet").run().refused();
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn a_result_that_cannot_be_printed_is_a_failure() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else { return };
    let scratch = Scratch::new();
    scratch.run("x", serde_json::json!({}), &[1.0]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aether"));
    let status =
        command.arg("runs").env("AETHER_HOME", scratch.home()).stdout(full).stderr(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(1));
}
