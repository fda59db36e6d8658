//! When something that runs out will be gone, with an interval.

use aether_core::{Event, Level, signal::Nanos};
use jiff::Timestamp;
use serde_json::json;

use super::{Detector, Observed, Role, SECOND, event, size, span, trend};

/// What will happen, in seconds from now: most likely, at the earliest, at the latest (nine times out of ten).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Forecast {
    likely: f64,
    earliest: f64,
    /// Infinite if it may never happen.
    latest: f64,
}

/// When a line reaches `target` from below (`slope` above 0) or above.
fn reaches(line: &trend::Line, target: f64) -> Option<Forecast> {
    let distance = target - line.now;
    let after = |slope: f64| {
        let seconds = distance / slope;
        if seconds.is_finite() && seconds >= 0.0 { seconds } else { f64::INFINITY }
    };
    let likely = after(line.slope);
    let (a, b) = (after(line.low), after(line.high));
    likely.is_finite().then(|| Forecast {
        likely,
        earliest: a.min(b).min(likely),
        latest: a.max(b).max(likely),
    })
}

fn at(now: Nanos, seconds: f64) -> serde_json::Value {
    let nanoseconds = (seconds * SECOND as f64).min(1e18) as i64;
    let time = Timestamp::from_nanosecond(i128::from(now.saturating_add(nanoseconds)));
    if seconds.is_finite() { json!(time.map(|t| t.to_string()).ok()) } else { json!(null) }
}

fn evidence(now: Nanos, forecast: &Forecast) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("seconds", json!(forecast.likely)),
        ("when", at(now, forecast.likely)),
        ("earliest", at(now, forecast.earliest)),
        ("latest", at(now, forecast.latest)),
    ]
}

/// How near is worth a word: half a day, then an hour. Told once each, and again when it was averted and comes back.
const NEAR: [(f64, Level); 2] = [(12.0 * 3600.0, Level::Warning), (3600.0, Level::Error)];

/// A disk or a quota that will be full, or memory that will be exhausted.
#[derive(Debug)]
pub(crate) struct RunsOut {
    kind: &'static str,
    what: &'static str,
    spread: trend::Spread,
    /// For a group's memory, the limit; for what is told as what is left, 0.
    target: Option<f64>,
    said: usize,
    confirmed: u32,
    averted: u32,
}

impl RunsOut {
    /// Of what is told as what is left.
    pub(crate) fn left(kind: &'static str, what: &'static str) -> Self {
        Self { target: Some(0.0), ..Self::used(kind, what) }
    }

    /// Of what is told as what is used, with a limit that comes as another metric.
    pub(crate) fn used(kind: &'static str, what: &'static str) -> Self {
        let spread = trend::Spread::every(5.0);
        Self { kind, what, spread, target: None, said: 0, confirmed: 0, averted: 0 }
    }
}

impl Detector for RunsOut {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if role == Role::GroupMemoryLimit {
            self.target = Some(seen.value);
            return;
        }
        let Some(target) = self.target else { return };
        if !seen.value.is_finite() || !self.spread.push(seen.time as f64 / 1e9, seen.value) {
            return;
        }
        let points = self.spread.points();
        // The last half tells more about what comes next than the whole.
        let recent = &points[points.len() / 3..];
        if self.spread.span() < 240.0 || recent.len() < 18 {
            return;
        }
        let Some(line) = trend::line(recent) else { return };
        let Some(forecast) = reaches(&line, target) else { return };
        let (first, last) = (recent[0], recent[recent.len() - 1]);
        // Not further ahead than thirty times as far as was looked back, and only what surely moves that way: the
        // whole of the interval, and what has gone already is more than a hundredth of what is left.
        let moved = line.slope.abs() * (last.0 - first.0);
        let sure = forecast.latest < 3.0 * forecast.likely
            && forecast.likely < 30.0 * self.spread.span()
            && moved > 0.03 * (target - line.now).abs()
            && !trend::levels_off(recent);
        let near = NEAR.iter().take_while(|(within, _)| forecast.likely < *within).count();
        if !sure || near == 0 {
            self.confirmed = 0;
            self.averted += 1;
            if self.averted > 12 {
                self.said = 0;
            }
            return;
        }
        self.averted = 0;
        self.confirmed += 1;
        if near > self.said && self.confirmed >= 3 {
            self.said = near;
            let mut evidence = evidence(seen.time, &forecast);
            evidence.push(("bytes_per_second", json!(line.slope)));
            let message = format!(
                "{} in about {} (between {} and {}): {} is left, and {} an hour goes",
                self.what,
                span(forecast.likely),
                span(forecast.earliest),
                span(forecast.latest),
                size((target - line.now).abs()),
                size(line.slope.abs() * 3600.0)
            );
            found.push(event(self.kind, NEAR[near - 1].1, seen, message, &evidence));
        }
    }
}

/// When the run reaches its last step, and whether that is before its time is up.
#[derive(Debug)]
pub(crate) struct Finish {
    /// The last step.
    goal: u64,
    /// When it will be stopped: a time limit, a reservation's end.
    deadline: Option<Nanos>,
    spread: trend::Spread,
    told: bool,
    late: u32,
    warned: bool,
}

impl Finish {
    pub(crate) fn new(goal: u64, deadline: Option<Nanos>) -> Self {
        Self { goal, deadline, spread: trend::Spread::every(1.0), told: false, late: 0, warned: false }
    }

    /// The last step.
    pub(crate) fn goal(&self) -> u64 {
        self.goal
    }
}

impl Detector for Finish {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if !role.is_of_run() || seen.step > self.goal {
            return;
        }
        if !self.spread.push(seen.time as f64 / 1e9, seen.step as f64) {
            return;
        }
        let points = self.spread.points();
        let Some(line) = trend::line(&points[points.len() / 4..]) else { return };
        let Some(forecast) = reaches(&line, self.goal as f64).filter(|_| points.len() >= 12) else { return };
        if !self.told && forecast.latest < 1.5 * forecast.earliest + 5.0 {
            self.told = true;
            let message = format!(
                "step {} will be reached in about {} (between {} and {})",
                self.goal,
                span(forecast.likely),
                span(forecast.earliest),
                span(forecast.latest)
            );
            let evidence = evidence(seen.time, &forecast);
            found.push(event("finish_forecast", Level::Info, seen, message, &evidence));
        }
        let Some(deadline) = self.deadline else { return };
        let left = (deadline - seen.time) as f64 / SECOND as f64;
        self.late = if forecast.earliest > left { self.late + 1 } else { 0 };
        if self.late >= 3 && !self.warned {
            self.warned = true;
            let message = format!(
                "the run's time will be up in {}, but step {} needs about {} (at least {}): save a snapshot, or ask for more time",
                span(left),
                self.goal,
                span(forecast.likely),
                span(forecast.earliest)
            );
            let mut evidence = evidence(seen.time, &forecast);
            evidence.push(("left", json!(left)));
            found.push(event("time_limit", Level::Warning, seen, message, &evidence));
        }
    }
}
