//! A home on a file system without locks, as some that lie on a network are: a library before the system's own
//! refuses every lock that the program asks for.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

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
