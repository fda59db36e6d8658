use serde_json::json;

use crate::harness::Scratch;

#[test]
fn removed_runs_are_gone() {
    let scratch = Scratch::new();
    let [a, b] = ["a", "b"].map(|name| scratch.run(name, json!({}), &[1.0]));
    assert_eq!(scratch.aether("rm a").run().ok(), format!("removed {a} a\n"));
    assert_eq!(scratch.aether("runs --quiet").run().ok(), format!("{b}\n"));
}

#[test]
fn a_mistake_in_the_last_name_removes_nothing() {
    let scratch = Scratch::new();
    scratch.run("a", json!({}), &[1.0]);
    scratch.aether("rm a typo").run().refused();
    assert_eq!(scratch.aether("runs --quiet").run().ok().lines().count(), 1);
}

#[test]
fn a_name_that_several_runs_have_is_refused() {
    let scratch = Scratch::new();
    let [a, b] = [1, 2].map(|_| scratch.run("same", json!({}), &[1.0]));
    let error = scratch.aether("rm same").run().refused();
    assert!(error.contains(a.as_str()) && error.contains(b.as_str()), "{error}");
    assert_eq!(scratch.aether("rm --quiet").arg(a.as_str()).arg(b.as_str()).run().ok(), "");
    assert_eq!(scratch.aether("runs --quiet").run().ok(), "");
}
