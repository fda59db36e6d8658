use crate::{
    harness::Scratch,
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
