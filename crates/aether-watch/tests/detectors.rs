//! What detectors find in labelled runs: precision and recall of each, held above stated bounds, and the table of
//! `docs/detectors.md`. Write it anew with `AETHER_WRITE=1 cargo nextest run -p aether-watch detectors`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod corpus;

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use aether_core::Level;
use corpus::{Labelled, made, real, watch};

/// Made runs without a fault, and with each fault.
const HEALTHY: u64 = 300;
const EACH: u64 = 20;

/// What every detector must reach.
const PRECISION: f64 = 0.9;
const RECALL: f64 = 0.9;

/// Kinds that say how things go, and no trouble.
const NEWS: [&str; 2] = ["finish_forecast", "stall_over"];

#[derive(Default)]
struct Score {
    runs: u32,
    found: u32,
    wrong: u32,
}

#[test]
fn precision_and_recall() {
    let mut runs: Vec<Labelled> = (0..HEALTHY).map(|seed| made::run(seed, None)).collect();
    for &fault in made::FAULTS {
        runs.extend((0..EACH).map(|seed| made::run(1000 + seed, Some(fault))));
    }
    let made = runs.len();
    runs.extend(real::runs());
    assert!(runs.len() >= 200);

    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let (mut alarmed, mut healthy) = (Vec::new(), 0);
    let mut misses = Vec::new();
    for run in &runs {
        let events = watch(run);
        for &label in &run.labels {
            let score = scores.entry(label).or_default();
            score.runs += 1;
            if events.iter().any(|(_, event)| event.kind == label) {
                score.found += 1;
            } else {
                misses.push(format!("{}: no {label}", run.name));
            }
        }
        if run.labels.is_empty() {
            healthy += 1;
            if events.iter().any(|(_, event)| event.level > Level::Info) {
                alarmed.push(run.name.as_str());
            }
        }
        // Once a run: a detector that cries again and again is wrong once.
        let mut wrong: Vec<&str> = events
            .iter()
            .map(|(_, event)| event)
            .filter(|e| !NEWS.contains(&e.kind.as_str()))
            // That a healthy run has converged is no mistake.
            .filter(|e| !(e.kind == "plateau" && e.level == Level::Info))
            .map(|event| event.kind.as_str())
            .filter(|kind| !run.labels.contains(kind) && !run.allowed.contains(kind))
            .collect();
        wrong.sort_unstable();
        wrong.dedup();
        for kind in wrong {
            let kind = made::FAULTS.iter().find(|k| **k == kind).expect("every kind has its faults");
            scores.entry(kind).or_default().wrong += 1;
            let text = events.iter().find(|(_, e)| e.kind == *kind).unwrap();
            misses.push(format!("{}: {kind} at {:.0} s: {}", run.name, text.0, text.1.message));
        }
    }

    let mut table = String::from("| detector | runs that have it | found | false | precision | recall |\n");
    table.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    let mut poor = Vec::new();
    for (kind, score) in &scores {
        let precision = f64::from(score.found) / f64::from((score.found + score.wrong).max(1));
        let recall = f64::from(score.found) / f64::from(score.runs.max(1));
        writeln!(
            table,
            "| `{kind}` | {} | {} | {} | {precision:.2} | {recall:.2} |",
            score.runs, score.found, score.wrong
        )
        .unwrap();
        if precision < PRECISION || recall < RECALL {
            poor.push(*kind);
        }
    }
    writeln!(
        table,
        "\n{} runs: {made} made, {} real. Of {healthy} healthy runs, {} raised a false alarm.",
        runs.len(),
        runs.len() - made,
        alarmed.len()
    )
    .unwrap();
    println!("{table}\n{}", misses.join("\n"));
    assert!(poor.is_empty(), "{poor:?}");
    assert!(alarmed.len() * 100 <= healthy, "more than one false alarm in 100 healthy runs: {alarmed:?}");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/detectors.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let new = format!("{before}<!-- table -->\n{table}<!-- end -->{after}");
    if std::env::var_os("AETHER_WRITE").is_some() {
        fs::write(&page, new).unwrap();
    } else {
        assert!(text == new, "docs/detectors.md does not hold this table; write it with AETHER_WRITE=1");
    }
}

#[test]
fn a_dead_run_is_noticed_in_under_three_intervals() {
    use aether_core::Metric;
    use corpus::{Point, random::Random};

    for seed in 0..100 {
        let mut r = Random::new(seed);
        let interval = r.between(5.0, 60.0);
        let metric = Metric::named("train/loss");
        let mut at = 0.0;
        let points: Vec<Point> = (1..=60)
            .map(|step| {
                at += interval * r.between(0.8, 1.2);
                Point { at, metric, step, value: 1.0 / step as f64 }
            })
            .collect();
        let name = format!("dead-{seed}");
        let (labels, allowed) = (Vec::new(), Vec::new());
        let run = Labelled {
            name,
            labels,
            allowed,
            points,
            end: at + 10.0 * interval,
            steps: None,
            deadline: None,
        };
        let stalls: Vec<f64> =
            watch(&run).into_iter().filter(|(_, e)| e.kind == "stall").map(|(at, _)| at).collect();
        assert_eq!(stalls.len(), 1, "once, and not while it was alive");
        assert!(stalls[0] > at && stalls[0] - at < 3.0 * interval, "{} of {interval}", stalls[0] - at);
    }
}

#[test]
fn a_finish_is_foretold() {
    let mut held = 0;
    let mut told = 0;
    for seed in 0..40 {
        let run = made::run(seed, None);
        let Some((at, event)) = watch(&run).into_iter().find(|(_, e)| e.kind == "finish_forecast") else {
            continue;
        };
        told += 1;
        let seconds = event.fields["seconds"].as_f64().unwrap();
        let truth = run.end - at;
        held += u32::from((seconds - truth).abs() < 0.25 * truth);
    }
    assert!(told >= 36 && held * 10 >= told * 8, "{held} of {told} of 40");
}
