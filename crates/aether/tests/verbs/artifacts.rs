use std::fs;

use serde_json::json;

use crate::harness::Scratch;

fn with_model() -> Scratch {
    let scratch = Scratch::new();
    scratch.run("train", json!({}), &[1.0]);
    let model = scratch.file("model.bin", "weights");
    scratch.aether("artifacts train --kind model --add").arg(model).run().ok();
    scratch
}

#[test]
fn added_listed_and_got_out_again() {
    let scratch = with_model();
    let table = scratch.aether("artifacts train").run().ok();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["model.bin", "model", "7", "B"], "{table}");
    assert_eq!((row[5], row[7]), ("output", "kept"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let json = &scratch.aether("artifacts --json").run().json()[0];
    let digest = json["digest"].as_str().unwrap();
    for name in ["model.bin", digest, &digest[..8]] {
        scratch.aether("artifacts train -o out --export").arg(name).run().ok();
        assert_eq!(fs::read_to_string(scratch.path().join("out")).unwrap(), "weights");
        fs::remove_file(scratch.path().join("out")).unwrap();
    }
    assert_eq!(scratch.aether("artifacts --export model.bin -o -").run().ok(), "weights");
    assert_eq!(scratch.aether("artifacts --quiet").run().ok(), format!("{digest}\n"));
    let error = scratch.aether("artifacts --export modle.bin").run().refused();
    assert!(error.contains("did you mean 'model.bin'?"), "{error}");
}

#[test]
fn a_damaged_or_missing_content_is_said() {
    let scratch = with_model();
    let digest = scratch.aether("artifacts --quiet").run().ok().trim().to_owned();
    let path = scratch.home().join("blobs").join(&digest[..2]).join(&digest);
    fs::write(&path, "Weights").unwrap();
    assert!(scratch.aether("artifacts").run().ok().contains("kept"), "only reading tells");
    let done = scratch.aether("artifacts --verify").run();
    assert_eq!(done.code, Some(1));
    assert!(done.stdout.contains("damaged") && done.stderr.contains(&digest), "{done:?}");
    let done = scratch.aether("artifacts --export model.bin -o out").run();
    assert!(done.code == Some(1) && done.stderr.contains("is damaged"), "{done:?}");
    assert!(!scratch.path().join("out").exists(), "nothing damaged is left behind");
    fs::remove_file(&path).unwrap();
    assert!(scratch.aether("artifacts").run().ok().contains("missing"));
}
