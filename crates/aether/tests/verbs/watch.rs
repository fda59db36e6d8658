//! `watch`, of runs that have ended and of one that lives: this test's own process; and what `run` watches for.

use std::{
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use aether_core::{Bus, Metric, Outcome, RunState};
use aether_ledger::{Home, Index, NewRun, RunReader, RunWriter, compact, drop_covered_logs};
use serde_json::json;

use crate::{
    harness::{Done, Scratch},
    pty::PATIENCE,
};

#[test]
fn what_an_ended_run_said_is_looked_at() {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        for step in 1..100 {
            bus.point(
                Metric::named("train/loss"),
                step,
                if step < 60 { 1.0 / step as f64 } else { f64::NAN },
            );
        }
    });
    let said = scratch.aether("watch @latest").run().ok();
    assert!(said.contains("step 60"), "{said}");
    assert!(said.contains("error: train/loss is NaN at step 60; at step 59 it was still 0.017"), "{said}");
    let lines = scratch.aether("watch @latest --json").run().json();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["fields"]["metric"]),
        (&json!("non_finite"), &json!("train/loss"))
    );
    assert_eq!(lines.len(), 1, "once, though it stays so, and nothing was written down by the first look");
}

#[test]
fn rules_and_their_mistakes() {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| {
        (1..50).for_each(|step| bus.point(Metric::named("accuracy"), step, step as f64));
    });
    let rules = scratch.home().join("watch.yaml");
    fs::write(&rules, "rules:\n  - {name: good, when: accuracy > 20 for 5 steps, then: alert}\n").unwrap();
    let said = scratch.aether("watch @latest").run().ok();
    assert!(said.contains("rule `good` holds at step 25"), "{said}");

    fs::write(&rules, "rules:\n  - when: medain(accuracy, 5) > 20\n    then: alert\n").unwrap();
    let failed = scratch.aether("watch @latest").run();
    assert_eq!(failed.code, Some(2));
    assert!(
        failed.stderr.contains("did you mean `median`?") && failed.stderr.contains("watch.yaml:2"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_run_that_lives() {
    let scratch = Scratch::new();
    let new = NewRun {
        name: "alive".to_owned(),
        project: "default".to_owned(),
        kind: "script".to_owned(),
        spec: json!({}),
        command: Vec::new(),
        directory: scratch.home().to_owned(),
        tags: Vec::new(),
    };
    let writer = RunWriter::create(&Home::at(scratch.home()), new).unwrap();
    let mut bus = Bus::new();
    bus.add(Arc::new(writer.log().unwrap()));
    let rules = scratch.home().join("rules.yaml");
    let mark = scratch.home().join("mark");
    let command = format!("echo $AETHER_RUN_ID $AETHER_ALERT_KIND > {}", mark.display());
    let text = format!(
        "interval: 100ms\nrules:\n  - when: loss > 5\n    then: [alert, snapshot, {{run: '{command}'}}]\n"
    );
    fs::write(&rules, text).unwrap();
    let told = scratch.home().join("told");
    let route = format!("routes: {{me: {{kind: command, run: 'cat >> {}'}}}}\n", told.display());
    fs::write(scratch.home().join("alerts.yaml"), route).unwrap();
    let child = scratch.aether(&format!("watch @latest --json --rules {}", rules.display())).start();

    // Until somebody has looked: the command's mark and values of the machine.
    let loss = Metric::named("loss");
    let machine = || {
        let reader = RunReader::open(writer.directory().clone()).unwrap();
        reader.series("system/process/rss").map_or(0, |series| series.points().len())
    };
    let mut step = 0;
    while !(mark.exists() && machine() > 2) {
        step += 1;
        bus.point(loss, step, 9.0);
        thread::sleep(Duration::from_millis(20));
        assert!(step < 3000, "mark: {}, points: {}", mark.exists(), machine());
    }
    while fs::read_to_string(&mark).unwrap().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fs::read_to_string(&mark).unwrap(), format!("{} rule\n", writer.id()));
    drop(bus);
    writer.end(RunState::Done, None).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let said = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = fs::read(&told).unwrap();
    let mut told =
        serde_json::Deserializer::from_slice(&told).into_iter::<serde_json::Value>().map(Result::unwrap);
    assert!(told.any(|told| told["kind"] == "rule" && told["run"]["name"] == "alive"), "the alert was sent");
    let of = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!(of("rule"), 1, "{said}");
    assert!(said.contains("cannot write a snapshot: only a training can"), "{said}");
    assert!(said.contains("asked to run"), "{said}");
    let kept = RunReader::open(writer.directory().clone()).unwrap();
    assert_eq!(kept.events().iter().filter(|e| e.event.kind == "rule").count(), 1, "and it was written down");
    let memory = kept.series("system/process/rss").unwrap().summary().unwrap();
    assert!(memory.last > 1e6, "{memory:?}");
}

/// A program that logs NaN from step 20 on, and goes on until the file `enough` is there.
const BLOWS_UP: &str = "
import aether, os, time
step = 0
while not os.path.exists('enough'):
    step += 1
    aether.log({'loss': 1 / step if step < 20 else float('nan')}, step=step)
    time.sleep(0.01)
";

#[test]
fn a_program_is_watched_by_its_supervisor() {
    let scratch = Scratch::new();
    let script = scratch.file("fit.py", BLOWS_UP);
    let child =
        scratch.aether("run --interval 100ms -- python3").arg(&script).directory(scratch.path()).start();
    let started = Instant::now();
    let open = || {
        let index = Index::open(&Home::at(scratch.home())).ok()?;
        RunReader::open(index.find("@latest").ok()?.directory.clone()).ok()
    };
    let of = |reader: &RunReader, kind: &str| {
        reader.events().iter().filter(|event| event.event.kind == kind).count()
    };
    let seen = |reader: &RunReader| {
        let memory = reader.series("system/process/rss").map_or(0, |series| series.points().len());
        memory > 2 && of(reader, "non_finite") == 1
    };
    while !open().is_some_and(|reader| seen(&reader)) {
        assert!(started.elapsed() < PATIENCE, "{:?}", open().map(|reader| reader.events().to_vec()));
        thread::sleep(Duration::from_millis(50));
    }
    scratch.file("enough", "");
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.stderr.contains("went wrong; `aether logs"), "{}", done.stderr);
    let reader = open().unwrap();
    assert_eq!(of(&reader, "non_finite"), 1, "once, though it stays so");
    let memory = reader.series("system/process/rss").unwrap().summary().unwrap();
    assert!(memory.last > 1e6, "Python takes more than a megabyte: {memory:?}");

    let said = scratch.aether("watch @latest").run().ok();
    assert!(said.contains("loss is NaN at step 20"), "what was found is shown again: {said}");
}

#[test]
fn a_short_program_is_looked_back_at_and_one_that_is_not_watched_is_not() {
    for (option, found) in [("", true), ("--no-watch", false)] {
        let scratch = Scratch::new();
        let script = scratch.file("fit.py", BLOWS_UP);
        let script = scratch.file(
            "short.py",
            &fs::read_to_string(script).unwrap().replace("not os.path.exists('enough')", "step < 30"),
        );
        let done = scratch.aether(&format!("run {option} -- python3")).arg(&script).run();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(done.stderr.contains("went wrong"), found, "{done:?}");
        let events = scratch.aether("logs @latest --events").run().ok();
        assert_eq!(events.contains("loss is NaN at step 20"), found, "{events}");
    }
}

#[test]
fn a_rule_stops_a_program() {
    let scratch = Scratch::new();
    let script = scratch.file("fit.py", BLOWS_UP);
    let rules = scratch.file("rules.yaml", "rules:\n  - {name: lost, when: loss != loss, then: stop}\n");
    let done = scratch
        .aether("run --rules")
        .arg(&rules)
        .args("-- python3")
        .arg(&script)
        .directory(scratch.path())
        .run();
    assert_eq!(done.code, Some(128 + 15), "{done:?}");
    let index = Index::open(&Home::at(scratch.home())).unwrap();
    let run = index.find("@latest").unwrap().directory.run().unwrap();
    assert_eq!((run.state, run.outcome), (RunState::Interrupted, Some(Outcome::Stopped)));
    let reason = run.reason.unwrap();
    assert!(reason.contains("stopped: rule `lost` holds at step"), "{reason}");
    let events = scratch.aether("logs @latest --events").run().ok();
    assert!(events.contains("asked to stop the run"), "{events}");

    let refused = |words: &str| scratch.aether("run").args(words).args("-- true").run().refused();
    assert!(refused("--interval 1ms").contains("from 100ms to 1h"));
    fs::write(&rules, "rules:\n  - {when: loss >, then: stop}\n").unwrap();
    let done = scratch.aether("run --rules").arg(&rules).args("-- true").run().refused();
    assert!(done.contains("rules.yaml:2"), "{done}");
}

#[test]
fn of_several_that_watch_one_acts() {
    let scratch = Scratch::new();
    let script = scratch.file("fit.py", BLOWS_UP);
    let mark = |name: &str, when: &str| {
        format!("  - {{when: {when}, then: {{run: 'echo >> {}/{name}'}}}}\n", scratch.path().display())
    };
    let same = mark("same", "loss != loss");
    let rules = scratch.file("rules.yaml", &format!("interval: 100ms\nrules:\n{same}"));
    let other = mark("other", "loss != loss for 2 steps");
    scratch.file("more.yaml", &format!("interval: 100ms\nrules:\n{same}{other}"));
    let program = scratch.aether("run --rules").arg(&rules).args("-- python3").arg(&script);
    let program = program.directory(scratch.path()).start();
    let started = Instant::now();
    while scratch.aether("runs --quiet").run().ok().is_empty() {
        assert!(started.elapsed() < PATIENCE);
    }
    let watchers: Vec<_> =
        (0..2).map(|_| scratch.aether("watch @latest --rules more.yaml --json").start()).collect();
    let count = |name: &str| fs::read(scratch.path().join(name)).unwrap_or_default().len();
    while count("same") == 0 || count("other") == 0 {
        assert!(started.elapsed() < PATIENCE, "{} {}", count("same"), count("other"));
        thread::sleep(Duration::from_millis(50));
    }
    scratch.file("enough", "");
    assert_eq!(Done::from(program.wait_with_output().unwrap()).code, Some(0));
    for watcher in watchers {
        let said = Done::from(watcher.wait_with_output().unwrap()).ok();
        assert_eq!(said.matches("\"rule\":").count(), 2, "each says all that holds: {said}");
    }
    assert_eq!((count("same"), count("other")), (1, 1), "each action is done once");
    let index = Index::open(&Home::at(scratch.home())).unwrap();
    let reader = RunReader::open(index.find("@latest").unwrap().directory.clone()).unwrap();
    let rules = reader.events().iter().filter(|event| event.event.kind == "rule").count();
    assert_eq!(rules, 2, "and each is written down once");
}

/// A program that says that somebody should look, and is lost.
const CALLS: &str = "
import aether
aether.alert('Odd samples', 'have a look at the data', level='info')
aether.log({'loss': float('nan')}, step=3)
aether.alert('Odd samples', 'again', level='info')
";

#[test]
fn a_programs_own_alerts_and_what_is_found_in_it_reach_somebody() {
    let scratch = Scratch::new();
    let script = scratch.file("calls.py", CALLS);
    fs::create_dir_all(scratch.home()).unwrap();
    let told = scratch.path().join("told");
    let route = format!("routes: {{me: {{kind: command, run: 'cat >> {}'}}}}\n", told.display());
    fs::write(scratch.home().join("alerts.yaml"), route).unwrap();
    let done = scratch.aether("run -- python3").arg(&script).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("1 thing went wrong"), "an alert is no finding of ours: {done:?}");
    // What a busy machine left no time for is sent now.
    scratch.aether("alerts send").run().ok();
    let told = fs::read(&told).unwrap();
    let told: Vec<serde_json::Value> =
        serde_json::Deserializer::from_slice(&told).into_iter().map(Result::unwrap).collect();
    let of = |kind: &str| told.iter().find(|message| message["kind"] == kind).unwrap();
    assert_eq!(of("alert")["level"], "info");
    assert_eq!(of("alert")["sentences"][0], "Odd samples: have a look at the data");
    assert_eq!(of("alert")["run"]["name"], "calls");
    assert_eq!(of("non_finite")["fields"]["metric"], "loss");
    let events = scratch.aether("logs @latest --events --json").run().json();
    let alerts = events.iter().filter(|event| event["kind"] == "alert").count();
    assert_eq!(alerts, 2, "they stand in the program's own log, and nowhere else");
}

/// Forty seconds of a program in none at all: 40 steps of the many that it has.
const SLOW: &str = "
import time
began, passed = time.time_ns(), 0
time.time_ns = lambda: began + passed
import aether
aether.config(total_steps=1000000)
for step in range(40):
    passed = step * 10**9
    aether.log({'loss': 1.0}, step=step)
";

#[test]
fn a_time_limit_that_comes_too_soon_is_foretold() {
    for (options, deadline, found) in [
        ("--timeout 2m", None, true),
        ("", Some(120), true),
        ("--timeout 30d", None, false),
        ("", None, false),
    ] {
        let scratch = Scratch::new();
        let script = scratch.file("slow.py", SLOW);
        let mut run = scratch.aether("run --no-auto").args(options).args("-- python3").arg(&script);
        if let Some(seconds) = deadline {
            let end = aether_core::signal::now() / 1_000_000_000 + seconds;
            run = run.env("SLURM_JOB_END_TIME", &end.to_string());
        }
        assert_eq!(run.run().code, Some(0));
        let events = scratch.aether("logs @latest --events").run().ok();
        let said = events.contains("the run's time will be up in") && events.contains("step 1000000 needs");
        assert_eq!(said, found, "{options} {deadline:?}: {events}");
    }
}

#[test]
fn logs_that_were_compacted_away_are_missed() {
    let scratch = Scratch::new();
    scratch.run_that("x", json!({}), |bus| bus.point(Metric::named("loss"), 1, f64::NAN));
    let index = Index::open(&Home::at(scratch.home())).unwrap();
    let directory = index.find("@latest").unwrap().directory.clone();
    compact(&directory).unwrap().unwrap();
    assert!(scratch.aether("watch @latest").run().ok().contains("loss is NaN"));
    assert_eq!(drop_covered_logs(&directory, false).unwrap().0, 1);
    let refused = scratch.aether("watch @latest").run().refused();
    assert!(refused.contains("were removed after they had been compacted"), "{refused}");
}
