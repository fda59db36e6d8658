//! Processes that write runs, to be killed or to write beside each other: this test binary itself, told by its
//! environment what to do.

use std::{
    env,
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use aether_core::{Listener, RunId};
use aether_ledger::{Home, RunDirectory, RunWriter};

use crate::support::*;

const HOME: &str = "AETHER_LEDGER_TEST_HOME";
const TASK: &str = "AETHER_LEDGER_TEST_TASK";

/// A process at work on a run. Killed when dropped.
pub(crate) struct Writer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) directory: RunDirectory,
}

impl Writer {
    /// Starts a process that does `task` in a run of its own, or with `of` in that run.
    pub(crate) fn start(home: &Home, task: &str, of: Option<RunId>) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["child::work", "--exact", "--ignored", "--nocapture"])
            .env(HOME, home.path())
            .env(TASK, format!("{task} {}", of.map(|id| id.to_string()).unwrap_or_default()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let id = told(&mut lines, "run").unwrap();
        let directory = home.run("default", id.parse().unwrap()).unwrap();
        Self { process, lines, directory }
    }

    /// The number it tells next with a word; `None` when it has ended.
    pub(crate) fn told(&mut self, word: &str) -> Option<u64> {
        told(&mut self.lines, word).map(|number| number.parse().unwrap())
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn succeeds(mut self) -> RunDirectory {
        assert!(self.process.wait().unwrap().success());
        self.directory.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What follows the next line's `word`; other lines are the test harness's.
fn told(lines: &mut Lines<BufReader<ChildStdout>>, word: &str) -> Option<String> {
    // The first line of ours may follow the harness's `test child::work ... ` on one line.
    lines.map_while(Result::ok).find_map(|line| Some(line.split_once(&format!("@{word} "))?.1.to_owned()))
}

/// Does nothing but as a process started by [`Writer::start`].
#[test]
#[ignore = "the body of a process that other tests start"]
fn work() {
    let (Ok(home), Ok(task)) = (env::var(HOME), env::var(TASK)) else { return };
    let home = Home::at(home);
    let (task, run) = task.split_once(' ').unwrap();
    let (directory, log, writer) = match run.parse() {
        Ok(id) => {
            let directory = home.run("default", id).unwrap();
            let log = aether_ledger::SignalLog::create(&directory, 0).unwrap();
            (directory, log, None)
        }
        Err(_) => {
            let writer = RunWriter::create(&home, new_run("default", task)).unwrap();
            (writer.directory().clone(), writer.log().unwrap(), Some(writer))
        }
    };
    println!("@run {}", directory.id());
    match task {
        // Syncs often, and says how far it has synced.
        "sync" => {
            for step in 1.. {
                say(&log, "loss", step, step as f64);
                if step % 50 == 0 {
                    log.sync().unwrap();
                    println!("@synced {step}");
                }
            }
        }
        // Says a thousand points and then waits for its death.
        "wait" => {
            (1..=1000).for_each(|step| say(&log, "loss", step, step as f64));
            println!("@said 1000");
            thread::sleep(Duration::from_secs(600));
        }
        // Says many points under a name of its own, and ends well.
        "many" => {
            let name = format!("of {}", std::process::id());
            println!("@pid {}", std::process::id());
            (1..=20_000).for_each(|step| say(&log, &name, step, step as f64));
            log.sync().unwrap();
            aether_ledger::Index::open(&home).unwrap();
            if let Some(writer) = writer {
                writer.end(aether_core::RunState::Done, None).unwrap();
            }
        }
        // Waits until the file `go` is in the home, so that many begin at once; then as "many", but less.
        "together" => {
            println!("@pid {}", std::process::id());
            while !home.path().join("go").exists() {
                thread::sleep(Duration::from_millis(2));
            }
            let name = format!("of {}", std::process::id());
            (1..=300).for_each(|step| say(&log, &name, step, step as f64));
            log.sync().unwrap();
            if let Some(writer) = writer {
                writer.end(aether_core::RunState::Done, None).unwrap();
            }
        }
        // Says a million metrics of one point each, and how much memory that took at most.
        "names" => {
            for number in 0..1_000_000u32 {
                say(&log, &format!("metric/{number}"), 1, f64::from(number));
                if number % 100_000 == 99_999 {
                    log.sync().unwrap();
                }
            }
            println!("@said 1000000");
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
            let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
            println!("@peak {}", kib << 10);
            drop(log);
            writer.unwrap().end(aether_core::RunState::Done, None).unwrap();
        }
        // Compacts, removes the logs, says a little to a log of its own, and again.
        "compact" => {
            drop(log);
            println!("@begins 0");
            loop {
                aether_ledger::compact(&directory).unwrap();
                aether_ledger::drop_covered_logs(&directory, false).unwrap();
                drop(aether_ledger::SignalLog::create(&directory, 0).unwrap());
            }
        }
        _ => panic!("{task}"),
    }
}
