//! Bad input: each has an error of its own that says what is wrong, where, and is told apart by its exit code.

use std::{
    fs::{self, File},
    process::Output,
    time::{Duration, Instant},
};

use crate::lab::{Lab, said, snapshots};

/// Does `words`, and expects exit code `code` and all `fragments` on standard error.
fn refuses(lab: &Lab, words: &[&str], code: i32, fragments: &[&str]) -> Output {
    let output = lab.run(words);
    let message = said(&output);
    assert_eq!(output.status.code(), Some(code), "aether {}: {message}", words.join(" "));
    for fragment in fragments {
        assert!(message.contains(fragment), "aether {}: no '{fragment}' in: {message}", words.join(" "));
    }
    assert!(!message.contains("panicked"), "{message}");
    output
}

const SMALL: &str = "model_name: SimpleMLP\nmodel: {hidden_dim: 4}\nepochs: 1\nthreads: 1\n";

fn with_csv(csv: &str) -> Lab {
    let lab = Lab::new();
    lab.write("data.csv", csv);
    lab.write(
        "config.yaml",
        format!("{SMALL}batch_size: 2\ndata: {{source: csv, path: data.csv, target: y, validation: 0}}\n"),
    );
    lab
}

#[test]
fn a_csv_file_that_is_no_table() {
    for (csv, fragments) in [
        ("", ["data.csv", "is empty"]),
        ("a,y\n", ["data.csv", "no samples"]),
        ("a,b\n1,2\n3,4\n", ["data.csv", "no column `y`"]),
        ("a,y\n1,2\n3,4,5\n", ["data.csv line 3", "3 cells"]),
        ("a,y\n1,2\n3,4\nx7,4\n", ["data.csv line 4", "`x7` is not a number"]),
        ("a,y\n1,2\nnan,4\n", ["data.csv line 3", "`nan`"]),
    ] {
        refuses(&with_csv(csv), &["train", "config.yaml"], 2, &fragments);
    }
}

#[test]
fn a_batch_larger_than_the_data() {
    let lab = with_csv("a,y\n1,2\n3,4\n");
    refuses(&lab, &["train", "config.yaml", "--set", "batch_size=1000"], 2, &["2 training samples", "1000"]);
}

#[test]
fn a_class_unseen_in_training() {
    let lab = with_csv("a,y\n1,red\n2,blue\n3,red\n4,blue\n");
    lab.write("validation.csv", "a,y\n1,red\n2,green\n");
    let words = ["train", "config.yaml", "--set", "data.validation=validation.csv"];
    refuses(&lab, &words, 2, &["validation.csv line 3", "`green`", "`blue`"]);
}

#[test]
fn impossible_values_are_shown_where_they_stand() {
    let lab = Lab::new();
    for (line, column, message) in [
        ("epochs: 0", 9, "`epochs`"),
        ("batch_size: 0", 13, "`batch_size`"),
        ("learning_rate: -0.1", 16, "`learning_rate`"),
        ("learning_rate: fast", 16, "`learning_rate`"),
        ("learning_rat: 0.1", 1, "did you mean `learning_rate`?"),
        ("optimizer: {kind: adma}", 19, "`adam`"),
        ("model_name: Mlp", 1, "`model_name`"),
    ] {
        lab.write("config.yaml", format!("model_name: SimpleMLP\n{line}\n"));
        let place = format!("config.yaml:2:{column}");
        refuses(&lab, &["train", "config.yaml"], 2, &[&place, "^", message]);
    }
}

#[test]
fn yaml_of_a_gigabyte() {
    let lab = Lab::new();
    File::create(lab.path().join("config.yaml")).unwrap().set_len(1 << 30).unwrap();
    let began = Instant::now();
    refuses(&lab, &["train", "config.yaml"], 2, &["config.yaml"]);
    assert!(began.elapsed() < Duration::from_secs(10), "it was not read to its end");
}

#[test]
fn yaml_bomb() {
    let lab = Lab::new();
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(", "));
    }
    lab.write("config.yaml", text);
    refuses(&lab, &["train", "config.yaml"], 2, &["config.yaml"]);
}

/// A trained run, and the path of its last snapshot.
fn trained(lab: &Lab) -> String {
    lab.write("config.yaml", format!("{SMALL}data: digits\n"));
    lab.must(&["train", "config.yaml"]);
    let latest = fs::canonicalize(snapshots(&lab.only_run()).join("latest.safetensors")).unwrap();
    latest.to_str().unwrap().to_owned()
}

#[test]
fn snapshots_that_are_none() {
    let lab = Lab::new();
    let good = trained(&lab);
    let resume = |path: &str, code, fragments: &[&str]| {
        refuses(&lab, &["train", "config.yaml", "--resume", path], code, fragments);
    };

    lab.write("text.safetensors", "This is not a snapshot, it is a text file.\n");
    resume("text.safetensors", 2, &["text.safetensors", "not a snapshot"]);
    resume("absent.safetensors", 2, &["absent.safetensors"]);

    let bytes = fs::read(&good).unwrap();
    lab.write("truncated.safetensors", &bytes[..bytes.len() - 1]);
    resume("truncated.safetensors", 2, &["truncated.safetensors", "truncated"]);

    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    lab.write("altered.safetensors", altered);
    resume("altered.safetensors", 2, &["altered.safetensors", "altered"]);

    let version = br#""format_version":"1""#;
    let at = bytes.windows(version.len()).position(|window| window == version).unwrap();
    let mut newer = bytes.clone();
    newer[at + version.len() - 2] = b'9';
    lab.write("newer.safetensors", newer);
    resume("newer.safetensors", 2, &["newer.safetensors", "format 9", "update"]);

    // Of another model.
    let words = ["train", "config.yaml", "--set", "model.hidden_dim=5", "--resume", &good];
    refuses(&lab, &words, 2, &["snapshot", "hidden_dim"]);
}
