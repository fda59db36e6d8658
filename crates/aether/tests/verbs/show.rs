use serde_json::json;

use crate::harness::Scratch;

#[test]
fn everything_about_a_run() {
    let scratch = Scratch::new();
    let id = scratch.run("digits", json!({"epochs": 3, "optimizer": {"kind": "adam"}}), &[2.0, 0.5]);
    for query in [id.as_str(), &id.as_str()[..4], "digits", "@latest"] {
        let shown = scratch.aether("show").arg(query).run().ok();
        assert!(shown.starts_with(&format!("run       {id}\nname      digits\n")), "{shown}");
        let has =
            |words: &[&str]| shown.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
        assert!(has(&["state", "done"]), "{shown}");
        assert!(has(&["optimizer.kind", "adam"]), "{shown}");
        assert!(has(&["train/loss", "0.5000", "2", "0.5000", "2.0000", "2", "0"]), "{shown}");
    }
}

#[test]
fn as_json() {
    let scratch = Scratch::new();
    let id = scratch.run("digits", json!({"epochs": 3}), &[2.0]);
    let shown = &scratch.aether("show @latest --json").run().json()[0];
    assert_eq!(shown["id"], id.as_str());
    assert_eq!(shown["standing"], "done");
    assert_eq!(shown["spec"]["epochs"], 3);
    assert_eq!(scratch.aether("show @latest --quiet").run().ok(), format!("{id} done\n"));
}

#[test]
fn what_events_say_of_the_run_as_a_whole() {
    let scratch = Scratch::new();
    scratch.described("a", 0.5);
    let shown = scratch.aether("show a").run().ok();
    let has = |words: &[&str]| shown.lines().any(|line| line.split_whitespace().eq(words.iter().copied()));
    assert!(
        has(&["optimizer.lr", "0.1"]) && has(&["seed", "1"]) && has(&["tags", "quick,", "baseline"]),
        "{shown}"
    );
    assert!(
        has(&["best", "0.5"]) && has(&["train/loss", "0.5000", "2", "1.0000", "3.0000", "2", "0"]),
        "{shown}"
    );
    let json = &scratch.aether("show a --json").run().json()[0];
    assert_eq!(json["parameters"], json!({"seed": 1, "optimizer.lr": 0.1}));
    assert_eq!(
        (&json["summary"]["best"], &json["metrics"]["train/loss"]["last"]),
        (&json!(0.5), &json!(0.5))
    );
}
