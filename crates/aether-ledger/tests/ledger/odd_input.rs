//! What programs and clocks may do to a run: each is kept as it was said, and nothing of it is lost.

use std::time::SystemTime;

use aether_core::{Listener, Metric, RunState, Signal};
use aether_ledger::{Index, RunWriter, SignalLog, compact, drop_covered_logs};

use crate::{child::Writer, support::*};

/// Says a point at a time of one's own.
fn say_at(log: &SignalLog, time: i64, step: u64, value: f64) {
    log.on(time, &Signal::Point { metric: Metric::named("loss"), step, value });
}

#[test]
fn steps_out_of_order_or_repeated_are_in_order_and_the_last_word_stands() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let said = [(5, 1.0), (3, 2.0), (4, 3.0), (3, 4.0), (5, f64::NAN), (u64::MAX, 5.0), (0, 6.0), (5, 7.0)];
    said.iter().for_each(|&(step, value)| say(&log, "loss", step, value));
    drop(log);
    let expected = [(0, 6.0), (3, 4.0), (4, 3.0), (5, 7.0), (u64::MAX, 5.0)];
    assert_eq!(series(&read(writer.directory()), "loss"), expected);
    // Said again of steps that were compacted already.
    compact(writer.directory()).unwrap().unwrap();
    let log = writer.log().unwrap();
    say(&log, "loss", 4, 8.0);
    say(&log, "loss", 1, 9.0);
    drop(log);
    let expected = [(0, 6.0), (1, 9.0), (3, 4.0), (4, 8.0), (5, 7.0), (u64::MAX, 5.0)];
    assert_eq!(series(&read(writer.directory()), "loss"), expected);
    compact(writer.directory()).unwrap().unwrap();
    writer.end(RunState::Done, None).unwrap();
    drop_covered_logs(writer.directory(), false).unwrap();
    assert_eq!(series(&read(writer.directory()), "loss"), expected);
    let summary = *Index::open(&home).unwrap().entries()[0].metrics.get("loss").unwrap();
    assert_eq!((summary.count, summary.last_step, summary.min), (6, u64::MAX, 4.0));
}

#[test]
fn a_clock_that_jumps_back_loses_and_mixes_nothing() {
    const HOUR: i64 = 3_600_000_000_000;
    let now = aether_core::signal::now();
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    // Within a log: an hour back in the middle, then to before 1970.
    let times = |step: u64| [now, now - HOUR, -HOUR][step as usize / 10 % 3] + step as i64;
    (0..30).for_each(|step| say_at(&log, times(step), step, step as f64));
    drop(log);
    writer.end(RunState::Interrupted, None).unwrap();
    let directory = writer.directory().clone();
    let run = read(&directory);
    let points = run.series("loss").unwrap().points().to_vec();
    assert!(points.iter().all(|point| point.time == times(point.step)), "times are kept as they were");
    assert_eq!(points.len(), 30);

    // Between two sessions: the second begins before the first, by its clock, and goes back to step 9.
    let writer = RunWriter::resume(directory.clone(), false).unwrap();
    let log = writer.log().unwrap();
    log.on(now - 2 * HOUR, &Signal::Rewind { step: 9 });
    (10..20).for_each(|step| say_at(&log, now - 2 * HOUR + step as i64, step, -1.0));
    drop(log);
    // And it ends before it began.
    writer
        .change(|run| {
            run.created = (SystemTime::now() + std::time::Duration::from_secs(3600)).try_into().unwrap()
        })
        .unwrap();
    writer.end(RunState::Done, None).unwrap();
    let expected: Vec<_> = (0..20).map(|step| (step, if step < 10 { step as f64 } else { -1.0 })).collect();
    assert_eq!(series(&read(&directory), "loss"), expected, "what the second session says stands");
    let index = Index::open(&home).unwrap();
    assert_eq!(
        (index.entries()[0].duration().as_secs(), index.entries()[0].metrics.get("loss").unwrap().count),
        (0, 20)
    );
    compact(&directory).unwrap().unwrap();
    drop_covered_logs(&directory, false).unwrap();
    assert_eq!(series(&read(&directory), "loss"), expected);
}

#[test]
fn a_million_names_take_bounded_memory_and_are_all_there() {
    const NAMES: u64 = 1_000_000;
    // A name, its entry in two tables, its point, and what waits for the disk. The names themselves are 14 MB.
    const MOST: u64 = 600 << 20;
    let (_dir, home) = home();
    let mut child = Writer::start(&home, "names", None);
    assert_eq!(child.told("said"), Some(NAMES));
    let peak = child.told("peak").unwrap();
    assert!(peak < MOST, "the writer took {peak} bytes");
    child.succeeds();
    let index = Index::open(&home).unwrap();
    let metrics = &index.entries()[0].metrics;
    assert_eq!(metrics.len() as u64, NAMES);
    assert_eq!(metrics.get("metric/777777").unwrap().last, 777_777.0);
    // From the index this time.
    let found = Index::find_in(&home, "@latest").unwrap();
    assert_eq!((found.metrics.len() as u64, found.metrics.get("metric/999999").unwrap().count), (NAMES, 1));
}

#[test]
fn a_run_of_whose_record_a_power_cut_left_nothing_never_began() {
    let (_dir, home) = home();
    let writer = RunWriter::create(&home, new_run("default", "test")).unwrap();
    std::fs::write(writer.directory().record(), "").unwrap();
    let known =
        || Index::open(&home).map(|index| (index.entries().len(), index.passed_over().len())).unwrap();
    assert_eq!(known(), (0, 0));
    // What it said is no little thing, and that it has no record is told.
    drop(writer.log().unwrap());
    assert_eq!(known(), (0, 1));
    let error = writer.directory().run().unwrap_err().to_string();
    assert!(error.contains("power cut"), "{error}");
}
