//! `alerts`: routes that are programs of this test, and a process that is killed while it sends.

use std::{fs, io::Read, net::TcpListener, path::Path, thread, time::Duration};

use aether_core::{Event, Level};
use aether_watch::{Alerts, AlertsFile, RunFacts, alert::Raised};
use serde_json::{Map, json};

use crate::harness::Scratch;

fn configure(scratch: &Scratch, yaml: &str) {
    fs::create_dir_all(scratch.home()).unwrap();
    fs::write(scratch.home().join("alerts.yaml"), yaml).unwrap();
}

fn raise(home: &Path) {
    let event = Event {
        kind: "leak".to_owned(),
        level: Level::Error,
        step: 3,
        message: "memory goes".to_owned(),
        fields: Map::new(),
    };
    let word = |text: &str| text.to_owned();
    let run = RunFacts { id: word("k3v9"), name: word("base"), project: word("default"), host: word("lab") };
    let alerts = Alerts::open(home, AlertsFile::of_home(home).unwrap());
    assert_eq!(alerts.raise(&event, &run).unwrap(), Raised::Queued);
}

#[test]
fn what_waits_is_listed_and_sent() {
    let scratch = Scratch::new();
    assert_eq!(scratch.aether("alerts").run().ok(), "no alert waits\n");
    let out = scratch.path().join("out");
    configure(&scratch, &format!("routes:\n  mine: {{kind: command, run: 'cat > {}'}}\n", out.display()));
    raise(&scratch.home());
    let listed = scratch.aether("alerts").run().ok();
    assert!(listed.contains("mine") && listed.contains("error: leak in base"), "{listed}");
    let json = &scratch.aether("alerts --json").run().json()[0];
    assert_eq!(
        (&json["route"], &json["state"], &json["message"]["count"]),
        (&json!("mine"), &json!("waiting"), &json!(1))
    );
    assert_eq!(scratch.aether("alerts send").run().ok(), "1 message delivered\n");
    assert!(fs::read_to_string(out).unwrap().contains("memory goes"));
    assert_eq!(scratch.aether("alerts --quiet").run().ok(), "");
}

#[test]
fn a_test_of_routes() {
    let scratch = Scratch::new();
    assert!(scratch.aether("alerts test").run().refused().contains("alerts.yaml"));
    configure(
        &scratch,
        "routes:\n  good: {kind: command, run: 'grep -q kind'}\n  bad: {kind: command, run: 'exit 4'}\n",
    );
    assert_eq!(scratch.aether("alerts test good").run().ok(), "1 message delivered\n");
    let failed = scratch.aether("alerts test").run();
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("bad: it ended with exit status: 4"), "{failed:?}");
    assert!(scratch.aether("alerts test goood").run().refused().contains("did you mean `good`?"));
    configure(&scratch, "routes:\n  a: {kind: comand}\n");
    assert!(scratch.aether("alerts").run().refused().contains("did you mean `command`?"));
}

#[test]
fn killed_while_it_sends_nothing_is_lost() {
    let scratch = Scratch::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    configure(&scratch, &format!("routes:\n  team: {{kind: webhook, url: 'http://{address}/'}}\n"));
    raise(&scratch.home());
    let mut sender = scratch.aether("alerts send").start();
    // It has connected and said something, and waits for an answer that never comes.
    let (mut stream, _) = listener.accept().unwrap();
    assert!(stream.read(&mut [0; 100]).unwrap() > 0);
    // Another one does not send the same meanwhile.
    assert_eq!(scratch.aether("alerts send").run().ok(), "0 messages delivered\n");
    sender.kill().unwrap();
    sender.wait().unwrap();
    assert_eq!(scratch.aether("alerts --quiet").run().ok().lines().count(), 1);
    let answered = thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (mut text, mut piece) = (String::new(), [0; 4096]);
        while !text.contains("memory goes") {
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "{text}");
            text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        }
        // The rest of the body is small and has come with it, or stays unread: the answer stands.
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        text
    });
    assert_eq!(scratch.aether("alerts send").run().ok(), "1 message delivered\n");
    assert!(answered.join().unwrap().starts_with("POST / HTTP/1.1\r\n"));
    assert_eq!(scratch.aether("alerts").run().ok(), "no alert waits\n");
}

#[test]
fn the_desktop_is_asked_by_notify_send() {
    let scratch = Scratch::new();
    configure(&scratch, "routes: {screen: desktop}\n");
    let bin = scratch.path().join("bin");
    fs::create_dir(&bin).unwrap();
    // A stand-in: no desktop runs where tests do.
    let program = bin.join("notify-send");
    fs::write(&program, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}/said\n", scratch.path().display()))
        .unwrap();
    let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
    fs::set_permissions(&program, mode).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    assert_eq!(scratch.aether("alerts test").env("PATH", &path).run().ok(), "1 message delivered\n");
    let said = fs::read_to_string(scratch.path().join("said")).unwrap();
    assert!(
        said.starts_with("--app-name=Aether\n--urgency\nlow\n--\ninfo: test in test\na test of"),
        "{said}"
    );
}

#[test]
fn what_a_training_says_is_wrong_reaches_the_routes() {
    let scratch = Scratch::new();
    let out = scratch.path().join("out");
    configure(&scratch, &format!("routes:\n  mine: {{kind: command, run: 'cat >> {}'}}\n", out.display()));
    // Its own words, before any detector's: the loss becomes infinite at this rate, and the training halts.
    scratch.file(
        "config.yaml",
        "model_name: LinearRegression\ndata: {source: synthetic, recipe: linear, samples: 100, features: 2}\n\
         epochs: 50\nbatch_size: 80\nlearning_rate: 1.0e+30\noptimizer: sgd\n",
    );
    let trained = scratch.aether("train config.yaml --name wild").run();
    assert_eq!(trained.code, Some(1), "{trained:?}");
    let events = scratch.aether("logs wild --events --level error --json").run().json();
    let own = events.iter().find(|event| event["kind"] == "failed").unwrap()["message"].as_str().unwrap();
    let said = fs::read_to_string(&out).unwrap();
    assert!(said.contains("wild") && said.contains(own), "{own}\n{said}");
    // Not watched, nobody is told.
    fs::remove_file(&out).unwrap();
    assert_eq!(scratch.aether("train config.yaml --no-watch").run().code, Some(1));
    assert!(!out.exists());
}
