//! What the training thread leaves for the drawing thread, and what that makes of it.

use std::{
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release},
    },
    time::{Duration, Instant},
};

use aether_core::{Event, Metric, Signal, signal::Nanos};
use serde_json::Value;

use super::locked;

/// The rate is measured over at least this time.
const WINDOW: Duration = Duration::from_secs(2);

/// What the training thread writes and the drawing thread reads.
pub(super) struct Shared {
    /// Whether anybody looks at events.
    shown: AtomicBool,
    ended: AtomicBool,
    step: AtomicU64,
    /// The bits of the last training loss.
    loss: AtomicU64,
    seldom: Mutex<Seldom>,
    known: Known,
}

/// What changes too seldom to need an atomic of its own. Held only to push or to take.
#[derive(Default)]
struct Seldom {
    events: Vec<(Nanos, Event)>,
    /// What the last validation measured: the first metric that is not the loss, else the loss.
    measured: Option<(Metric, f64)>,
}

/// Metrics by number, so that a step looks none up by name.
struct Known {
    loss: Metric,
    ignored: [Metric; 3],
    validation_loss: Metric,
}

impl Shared {
    pub(super) fn new(shown: bool) -> Self {
        Self {
            shown: AtomicBool::new(shown),
            ended: AtomicBool::new(false),
            step: AtomicU64::new(0),
            loss: AtomicU64::new(f64::NAN.to_bits()),
            seldom: Mutex::default(),
            known: Known {
                loss: Metric::named("train/loss"),
                ignored: ["train/grad_norm", "train/learning_rate", "train/epoch_loss"].map(Metric::named),
                validation_loss: Metric::named("val/loss"),
            },
        }
    }

    /// Takes a signal in, on the training thread.
    pub(super) fn hear(&self, time: Nanos, signal: &Signal) {
        if !self.shown.load(Relaxed) {
            return;
        }
        match signal {
            Signal::Point { metric, step, value } if *metric == self.known.loss => {
                self.step.store(*step, Relaxed);
                self.loss.store(value.to_bits(), Relaxed);
            }
            Signal::Point { metric, .. } if self.known.ignored.contains(metric) => {}
            Signal::Point { metric, value, .. } => {
                let measured = &mut locked(&self.seldom).measured;
                let keeps = *metric == self.known.validation_loss
                    && measured.is_some_and(|(shown, _)| shown != self.known.validation_loss);
                let other = *metric != self.known.validation_loss
                    && measured
                        .is_some_and(|(shown, _)| shown != *metric && shown != self.known.validation_loss);
                if !keeps && !other {
                    *measured = Some((*metric, *value));
                }
            }
            Signal::Event(event) => locked(&self.seldom).events.push((time, event.clone())),
            Signal::Rewind { step } => self.step.store(*step, Relaxed),
            _ => {}
        }
    }

    pub(super) fn take_events(&self) -> Vec<(Nanos, Event)> {
        mem::take(&mut locked(&self.seldom).events)
    }

    /// Nobody looks at events any more.
    pub(super) fn show_no_more(&self) {
        self.shown.store(false, Relaxed);
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Release);
    }

    pub(super) fn ended(&self) -> bool {
        self.ended.load(Acquire)
    }
}

/// Where the training stands, as it is shown.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct View {
    pub(super) step: u64,
    pub(super) loss: Option<f64>,
    pub(super) measured: Option<(Metric, f64)>,
    /// Optimizer steps in a second.
    pub(super) rate: Option<f64>,
    pub(super) plan: Plan,
    /// Whether somebody asked the training to stop.
    pub(super) stopping: bool,
    /// Where the rate is measured from: two marks, the older one at least a window old once there is one.
    pub(super) marks: [Option<(Instant, u64)>; 2],
}

/// What is known ahead; zero is unknown.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) epochs: u64,
    pub(super) steps_per_epoch: u64,
    pub(super) total_steps: u64,
    pub(super) samples_per_epoch: u64,
}

impl Plan {
    fn of(event: &Event) -> Self {
        let field = |name: &str| event.fields.get(name).and_then(Value::as_u64).unwrap_or(0);
        Self {
            epochs: field("epochs"),
            steps_per_epoch: field("steps_per_epoch"),
            total_steps: field("total_steps"),
            samples_per_epoch: field("train_samples"),
        }
    }
}

impl View {
    pub(super) fn update(&mut self, shared: &Shared, events: &[(Nanos, Event)], stopping: bool) {
        for (_, event) in events {
            if matches!(event.kind.as_str(), "started" | "resumed") {
                self.plan = Plan::of(event);
            }
            // What follows a jump says nothing about what came before it.
            if matches!(event.kind.as_str(), "started" | "resumed" | "rolled_back") {
                self.marks = [None, None];
            }
        }
        self.step = shared.step.load(Relaxed);
        self.loss = Some(f64::from_bits(shared.loss.load(Relaxed))).filter(|_| self.step > 0);
        self.measured = locked(&shared.seldom).measured;
        self.stopping = stopping;
        self.measure(Instant::now());
    }

    /// The rate since the older mark.
    fn measure(&mut self, now: Instant) {
        let [older, newer] = self.marks;
        let since = |mark: (Instant, u64)| now.duration_since(mark.0);
        match newer {
            None => self.marks = [Some((now, self.step)); 2],
            Some(mark) if since(mark) >= WINDOW => self.marks = [newer, Some((now, self.step))],
            Some(_) => {}
        }
        if let Some(mark) = older
            && since(mark) > Duration::ZERO
            && self.step > mark.1
        {
            self.rate = Some((self.step - mark.1) as f64 / since(mark).as_secs_f64());
        }
    }

    /// The epoch in work, counted from 1.
    pub(super) fn epoch(&self) -> Option<u64> {
        let epoch = self.step.saturating_sub(1).checked_div(self.plan.steps_per_epoch)? + 1;
        Some(if self.plan.epochs > 0 { epoch.min(self.plan.epochs) } else { epoch })
    }

    /// The share of the work that is done.
    pub(super) fn done(&self) -> Option<f64> {
        (self.plan.total_steps > 0).then(|| (self.step as f64 / self.plan.total_steps as f64).min(1.0))
    }

    /// Training samples in a second.
    pub(super) fn samples_per_second(&self) -> Option<f64> {
        let per_step = self.plan.samples_per_epoch as f64 / self.plan.steps_per_epoch.max(1) as f64;
        self.rate.map(|rate| rate * per_step).filter(|rate| *rate > 0.0)
    }

    /// How long the rest takes at this rate.
    pub(super) fn left(&self) -> Option<Duration> {
        let rest = self.plan.total_steps.checked_sub(self.step).filter(|_| self.plan.total_steps > 0)?;
        Duration::try_from_secs_f64(rest as f64 / self.rate?).ok()
    }
}

/// What one event says in a line of its own, if a person wants to see it while the training runs; the end is said
/// by the summary.
pub(super) fn sentence(event: &Event) -> Option<String> {
    match event.kind.as_str() {
        "interrupted" | "failed" | "finished" | "stopped_early" => None,
        "epoch" => Some(epoch(event)),
        "started" | "resumed" => Some(event.message.clone()),
        _ if event.level > aether_core::Level::Info => Some(event.message.clone()),
        _ => None,
    }
}

/// An epoch with what was measured at its end.
fn epoch(event: &Event) -> String {
    let mut line = format!("{}  step {}", event.message, event.step);
    let measured = event.fields.get("measured").and_then(Value::as_object);
    let loss = event.fields.get("loss").map(|value| ("loss", value));
    for (name, value) in loss.into_iter().chain(measured.into_iter().flatten().map(|(n, v)| (n.as_str(), v)))
    {
        // Numbers that are not finite are strings in JSON.
        let value = value.as_f64().map(crate::text::number).or_else(|| value.as_str().map(str::to_owned));
        if let Some(value) = value {
            line += &format!("  {name} {value}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use aether_core::Level;
    use serde_json::json;

    fn event(kind: &str, fields: Value) -> Event {
        let Value::Object(fields) = fields else { unreachable!("an object") };
        Event { kind: kind.into(), level: Level::Info, step: 7, message: "Epoch 1 of 3".into(), fields }
    }

    fn say(shared: &Shared, name: &str, step: u64, value: f64) {
        shared.hear(0, &Signal::Point { metric: Metric::named(name), step, value });
    }

    #[test]
    fn the_metric_shown_is_the_first_that_is_not_the_loss() {
        let shared = Shared::new(true);
        let shown = |shared: &Shared| locked(&shared.seldom).measured.map(|(m, v)| (m.name(), v));
        say(&shared, "val/loss", 1, 0.5);
        assert_eq!(shown(&shared), Some(("val/loss", 0.5)));
        for round in [0.9, 0.95] {
            say(&shared, "val/accuracy", 1, round);
            say(&shared, "val/top3", 1, 1.0);
            say(&shared, "val/loss", 2, 0.4);
            assert_eq!(shown(&shared), Some(("val/accuracy", round)));
        }
    }

    #[test]
    fn the_plan_gives_epoch_share_and_time_left() {
        let shared = Shared::new(true);
        let plan = json!({"epochs": 3, "steps_per_epoch": 10, "total_steps": 30, "train_samples": 640});
        let mut view = View::default();
        view.update(&shared, &[(0, event("started", plan))], false);
        assert_eq!((view.epoch(), view.done(), view.loss), (Some(1), Some(0.0), None));
        for (step, epoch) in [(10, 1), (11, 2), (30, 3)] {
            say(&shared, "train/loss", step, 0.25);
            view.update(&shared, &[], false);
            assert_eq!((view.epoch(), view.loss), (Some(epoch), Some(0.25)));
        }
        let begun = Instant::now();
        let mut view = View { plan: view.plan, ..View::default() };
        view.measure(begun);
        view.step = 10;
        view.measure(begun + Duration::from_secs(1));
        assert_eq!((view.rate, view.samples_per_second()), (Some(10.0), Some(640.0)));
        assert_eq!(view.left(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn an_epoch_in_a_line() {
        let epoch =
            event("epoch", json!({"loss": 0.5, "measured": {"val/loss": "NaN", "val/accuracy": 0.25}}));
        assert_eq!(
            sentence(&epoch).as_deref(),
            Some("Epoch 1 of 3  step 7  loss 0.5000  val/loss NaN  val/accuracy 0.2500")
        );
        assert_eq!(sentence(&event("snapshot", json!({}))), None);
    }
}
