use serde_json::json;

use crate::harness::Scratch;

fn chain() -> Scratch {
    let scratch = Scratch::new();
    let (data, model) = (scratch.file("data.csv", "1,2"), scratch.file("model.bin", "weights"));
    for (run, file, way) in [("prepare", &data, ""), ("train", &data, "--input"), ("train", &model, "")] {
        if scratch.aether("show").arg(run).run().code != Some(0) {
            scratch.run(run, json!({}), &[1.0]);
        }
        scratch.aether("artifacts").arg(run).args(way).arg("--add").arg(file).run().ok();
    }
    scratch
}

#[test]
fn up_and_down_the_tree() {
    let scratch = chain();
    let tree = scratch.aether("lineage train").run().ok();
    let (up, down) = tree.split_once("led to").unwrap();
    assert!(up.contains("└─ file data.csv") && up.contains("   └─ run") && up.contains("prepare"), "{tree}");
    assert!(down.contains("└─ file model.bin"), "{tree}");
    let json = &scratch.aether("lineage data.csv --json").run().json()[0];
    assert_eq!((&json["from"][0]["name"], &json["to"][0]["name"]), (&json!("prepare"), &json!("train")));
    assert_eq!(json["to"][0]["next"][0]["name"], "model.bin");
    let digest = json["digest"].as_str().unwrap();
    assert_eq!(scratch.aether("lineage --json").arg(&digest[..8]).run().json()[0]["digest"], digest);
    assert_eq!(scratch.aether("lineage model.bin --quiet").run().ok().lines().count(), 3);
}

#[test]
fn what_nobody_knows_is_refused_with_the_nearest_name() {
    let error = chain().aether("lineage modle.bin").run().refused();
    assert!(error.contains("did you mean 'model.bin'?"), "{error}");
}
