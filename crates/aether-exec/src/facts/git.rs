//! The version of the code: commit, branch, and what differs from the commit, kept as a blob.

use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use aether_ledger::Home;
use serde_json::{Map, Value};

use crate::spec::Spec;

/// The longest difference that is kept.
const LONGEST: u64 = 16 << 20;

/// What git says of the program's directory; `None` outside of a repository, and where there is no git.
pub(super) fn facts(spec: &Spec, home: &Home) -> Option<Value> {
    let status = output(&spec.directory, &["status", "--porcelain=v2", "--branch", "--no-ahead-behind"])?;
    let status = String::from_utf8_lossy(&status);
    let mut facts = Map::new();
    for line in status.lines() {
        if let Some(commit) = line.strip_prefix("# branch.oid ")
            && commit != "(initial)"
        {
            facts.insert("commit".to_owned(), commit.into());
        } else if let Some(branch) = line.strip_prefix("# branch.head ")
            && branch != "(detached)"
        {
            facts.insert("branch".to_owned(), branch.into());
        }
    }
    let changed = status.lines().filter(|line| !line.starts_with('#')).count();
    facts.insert("dirty".to_owned(), (changed > 0).into());
    let diff = ["diff", "HEAD", "--binary", "--no-color", "--no-ext-diff"];
    if changed > 0
        && facts.contains_key("commit")
        && let Some(diff) = output(&spec.directory, &diff)
        && !diff.is_empty()
        && let Ok(blob) = home.blobs().put(&diff)
    {
        facts.insert("diff".to_owned(), blob.digest.to_string().into());
        if diff.len() as u64 >= LONGEST {
            facts.insert("diff_cut".to_owned(), true.into());
        }
    }
    Some(Value::Object(facts))
}

/// What git prints, up to the longest that is kept. It takes no lock, so that the user's own git never meets one.
fn output(directory: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut git = Command::new("git")
        .args(["--no-optional-locks", "-C"])
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut printed = Vec::new();
    let read = git.stdout.take()?.take(LONGEST).read_to_end(&mut printed);
    if printed.len() as u64 >= LONGEST {
        // It may have ended already.
        let _ = git.kill();
        let _ = git.wait();
        return Some(printed);
    }
    let ended = git.wait().ok()?;
    (read.is_ok() && ended.success()).then_some(printed)
}
