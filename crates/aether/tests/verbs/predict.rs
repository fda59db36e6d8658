use crate::harness::Scratch;

/// Two clouds of points, far apart, and a trained classifier of them.
fn trained() -> Scratch {
    let scratch = Scratch::new();
    let row = |i: u32| {
        let side = if i.is_multiple_of(2) { 5 } else { -5 };
        format!("{},{},{}\n", side, i % 7, if side > 0 { "right" } else { "left" })
    };
    let rows: String = (0..200).map(row).collect();
    scratch.file("data.csv", &format!("x,noise,label\n{rows}"));
    scratch.file(
        "config.yaml",
        "model_name: LogisticRegression\ndata: {source: csv, path: data.csv, target: label}\n\
         epochs: 20\nbatch_size: 20\nlearning_rate: 0.1\n",
    );
    scratch.aether("train config.yaml").run().ok();
    scratch.file("new.csv", "noise,x\n3,5\n3,-5\n");
    scratch
}

#[test]
fn classes_by_name_whatever_the_columns_order() {
    let out = trained().aether("predict @latest --input new.csv").run().ok();
    assert_eq!(out, "prediction\nright\nleft\n");
}

#[test]
fn probabilities_to_a_file() {
    let scratch = trained();
    let said = scratch.aether("predict @latest --input new.csv --output out.csv --proba").run().ok();
    assert_eq!(said, "wrote 2 predictions to out.csv\n");
    let csv = std::fs::read_to_string(scratch.path().join("out.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["prediction", "probability_left", "probability_right"]);
    let number = |cell: &str| cell.parse::<f64>().unwrap();
    assert!(rows[1][0] == "right" && number(rows[1][2]) > 0.9, "{csv}");
    assert!((number(rows[2][1]) + number(rows[2][2]) - 1.0).abs() < 1e-5, "{csv}");
}

#[test]
fn as_json() {
    let lines = trained().aether("predict @latest --input new.csv --json --proba").run().json();
    assert_eq!(lines[0]["prediction"], "right");
    assert!(lines[1]["probabilities"]["left"].as_f64().unwrap() > 0.9);
}

#[test]
fn wrong_rows_are_told_with_their_place() {
    let scratch = trained();
    scratch.file("short.csv", "x\n1\n");
    let error = scratch.aether("predict @latest --input short.csv").run().refused();
    assert!(error.contains("noise"), "{error}");
    scratch.file("text.csv", "x,noise\n1,2\nhello,2\n");
    let error = scratch.aether("predict @latest --input text.csv").run().refused();
    assert!(error.contains("hello") && error.contains('3'), "{error}");
}

#[test]
fn a_text_file_is_no_snapshot() {
    let scratch = Scratch::new();
    scratch.file("notes.safetensors", "these are notes");
    let error = scratch.aether("predict notes.safetensors --input x.csv").run().refused();
    assert!(error.contains("is not a snapshot"), "{error}");
}
