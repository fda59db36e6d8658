//! Compaction changes no answer, whatever was said in whatever order and whenever the process dies.

use std::{collections::BTreeMap, fs, path::Path};

use aether_core::{Listener, Metric, RunState, Signal};
use aether_ledger::{
    Home, Index, RunDirectory, RunReader, RunWriter, Said, SignalLog, compact, drop_covered_logs,
};
use proptest::prelude::*;

use crate::support::*;

/// All that a run says, bit for bit; means as near as rounding allows.
#[derive(Debug, Clone, PartialEq)]
struct View {
    series: BTreeMap<String, Vec<(u64, i64, u64)>>,
    summaries: BTreeMap<String, (u64, u64, u64, u64, u64, u64)>,
    events: Vec<(i64, String)>,
}

fn view(directory: &RunDirectory) -> View {
    let run = read(directory);
    assert!(run.series_damage().is_empty() && run.damage().is_empty());
    let points = |s: &aether_ledger::Series| {
        s.points().iter().map(|p| (p.step, p.time, p.value.to_bits())).collect::<Vec<_>>()
    };
    let summary = |s: &aether_ledger::Series| {
        let s = s.summary().unwrap();
        (s.count, s.non_finite, s.last_step, s.last.to_bits(), s.min.to_bits(), s.max.to_bits())
    };
    for (_, series) in run.metrics() {
        let values = series.points().iter().map(|p| p.value).filter(|v| v.is_finite());
        let count = values.clone().count() as f64;
        let mean = values.map(|v| v / count).sum::<f64>();
        let kept = series.summary().unwrap().mean;
        let size =
            series.points().iter().map(|p| p.value.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
        assert!(kept.is_nan() && count == 0.0 || (kept - mean).abs() <= 1e-9 * size, "{kept} {mean}");
    }
    View {
        series: run.metrics().map(|(name, s)| (name.to_owned(), points(s))).collect(),
        summaries: run.metrics().map(|(name, s)| (name.to_owned(), summary(s))).collect(),
        events: run.events().iter().map(|e| (e.time, e.event.message.clone())).collect(),
    }
}

/// One thing done to a run.
#[derive(Debug, Clone)]
enum Act {
    Points { metric: u8, step: u64, count: u64, value: u64 },
    Event,
    Rewind(u64),
    NewLog,
    Resume,
    Compact,
    DropLogs,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..3u8, 0..60u64, 1..40u64, any::<u64>())
            .prop_map(|(metric, step, count, value)| Act::Points { metric, step, count, value }),
        1 => Just(Act::Event),
        2 => (0..60u64).prop_map(Act::Rewind),
        1 => Just(Act::NewLog),
        1 => Just(Act::Resume),
        3 => Just(Act::Compact),
        1 => Just(Act::DropLogs),
    ];
    prop::collection::vec(act, 1..25)
}

/// Does the acts; with `compacting` false, those that compact are left out. The clock is a count, and jumps back.
fn play(home: &Home, acts: &[Act], compacting: bool) -> RunDirectory {
    let mut writer = RunWriter::create(home, new_run("default", "test")).unwrap();
    let directory = writer.directory().clone();
    let mut log = writer.log().unwrap();
    let mut clock = 1_800_000_000_000_000_000i64;
    for (at, act) in acts.iter().enumerate() {
        clock += if at % 7 == 6 { -500 } else { 100 };
        match *act {
            Act::Points { metric, step, count, value } => {
                let metric = Metric::named(["a", "b\n", ""][usize::from(metric)]);
                for i in 0..count {
                    let value = f64::from_bits(value.rotate_left(i as u32));
                    log.on(clock + i as i64, &Signal::Point { metric, step: step + i, value });
                }
            }
            Act::Event => log.on(clock, &Signal::Event(event("epoch", at as u64))),
            Act::Rewind(step) => log.on(clock, &Signal::Rewind { step }),
            Act::NewLog => log = writer.log().unwrap(),
            Act::Resume => {
                drop(log);
                writer.end(RunState::Interrupted, None).unwrap();
                writer = RunWriter::resume(directory.clone(), false).unwrap();
                log = writer.log().unwrap();
            }
            Act::Compact if compacting => {
                log.sync().unwrap();
                compact(&directory).unwrap();
            }
            Act::DropLogs if compacting => {
                drop(log);
                drop_covered_logs(&directory, false).unwrap();
                log = writer.log().unwrap();
            }
            Act::DropLogs => log = writer.log().unwrap(),
            Act::Compact => {}
        }
    }
    drop(log);
    directory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn compacted_is_uncompacted(acts in acts()) {
        let (_dir, home) = home();
        let expected = view(&play(&home, &acts, false));
        let directory = play(&home, &acts, true);
        let found = view(&directory);
        prop_assert_eq!(&found.series, &expected.series);
        prop_assert_eq!(&found, &expected);
        compact(&directory).unwrap();
        prop_assert_eq!(&view(&directory), &expected);
        drop_covered_logs(&directory, false).unwrap();
        prop_assert_eq!(&view(&directory), &expected);
        prop_assert!(directory.logs().unwrap().is_empty());
        prop_assert!(compact(&directory).unwrap().is_none(), "nothing is left to do");
    }
}

/// A run of three metrics said together, `steps` long.
fn long(home: &Home, steps: u64) -> RunDirectory {
    let (writer, log) = begin(home);
    let metrics = ["loss", "rate", "noise"].map(Metric::named);
    let mut noise = 1u64;
    for step in 0..steps {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let random = ((noise >> 40) as f32 / (1u32 << 24) as f32 + 0.5) * 1.3;
        let time = 1_800_000_000_000_000_000 + step as i64 * 1_000_000 + (noise >> 50) as i64;
        for (metric, value) in metrics.into_iter().zip([1.0 / (step + 1) as f64, 1e-3, f64::from(random)]) {
            log.on(time, &Signal::Point { metric, step, value });
        }
        if step % 10_000 == 9_999 {
            log.sync().unwrap();
        }
    }
    drop(log);
    writer.end(RunState::Done, None).unwrap();
    writer.directory().clone()
}

#[test]
fn a_chart_reads_a_bounded_number_of_nodes_and_hides_no_spike() {
    let (_dir, home) = home();
    let directory = long(&home, 200_000);
    let logs: u64 = directory.logs().unwrap().iter().map(|(_, length)| length).sum();
    let before = view(&directory);
    let done = compact(&directory).unwrap().unwrap();
    assert_eq!(done.points, 600_000);
    assert!(done.bytes < logs / 3, "{} of {logs}", done.bytes);
    let run = read(&directory);
    let noise = run.series("noise").unwrap();
    for most in [1, 10, 20, 1000] {
        let nodes = noise.stretches(most);
        assert!(nodes.len() <= most.max(16), "{}", nodes.len());
        let all = noise.summary().unwrap();
        assert_eq!(nodes.iter().map(|n| n.summary.count).sum::<u64>(), 200_000);
        assert_eq!(nodes.iter().map(|n| n.summary.max).fold(f64::MIN, f64::max), all.max);
        assert_eq!(nodes.iter().map(|n| n.summary.min).fold(f64::MAX, f64::min), all.min);
        assert!(nodes.windows(2).all(|w| w[0].summary.last_step < w[1].first_step));
    }
    assert_eq!(drop_covered_logs(&directory, true).unwrap().0, 1);
    assert_eq!(drop_covered_logs(&directory, false).unwrap(), (1, logs));
    assert!(directory.logs().unwrap().is_empty());
    assert_eq!(view(&directory), before);
    assert_eq!(Index::open(&home).unwrap().entries()[0].metrics.get("noise").unwrap().count, 200_000);
    let mut told = 0;
    let mut last = i64::MIN;
    RunReader::unread(directory)
        .poll(|said| {
            if let Said::Point { point, .. } = said {
                assert!(point.time >= last);
                (told, last) = (told + 1, point.time);
            }
        })
        .unwrap();
    assert_eq!(told, 600_000, "a reader that follows is told what was compacted");
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_file_of_series_cut_or_flipped_anywhere_loses_nothing_that_the_logs_have_and_says_so() {
    let (dir, home) = home();
    let (writer, log) = begin(&home);
    (0..50).for_each(|step| say(&log, "loss", step, step as f64));
    drop(log);
    let directory = writer.directory().clone();
    let expected = series(&read(&directory), "loss");
    let file = compact(&directory).unwrap().unwrap().file;
    let whole = fs::read(&file).unwrap();
    for cut in 0..whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        let run = read(&directory);
        assert_eq!(series(&run, "loss"), expected, "cut at {cut}");
        assert!(run.damage()[0].damage.reason.contains("damaged"), "cut at {cut}");
    }
    for byte in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[byte] ^= 1 << (byte % 8);
        fs::write(&file, &flipped).unwrap();
        let run = read(&directory);
        let found = series(&run, "loss");
        let said = !run.damage().is_empty() || !run.series_damage().is_empty();
        assert!(found == expected || said, "a flipped bit in byte {byte} is not said");
        // Nothing is thrown away on the word of a damaged file.
        if found != expected {
            assert!(drop_covered_logs(&directory, false).is_err(), "byte {byte}");
        }
    }
    assert_eq!(directory.logs().unwrap().len(), 1);
    let moved = dir.path().join("moved");
    fs::write(&file, &whole).unwrap();
    copied(home.path(), &moved);
    let there = Home::at(&moved).run("default", directory.id()).unwrap();
    assert_eq!(series(&read(&there), "loss"), expected, "a home may be copied");
}

#[test]
fn a_compaction_killed_at_any_moment_loses_nothing() {
    let (_dir, home) = home();
    let directory = long(&home, 20_000);
    let expected = view(&directory);
    let mut kills = 0;
    for millis in [1, 3, 8, 15, 30, 60, 90, 130, 200, 300] {
        let mut process = crate::child::Writer::start(&home, "compact", Some(directory.id()));
        let _ = process.told("begins");
        std::thread::sleep(std::time::Duration::from_millis(millis));
        process.kill();
        kills += 1;
        assert_eq!(view(&directory), expected, "killed after {millis} ms");
        // What a new session says after that is added.
        let log = SignalLog::create(&directory, kills).unwrap();
        drop(log);
    }
    compact(&directory).unwrap();
    drop_covered_logs(&directory, false).unwrap();
    assert_eq!(view(&directory), expected);
}

#[test]
fn the_index_reads_on_and_not_again() {
    let (_dir, home) = home();
    let (writer, log) = begin(&home);
    (0..100).for_each(|step| say(&log, "loss", step, step as f64));
    say_event(&log, "epoch", 1);
    log.sync().unwrap();
    let last = |home: &Home| *Index::open(home).unwrap().entries()[0].metrics.get("loss").unwrap();
    assert_eq!(last(&home).count, 100);
    // What was read is overwritten: only a reader that goes on from there does not see it.
    let path = writer.directory().logs().unwrap().remove(0).0;
    let length = fs::metadata(&path).unwrap().len() as usize;
    let mut bytes = fs::read(&path).unwrap();
    bytes[length - 200..].fill(0xff);
    std::os::unix::fs::FileExt::write_all_at(
        &fs::File::options().write(true).open(&path).unwrap(),
        &bytes,
        0,
    )
    .unwrap();
    (100..150).for_each(|step| say(&log, "loss", step, step as f64));
    log.sync().unwrap();
    let summary = last(&home);
    assert_eq!((summary.count, summary.last, summary.mean), (150, 149.0, 74.5));
    // A rewind into what was read needs the points: then everything is read again, damage included.
    rewind(&log, 120);
    say(&log, "loss", 121, 7.0);
    log.sync().unwrap();
    let summary = last(&home);
    assert_eq!((summary.last, summary.last_step), (7.0, 121));
    assert!(summary.count < 122, "{summary:?}");
}
