//! The quotas of a file system that is made for the test, beside what Debian's `repquota` says of it. That needs root, and a
//! kernel with quotas of ext4.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use aether_watch::{Collectors, Sample, Sources};

fn run<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Result<String, String> {
    let said = Command::new(program).args(args).output().map_err(|e| format!("{program}: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
}

/// A file system with quotas, as long as this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn new(directory: &Path) -> Result<Self, String> {
        let (image, at) = (directory.join("image"), directory.join("mounted"));
        fs::create_dir(&at).unwrap();
        fs::File::create(&image).unwrap().set_len(32 << 20).unwrap();
        run("mkfs.ext4", [OsStr::new("-q"), "-O".as_ref(), "quota".as_ref(), image.as_ref()])?;
        run("mount", [OsStr::new("-o"), "loop".as_ref(), image.as_ref(), at.as_ref()])?;
        Ok(Self(at))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = run("umount", [&self.0]);
    }
}

/// KiB that are used, of the user or group with this number.
fn reported(what: &str, id: u32, at: &Path) -> f64 {
    let report = run("repquota", [OsStr::new(what), "-n".as_ref(), at.as_ref()]).unwrap();
    let line = report.lines().find(|line| line.starts_with(&format!("#{id} "))).expect(&report);
    // Name, whether a limit is passed, used.
    line.split_whitespace().nth(2).unwrap().parse().unwrap()
}

#[test]
fn what_repquota_says() {
    let dir = tempfile::tempdir().unwrap();
    let mounted = match Mounted::new(dir.path()) {
        Ok(mounted) => mounted,
        Err(why) => return eprintln!("skipped: no file system with quotas can be made here: {why}"),
    };
    let at = &mounted.0;
    let limit = |what: &str, id: &str, soft: &str, hard: &str| {
        let limits = [what, id, soft, hard, "0", "0"].map(OsStr::new);
        run("setquota", limits.into_iter().chain([at.as_ref()])).unwrap();
    };
    let nowhere = dir.path().join("nothing");
    let sources = Sources {
        proc: nowhere.clone(),
        sys: nowhere.clone(),
        nvml: nowhere,
        directory: Some(at.clone()),
        ..Sources::default()
    };
    let mut sample = Sample::default();
    let mut said = |collectors: &mut Collectors, name: &str| {
        collectors.sample(Duration::ZERO, &mut sample);
        sample.value(&format!("system/quota/{name}"))
    };
    assert_eq!(said(&mut Collectors::find(&sources), "user/free"), None, "there is no limit yet");

    limit("-u", "0", "4000", "8000");
    let mut collectors = Collectors::find(&sources);
    let before = said(&mut collectors, "user/free").unwrap();
    assert_eq!(before, (8000.0 - reported("-u", 0, at)) * 1024.0);
    assert_eq!(said(&mut collectors, "group/free"), None);
    fs::write(at.join("file"), vec![7; 3 << 20]).unwrap();
    let after = said(&mut collectors, "user/free").unwrap();
    assert_eq!(before - after, f64::from(3 << 20));
    assert_eq!(after, (8000.0 - reported("-u", 0, at)) * 1024.0);
    let percent = said(&mut collectors, "user/percent").unwrap();
    assert!((percent - reported("-u", 0, at) / 80.0).abs() < 1e-9, "{percent}");

    // A directory may hand its group on.
    limit("-g", "1234", "0", "1000");
    assert_eq!(said(&mut Collectors::find(&sources), "group/free"), None);
    std::os::unix::fs::chown(at, None, Some(1234)).unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o2755)).unwrap();
    let mut collectors = Collectors::find(&sources);
    fs::write(at.join("of the group"), vec![7; 100 << 10]).unwrap();
    let free = said(&mut collectors, "group/free").unwrap();
    assert_eq!(free, (1000.0 - reported("-g", 1234, at)) * 1024.0);
    assert!(free <= f64::from(900 << 10));
}
