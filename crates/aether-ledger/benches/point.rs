//! What one metric point costs the thread that trains: `cargo bench -p aether-ledger`. The contract is 150 ns with the
//! reading of the clock, and never a wait for I/O.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and may panic")]

use std::{
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use aether_core::{Bus, Listener, Metric, Signal, signal};
use aether_ledger::{Home, NewRun, RunReader, RunWriter};

/// Points in a burst: as many as fit the ring.
const BURST: u64 = 10_000;
const BURSTS: u64 = 51;
/// Long enough for the writing thread to empty the ring.
const PAUSE: Duration = Duration::from_millis(30);

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    let new = NewRun {
        name: "bench".into(),
        project: "bench".into(),
        kind: "bench".into(),
        spec: serde_json::Value::Null,
        command: vec![],
        directory: directory.path().into(),
        tags: Vec::new(),
    };
    let writer = RunWriter::create(&home, new).unwrap();
    let log = Arc::new(writer.log().unwrap());
    let mut bus = Bus::new();
    bus.add(Arc::clone(&log) as Arc<dyn Listener>);
    let (loss, rate) = (Metric::named("loss"), Metric::named("rate"));
    let mut step = 0;
    let mut said = 0;

    let mut bursts = |name: &str, pause: Duration, points: u64, say: &mut dyn FnMut(u64)| {
        let mut times: Vec<f64> = (0..BURSTS)
            .map(|_| {
                thread::sleep(pause);
                let begin = Instant::now();
                for _ in 0..BURST / points {
                    step += 1;
                    say(step);
                }
                begin.elapsed().as_nanos() as f64 / BURST as f64
            })
            .collect();
        times.sort_by(f64::total_cmp);
        said += BURSTS * BURST;
        let middle = times[times.len() / 2];
        println!("{name:<58} {middle:>6.1} ns a point (worst burst {:.1})", times[times.len() - 1]);
    };

    bursts("the clock alone", PAUSE, 1, &mut |_| {
        black_box(signal::now());
    });
    let time = signal::now();
    bursts("log.on", PAUSE, 1, &mut |step| {
        log.on(black_box(time), &Signal::Point { metric: loss, step, value: 0.5 });
    });
    bursts("bus.point: clock, bus, log", PAUSE, 1, &mut |step| bus.point(loss, step, 0.5));
    bursts("bus.points: two values of a step with one clock", PAUSE, 2, &mut |step| {
        bus.points(step, &[(rate, 0.1), (loss, 0.5)]);
    });
    bursts("bus.point without pause: the ring overflows", Duration::ZERO, 1, &mut |step| {
        bus.point(rate, step, 0.5)
    });

    assert!(bus.sync().is_empty() && bus.trouble().is_none());
    let begin = Instant::now();
    bus.point(loss, u64::MAX, 0.5);
    assert!(bus.sync().is_empty());
    println!("{:<58} {:>6.1} ms", "bus.sync", begin.elapsed().as_secs_f64() * 1e3);

    let bytes: u64 = writer.directory().logs().unwrap().iter().map(|(_, length)| length).sum();
    // The bursts of the clock alone said nothing.
    let points = said - BURSTS * BURST + 1;
    println!("{:<58} {:>6.1} bytes a point", "the log", bytes as f64 / points as f64);
    let begin = Instant::now();
    let run = RunReader::open(writer.directory().clone()).unwrap();
    let time = begin.elapsed().as_nanos() as f64 / points as f64;
    let read: u64 = run.metrics().filter_map(|(_, s)| s.summary()).map(|s| s.count).sum();
    println!("{:<58} {time:>6.1} ns a point, {read} points", "reading it back");
}
