//! A GPU on its way out.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event, window::Window};

/// Errors of memory that could not be corrected, rows that had to be remapped, corrected errors in numbers, and being
/// slowed down by heat or hardware for most of a minute.
#[derive(Debug, Default)]
pub(crate) struct GpuHealth {
    uncorrected: Option<f64>,
    corrected: Option<f64>,
    remap: Option<f64>,
    throttled: Window<60>,
    throttling: Episode,
}

impl GpuHealth {
    fn rose(before: &mut Option<f64>, seen: &Observed) -> Option<f64> {
        let last = before.replace(seen.value);
        // What stood there before the run began is not the run's to tell.
        last.map(|last| seen.value - last).filter(|&by| by > 0.0)
    }
}

impl Detector for GpuHealth {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        let mut say = |gpu: u32, level, what: String, evidence: (&str, f64)| {
            let evidence = [("gpu", json!(gpu)), (evidence.0, json!(evidence.1))];
            found.push(event("gpu_failing", level, seen, format!("GPU {gpu} {what}"), &evidence));
        };
        match role {
            Role::GpuUncorrected(gpu) => {
                if let Some(by) = Self::rose(&mut self.uncorrected, seen) {
                    let what = "had errors of memory that could not be corrected: results may be wrong, and it may be failing";
                    say(gpu, Level::Error, what.to_owned(), ("errors", by));
                }
            }
            Role::GpuRemap(gpu) => {
                // Several metrics share the role: their values only ever rise, so the first rise of any is told.
                let rises = seen.value > self.remap.unwrap_or(0.0);
                if rises {
                    self.remap = Some(seen.value);
                    let what =
                        "replaces rows of its memory: reset it soon, and have it looked at if that goes on";
                    say(gpu, Level::Error, what.to_owned(), ("rows", seen.value));
                }
            }
            Role::GpuCorrected(gpu) => {
                if let Some(by) = Self::rose(&mut self.corrected, seen).filter(|&by| by >= 100.0) {
                    let what = format!("corrects many errors of its memory ({by:.0} since the last look)");
                    say(gpu, Level::Warning, what, ("errors", by));
                }
            }
            Role::GpuThrottled(gpu) if seen.value.is_finite() => {
                self.throttled.push(seen.value);
                let share = self.throttled.iter().sum::<f64>() / 60.0;
                if self.throttling.opens(self.throttled.is_full() && share > 0.5, 1, 60) {
                    let what = "is slowed down by heat or its power supply: check fans and airflow";
                    say(gpu, Level::Warning, what.to_owned(), ("share", share));
                }
            }
            _ => {}
        }
    }
}
