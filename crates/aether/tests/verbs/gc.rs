use serde_json::json;

use crate::harness::Scratch;

fn three() -> Scratch {
    let scratch = Scratch::new();
    for name in ["a", "b", "c"] {
        scratch.run(name, json!({"lr": 0.1}), &[1.0]);
    }
    scratch
}

#[test]
fn runs_go_only_when_a_condition_says_so() {
    let scratch = three();
    assert_eq!(scratch.aether("gc").run().ok(), "nothing to remove\n");
    let told = scratch.aether("gc --keep-last 2 --dry-run").run().ok();
    assert!(told.starts_with("would remove run") && told.trim_end().ends_with(" a"), "{told}");
    assert_eq!(scratch.aether("runs --quiet").run().ok().lines().count(), 3);
    let json = &scratch.aether("gc --json").arg("name = b").run().json()[0];
    assert_eq!((&json["runs"][0]["name"], &json["dry_run"]), (&json!("b"), &json!(false)));
    assert_eq!(scratch.aether("gc --keep-last 1 --quiet").run().ok().lines().count(), 1);
    assert_eq!(scratch.aether("runs --quiet").run().ok().lines().count(), 1);
}

#[test]
fn a_condition_that_is_none_removes_nothing() {
    let scratch = three();
    for (words, said) in [
        ("nam = b", "did you mean 'name'?"),
        ("not lrr = 1", "did you mean 'lr'?"),
        ("a =", "nothing to compare"),
    ] {
        let error = scratch.aether("gc").arg(words).run().refused();
        assert!(error.contains(said), "{error}");
    }
    assert!(scratch.aether("gc --older-than soon").run().refused().contains("30d"));
    assert_eq!(scratch.aether("runs --quiet").run().ok().lines().count(), 3);
}
