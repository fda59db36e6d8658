//! A disk that fills up while the server works: a tmpfs of a few megabytes in a mount namespace of the server's own.

use std::process::{Command, Stdio};

use serde_json::json;

use super::client::Dash;
use crate::harness::Scratch;

/// Serves the scratch's home from such a disk. On its standard input it takes `fill` and `free`, and says when that is
/// done.
fn served(scratch: &Scratch) -> Dash {
    let disk = scratch.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let script = r#"
        exec 3<&0
        mount -t tmpfs -o size=8m tmpfs "$1" && cp -a "$2" "$1/home" || exit 99
        while read -r what; do
            case $what in
                fill) head -c 64m /dev/zero > "$1/rest" 2> /dev/null ;;
                free) rm "$1/rest" ;;
            esac
            echo "$what"
        done <&3 &
        exec "$3" dash --json --port 0 < /dev/null 3<&-
    "#;
    // As root a mount namespace is enough; others need a user namespace to be root in.
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([disk.as_os_str(), scratch.home().as_os_str(), env!("CARGO_BIN_EXE_aether").as_ref()])
        .env("AETHER_HOME", disk.join("home"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Dash::begun(child.unwrap())
}

#[test]
fn what_is_there_is_read_and_what_is_not_written_is_said() {
    let scratch = Scratch::new();
    let (id, other) = (scratch.described("x", 1.0), scratch.run("y", json!({}), &[1.0, 2.0]));
    let mut dash = served(&scratch);
    let board = |dash: &Dash, title: &str| {
        let text = format!("title: {title}\npanels: []\n");
        dash.request("PUT", "/api/v1/boards/mine", "Content-Type: text/yaml\r\n", &text)
    };
    let tag = |dash: &Dash| {
        let asked = json!({"ids": [id], "add": ["best"], "remove": ["quick"]});
        dash.post("/runs/tag", &asked).json()
    };
    assert_eq!(board(&dash, "Old").status, 200);
    assert_eq!(dash.ask("fill"), "fill");

    assert_eq!(dash.json("/runs")["total"], json!(2));
    assert_eq!(dash.json(&format!("/runs/{other}"))["metrics"][0]["count"], json!(2));
    assert_eq!(dash.get(&format!("/api/v1/runs/{other}/series")).status, 200);
    let refused = board(&dash, "New").refused(507);
    assert!(refused.contains("No space left") && refused.contains("make room"), "{refused}");
    let refused = &tag(&dash)["refused"][0];
    assert_eq!(refused["id"], json!(id));
    assert!(refused["error"].as_str().unwrap().contains("No space left"), "{refused}");
    assert!(refused["help"].as_str().unwrap().contains("make room"), "{refused}");
    // All is as it was.
    assert_eq!(dash.get("/api/v1/boards/mine").text(), "title: Old\npanels: []\n");
    let run = dash.json(&format!("/runs/{id}"));
    assert_eq!((&run["tags"], &run["damage"]), (&json!(["quick", "baseline"]), &json!([])));

    assert_eq!(dash.ask("free"), "free");
    assert_eq!(board(&dash, "New").status, 200);
    assert_eq!(tag(&dash)["changed"], json!([id]));
    assert_eq!(dash.get("/api/v1/boards/mine").text(), "title: New\npanels: []\n");
    let run = dash.json(&format!("/runs/{id}"));
    assert_eq!((&run["tags"], &run["damage"]), (&json!(["baseline", "best"]), &json!([])));
}
