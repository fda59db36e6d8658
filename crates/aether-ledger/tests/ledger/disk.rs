//! A disk that is full, and a home that cannot be written.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Output},
};

use aether_core::{Listener, RunState};
use aether_ledger::{Home, Index, LedgerError, RunWriter, Standing};

use crate::support::*;

/// A small file system of its own, gone when dropped.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    /// `None`, with a word about what is missing, where file systems cannot be mounted; in continuous integration
    /// (`CI` is set) they must be.
    fn mount(bytes: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"], dir.path());
        if mounted.status.success() {
            return Some(Self(dir));
        }
        let said = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(env::var_os("CI").is_none(), "no tmpfs can be mounted: {said}");
        println!("not tested: this needs root and CAP_SYS_ADMIN, to mount a tmpfs: {said}");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()).status.success());
    }

    /// Takes all the space that is left.
    fn fill(&self) {
        let mut filler = fs::File::create(self.path().join("filler")).unwrap();
        for size in [64 * 1024, 512, 1] {
            while filler.write(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

fn mount(arguments: &[&str], path: &Path) -> Output {
    Command::new("mount").args(arguments).arg(path).output().unwrap()
}

#[test]
fn a_full_disk_is_reported_once_and_nothing_is_lost() {
    let Some(disk) = Tmpfs::mount(4 << 20) else { return };
    let home = Home::at(disk.path().join("home"));
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 1.0);
    log.sync().unwrap();
    disk.fill();
    // Several frames, of which some may fit and one may be torn.
    (2..=100_000).for_each(|step| say(&log, "loss", step, step as f64));
    say_event(&log, "epoch", 100_000);
    let refused = log.sync().unwrap_err();
    for part in ["cannot write the log", "No space left on device", "bytes wait in memory", "free space"] {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(log.trouble().unwrap().contains("No space left on device"));
    assert!(log.sync().is_err());
    assert_eq!(log.trouble(), None, "said once");

    let torn = read(writer.directory());
    assert_eq!(torn.damage(), []);
    assert!(series(&torn, "loss").len() < 100_000);
    let refused = writer.end(RunState::Failed, None).unwrap_err();
    assert!(refused.to_string().contains("run.json"), "{refused}");
    assert_eq!(writer.directory().run().unwrap().state, RunState::Running, "the old record stands");

    disk.free();
    say(&log, "loss", 100_001, 100_001.0);
    log.sync().unwrap();
    assert_eq!(log.trouble(), None);
    drop(log);
    let run = read(writer.directory());
    assert_eq!(run.damage(), []);
    let expected: Vec<_> = (1..=100_001).map(|step| (step, step as f64)).collect();
    assert!(series(&run, "loss") == expected);
    assert_eq!(run.events().len(), 1);
    writer.end(RunState::Done, None).unwrap();
    assert_eq!(Index::open(&home).unwrap().entries()[0].standing, Standing::Done);
}

#[test]
fn a_read_only_home_can_be_read_and_says_what_it_is() {
    let Some(disk) = Tmpfs::mount(4 << 20) else { return };
    let home = Home::at(disk.path().join("home"));
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 0.5);
    drop(log);
    writer.end(RunState::Done, None).unwrap();
    for indexed in [false, true] {
        if indexed {
            assert!(mount(&["-o", "remount,rw"], disk.path()).status.success());
            Index::open(&home).unwrap();
        }
        disk.make_read_only();
        let mut index = Index::open(&home).unwrap();
        assert_eq!(index.find("test").unwrap().metrics.get("loss").unwrap().last, 0.5);
        assert!(index.remove(writer.id(), false).is_err());
        assert_eq!(index.entries().len(), 1, "what was not removed is still listed");
    }
    let refused = RunWriter::create(&home, new_run("default", "x")).unwrap_err();
    assert!(matches!(refused, LedgerError::HomeNotWritable { .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains(&*home.path().to_string_lossy()) && said.contains("set AETHER_HOME"), "{said}");
    assert!(RunWriter::resume(writer.directory().clone(), false).is_err());
}

#[test]
fn a_home_that_is_a_file_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, "").unwrap();
    let refused = RunWriter::create(&Home::at(&path), new_run("default", "x")).unwrap_err();
    assert!(refused.to_string().contains("set AETHER_HOME to a directory that you may write"), "{refused}");
}
