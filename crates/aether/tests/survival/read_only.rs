//! A home that one may read and not write: a colleague's, or an archive. Every verb that reads works there, every
//! other says what to do.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::lab::{AETHER, Lab, said};

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 4}
data: digits
epochs: 1
threads: 1
";

/// Somebody who may write nowhere in the home: for root, that is somebody else.
struct Reader {
    lab: Lab,
    /// The program, where everybody may run it.
    program: PathBuf,
    is_root: bool,
}

impl Reader {
    /// With a trained run `net` and a command `cmd` in the home. With `index`, what is known of them is there, too.
    fn new(index: bool) -> Self {
        let lab = Lab::new();
        lab.write("config.yaml", CONFIG);
        lab.must(&["train", "config.yaml", "--name", "net"]);
        lab.must(&["run", "--name", "cmd", "--", "echo", "hello"]);
        lab.must(&["artifacts", "net", "--add", "config.yaml"]);
        lab.must(&["runs"]);
        if !index {
            fs::remove_file(lab.path().join("home/index.db")).unwrap();
        }
        fs::create_dir(lab.path().join("out")).unwrap();
        fs::set_permissions(lab.path().join("out"), fs::Permissions::from_mode(0o777)).unwrap();
        let program = lab.path().join("aether");
        // By a process of its own: a child forked here meanwhile would hold the file open for writing, and it could not run.
        assert!(Command::new("cp").arg(AETHER).arg(&program).status().unwrap().success());
        fs::set_permissions(lab.path(), fs::Permissions::from_mode(0o755)).unwrap();
        make_read_only(&lab.path().join("home"));
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        Self { lab, program, is_root }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command.args(words).current_dir(self.lab.path()).env("AETHER_HOME", self.lab.path().join("home"));
        command.output().unwrap()
    }
}

impl Drop for Reader {
    /// So that the directory can be removed.
    fn drop(&mut self) {
        let _ = Command::new("chmod").args(["-R", "u+w"]).arg(self.lab.path().join("home")).status();
    }
}

fn make_read_only(path: &Path) {
    let changed = Command::new("chmod").args(["-R", "a+rX,a-w"]).arg(path).output().unwrap();
    assert!(changed.status.success(), "{}", said(&changed));
}

#[test]
fn whatever_reads_works_with_an_index_and_without() {
    for index in [false, true] {
        let reader = Reader::new(index);
        for words in [
            &["runs"][..],
            &["runs", "train/loss.min > 0 and state = done"],
            &["runs", "--json"],
            &["show", "net"],
            &["show", "@latest"],
            &["logs", "net"],
            &["logs", "cmd"],
            &["logs", "cmd", "--events"],
            &["plot", "net"],
            &["compare", "net", "cmd"],
            &["artifacts"],
            &["lineage", "net"],
            &["ps"],
            &["gc", "--dry-run"],
            &["artifacts", "--verify"],
            &["export", "net", "--to", "jsonl", "-o", "out/net.jsonl"],
        ] {
            let output = reader.run(words);
            let message = said(&output);
            assert!(output.status.success(), "aether {} (index: {index}): {message}", words.join(" "));
            assert!(!message.contains("panicked") && !message.contains("warning"), "{words:?}: {message}");
        }
        let list = String::from_utf8(reader.run(&["runs", "--json"]).stdout).unwrap();
        assert!(
            list.contains("\"net\"") && list.contains("\"cmd\"") && list.contains("train/loss"),
            "{list}"
        );
        assert!(String::from_utf8(reader.run(&["logs", "cmd"]).stdout).unwrap().contains("hello"));
    }
}

#[test]
fn whatever_writes_says_what_to_do_and_changes_nothing() {
    let reader = Reader::new(true);
    let config = reader.lab.path().join("config.yaml");
    let config = config.to_str().unwrap();
    for words in [&["train", config][..], &["run", "--", "true"]] {
        let output = reader.run(words);
        let message = said(&output);
        assert!(!output.status.success(), "{words:?}: {message}");
        let home = reader.lab.path().join("home");
        for part in ["cannot write in Aether's home", home.to_str().unwrap(), "set AETHER_HOME"] {
            assert!(message.contains(part), "{words:?}: no '{part}' in {message}");
        }
    }
    for words in [&["rm", "net"][..], &["resume", "net"], &["artifacts", "net", "--add", config]] {
        let output = reader.run(words);
        let message = said(&output);
        assert!(!output.status.success() && message.contains("error: "), "{words:?}: {message}");
        assert!(message.contains("Permission denied"), "{words:?}: {message}");
    }
    assert_eq!(reader.lab.runs().len(), 2);
}
