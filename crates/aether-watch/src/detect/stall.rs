//! A run that says nothing any more.

use aether_core::{Event, Level, Metric, signal::Nanos};
use serde_json::json;

use super::{Detector, Observed, Role, SECOND, event, span, window::Window};

/// Gaps between what is said, over which the usual one is judged.
const GAPS: usize = 128;
/// A silence of so many usual gaps is a stall ...
const TIMES: f64 = 2.5;
/// ... unless pauses are usual, such as a validation after each epoch: then so many of the longest pause.
const LONGEST: f64 = 1.5;
/// Percent of one processor that say that the run does something.
const BUSY: f64 = 10.0;
/// Then it may take so many times longer: a first validation, a compilation.
const BUSY_TIMES: f64 = 6.0;

/// The run has been silent for two and a half times its usual interval, and one and a half times its longest pause,
/// but for no less than a floor: what says something every millisecond may also take a breath. While its processes
/// work it gets more time; a dead run does not work.
#[derive(Debug)]
pub(crate) struct Stall {
    floor: f64,
    last: Option<Observed>,
    gaps: Window<GAPS>,
    longest: f64,
    stalled: bool,
    busy: bool,
}

impl Stall {
    /// Never speaks before `floor` nanoseconds of silence.
    pub(crate) fn new(floor: Nanos) -> Self {
        Self {
            floor: floor as f64,
            last: None,
            gaps: Window::default(),
            longest: 0.0,
            stalled: false,
            busy: false,
        }
    }

    /// How long a silence is a stall, if that can be told yet.
    fn bound(&self) -> Option<f64> {
        let usual = (self.gaps.len() >= 8).then(|| self.gaps.median())?;
        let bound = (TIMES * usual).max(LONGEST * self.longest).max(self.floor);
        Some(if self.busy { bound * BUSY_TIMES } else { bound })
    }
}

impl Detector for Stall {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        if role == Role::ProcessCpu {
            self.busy = seen.value > BUSY;
            return;
        }
        let Some(last) = self.last else {
            self.last = Some(*seen);
            return;
        };
        // Values of one step come together: only a new time is something new.
        let gap = (seen.time - last.time) as f64;
        if seen.time > last.time && (seen.step != last.step || gap > 1e8) {
            if self.stalled {
                self.stalled = false;
                let message = format!("the run goes on after a silence of {}", span(gap / SECOND as f64));
                found.push(event("stall_over", Level::Info, seen, message, &[("seconds", json!(gap / 1e9))]));
            } else {
                self.gaps.push(gap);
                // Forgets slowly, so that a first slow step does not set the measure for ever.
                self.longest = gap.max(self.longest * 0.998);
            }
            self.last = Some(*seen);
        }
    }

    fn tick(&mut self, now: Nanos, found: &mut Vec<Event>) {
        let (Some(last), Some(bound)) = (self.last, self.bound()) else { return };
        let silence = (now - last.time) as f64;
        if !self.stalled && silence > bound {
            self.stalled = true;
            let usual = self.gaps.median();
            let seen = Observed { metric: Metric::named(last.metric.name()), ..last };
            let message = format!(
                "the run has said nothing for {}; usually something comes every {}: it hangs, or waits",
                span(silence / SECOND as f64),
                if usual < SECOND as f64 { format!("{:.0} ms", usual / 1e6) } else { span(usual / 1e9) }
            );
            let evidence = [
                ("seconds", json!(silence / 1e9)),
                ("usual", json!(usual / 1e9)),
                ("longest", json!(self.longest / 1e9)),
            ];
            found.push(event("stall", Level::Error, &seen, message, &evidence));
        }
    }
}
