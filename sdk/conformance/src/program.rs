//! Says what the programs of the other languages here say.

#![allow(unsafe_code, reason = "no safe library forks")]

use std::{env, ffi::OsString, fs, io};

use aether_client::{Level, Run, Value, fields};

/// Says steps until the disk is full, makes room by removing a file, and goes on where it was.
fn fill(ballast: OsString) -> io::Result<()> {
    let run = Run::begin("conformance", "full")?;
    let (mut step, mut last) = (0, u64::MAX);
    while step < last {
        match run.log(step, &[("loss", step as f64), (&format!("m/{step}"), 1.0)]) {
            Ok(()) => step += 1,
            Err(_) => {
                fs::remove_file(&ballast)?;
                last = step + 100;
            }
        }
    }
    run.finish()
}

/// Has a forked child say something, too.
fn fork() -> io::Result<()> {
    let run = Run::begin("conformance", "forked")?;
    run.log(1, &[("parent", 1.0)])?;
    // SAFETY: this process has one thread, so the copy's memory and locks are all in order.
    let child = unsafe { libc::fork() };
    if child == 0 {
        run.log(2, &[("child", 2.0)])?;
        return run.finish();
    }
    // SAFETY: the child is ours, and its status is not asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    let record = fs::read_to_string(run.directory().join("run.json"))?;
    if !record.contains("running") {
        return Err(io::Error::other("the child ended its parent's run"));
    }
    run.log(3, &[("parent", 3.0)])?;
    run.finish()
}

fn main() -> io::Result<()> {
    if let Some(ballast) = env::var_os("AETHER_CONFORMANCE_BALLAST") {
        return fill(ballast);
    }
    if env::var_os("AETHER_CONFORMANCE_FORK").is_some() {
        return fork();
    }
    let run = Run::begin("conformance", "größe \"one\"")?;
    for step in 1..=100 {
        run.log(step, &[("loss", 1.0 / step as f64), ("größe/λ", -0.5 * step as f64)])?;
    }
    for (step, value) in (101..).zip([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324]) {
        run.log(step, &[("loss", value)])?;
    }
    run.log(1 << 53, &[("huge", 1.0)])?;
    run.log(0, &[("huge", 0.0)])?;
    run.log(1, &[("two\nlines\t\"quoted\"", 1.0)])?;
    let many: Vec<(String, f64)> = (0..5000).map(|i| (format!("many/{i}"), f64::from(i))).collect();
    run.log(7, &many.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>())?;
    let said: Vec<(&str, Value)> = vec![
        ("number", 0.1.into()),
        ("whole", 3i64.into()),
        ("text", "ü\t".into()),
        ("truth", true.into()),
        ("nan", f64::NAN.into()),
        ("list", Value::List(vec![1i64.into(), 2.5.into()])),
    ];
    let said = said.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    run.event("note", Level::Warning, 3, "a \"quoted\"\nline, größer", said)?;
    let config = fields::<Value>([("lr", 0.01.into()), ("layers", 3i64.into())]);
    run.event("config", Level::Info, 0, "Parameters", config)?;
    run.event("long", Level::Info, 0, "x", fields([("text", "x".repeat(2 << 20))]))?;
    let file = env::args_os().nth(1).unwrap_or_default();
    run.artifact(file.as_ref(), "model", "model")?;
    run.finish()
}
