use serde_json::{Value, json};

use crate::harness::{Aether, Scratch};

/// A small network on the embedded digits: a second or less.
const SMALL: &str =
    "model_name: SimpleMLP\nmodel: {hidden_dim: 16}\nepochs: 2\nbatch_size: 64\nlearning_rate: 0.01\n";

fn trained(config: &str, args: &str) -> (Scratch, String) {
    let scratch = Scratch::new();
    scratch.file("config.yaml", config);
    let out = scratch.aether("train config.yaml").args(args).run().ok();
    (scratch, out)
}

#[test]
fn a_run_is_made_and_summed_up() {
    let (scratch, out) = trained(SMALL, "--name small");
    let record = &scratch.aether("show small --json").run().json()[0];
    let id = record["id"].as_str().unwrap();
    assert!(out.starts_with(&format!("run {id} small in ")), "{out}");
    for said in ["done after 46 steps in ", "val/accuracy", "best val/loss", &format!("aether plot {id}")] {
        assert!(out.contains(said), "no '{said}' in\n{out}");
    }
    assert_eq!((&record["standing"], &record["spec"]["optimizer"]["kind"]), (&json!("done"), &json!("adam")));
    assert_eq!(record["metrics"]["train/loss"]["count"], 46);
    let names: Vec<&Value> = record["artifacts"].as_array().unwrap().iter().map(|a| &a["name"]).collect();
    assert_eq!(names, ["config", "snapshot_ep1", "snapshot_ep2"]);
}

#[test]
fn the_quick_start_of_the_specification() {
    let config = "model_name: \"SimpleMLP\"\nepochs: 10\nbatch_size: 64\nlearning_rate: 0.001\n\n\
                  mixed_precision: true\ngrad_accumulation_steps: 4\nmax_grad_norm: 1.0  # Gradient Clipping\n";
    let scratch = Scratch::new();
    scratch.file("config.yaml", config);
    let done = scratch.aether("train config.yaml").run();
    assert_eq!(done.stderr.matches("mixed_precision").count(), 1, "{done:?}");
    assert!(done.ok().contains("done after 60 steps"));
}

#[test]
fn plain_lines_for_each_epoch_where_there_is_no_terminal() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", SMALL);
    let done = scratch.aether("train config.yaml").run();
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert!(lines[0].starts_with("Training on digits: 1438 samples, 359 for validation"), "{done:?}");
    assert!(lines[1].starts_with("Epoch 1 of 2  step 23  loss "), "{done:?}");
    assert!(lines[2].contains("val/accuracy 0."), "{done:?}");
    assert!(!done.stderr.contains('\u{1b}'), "{done:?}");
}

#[test]
fn one_event_a_line_as_json() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", SMALL);
    let done = scratch.aether("train config.yaml --json").run();
    assert_eq!(done.stderr, "");
    let lines = done.json();
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["kind"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"started"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "epoch").count(), 2);
    assert_eq!(lines[0]["run"], lines.last().unwrap()["run"]);
    assert_eq!(
        (&lines.last().unwrap()["state"], &lines.last().unwrap()["steps"]),
        (&json!("done"), &json!(46))
    );
}

#[test]
fn quiet_prints_the_run() {
    let (scratch, out) = trained(SMALL, "--quiet");
    assert_eq!(out, scratch.aether("runs --quiet").run().ok());
}

#[test]
fn a_check_prints_the_resolved_experiment_and_makes_nothing() {
    let (scratch, yaml) = trained(SMALL, "--check --set seed=7");
    for line in ["model_name: SimpleMLP", "seed: 7", "kind: adam"] {
        assert!(yaml.lines().any(|l| l.trim() == line), "no '{line}' in\n{yaml}");
    }
    assert!(!scratch.home().exists());
    // What is printed is an experiment that resolves to itself.
    scratch.file("config.yaml", &yaml);
    assert_eq!(scratch.aether("train config.yaml --check").run().ok(), yaml);
}

#[test]
fn wrong_requests_make_no_run() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", SMALL);
    let refused = |args: &str| {
        let error = scratch.aether("train").args(args).run().refused();
        assert_eq!(scratch.aether("runs --quiet").run().ok(), "", "{args}");
        error
    };
    assert!(refused("nowhere.yaml").contains("nowhere.yaml"));
    let typo = refused("config.yaml --set learning_rat=1");
    assert!(typo.contains("learning_rate"), "{typo}");
    assert!(refused("config.yaml --set model_name=SimpleMLPP").contains("`SimpleMLP`"));
    assert!(refused("config.yaml --set batch_size=5000").contains("1438"));
    assert!(refused("config.yaml --set epochs=0").contains("epochs"));
    assert!(refused("config.yaml --set learning_rate=-1").contains("learning_rate"));
    assert!(refused("config.yaml --set data=nothing").contains("nothing"));
    assert!(refused("config.yaml --set best.monitor=nothing").contains("accuracy"));
    assert!(refused("config.yaml --set callbacks=[nothing]").contains("nothing"));
}

#[test]
fn a_snapshot_is_gone_on_from_in_its_own_run() {
    let (scratch, _) = trained(SMALL, "--set snapshot.dir=checkpoints --name first");
    let out = scratch
        .aether(
            "train config.yaml --resume checkpoints/snapshot_ep1.safetensors --set snapshot.dir=checkpoints",
        )
        .args("--set epochs=3 --name first")
        .run()
        .ok();
    assert!(out.contains("done after 69 steps"), "{out}");
    let rows = scratch.aether("runs --json").run().json();
    assert_eq!((rows.len(), &rows[0]["resumed"]), (1, &json!(1)));
    assert_eq!(rows[0]["metrics"]["train/loss"]["count"], 69);
}

#[test]
fn a_snapshot_of_another_experiment_is_refused() {
    let (scratch, _) = trained(SMALL, "");
    let error = scratch.aether("train config.yaml --resume @latest --set batch_size=32").run().refused();
    assert!(error.contains("batch_size"), "{error}");
    assert_eq!(scratch.aether("show @latest --quiet").run().ok().split(' ').nth(1), Some("done\n"));
}

#[test]
fn a_damaged_snapshot_is_met_with_a_whole_one() {
    let (scratch, _) = trained(SMALL, "--set snapshot.dir=checkpoints");
    let path = scratch.path().join("checkpoints/snapshot_ep2.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    let error =
        scratch.aether("train config.yaml --resume checkpoints/snapshot_ep2.safetensors").run().refused();
    assert!(error.contains("truncated"), "{error}");
    assert!(error.contains("--resume checkpoints/snapshot_ep1.safetensors"), "{error}");
}

#[test]
fn a_nan_halts_and_names_the_last_good_snapshot() {
    let scratch = Scratch::new();
    let rows: String = (0..64).map(|i| format!("{i},{}\n", i * 2)).collect();
    scratch.file("data.csv", &format!("x,y\n{rows}"));
    let config = "model_name: LinearRegression\ndata: {source: csv, path: data.csv, target: y, standardize: false}\n\
                  epochs: 60\nbatch_size: 16\noptimizer: sgd\nlearning_rate: 100\n";
    scratch.file("config.yaml", config);
    let done = scratch.aether("train config.yaml").run();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("error: ") && done.stderr.contains("snapshot"), "{done:?}");
    assert_eq!(scratch.aether("runs --json").run().json()[0]["state"], "failed");
}

#[test]
fn the_same_seed_gives_the_same_bits_whatever_the_threads() {
    let last = |threads: &str| {
        let (scratch, _) = trained(SMALL, &format!("--set threads={threads}"));
        scratch.aether("show @latest --json").run().json()[0]["metrics"]["val/loss"]["last"].clone()
    };
    assert_eq!(last("1"), last("2"));
}

#[test]
fn help_is_there_without_a_file() {
    let done = Aether::new().arg("train").run();
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("<CONFIG>"), "{done:?}");
}

/// Goes on for ever, and writes no snapshot of its own accord.
const ENDLESS: &str = "model_name: SimpleMLP\nmodel: {hidden_dim: 16}\nbatch_size: 64\nlearning_rate: 0.001\nmax_steps: 4000000000\n\
    data: {source: synthetic, recipe: noise, samples: 512, features: 10, validation: 0}\n\
    snapshot: {every_steps: 4000000000}\n";
/// Has a snapshot written, and later a training stopped.
const RULES: &str = "interval: 100ms\nrules:\n  \
    - {name: early, when: train/loss >= 0, then: [alert, snapshot]}\n  \
    - {name: enough, when: system/process/rss > 0 for 1 s, then: stop}\n";

/// What a training under `RULES` leaves, whoever watches it.
#[track_caller]
fn check_snapshot_and_stop(scratch: &Scratch) {
    let run = &scratch.aether("show @latest --json").run().json()[0];
    assert_eq!(run["standing"], "interrupted");
    assert!(run["metrics"]["system/process/rss"]["last"].as_f64().unwrap() > 1e6, "{run}");
    let events = scratch.aether("logs @latest --events --json").run().json();
    let of = |kind: &str| -> Vec<&Value> { events.iter().filter(|event| event["kind"] == kind).collect() };
    let said: Vec<&str> = of("action").iter().map(|event| event["message"].as_str().unwrap()).collect();
    assert_eq!(said, ["asked to write a snapshot", "asked to stop the run"]);
    assert_eq!(of("rule").len(), 2, "{events:?}");
    // One that was asked for, and that of the end.
    let steps: Vec<u64> = of("snapshot").iter().map(|event| event["step"].as_u64().unwrap()).collect();
    assert!(steps.len() == 2 && 0 < steps[0] && steps[0] < steps[1], "{steps:?}");
}

#[test]
fn a_training_is_watched_and_obeys_rules() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", ENDLESS);
    scratch.file("rules.yaml", RULES);
    let told = scratch.path().join("told");
    std::fs::create_dir_all(scratch.home()).unwrap();
    let route = format!("routes: {{me: {{kind: command, run: 'cat >> {}'}}}}\n", told.display());
    std::fs::write(scratch.home().join("alerts.yaml"), route).unwrap();
    let done = scratch.aether("train config.yaml --rules rules.yaml").run();
    assert_eq!(done.code, Some(130), "{done:?}");
    assert!(done.stderr.contains("\nrule `early` holds at step "), "it is shown as it is found: {done:?}");
    assert!(done.stderr.contains("stopped: rule `enough` holds at "), "{done:?}");
    check_snapshot_and_stop(&scratch);
    let reason = &scratch.aether("show @latest --json").run().json()[0]["reason"];
    assert!(reason.as_str().unwrap().starts_with("stopped: rule `enough`"), "{reason}");
    // What a busy machine left no time for is sent now.
    scratch.aether("alerts send").run().ok();
    let told = std::fs::read_to_string(&told).unwrap();
    assert!(told.contains("rule `early`") && told.contains("rule `enough`"), "{told}");

    let refused = |words: &str| scratch.aether("train config.yaml").args(words).run().refused();
    assert!(refused("--interval 1ms").contains("from 100ms to 1h"));
    assert!(refused("--rules nowhere.yaml").contains("nowhere.yaml"));
}

#[test]
fn a_training_is_watched_from_outside_too() {
    let scratch = Scratch::new();
    scratch.file("config.yaml", ENDLESS);
    scratch.file("rules.yaml", RULES);
    let training = scratch.aether("train config.yaml --no-watch --quiet").start();
    let until = std::time::Instant::now() + crate::pty::PATIENCE;
    while scratch.aether("runs --quiet").run().ok().is_empty() {
        assert!(std::time::Instant::now() < until, "no run yet");
    }
    let said = scratch.aether("watch @latest --rules rules.yaml").run().ok();
    assert!(said.contains("asked to write a snapshot"), "{said}");
    assert_eq!(training.wait_with_output().unwrap().status.code(), Some(130));
    check_snapshot_and_stop(&scratch);
}

#[test]
fn a_short_training_is_looked_back_at_unless_nobody_is_to_watch() {
    for (option, found) in [("", true), ("--no-watch", false)] {
        let scratch = Scratch::new();
        std::fs::create_dir_all(scratch.home()).unwrap();
        std::fs::write(scratch.home().join("watch.yaml"), RULES).unwrap();
        scratch.file("config.yaml", ENDLESS);
        scratch.aether("train config.yaml --set max_steps=20").args(option).run().ok();
        let events = scratch.aether("logs @latest --events").run().ok();
        assert_eq!(events.contains("rule `early`"), found, "{events}");
        assert!(!events.contains("asked to"), "there is nothing left to act on: {events}");
    }
}
