//! A home on a file system without locks, as some that lie on a network are: a library before the system's own
//! refuses every lock that the program asks for.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use aether_core::{Event, Level};
use aether_watch::{Alerts, AlertsFile, RunFacts, alert::Raised};

use crate::lab::{Lab, done, said, series, state};

/// Refuses `flock` as a file system without it does, and record locks as one without a lock service. That it did so
/// it notes in the file `$REFUSED`.
const NO_LOCKS: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static int refuse(int why) {
    int note = open(getenv("REFUSED"), O_CREAT | O_WRONLY, 0600);
    if (note >= 0) close(note);
    errno = why;
    return -1;
}

int flock(int fd, int operation) { return refuse(EOPNOTSUPP); }
int lockf(int fd, int command, off_t length) { return refuse(ENOLCK); }
int lockf64(int fd, int command, off64_t length) { return refuse(ENOLCK); }

static int control(const char *name, int fd, int command, void *argument) {
    switch (command) {
    case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
        return refuse(ENOLCK);
    }
    int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
    return real(fd, command, argument);
}

int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control("fcntl", fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return control("fcntl64", fd, command, argument);
}
"#;

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 16}
data: {source: synthetic, recipe: blobs, samples: 400, features: 6}
epochs: 4
batch_size: 16
snapshot: {every_steps: 10}
threads: 1
";

/// The program on a file system without locks.
struct Lockless {
    lab: Lab,
    library: PathBuf,
}

impl Lockless {
    fn new() -> Self {
        let lab = Lab::new();
        let source = lab.write("no_locks.c", NO_LOCKS);
        let library = lab.path().join("no_locks.so");
        let mut compiler = Command::new("cc");
        let built = compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output().unwrap();
        assert!(built.status.success(), "{}", said(&built));
        lab.write("config.yaml", CONFIG);
        Self { lab, library }
    }

    fn refused(&self) -> PathBuf {
        self.lab.path().join("refused")
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = self.lab.aether(words);
        command.env("LD_PRELOAD", &self.library).env("REFUSED", self.refused()).output().unwrap()
    }

    fn must(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "aether {}: {}", words.join(" "), said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Whether a lock was asked for, and refused, since the last time.
fn was_refused(note: &Path) -> bool {
    std::fs::remove_file(note).is_ok()
}

#[test]
fn a_home_without_locks_trains_lists_and_resumes() {
    let with_locks = Lab::new();
    with_locks.write("config.yaml", CONFIG);
    with_locks.must(&["train", "config.yaml", "--set", "epochs=8"]);
    let whole = with_locks.only_run();

    let home = Lockless::new();
    home.must(&["train", "config.yaml"]);
    let run = home.lab.only_run();
    let id = run.id().to_string();
    assert_eq!(home.must(&["runs", "--quiet"]).trim(), id);
    assert!(was_refused(&home.refused()), "the index asked for a lock");
    home.must(&["show", &id]);
    home.must(&["resume", &id, "--set", "epochs=8"]);
    assert!(done(&run));
    assert_eq!((state(&run), series(&run)), (state(&whole), series(&whole)), "nothing is lost or changed");
    home.must(&["gc"]);
    home.must(&["rm", &id]);
    assert!(home.lab.runs().is_empty());
}

#[test]
fn a_home_without_locks_keeps_what_a_command_prints() {
    let home = Lockless::new();
    let ended = home.run(&["run", "--name", "x", "--", "sh", "-c", "echo one; echo two >&2; exit 3"]);
    assert_eq!(ended.status.code(), Some(3), "{}", said(&ended));
    let logs = home.must(&["logs", "x"]);
    assert!(logs.contains("one") && logs.contains("two"), "{logs}");
    let list = home.must(&["runs", "--json", "state = failed"]);
    assert!(list.contains("\"name\":\"x\""), "{list}");
    assert!(was_refused(&home.refused()));
}

#[test]
fn a_home_without_locks_sends_its_alerts_and_loses_none() {
    let home = Lockless::new();
    let place = home.lab.path().join("home");
    std::fs::create_dir(&place).unwrap();
    let (heard, go) = (home.lab.path().join("heard"), home.lab.path().join("go"));
    // The route waits for the test, so that two processes surely meet.
    let script = format!(
        "cat >>{0}; touch {0}.began.$$; until [ -e {1} ]; do sleep 0.05; done",
        heard.display(),
        go.display()
    );
    std::fs::write(
        place.join("alerts.yaml"),
        format!("routes:\n  mine: {{kind: command, run: '{script}'}}\n"),
    )
    .unwrap();
    let event = Event {
        kind: "leak".to_owned(),
        level: Level::Error,
        step: 3,
        message: "memory goes".to_owned(),
        fields: serde_json::Map::new(),
    };
    let word = |text: &str| text.to_owned();
    let run = RunFacts { id: word("k3v9"), name: word("base"), project: word("default"), host: word("lab") };
    let alerts = Alerts::open(&place, AlertsFile::of_home(&place).unwrap());
    assert_eq!(alerts.raise(&event, &run).unwrap(), Raised::Queued);

    let senders: Vec<_> = (0..2)
        .map(|_| {
            let mut command = home.lab.aether(&["alerts", "send"]);
            command.env("LD_PRELOAD", &home.library).env("REFUSED", home.refused()).spawn().unwrap()
        })
        .collect();
    let began = || {
        let files = std::fs::read_dir(home.lab.path()).unwrap();
        files.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("began")).count()
    };
    // Without locks nobody knows of the other: both send it, which is said in the guide.
    while began() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::write(&go, "").unwrap();
    for sender in senders {
        let output = sender.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    assert!(was_refused(&home.refused()), "the queue asked for a lock");
    assert_eq!(std::fs::read_to_string(&heard).unwrap().matches("memory goes").count(), 2);
    assert_eq!(home.must(&["alerts"]), "no alert waits\n", "and it is off the queue");
}
