//! What `augurs` finds in the labelled runs of `crates/aether-watch/tests/corpus`, beside our detectors: in each task both
//! see the same values. `cargo run --release` here prints the table of `docs/detectors.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]

#[path = "../../../../crates/aether-watch/tests/corpus/mod.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod corpus;

use std::time::Instant;

use aether_core::Metric;
use augurs::{
    changepoint::{Detector, NormalGammaDetector},
    ets::AutoETS,
    outlier::{DbscanDetector, MADDetector, OutlierDetector},
    prelude::*,
};
use corpus::{Labelled, Point, made, watch};

/// Made runs without a fault, and with each fault.
const HEALTHY: u64 = 100;
const EACH: u64 = 20;

fn main() {
    println!("| task | by | found | false alarms | time a run |");
    println!("| --- | --- | ---: | ---: | ---: |");
    let drops = Task::new("throughput_drop", |points| !named(points, "samples_per_second").is_empty());
    drops.say("ours", ours);
    drops.say("augurs, Bayesian change points", |run| slower(&named(&run.points, "samples_per_second"), 0.0));
    drops.say("the same, where it is a third slower", |run| {
        slower(&named(&run.points, "samples_per_second"), 1.0 / 3.0)
    });

    let lags = Task::new("straggler", |points| ranks(points).len() > 1);
    lags.say("ours", ours);
    for sensitivity in [0.5, 0.9] {
        lags.say(&format!("augurs, DBSCAN at {sensitivity}"), |run| {
            stands_out(&DbscanDetector::with_sensitivity(sensitivity).unwrap(), &ranks(&run.points))
        });
        lags.say(&format!("augurs, median absolute deviation at {sensitivity}"), |run| {
            stands_out(&MADDetector::with_sensitivity(sensitivity).unwrap(), &ranks(&run.points))
        });
    }
    forecasts();
}

/// The runs of one kind of fault, and healthy ones.
struct Task {
    kind: &'static str,
    faulty: Vec<Labelled>,
    healthy: Vec<Labelled>,
}

impl Task {
    /// Of the runs that have what the task looks at.
    fn new(kind: &'static str, has: impl Fn(&[Point]) -> bool) -> Self {
        let runs = |count, first, fault| (0..count).map(move |seed| made::run(first + seed, fault));
        let faulty = runs(EACH, 1000, Some(kind)).filter(|run| has(&run.points)).collect();
        Self { kind, faulty, healthy: runs(HEALTHY, 0, None).filter(|run| has(&run.points)).collect() }
    }

    fn say(&self, by: &str, found: impl Fn(&Labelled) -> bool) {
        let start = Instant::now();
        let right = self.faulty.iter().filter(|run| found(run)).count();
        let wrong = self.healthy.iter().filter(|run| found(run)).count();
        let each = start.elapsed() / u32::try_from(self.faulty.len() + self.healthy.len()).unwrap();
        println!(
            "| `{}` | {by} | {right} of {} | {wrong} of {} | {:.1} ms |",
            self.kind,
            self.faulty.len(),
            self.healthy.len(),
            each.as_secs_f64() * 1e3
        );
    }
}

/// Whether ours says the fault; they look for all others at the same time, in all metrics.
fn ours(run: &Labelled) -> bool {
    let kinds = ["throughput_drop", "straggler"];
    watch(run).iter().any(|(_, event)| kinds.contains(&event.kind.as_str()))
}

fn named(points: &[Point], name: &str) -> Vec<f64> {
    let metric = Metric::named(name);
    points.iter().filter(|point| point.metric == metric).map(|point| point.value).collect()
}

/// The step times of each rank, as long as the shortest.
fn ranks(points: &[Point]) -> Vec<Vec<f64>> {
    let all: Vec<_> = (0..)
        .map(|rank| named(points, &format!("rank/{rank}/step_time")))
        .take_while(|one| !one.is_empty())
        .collect();
    let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
    all.into_iter().map(|one| one[..shortest].to_vec()).collect()
}

/// Whether a change point parts the values so that those behind it are smaller by more than a share. Logarithms, in
/// deviations of the first 64, are what its prior expects.
fn slower(values: &[f64], share: f64) -> bool {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let first = &logs[..64.min(logs.len())];
    let (mean, deviation) = moments(first);
    let scaled: Vec<f64> = logs.iter().map(|log| (log - mean) / deviation).collect();
    let changes = NormalGammaDetector::default().detect_changepoints(&scaled);
    changes.into_iter().filter(|&at| at > 0 && at < logs.len()).any(|at| {
        let (before, after) = (moments(&logs[..at]).0, moments(&logs[at..]).0);
        after < before + (1.0 - share).ln()
    })
}

fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

fn stands_out<D: OutlierDetector>(detector: &D, ranks: &[Vec<f64>]) -> bool {
    let series: Vec<&[f64]> = ranks.iter().map(Vec::as_slice).collect();
    let processed = detector.preprocess(&series).unwrap();
    !detector.detect(&processed).unwrap().outlying_series.is_empty()
}

/// When a disk will be full: at the moment when ours first says it, both forecast from the same values.
fn forecasts() {
    println!(
        "\n| `disk_full`, when ours first says it | ours | augurs, exponential smoothing with a trend |"
    );
    println!("| --- | ---: | ---: |");
    let (mut mine, mut theirs) = (Told::default(), Told::default());
    for seed in 1000..1000 + EACH {
        let run = made::run(seed, Some("disk_full"));
        let (at, event) = watch(&run).into_iter().find(|(_, event)| event.kind == "disk_full").unwrap();
        let free = named(&run.points, "system/disk_free");
        // Every two seconds, from the first one on.
        let seen = &free[..(((at - 1.0) / 2.0) as usize + 1).min(free.len())];
        let truth = {
            let (slope, last) = line(&free);
            (run.end - at) + last / -slope
        };
        let likely = event.fields["seconds"].as_f64().unwrap();
        let when = |name: &str| {
            let time =
                |key: &str| event.fields[key].as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap());
            time(name).map(|t| likely + t.duration_since(time("when").unwrap()).as_secs_f64())
        };
        mine.add(truth, Some(likely), when("earliest"), when("latest"));

        let start = Instant::now();
        let model = AutoETS::new(1, "ZAN").unwrap().fit(seen).unwrap();
        let forecast = model.predict((truth / 2.0 * 3.0) as usize, 0.9).unwrap();
        theirs.seconds.push(start.elapsed().as_secs_f64());
        let reaches =
            |values: &[f64]| values.iter().position(|&value| value <= 0.0).map(|n| 2.0 * (n + 1) as f64);
        let intervals = forecast.intervals.as_ref().unwrap();
        theirs.add(truth, reaches(&forecast.point), reaches(&intervals.lower), reaches(&intervals.upper));
    }
    println!(
        "| says a time at all, within three times the truth | {} | {} |",
        mine.errors.len(),
        theirs.errors.len()
    );
    println!("| median error of it | {} | {} |", mine.error(), theirs.error());
    println!(
        "| the truth lies in its interval (90 %) | {} of {EACH} | {} of {EACH} |",
        mine.inside, theirs.inside
    );
    println!(
        "| or not further from it than 2 % of the time | {} of {EACH} | {} of {EACH} |",
        mine.near, theirs.near
    );
    println!(
        "| time to fit and forecast once | (with all others, above) | {:.0} ms |",
        1e3 * median(&mut theirs.seconds)
    );
}

#[derive(Default)]
struct Told {
    errors: Vec<f64>,
    inside: usize,
    near: usize,
    seconds: Vec<f64>,
}

impl Told {
    fn add(&mut self, truth: f64, likely: Option<f64>, earliest: Option<f64>, latest: Option<f64>) {
        if let Some(likely) = likely.filter(|likely| *likely < 3.0 * truth) {
            self.errors.push((likely - truth).abs() / truth);
        }
        let within = |slack: f64| {
            earliest.is_some_and(|earliest| earliest <= truth + slack)
                && latest.is_none_or(|latest| truth <= latest + slack)
        };
        self.inside += usize::from(within(0.0));
        self.near += usize::from(within(0.02 * truth));
    }

    fn error(&mut self) -> String {
        format!("{:.1} %", 100.0 * median(&mut self.errors))
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The slope a second of values every two seconds, and where their line ends, by least squares.
fn line(values: &[f64]) -> (f64, f64) {
    let middle = (values.len() - 1) as f64 / 2.0;
    let mean = moments(values).0;
    let (mut up, mut down) = (0.0, 0.0);
    for (n, value) in values.iter().enumerate() {
        let x = n as f64 - middle;
        up += x * (value - mean);
        down += x * x;
    }
    (up / down / 2.0, mean + up / down * middle)
}
