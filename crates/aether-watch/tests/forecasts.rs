//! How near forecasts are, and how often the truth lies in their interval: the table of `docs/detectors.md`. Write it anew
//! with `AETHER_WRITE=1 cargo nextest run -p aether-watch forecasts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "other tests use the rest")]
mod corpus;

use std::fmt::Write;

use aether_core::{Event, Metric};
use corpus::{Labelled, Point, made, random::Random, table, watch};

const EACH: u64 = 40;
/// Of intervals that are to hold the truth nine times out of ten, and may be unlucky.
const INSIDE: f64 = 0.8;

/// What one forecast said, and what came, in seconds from then.
struct Told {
    likely: f64,
    earliest: f64,
    latest: f64,
    truth: f64,
}

impl Told {
    /// The first forecast of a kind; `end` is when it came to pass, in seconds since the run began.
    fn of(run: &Labelled, kind: &str, end: f64) -> Option<Self> {
        watch(run).iter().find(|(_, event)| event.kind == kind).map(|(at, event)| Self::by(event, end - at))
    }

    fn by(event: &Event, truth: f64) -> Self {
        let likely = event.fields["seconds"].as_f64().unwrap();
        let time =
            |key: &str| event.fields[key].as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap());
        let when = time("when").unwrap();
        let seconds = |key: &str| {
            time(key).map_or(f64::INFINITY, |time| likely + time.duration_since(when).as_secs_f64())
        };
        Self { likely, earliest: seconds("earliest"), latest: seconds("latest"), truth }
    }

    fn error(&self) -> f64 {
        (self.likely - self.truth).abs() / self.truth
    }

    fn holds(&self) -> bool {
        (self.earliest..=self.latest).contains(&self.truth)
    }

    fn width(&self) -> f64 {
        (self.latest - self.earliest) / self.truth
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn the_truth_lies_in_the_interval() {
    let mut page = String::from(
        "| forecast | of | said in | median error | median width of the interval | holds the truth |\n",
    );
    page.push_str("| --- | --- | ---: | ---: | ---: | ---: |\n");
    let mut poor = Vec::new();
    let mut judge = |kind: &str, of: &str, one: &dyn Fn(u64) -> Option<Told>| {
        let told: Vec<Told> = (0..EACH).filter_map(one).collect();
        let held = told.iter().filter(|told| told.holds()).count();
        let (error, width) = (median(told.iter().map(Told::error)), median(told.iter().map(Told::width)));
        writeln!(
            page,
            "| `{kind}` | {of} | {} of {EACH} | {:.1} % | {:.1} % | {held} |",
            told.len(),
            100.0 * error,
            100.0 * width
        )
        .unwrap();
        if told.len() * 10 < EACH as usize * 9 || (held as f64) < INSIDE * told.len() as f64 || width > 1.5 {
            poor.push(of.to_owned());
        }
    };
    let made = |kind: &'static str, metric: &'static str| {
        move |seed| {
            let run = made::run(1000 + seed, Some(kind));
            let end = gone(&run, metric);
            Told::of(&run, kind, end)
        }
    };
    judge(
        "disk_full",
        "a disk that fills evenly, with snapshots that come and go",
        &made("disk_full", "system/disk_free"),
    );
    judge("quota_full", "a quota, the same", &made("quota_full", "system/quota/user/free"));
    judge(
        "memory_exhausted",
        "memory, with what others take of it",
        &made("memory_exhausted", "system/memory_available"),
    );
    judge("disk_full", "a disk that fills by files of very different sizes", &|seed| {
        let (run, full) = by_files(seed);
        Told::of(&run, "disk_full", full)
    });
    judge("finish_forecast", "a run's last step, with validations between", &|seed| {
        let run = made::run(seed, None);
        Told::of(&run, "finish_forecast", run.end)
    });
    println!("{page}");
    assert!(poor.is_empty(), "{poor:?}");
    table::hold("forecasts", &page);
}

/// When a metric that falls along a line comes to nothing, by least squares through all of it.
fn gone(run: &Labelled, metric: &str) -> f64 {
    let metric = Metric::named(metric);
    let points: Vec<(f64, f64)> = run
        .points
        .iter()
        .filter(|point| point.metric == metric)
        .map(|point| (point.at, point.value))
        .collect();
    let count = points.len() as f64;
    let x = points.iter().map(|point| point.0).sum::<f64>() / count;
    let y = points.iter().map(|point| point.1).sum::<f64>() / count;
    let up: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let down: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    x - y * down / up
}

/// A run that writes files at random instants, their sizes over two orders of magnitude, until the disk is full, and when
/// that is.
fn by_files(seed: u64) -> (Labelled, f64) {
    let mut r = Random::new(50_000 + seed);
    let metric = Metric::named("system/disk_free");
    let capacity = r.scale(5e9, 2e12);
    let mean = capacity / r.scale(200.0, 2000.0);
    let every = r.between(3.0, 20.0);
    let (mut free, mut at, mut points) = (capacity, 0.0, Vec::new());
    while free > 0.0 {
        at += 2.0;
        points.push(Point { at, metric, step: at as u64, value: free });
        if r.chance(2.0 / every) {
            // The mean of such a size is 21.5 times its least.
            free -= mean / 21.5 * r.scale(1.0, 100.0);
        }
    }
    let name = format!("files-{seed}");
    let (labels, allowed) = (Vec::new(), Vec::new());
    (Labelled { name, labels, allowed, points, end: at, steps: None, deadline: None }, at)
}

#[test]
fn a_finish_is_said_again_only_where_it_changes() {
    let metric = Metric::named("train/loss");
    let said = |pace: &dyn Fn(u64) -> f64| {
        let mut at = 0.0;
        let points = (1..=2000)
            .map(|step| {
                at += pace(step);
                Point { at, metric, step, value: 1.0 / step as f64 }
            })
            .collect();
        let (name, labels, allowed) = ("paced".to_owned(), Vec::new(), Vec::new());
        let run = Labelled { name, labels, allowed, points, end: at, steps: Some(2000), deadline: None };
        let events = watch(&run).into_iter().filter(|(_, event)| event.kind == "finish_forecast");
        events.map(|(when, event)| Told::by(&event, at - when)).collect::<Vec<_>>()
    };
    let even = said(&|_| 0.5);
    assert!(even.len() == 1 && even[0].error() < 0.01);
    // Half as fast from the middle on: once that shows, another time is said, which allows for more of it.
    let slower = said(&|step| if step < 1000 { 0.5 } else { 1.0 });
    assert!((2..8).contains(&slower.len()) && !slower[0].holds() && slower[slower.len() - 1].holds());
}
