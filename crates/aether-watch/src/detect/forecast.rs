//! When something that runs out will be gone, with an interval.

use std::fmt;

use aether_core::{Event, Level, signal::Nanos};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Detector, Observed, Role, SECOND, event, size, span,
    trend::{self, Line, Trend},
};

/// What will happen, in seconds from now: most likely, at the earliest, at the latest (nine times out of ten).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Forecast {
    likely: f64,
    earliest: f64,
    /// Infinite if it may never happen.
    latest: f64,
}

/// Student's t at 95 % with 3 degrees of freedom: of four quarters that do not overlap, the slope takes one.
const SURE: f64 = 2.353;

/// When a line through points reaches `target`, seen from the time `now`: a random walk with drift, of which both the
/// drift and where the walk goes are uncertain. After t seconds what was seen over a span S has strayed with a variance
/// of `wander` (t + t^2 / S) (Hyndman and Athanasopoulos, "Forecasting: principles and practice", the drift method); the
/// earliest and the latest time are where the line, strayed by `SURE` of its deviations, meets the target.
fn reaches(line: &Line, points: &[(f64, f64)], now: f64, target: f64) -> Option<Forecast> {
    let distance = target - line.at(now);
    let likely = distance / line.slope;
    if !likely.is_finite() || likely < 0.0 {
        return None;
    }
    let span = points.last()?.0 - points.first()?.0;
    let strays = SURE * SURE * trend::wander(points, line.slope);
    // (distance - slope t)^2 = strays (t + t^2 / span), as a t^2 - 2 b t + c = 0.
    let a = line.slope * line.slope - strays / span;
    let b = distance * line.slope + strays / 2.0;
    let c = distance * distance;
    let root = (b * b - a * c).max(0.0).sqrt();
    let latest = if a > 0.0 { (b + root) / a } else { f64::INFINITY };
    Some(Forecast { likely, earliest: (c / (b + root)).min(likely), latest: latest.max(likely) })
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (earliest, likely, latest) = (span(self.earliest), span(self.likely), span(self.latest));
        write!(f, "{likely}")?;
        if !self.latest.is_finite() {
            write!(f, " (at the earliest in {earliest})")
        } else if earliest != latest {
            write!(f, " (between {earliest} and {latest})")
        } else {
            Ok(())
        }
    }
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
        let Some(Trend { line, low, high }) = trend::theil_sen(recent) else { return };
        let now = self.spread.now();
        let Some(forecast) = reaches(&line, recent, now, target) else { return };
        let (first, last) = (recent[0], recent[recent.len() - 1]);
        // Not further ahead than thirty times as far as was looked back, and only what surely moves that way: all
        // slopes of the interval, and what has gone already is more than three hundredths of what is left.
        let moved = line.slope.abs() * (last.0 - first.0);
        let left = (target - line.at(now)).abs();
        let slowest = if line.slope > 0.0 { low } else { high };
        let sure = slowest / line.slope > 1.0 / 3.0
            && forecast.likely < 30.0 * self.spread.span()
            && moved > 0.03 * left
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
                "{} in about {forecast}: {} is left, and {} an hour goes",
                self.what,
                size(left),
                size(line.slope.abs() * 3600.0)
            );
            found.push(event(self.kind, NEAR[near - 1].1, seen, message, &evidence));
        }
    }
}

/// Before a tenth of the way, or this many seconds, little is known of what comes rarely: validations, snapshots.
const SOON: f64 = 600.0;

/// When the run reaches its last step, and whether that is before its time is up. Said once, and again where it turns out
/// to be another time.
#[derive(Debug)]
pub(crate) struct Finish {
    /// The last step.
    goal: u64,
    /// When it will be stopped: a time limit, a reservation's end.
    deadline: Option<Nanos>,
    /// The first step that was seen.
    begun: Option<u64>,
    spread: trend::Spread,
    /// The earliest and the latest finish that was said, in seconds since the run began.
    told: Option<(f64, f64)>,
    late: u32,
    warned: bool,
}

impl Finish {
    pub(crate) fn new(goal: u64, deadline: Option<Nanos>) -> Self {
        let spread = trend::Spread::every(1.0);
        Self { goal, deadline, begun: None, spread, told: None, late: 0, warned: false }
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
        let begun = *self.begun.get_or_insert(seen.step);
        if points.len() < 12 {
            return;
        }
        let recent = &points[points.len() / 4..];
        let Some(line) = trend::drift(recent) else { return };
        let Some(forecast) = reaches(&line, recent, self.spread.now(), self.goal as f64) else { return };
        let now = self.spread.now();
        let (finish, slack) = (now + forecast.likely, 0.1 * forecast.likely + 5.0);
        let new = match self.told {
            Some((earliest, latest)) => finish < earliest - slack || finish > latest + slack,
            None => {
                let far = (seen.step - begun.min(seen.step)) * 10 >= self.goal.saturating_sub(begun);
                (far || now > SOON) && forecast.latest < 1.5 * forecast.earliest + 5.0
            }
        };
        if new {
            self.told = Some((now + forecast.earliest, now + forecast.latest));
            let message = format!("step {} will be reached in about {forecast}", self.goal);
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
