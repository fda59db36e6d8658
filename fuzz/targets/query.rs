//! Any text is a query or is refused with a message that shows where; what is a query answers for any run, and says
//! the same of it each time.

#![no_main]

use std::sync::LazyLock;

use aether_ledger::{Entry, Home, Index, NewRun, Query, RunWriter};
use libfuzzer_sys::fuzz_target;

/// A run with parameters and tags, as an index knows it.
static RUNS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let home = Home::at(std::env::temp_dir().join(format!("aether-fuzz-query-{}", std::process::id())));
    let run = RunWriter::create(
        &home,
        NewRun {
            name: "x".to_owned(),
            project: "default".to_owned(),
            kind: "train".to_owned(),
            spec: serde_json::json!({"lr": 0.1, "optimizer": {"kind": "adam", "betas": [0.9, 0.999]}, "on": true}),
            command: Vec::new(),
            directory: "/".into(),
            tags: vec!["baseline".to_owned()],
        },
    );
    run.expect("a home for a run");
    let index = Index::open(&home).expect("an index of it");
    let _ = std::fs::remove_dir_all(home.path());
    index.entries().to_vec()
});

fuzz_target!(|text: &str| {
    match Query::parse(text) {
        Ok(query) => {
            let entry = &RUNS[0];
            assert_eq!(query.holds(entry), query.holds(entry));
            let _ = query.check(&RUNS).map_err(|error| error.to_string());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
