//! A reader who does not read: what a training shows never holds it up.

use std::{
    io::{PipeReader, Read, pipe},
    process::Child,
    thread,
    time::Duration,
};

use aether_core::RunState;

use crate::lab::{Lab, done};

/// Epochs of one step each, whose lines fill a pipe several times over, and what waits in memory once.
const CONFIG: &str = "
model_name: LinearRegression
data: {source: synthetic, recipe: linear, samples: 100, features: 2}
epochs: 30000
batch_size: 80
validation: {every_steps: 1000000}
snapshot: {every_steps: 1000000}
threads: 1
";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    lab
}

/// Begins a training; where it says its result, and where its progress.
fn begin(lab: &Lab, words: &[&str]) -> (Child, PipeReader, PipeReader) {
    let ((result, out), (progress, err)) = (pipe().unwrap(), pipe().unwrap());
    (lab.aether(words).stdout(out).stderr(err).spawn().unwrap(), result, progress)
}

fn text(mut from: PipeReader) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn progress_that_nobody_reads_is_left_out_and_the_training_ends() {
    let lab = lab();
    let (mut training, result, progress) = begin(&lab, &["train", "config.yaml"]);
    // Nothing is read before its end.
    assert!(training.wait().unwrap().success());
    assert!(done(&lab.only_run()));
    assert!(text(result).contains("done after 30000 steps"));
    let progress = text(progress);
    assert!(progress.starts_with("Training on"), "{progress}");
    let left_out =
        progress.lines().filter(|line| line.ends_with("lines are left out here: nobody read them)"));
    assert_eq!(left_out.count(), 1, "{progress}");
    assert!(!progress.contains("Epoch 30000 of"), "{progress}");
}

#[test]
fn one_pipe_for_both_has_room_for_the_result() {
    let lab = lab();
    let (both, out) = pipe().unwrap();
    let mut command = lab.aether(&["train", "config.yaml"]);
    command.stderr(out.try_clone().unwrap()).stdout(out);
    let mut training = command.spawn().unwrap();
    drop(command);
    assert!(training.wait().unwrap().success());
    let said = text(both);
    assert!(said.contains("left out here") && said.contains("done after 30000 steps"), "{said}");
}

#[test]
fn a_result_waits_for_its_reader_and_the_run_has_ended_before() {
    let lab = lab();
    let (mut training, result, _progress) = begin(&lab, &["train", "config.yaml", "--json"]);
    let run = loop {
        let runs = lab.runs();
        match runs.first().and_then(|directory| directory.run().ok()) {
            Some(run) if run.state != RunState::Running => break run,
            _ => assert!(training.try_wait().unwrap().is_none(), "nothing was trained"),
        }
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(run.state, RunState::Done, "{run:?}");
    assert!(training.try_wait().unwrap().is_none(), "more was said than a pipe takes");
    let lines = text(result);
    let epochs = lines.lines().filter(|line| line.contains("\"kind\":\"epoch\"")).count();
    assert_eq!(epochs, 30_000);
    assert!(training.wait().unwrap().success());
    assert!(lines.lines().last().unwrap().contains("\"steps\":30000"));
}
