//! `report`: one file that needs nothing else; and, with the real Chromium, its print and its picture.

use std::{env, fs, path::Path};

use serde_json::{Value, json};

use crate::harness::Scratch;

/// What is recorded in a report.
fn recorded(page: &str) -> Value {
    let begin = page.find("id=\"aether-report\">").unwrap() + "id=\"aether-report\">".len();
    let end = begin + page[begin..].find("</script>").unwrap();
    serde_json::from_str(&page[begin..end]).unwrap()
}

#[test]
fn one_file_has_everything() {
    let scratch = Scratch::new();
    let name = "</script><script>alert(1)</script><!-- \u{202e}";
    let a = scratch.run(name, json!({"lr": 0.1}), &[3.0, f64::NAN, 1.0]);
    let b = scratch.run("b", json!({"lr": 0.2}), &[2.0]);
    let file = scratch.path().join("out.html");
    let done =
        scratch.aether("report --json -o out.html").arg(a.as_str()).arg("b").arg(a.as_str()).run().json();
    assert_eq!(done[0]["files"], json!(["out.html"]));
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script>alert(1)"));
    // It may run what is written in it, and load nothing.
    assert!(page.contains("default-src 'none'; script-src 'sha256-") && !page.contains("src=\""));
    let content = recorded(&page);
    assert_eq!(content["runs"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&content["runs"][0]["name"], &content["runs"][0]["metrics"][0]["count"]),
        (&json!(name), &json!(3))
    );
    assert_eq!(content["compare"]["parameters"][0]["values"], json!([0.1, 0.2]));
    // The columns begin with their magic.
    assert!(content["series"][a.as_str()].as_str().unwrap().starts_with("QVBTMQ"));
    assert_eq!(content["title"], json!("2 runs"));
    scratch.aether("report b").run().ok();
    let one = recorded(&fs::read_to_string(scratch.path().join("report.html")).unwrap());
    assert_eq!((&one["title"], &one["compare"]), (&json!("b"), &Value::Null));
    assert_eq!(one["runs"][0]["id"], json!(b));
    assert!(scratch.aether("report nothing").run().refused().contains("'nothing'"));
    let failed = scratch.aether("report b -o none/out.html").run();
    assert!(failed.code == Some(1) && failed.stderr.contains("none/out.html"), "{failed:?}");
}

#[test]
fn without_chromium_it_says_what_to_do() {
    let scratch = Scratch::new();
    scratch.run("b", json!({}), &[2.0]);
    let refused = scratch.aether("report b --pdf out.pdf").env("PATH", "/nowhere").run().refused();
    assert!(refused.contains("chromium"), "{refused}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing but the home");
}

#[test]
fn printed_and_pictured_by_chromium() {
    let path = env::var_os("PATH").unwrap();
    if !env::split_paths(&path).any(|place| Path::new(&place).join("chromium").is_file()) {
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "no chromium");
        eprintln!("skipped: there is no chromium");
        return;
    }
    let scratch = Scratch::new();
    scratch.run("b", json!({"lr": 1}), &[3.0, 2.0, 1.0]);
    scratch.aether("report b --pdf out.pdf --png out.png").run().ok();
    assert!(fs::read(scratch.path().join("out.pdf")).unwrap().starts_with(b"%PDF-"));
    assert!(fs::read(scratch.path().join("out.png")).unwrap().starts_with(b"\x89PNG"));
}
