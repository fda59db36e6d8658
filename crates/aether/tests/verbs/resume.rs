use std::{
    io::{BufRead, BufReader, Read},
    process::Command,
    time::Duration,
};

use aether_ledger::{Home, Index};
use serde_json::{Value, json};

use crate::harness::{Done, Scratch};

const SMALL: &str = "model_name: SimpleMLP\nmodel: {hidden_dim: 16}\nepochs: 100000\nbatch_size: 64\nlearning_rate: 0.01\n\
                     grad_accumulation_steps: 2\nsnapshot: {every_epochs: 1000}\n";

/// Trains until the first epoch is over, then sends a signal.
fn stopped_by(signal: &str, scratch: &Scratch, args: &str) -> Done {
    stopped_when(signal, scratch, args, || true)
}

/// Trains until the first epoch is over and `ready`, then sends a signal.
fn stopped_when(signal: &str, scratch: &Scratch, args: &str, ready: impl Fn() -> bool) -> Done {
    scratch.file("config.yaml", SMALL);
    let mut child = scratch.aether(args).start();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut heard = String::new();
    while !(heard.contains("Epoch ") && ready()) {
        assert_ne!(stderr.read_line(&mut heard).unwrap(), 0, "{heard}");
    }
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    stderr.read_to_string(&mut heard).unwrap();
    let done = Done::from(child.wait_with_output().unwrap());
    Done { stderr: heard, ..done }
}

fn shown(scratch: &Scratch) -> Value {
    scratch.aether("show @latest --json").run().json().remove(0)
}

#[test]
fn stopped_by_a_signal_it_says_how_to_go_on() {
    for signal in ["-INT", "-TERM"] {
        let scratch = Scratch::new();
        let done = stopped_by(signal, &scratch, "train config.yaml");
        assert_eq!(done.code, Some(130), "{done:?}");
        let record = shown(&scratch);
        assert_eq!(record["standing"], "interrupted");
        let hint = format!("go on with: aether resume {}", record["id"].as_str().unwrap());
        assert!(done.stderr.contains(&hint), "{done:?}");
        assert!(done.stdout.contains("interrupted after "), "{done:?}");
    }
}

/// Whether a second signal during the step that the first one lets finish ended the process; not, if that step was
/// over too soon.
fn stopped_at_once(scratch: &Scratch) -> bool {
    scratch.file(
        "config.yaml",
        "model_name: SimpleMLP\nmodel: {hidden_dim: 1024, hidden_layers: 2}\nepochs: 100000\nbatch_size: 1024\n\
         snapshot: {every_steps: 1}\nthreads: 1\n",
    );
    let mut child = scratch.aether("train config.yaml --name heavy").start();
    let mut heard = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while !heard.contains("Epoch ") {
        assert_ne!(stderr.read_line(&mut heard).unwrap(), 0, "{heard}");
    }
    for _ in 0..2 {
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(130), "{done:?}");
    !done.stdout.contains("interrupted after ")
}

#[test]
fn a_second_signal_stops_at_once_and_loses_no_snapshot() {
    let tries = std::iter::repeat_with(Scratch::new).take(20);
    let scratch = tries.into_iter().find(stopped_at_once).expect("each of 20 steps was over within 5 ms");
    assert_eq!(shown(&scratch)["standing"], "died");
    let goal = shown(&scratch)["metrics"]["train/loss"]["last_step"].as_u64().unwrap() + 2;
    scratch.aether("resume heavy --set").arg(format!("max_steps={goal}")).run().ok();
    let loss = &shown(&scratch)["metrics"]["train/loss"];
    assert_eq!((&loss["count"], &loss["last_step"]), (&json!(goal), &json!(goal)));
}

#[test]
fn a_run_goes_on_where_it_was_with_no_step_twice() {
    let scratch = Scratch::new();
    stopped_by("-INT", &scratch, "train config.yaml --name long");
    let before = shown(&scratch)["metrics"]["train/loss"]["last_step"].as_u64().unwrap();
    let goal = before + 5;
    let out = scratch.aether("resume long --set").arg(format!("max_steps={goal}")).run().ok();
    assert!(out.contains(&format!("done after {goal} steps")), "{out}");
    let record = shown(&scratch);
    let loss = &record["metrics"]["train/loss"];
    assert_eq!((&loss["count"], &loss["last_step"]), (&json!(goal), &json!(goal)));
    assert_eq!((&record["resumed"], &record["spec"]["max_steps"]), (&json!(1), &json!(goal)));

    // The same steps in one go end in the same bits.
    scratch.aether("train config.yaml --set").arg(format!("max_steps={goal}")).run().ok();
    let whole = shown(&scratch);
    assert_ne!(whole["id"], record["id"]);
    assert_eq!(whole["metrics"], record["metrics"]);
}

#[test]
fn a_killed_run_died_and_goes_on() {
    let scratch = Scratch::new();
    // An epoch is told before its snapshot is published: a process killed in between has none to go on from.
    let published = || {
        let index = Index::open(&Home::at(scratch.home())).unwrap();
        let snapshots = index.entries().first().map(|entry| entry.directory.path().join("snapshots"));
        snapshots.is_some_and(|snapshots| snapshots.join("latest.safetensors").exists())
    };
    let done = stopped_when("-KILL", &scratch, "train config.yaml --set snapshot.every_epochs=1", published);
    assert_eq!(done.code, None);
    assert_eq!(shown(&scratch)["standing"], "died");
    let shown_to_people = scratch.aether("show @latest").run().ok();
    assert!(shown_to_people.contains("snapshot_ep"), "{shown_to_people}");
    scratch.aether("resume @latest --set epochs=1").run().ok();
    assert_eq!(shown(&scratch)["standing"], "done");
}

#[test]
fn a_run_without_a_snapshot() {
    let scratch = Scratch::new();
    scratch.run("x", json!({}), &[1.0]);
    let error = scratch.aether("resume x").run().refused();
    assert!(error.contains("no snapshot"), "{error}");
}

#[test]
fn a_snapshot_of_no_run() {
    let scratch = Scratch::new();
    let path = scratch.file("x.safetensors", "nothing");
    let error = scratch.aether("resume").arg(path).run().refused();
    assert!(error.contains("belongs to no run"), "{error}");
}

/// As a kill leaves it between the publication of a run's first snapshot and the link to it.
#[test]
fn a_snapshot_that_no_link_leads_to_is_found() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", &SMALL.replace("epochs: 100000", "epochs: 1"));
    scratch.aether("train config.yaml").run().ok();
    let directory = Index::open(&Home::at(scratch.home())).unwrap().entries()[0].directory.clone();
    let snapshots = directory.path().join("snapshots");
    for link in ["latest.safetensors", "best.safetensors"] {
        std::fs::remove_file(snapshots.join(link)).unwrap();
    }
    let done = scratch.aether("resume @latest --set epochs=2").run();
    assert!(done.stderr.contains("epoch 1") || done.stderr.contains("Epoch 2"), "{done:?}");
    assert!(!done.stderr.contains("Epoch 1/"), "{done:?}");
    done.ok();
    assert_eq!(shown(&scratch)["resumed"], 1);
    assert!(
        snapshots.join("snapshot_ep2.safetensors").exists() && snapshots.join("latest.safetensors").exists()
    );
}
