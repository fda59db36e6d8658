use std::process::Command;

use aether_ledger::Home;
use serde_json::json;

use crate::harness::Scratch;

fn two() -> Scratch {
    let scratch = Scratch::new();
    scratch.run("a", json!({"seed": 1, "epochs": 3, "optimizer": {"kind": "sgd"}}), &[2.0, 1.0]);
    scratch.run(
        "b",
        json!({"seed": 1, "epochs": 5, "optimizer": {"kind": "adam"}, "threads": 2}),
        &[2.0, 0.5],
    );
    scratch
}

#[test]
fn side_by_side() {
    let text = two().aether("compare a b").run().ok();
    let has = |words: &[&str]| text.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
    assert!(has(&["epochs", "3", "5"]) && has(&["optimizer.kind", "sgd", "adam"]), "{text}");
    assert!(has(&["threads", "-", "2"]) && !text.contains("seed"), "{text}");
    assert!(has(&["train/loss", "last", "1.0000", "0.5000", "-0.5000"]), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn as_json_and_quiet() {
    let scratch = two();
    let compared = &scratch.aether("compare a b --json").run().json()[0];
    assert_eq!(
        compared["parameters"],
        json!({"epochs": [3, 5], "optimizer.kind": ["sgd", "adam"], "threads": [null, 2]})
    );
    assert_eq!(compared["metrics"]["train/loss"][1]["last"], 0.5);
    assert_eq!(scratch.aether("compare a b --quiet").run().ok(), "epochs\noptimizer.kind\nthreads\n");
}

#[test]
fn a_run_with_itself() {
    let text = two().aether("compare a a").run().ok();
    assert!(text.contains("all parameters are equal"), "{text}");
}

#[test]
fn a_config_that_was_said_is_compared() {
    let scratch = Scratch::new();
    scratch.described("a", 0.5);
    scratch.run("b", json!({"seed": 1, "optimizer": {"lr": 0.3}}), &[2.0, 0.5]);
    let compared = &scratch.aether("compare a b --json").run().json()[0];
    assert_eq!(compared["parameters"], json!({"optimizer.lr": [0.1, 0.3]}));
    assert_eq!(compared["metrics"]["train/loss"][0]["last"], 0.5);
}

#[test]
fn runs_that_are_named_by_their_ids_are_found_without_a_look_at_others() {
    let scratch = Scratch::new();
    let [a, b, other] = ["a", "b", "other"].map(|name| scratch.run(name, json!({}), &[1.0, 2.0]));
    // Whoever reads this one's logs waits for a writer for ever.
    let signals = Home::at(scratch.home()).run("default", other).unwrap().signals();
    let pipe = signals.join("host-1-1.log");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let compared = scratch.aether(&format!("compare {a} {b} --json")).run().json();
    assert_eq!(compared[0]["a"]["name"], "a");
    assert!(scratch.aether(&format!("attach {a}")).run().refused().contains("does not run any more"));
    assert!(scratch.aether(&format!("stop {a} {b}")).run().refused().contains("does not run any more"));
    assert!(scratch.aether(&format!("watch {a}")).run().ok().is_empty());
    scratch.aether(&format!("export {a} {b} --to csv")).run().ok();
    assert!(scratch.path().join(format!("{b}.csv")).exists());
}
