//! A run's logs as one view: rewinds applied, no step twice, the same whatever the order of reading.

use crate::support::*;
use aether_core::RunState;
use aether_ledger::{RunReader, RunWriter, Said};

/// Ends a run's session and takes it up again.
fn resumed(writer: RunWriter) -> RunWriter {
    writer.end(RunState::Interrupted, None).unwrap();
    RunWriter::resume(writer.directory().clone(), false).unwrap()
}

#[test]
fn every_value_is_kept_bit_for_bit() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let values = [0.1, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, f64::NAN, f64::MAX];
    for (step, value) in (0..).zip(values) {
        say(&log, "", step, value);
    }
    drop(log);
    let run = read(writer.directory());
    let read = series(&run, "");
    for ((_, read), value) in read.iter().zip(values) {
        assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()), "{value}");
    }
    let summary = run.series("").unwrap().summary().unwrap();
    assert_eq!((summary.count, summary.non_finite), (7, 3));
}

#[test]
fn a_resumed_run_has_no_step_twice() {
    let (_dir, home) = home();
    let (mut writer, mut log) = begin(&home);
    (1..=10).for_each(|step| say(&log, "loss", step, step as f64));
    say_event(&log, "first", 10);
    drop(log);
    for session in 1..4 {
        writer = resumed(writer);
        log = writer.log().unwrap();
        let from = 10 - 2 * session;
        rewind(&log, from);
        say_event(&log, "resumed", from);
        for step in from + 1..=12 {
            say(&log, "loss", step, (100 * session + step) as f64);
        }
        drop(log);
    }
    let run = read(writer.directory());
    let expected: Vec<_> =
        (1..=4).map(|s| (s, s as f64)).chain((5..=12).map(|s| (s, 300.0 + s as f64))).collect();
    assert_eq!(series(&run, "loss"), expected);
    let kinds: Vec<_> = run.events().iter().map(|e| e.event.kind.as_str()).collect();
    assert_eq!(kinds, ["first", "resumed", "resumed", "resumed"]);
    assert_eq!(writer.run().resumed, 3);
}

#[test]
fn a_rollback_within_one_log_voids_what_stands_before_it() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    (1..=5).for_each(|step| say(&log, "loss", step, 1.0));
    rewind(&log, 3);
    (4..=6).for_each(|step| say(&log, "loss", step, 2.0));
    say(&log, "other", 1, 0.0);
    rewind(&log, 0);
    say(&log, "loss", 1, 3.0);
    drop(log);
    let run = read(writer.directory());
    assert_eq!(series(&run, "loss"), [(1, 3.0)]);
    assert_eq!(
        run.metrics().map(|(name, _)| name).collect::<Vec<_>>(),
        ["loss"],
        "one without points is none"
    );
}

#[test]
fn the_view_does_not_depend_on_when_it_was_read() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let mut live = RunReader::unread(writer.directory().clone());
    let check = |live: &mut RunReader| {
        live.poll(|_| {}).unwrap();
        let fresh = read(live.directory());
        assert_eq!(series(live, "loss"), series(&fresh, "loss"));
        assert_eq!(live.series("loss").map(|s| s.summary()), fresh.series("loss").map(|s| s.summary()));
        assert_eq!(live.events(), fresh.events());
    };
    let sync = |log: &aether_ledger::SignalLog| aether_core::Listener::sync(log).unwrap();
    check(&mut live);
    (1..=5).for_each(|step| say(&log, "loss", step, 1.0));
    sync(&log);
    check(&mut live);
    // A second session begins while the first still says something, as when a run is taken over by force.
    let second = RunWriter::resume(writer.directory().clone(), true).unwrap();
    let second_log = second.log().unwrap();
    rewind(&second_log, 3);
    (4..=5).for_each(|step| say(&second_log, "loss", step, 2.0));
    say_event(&second_log, "resumed", 3);
    sync(&second_log);
    check(&mut live);
    say(&log, "loss", 6, 1.0);
    say(&log, "loss", 2, 9.0);
    say_event(&log, "late", 6);
    sync(&log);
    check(&mut live);
    assert_eq!(series(&live, "loss"), [(1, 1.0), (2, 9.0), (3, 1.0), (4, 2.0), (5, 2.0)]);
}

#[test]
fn following_tells_what_is_new_and_only_that() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    let mut run = RunReader::unread(writer.directory().clone());
    let mut told = Vec::new();
    let mut follow = |run: &mut RunReader| {
        told.clear();
        run.poll(|said| {
            told.push(match said {
                Said::Point { metric, point } => format!("{metric} {} {}", point.step, point.value),
                Said::Event(event) => event.event.message.clone(),
                Said::Rewind { step, .. } => format!("rewind {step}"),
                Said::Damage(damage) => format!("{damage:?}"),
            });
        })
        .unwrap();
        told.clone()
    };
    say(&log, "a", 1, 0.5);
    say_event(&log, "epoch", 1);
    aether_core::Listener::sync(&log).unwrap();
    assert_eq!(follow(&mut run), ["a 1 0.5", "epoch at 1"]);
    assert!(follow(&mut run).is_empty());
    rewind(&log, 0);
    say(&log, "b", 1, 2.0);
    aether_core::Listener::sync(&log).unwrap();
    assert_eq!(follow(&mut run), ["rewind 0", "b 1 2"]);
}

#[test]
fn many_threads_may_speak() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let log = &log;
            scope.spawn(move || {
                (0..10_000).for_each(|step| say(log, &format!("t{thread}"), step, step as f64))
            });
        }
    });
    drop(log);
    let run = read(writer.directory());
    let expected: Vec<_> = (0..10_000).map(|step| (step, step as f64)).collect();
    for thread in 0..4 {
        assert_eq!(series(&run, &format!("t{thread}")), expected);
    }
}

/// Appends a frame to a run's only log, as a writer in another language does.
fn append(directory: &aether_ledger::RunDirectory, payload: &[u8]) {
    let path = directory.logs().unwrap().remove(0).0;
    let mut bytes = std::fs::read(&path).unwrap();
    aether_ledger::log::frame::append(&mut bytes, |out| out.extend(payload));
    std::fs::write(&path, bytes).unwrap();
}

fn row(set: u8, step: u64, values: &[f64]) -> Vec<u8> {
    let words = [step, 1_800_000_000_000_000_000].into_iter().chain(values.iter().map(|v| v.to_bits()));
    [7, set].into_iter().chain(words.flat_map(u64::to_le_bytes)).collect()
}

#[test]
fn rows_are_points_like_others() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    say(&log, "loss", 1, 1.0);
    say(&log, "rate", 1, 0.1);
    drop(log);
    let mut live = read(writer.directory());
    // The numbers of metrics are this log's: `loss` and `rate` got theirs in this order.
    let numbers: Vec<u8> = metric_numbers(writer.directory());
    append(writer.directory(), &[&[6, 9], &numbers[..]].concat());
    append(writer.directory(), &row(9, 2, &[2.0, f64::NAN]));
    append(writer.directory(), &row(9, 2, &[3.0, 0.2]));
    live.poll(|_| {}).unwrap();
    // The set holds on while the log is read on.
    append(writer.directory(), &row(9, 3, &[4.0, 0.3]));
    append(writer.directory(), &row(8, 4, &[5.0, 0.4]));
    append(writer.directory(), &[&[6, 9], &numbers[1..]].concat());
    append(writer.directory(), &row(9, 5, &[0.5]));
    live.poll(|_| {}).unwrap();
    for run in [&live, &read(writer.directory())] {
        assert_eq!(series(run, "loss"), [(1, 1.0), (2, 3.0), (3, 4.0)]);
        assert_eq!(series(run, "rate"), [(1, 0.1), (2, 0.2), (3, 0.3), (5, 0.5)]);
        let damage: Vec<_> = run.damage().iter().map(|d| d.damage.reason.as_str()).collect();
        assert_eq!(damage, ["rows of set 8, which no readable record defines"]);
    }
}

/// The numbers of the metrics of a run's only log, each below 128, in the order of their definitions.
fn metric_numbers(directory: &aether_ledger::RunDirectory) -> Vec<u8> {
    use aether_ledger::log::{reader, reader::LogReader, record::Record};
    let mut reader = LogReader::new(&directory.logs().unwrap()[0].0);
    let mut numbers = Vec::new();
    while let Some(entry) = reader.next().unwrap() {
        if let reader::Entry::Record(Record::Metric { id, .. }) = entry {
            numbers.push(u8::try_from(id).unwrap());
        }
    }
    assert!(numbers.len() == 2 && numbers.iter().all(|&n| n < 128));
    numbers
}
