use serde_json::json;

use crate::harness::Scratch;

#[test]
fn a_run_is_imported_once() {
    let scratch = Scratch::new();
    scratch.file("a.csv", "step,loss\n1,0.5\n2,nan\n");
    let first = scratch.aether("import --from csv a.csv --project digits --json").run().json();
    assert_eq!((&first[0]["before"], &first[0]["points"]), (&json!(false), &json!(2)));
    let again = scratch.aether("import --from csv a.csv").run().ok();
    assert!(again.contains("a: was imported before"), "{again}");
    let shown = scratch.aether("show a --json").run().json();
    assert_eq!((&shown[0]["kind"], &shown[0]["project"]), (&json!("import"), &json!("digits")));
    assert_eq!(scratch.aether("runs --quiet").run().ok().lines().count(), 1);
}

#[test]
fn out_and_in_again() {
    let scratch = Scratch::new();
    scratch.run("x", json!({"lr": 0.1}), &[1.0, f64::NAN, f64::INFINITY]);
    for format in ["tensorboard", "wandb"] {
        let place = scratch.aether("export x --quiet --to").arg(format).run().ok();
        let back = scratch.aether("import --json --from").arg(format).arg(place.trim_end()).run().json();
        let id = back[0]["run"].as_str().unwrap();
        let points = scratch.aether("logs --points --quiet").arg(id).run().ok();
        assert_eq!(points, "train/loss 1 1\ntrain/loss 2 NaN\ntrain/loss 3 inf\n");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let scratch = Scratch::new();
    let error = scratch.aether("import --from wandb .").run().refused();
    assert!(error.contains("holds no W&B run"), "{error}");
    assert_eq!(scratch.aether("import --from csv absent.csv").run().code, Some(1));
}

#[test]
fn what_only_mlflow_knows_is_asked_of_nothing_else() {
    let scratch = Scratch::new();
    scratch.file("a.csv", "step,loss\n1,0.5\n");
    let error = scratch.aether("import --from csv a.csv --experiment digits").run().refused();
    assert!(error.contains("--experiment is for --from mlflow"), "{error}");
    let error = scratch.aether("import --from wandb http://127.0.0.1:1").run().refused();
    assert!(error.contains("only --from mlflow reads from a server"), "{error}");
    // Nobody listens there.
    let nobody = scratch.aether("import --from mlflow http://127.0.0.1:1").run();
    assert!(nobody.stderr.contains("http://127.0.0.1:1/api/2.0/mlflow"), "{}", nobody.stderr);
    assert_eq!(nobody.code, Some(1));
}
