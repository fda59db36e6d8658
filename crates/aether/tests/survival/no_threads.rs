//! No more threads: a library before the system's own refuses one of those that the program asks for, each in its turn.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use aether_core::RunState;
use aether_ledger::RunReader;

use crate::lab::{Lab, said};

/// Refuses the thread number `$REFUSE` of the process, counted from 1, and notes in the file `$REFUSED` that it did.
const NO_THREAD: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int made = 0;

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*work)(void *), void *with) {
    if (__atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST) == atoi(getenv("REFUSE"))) {
        close(open(getenv("REFUSED"), O_CREAT | O_WRONLY, 0600));
        return EAGAIN;
    }
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, how, work, with);
}
"#;

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 16}
data: {source: synthetic, recipe: blobs, samples: 400, features: 6}
epochs: 2
batch_size: 16
threads: 2
";

fn train(lab: &Lab, library: &Path, refused: usize) -> Output {
    let mut command = lab.aether(&["train", "config.yaml"]);
    command.env("LD_PRELOAD", library).env("REFUSE", refused.to_string());
    command.env("REFUSED", lab.path().join("refused")).output().unwrap()
}

fn library() -> (Lab, PathBuf) {
    let lab = Lab::new();
    let source = lab.write("no_thread.c", NO_THREAD);
    let library = lab.path().join("no_thread.so");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output().unwrap();
    assert!(built.status.success(), "{}", said(&built));
    (lab, library)
}

#[test]
fn whichever_thread_cannot_be_made_the_record_says_how_the_training_ended() {
    let (_keeps, library) = library();
    let (mut unseen, mut unwatched, mut unlogged) = (0, 0, 0);
    for number in 1.. {
        let lab = Lab::new();
        lab.write("config.yaml", CONFIG);
        let output = train(&lab, &library, number);
        if fs::remove_file(lab.path().join("refused")).is_err() {
            assert!(output.status.success(), "{}", said(&output));
            assert!(number > 4, "only {number} threads were asked for");
            break;
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "thread {number}: {}", said(&output));
        let runs = lab.runs();
        let Some(directory) = runs.first() else {
            // Refused before it began.
            assert!(!output.status.success() && stderr.contains("error: "), "{}", said(&output));
            continue;
        };
        let run = directory.run().unwrap();
        assert!(run.ended.is_some(), "thread {number}: {run:?}\n{}", said(&output));
        match run.state {
            RunState::Done => {
                assert!(output.status.success(), "{}", said(&output));
                unseen += usize::from(stderr.contains("the training goes on unseen"));
                let events = RunReader::open(directory.clone()).unwrap();
                unwatched += events.events().iter().filter(|said| said.event.kind == "not_watched").count();
            }
            RunState::Failed => {
                assert_eq!(output.status.code(), Some(1), "{}", said(&output));
                let reason = run.reason.unwrap();
                assert!(reason.contains("thread"), "{reason}");
                unlogged += usize::from(reason.contains(".log"));
            }
            state => panic!("{state:?}: {}", said(&output)),
        }
    }
    assert_eq!(
        (unseen, unwatched, unlogged),
        (1, 1, 2),
        "a thread each that shows, and watches; two that log"
    );
}
