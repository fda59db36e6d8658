//! The program with its own parts trains with all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output},
};

fn program(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aether-plugin-example"));
    command.args(args).current_dir(directory).env("AETHER_HOME", directory.join("home")).output().unwrap()
}

#[test]
fn every_part_takes_part() {
    let directory = tempfile::tempdir().unwrap();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config.yaml");
    let done = program(directory.path(), &["train", config]);
    let (out, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{errors}");
    // The source and the model: the spirals are told apart. The callback: it ended the training.
    assert!(errors.contains("Training on spirals: 800 samples"), "{errors}");
    let log = program(directory.path(), &["logs", "@latest", "--quiet"]);
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    assert!(log.contains("val/accuracy has reached 0.98"), "{log}");
    // The listener: it wrote its file.
    let steepest = std::fs::read_to_string(directory.path().join("steepest.txt")).unwrap();
    assert!(steepest.starts_with("steepest at step "), "{steepest}");
}

#[test]
fn its_keys_are_checked_as_any_others() {
    let directory = tempfile::tempdir().unwrap();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config.yaml");
    let done = program(directory.path(), &["train", config, "--set", "model.widht=3", "--check"]);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{errors}");
    assert!(errors.contains("widht") && errors.contains("width"), "{errors}");
}
