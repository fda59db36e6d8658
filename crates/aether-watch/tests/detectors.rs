//! What detectors find in labelled runs: precision and recall of each, held above stated bounds, and the table of
//! `docs/detectors.md`. Write it anew with `AETHER_WRITE=1 cargo nextest run -p aether-watch detectors`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod corpus;

use std::{collections::BTreeMap, fmt::Write};

use aether_core::Level;
use corpus::{Labelled, made, real, table, watch};

/// Made runs without a fault, and with each fault.
const HEALTHY: u64 = 300;
const EACH: u64 = 20;

/// What every detector must reach in precision and in recall: where thresholds were set, and elsewhere, where a few runs
/// more or less are chance.
const SET: f64 = 0.9;
const ELSEWHERE: f64 = 0.8;

/// Kinds that say how things go, and no trouble.
const NEWS: [&str; 2] = ["finish_forecast", "stall_over"];

#[derive(Default)]
struct Score {
    runs: u32,
    found: u32,
    wrong: u32,
}

impl Score {
    fn precision(&self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.wrong).max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.found) / f64::from(self.runs.max(1))
    }
}

/// What is found in many runs.
#[derive(Default)]
struct Judged {
    runs: usize,
    scores: BTreeMap<&'static str, Score>,
    healthy: usize,
    /// Healthy runs with a false alarm.
    alarmed: Vec<String>,
    misses: Vec<String>,
}

/// Made runs: without a fault from `healthy` on, with each fault from `faulty` on.
fn made_runs(healthy: u64, faulty: u64) -> Vec<Labelled> {
    let mut runs: Vec<Labelled> = (0..HEALTHY).map(|seed| made::run(healthy + seed, None)).collect();
    for &fault in made::FAULTS {
        runs.extend((0..EACH).map(|seed| made::run(faulty + seed, Some(fault))));
    }
    runs
}

fn judge(runs: &[Labelled]) -> Judged {
    let mut judged = Judged { runs: runs.len(), ..Judged::default() };
    for run in runs {
        let events = watch(run);
        for &label in &run.labels {
            let score = judged.scores.entry(label).or_default();
            score.runs += 1;
            if events.iter().any(|(_, event)| event.kind == label) {
                score.found += 1;
            } else {
                judged.misses.push(format!("{}: no {label}", run.name));
            }
        }
        if run.labels.is_empty() {
            judged.healthy += 1;
            if events.iter().any(|(_, event)| event.level > Level::Info) {
                judged.alarmed.push(run.name.clone());
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
            judged.scores.entry(kind).or_default().wrong += 1;
            let text = events.iter().find(|(_, e)| e.kind == *kind).unwrap();
            judged.misses.push(format!("{}: {kind} at {:.0} s: {}", run.name, text.0, text.1.message));
        }
    }
    judged
}

impl Judged {
    /// Fails where a detector is worse than it must be.
    fn reaches(&self, least: f64) {
        let misses = self.misses.join("\n");
        let poor: Vec<&str> = self
            .scores
            .iter()
            .filter(|(_, score)| score.precision() < least || score.recall() < least)
            .map(|(kind, _)| *kind)
            .collect();
        assert!(poor.is_empty(), "{poor:?}\n{misses}");
        assert!(
            self.alarmed.len() * 100 <= self.healthy,
            "more than one false alarm in 100 healthy runs: {:?}",
            self.alarmed
        );
    }
}

#[test]
fn precision_and_recall() {
    let mut runs = made_runs(0, 1000);
    let made = runs.len();
    runs.extend(real::runs());
    assert!(runs.len() >= 200);

    let judged = judge(&runs);
    let mut table = String::from("| detector | runs that have it | found | false | precision | recall |\n");
    table.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (kind, score) in &judged.scores {
        let Score { runs, found, wrong } = score;
        let (precision, recall) = (score.precision(), score.recall());
        writeln!(table, "| `{kind}` | {runs} | {found} | {wrong} | {precision:.2} | {recall:.2} |").unwrap();
    }
    writeln!(
        table,
        "\n{} runs: {made} made, {} real. Of {} healthy runs, {} raised a false alarm.",
        judged.runs,
        judged.runs - made,
        judged.healthy,
        judged.alarmed.len()
    )
    .unwrap();
    judged.reaches(SET);
    table::hold("detectors", &table);
}

/// As many runs that no threshold was set on.
#[test]
fn precision_and_recall_on_other_seeds() {
    let judged = judge(&made_runs(9000, 11_000));
    let sum = |of: fn(&Score) -> u32| judged.scores.values().map(of).sum::<u32>();
    let by_kind = |of: fn(&Score) -> u32| {
        let some = judged.scores.iter().filter(|(_, score)| of(score) > 0);
        some.map(|(kind, score)| format!("`{kind}` {}", of(score))).collect::<Vec<_>>().join(", ")
    };
    let text = format!(
        "Of {} faults {} were found; missed were {}.\nFound where it was not: {}. Of {} healthy runs, {} raised a false alarm.\n",
        sum(|score| score.runs),
        sum(|score| score.found),
        by_kind(|score| score.runs - score.found),
        by_kind(|score| score.wrong),
        judged.healthy,
        judged.alarmed.len()
    );
    judged.reaches(ELSEWHERE);
    table::hold("others", &text);
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
