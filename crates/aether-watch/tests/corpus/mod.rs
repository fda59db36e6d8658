//! The labelled series: made ones, from a seeded generator, and logs of real trainings.

pub(crate) mod made;
pub(crate) mod random;
pub(crate) mod real;
pub(crate) mod table;

use aether_core::{Event, Metric};
use aether_watch::{Detectors, Limits, Observed};

/// One point, with its time in seconds since the run began.
pub(crate) struct Point {
    pub(crate) at: f64,
    pub(crate) metric: Metric,
    pub(crate) step: u64,
    pub(crate) value: f64,
}

/// A run with what is wrong with it.
pub(crate) struct Labelled {
    pub(crate) name: String,
    /// The kinds that must be found; none for a healthy run.
    pub(crate) labels: Vec<&'static str>,
    /// Kinds that may be found too: what follows from what is wrong.
    pub(crate) allowed: Vec<&'static str>,
    pub(crate) points: Vec<Point>,
    /// Until when somebody watches.
    pub(crate) end: f64,
    pub(crate) steps: Option<u64>,
    /// In seconds.
    pub(crate) deadline: Option<f64>,
}

/// What was found, and when, in seconds.
pub(crate) fn watch(run: &Labelled) -> Vec<(f64, Event)> {
    let nanos = |seconds: f64| 1_700_000_000_000_000_000 + (seconds * 1e9) as i64;
    let limits = Limits { steps: run.steps, deadline: run.deadline.map(nanos), ..Limits::default() };
    let mut detectors = Detectors::new(&limits);
    let (mut found, mut events) = (Vec::new(), Vec::new());
    let mut clock = 0.0;
    let mut tick = |until: f64, detectors: &mut Detectors, events: &mut Vec<(f64, Event)>| {
        while clock + 0.5 < until {
            clock += 0.5;
            detectors.tick(nanos(clock), &mut found);
            events.extend(found.drain(..).map(|event| (clock, event)));
        }
    };
    let mut said = Vec::new();
    for point in &run.points {
        tick(point.at, &mut detectors, &mut events);
        let seen =
            Observed { time: nanos(point.at), metric: point.metric, step: point.step, value: point.value };
        detectors.observe(&seen, &mut said);
        events.extend(said.drain(..).map(|event| (point.at, event)));
    }
    tick(run.end, &mut detectors, &mut events);
    events
}
