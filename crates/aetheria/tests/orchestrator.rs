//! The orchestrator: windows, ends, validation, best tracking, callbacks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod lab;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use aether_core::{Bus, Metric};
use aetheria::{
    callback::{At, Callback, Flow, StepEnd},
    metrics::Goal,
    snapshot::{Pointer, Snapshot, SnapshotStore},
    train::{
        EarlyStopping, Every, Monitor, Orchestrator, Outcome, Parts, Report, Settings, SnapshotPlan, StopFlag,
    },
};
use lab::{Log, Process, Softmax, clouds, dataset, samples, settings};

fn run(settings: &Settings) -> (Report, Arc<Log>, Vec<u32>, tempfile::TempDir) {
    let (data, log, dir) = (clouds(), Arc::new(Log::default()), tempfile::tempdir().unwrap());
    let mut process = Process::new(settings, &data, &log);
    let report = process.run(dir.path(), None).unwrap();
    (report, log, process.strategy.bits(), dir)
}

/// Accumulation must be the full batch, in the short last window too. The sums are taken in another order, so the
/// last bits may differ and no more.
#[test]
fn accumulation_equals_the_full_batch() {
    let accumulated = settings();
    let full = Settings { batch_size: 16, accumulation: 1, ..settings() };
    let ((a, log_a, weights_a, _), (b, log_b, weights_b, _)) = (run(&accumulated), run(&full));
    assert_eq!((a.progress.step, b.progress.step), (6, 6));
    for (a, b) in weights_a.iter().zip(&weights_b) {
        let (a, b) = (f32::from_bits(*a), f32::from_bits(*b));
        assert!((a - b).abs() <= 1e-6, "{a} {b}");
    }
    for step in 1..=6 {
        for metric in ["train/loss", "train/grad_norm"] {
            let (a, b) = (log_a.value(metric, step), log_b.value(metric, step));
            assert!((a - b).abs() <= 1e-6 * b.abs(), "{metric} at {step}: {a} {b}");
        }
    }
}

#[test]
fn what_is_said_each_step_and_epoch() {
    let (report, log, _, _) = run(&Settings { log_every_steps: 2, ..settings() });
    let steps = |name: &str| {
        let series = log.series();
        series.keys().filter(|(metric, _)| *metric == name).map(|(_, step)| *step).collect::<Vec<_>>()
    };
    assert_eq!(steps("train/loss"), [2, 4, 6]);
    assert_eq!(steps("train/learning_rate"), [2, 4, 6]);
    assert_eq!(steps("train/epoch_loss"), [2, 4, 6]);
    assert_eq!(steps("val/loss"), [2, 4, 6]);
    assert_eq!(steps("val/accuracy"), [2, 4, 6]);
    let epochs = log.events("epoch");
    assert_eq!(epochs.iter().map(|event| event.step).collect::<Vec<_>>(), [2, 4, 6]);
    assert_eq!(epochs[2].fields["measured"]["val/loss"], log.value("val/loss", 6));
    assert_eq!(log.events("started")[0].fields["total_steps"], 6);
    assert_eq!(log.events("finished").len(), 1);
    assert_eq!(report.measured[1], ("val/accuracy", log.value("val/accuracy", 6)));
    assert!(log.value("val/accuracy", 6) > 0.6, "it learns");
}

#[test]
fn the_rate_follows_the_schedule() {
    let settings = settings();
    let (_, log, _, _) = run(&settings);
    for step in 1..=6 {
        assert_eq!(log.value("train/learning_rate", step), 0.5 * settings.schedule.factor(step));
    }
}

/// `torch.nn.utils.clip_grad_norm_`: the step is that of a gradient of the greatest norm allowed.
#[test]
fn clipping_bounds_the_step() {
    let one = Settings { max_steps: Some(1), learning_rate: 1.0, ..settings() };
    let start: Vec<f32> = Softmax::new(one.seed).bits().iter().map(|&b| f32::from_bits(b)).collect();
    let moved = |settings: &Settings| {
        let (_, log, bits, _) = run(settings);
        let weights = bits.iter().take(6).zip(&start);
        let moved = weights.map(|(&b, s)| f64::from(f32::from_bits(b) - s).powi(2)).sum::<f64>().sqrt();
        (moved, log.value("train/grad_norm", 1))
    };
    let (free, norm) = moved(&Settings { max_grad_norm: None, ..one.clone() });
    let (clipped, same_norm) = moved(&Settings { max_grad_norm: Some(0.1), ..one.clone() });
    let (loose, _) = moved(&Settings { max_grad_norm: Some(10.0), ..one });
    assert!(norm > 0.1 && norm == same_norm, "{norm} {same_norm}");
    assert!((free - norm).abs() < 1e-6 && (loose - norm).abs() < 1e-6, "{free} {loose} {norm}");
    assert!((clipped - 0.1 * norm / (norm + 1e-6)).abs() < 1e-6, "{clipped}");
}

#[test]
fn early_stopping_ends_the_training() {
    let monitor = Monitor { metric: "val/loss".to_owned(), goal: Goal::Lower };
    let early_stopping = Some(EarlyStopping { monitor, patience: 2, min_delta: 10.0 });
    let (report, log, _, _) = run(&Settings { early_stopping, epochs: Some(50), ..settings() });
    // The first validation is the best; the second and the third are not better by 10.
    assert_eq!((report.progress.step, report.progress.epoch), (6, 3));
    assert!(matches!(report.outcome, Outcome::Finished { by: "early_stopping", .. }), "{report:?}");
    assert_eq!(log.events("stopped_early").len(), 1);
}

#[test]
fn max_steps_ends_within_an_epoch_and_is_measured_there() {
    let (report, log, _, dir) = run(&Settings { max_steps: Some(3), epochs: None, ..settings() });
    assert!(matches!(report.outcome, Outcome::Finished { by: "max_steps", .. }));
    assert!(log.series().contains_key(&("val/loss", 3)));
    assert_eq!(report.snapshot.unwrap(), dir.path().join("snapshot_step3.safetensors"));
}

#[test]
fn best_names_the_best_and_is_never_removed() {
    // A rate so high that the loss goes up again.
    let settings = Settings { learning_rate: 8.0, max_grad_norm: None, epochs: Some(12), ..settings() };
    let (report, log, _, dir) = run(&settings);
    let best = report.best.unwrap();
    let losses = log.series();
    let losses = losses.iter().filter(|((metric, _), _)| *metric == "val/loss");
    let lowest =
        losses.map(|((_, step), bits)| (f64::from_bits(*bits), *step)).min_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(lowest, Some((best.value, best.step)));
    let snapshot = Snapshot::open(dir.path().join("best.safetensors")).unwrap();
    assert_eq!(snapshot.header().progress.step, best.step);
    assert!(best.step < 18, "it must be older than what is kept, or this shows nothing: {}", best.step);
    let store = SnapshotStore::open(dir.path(), 3).unwrap();
    assert_eq!(store.target(Pointer::Latest).unwrap(), "snapshot_ep12.safetensors");
    // Three are kept, and the best.
    assert_eq!(store.list().unwrap().len(), 4);
}

#[test]
fn snapshots_by_steps_and_by_epochs() {
    let plan = |every| Settings { snapshot: SnapshotPlan::Every(every), max_steps: Some(5), ..settings() };
    let names = |settings: &Settings| {
        let (_, log, _, _) = run(settings);
        log.events("snapshot")
            .iter()
            .map(|e| e.fields["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // The validation at each epoch's end is the best so far, and 4 is in the plan as well: one file.
    let steps = names(&Settings { validate: Every::Epochs(9), ..plan(Every::Steps(2)) });
    assert_eq!(steps, ["snapshot_ep1.safetensors", "snapshot_ep2.safetensors", "snapshot_step5.safetensors"]);
    let epochs = names(&Settings { validate: Every::Epochs(9), ..plan(Every::Epochs(2)) });
    assert_eq!(epochs, ["snapshot_ep2.safetensors", "snapshot_step5.safetensors"]);
}

/// Notes what it is called with, and stops after `limit` steps, counted over all processes.
struct Counter {
    heard: Arc<Mutex<Vec<&'static str>>>,
    steps: u64,
    limit: u64,
}

impl Callback for Counter {
    fn on_start(&mut self, _: At<'_>) -> Flow {
        self.heard.lock().unwrap().push("start");
        Flow::Continue
    }

    fn on_step_end(&mut self, at: At<'_>, step: StepEnd) -> Flow {
        assert!(step.loss.is_finite() && at.progress.step > 0);
        self.steps += 1;
        if self.steps == self.limit { Flow::Stop("enough".to_owned()) } else { Flow::Continue }
    }

    fn on_validation_end(&mut self, _: At<'_>, measured: &[(Metric, f64)]) -> Flow {
        assert_eq!(measured[0].0.name(), "val/loss");
        self.heard.lock().unwrap().push("validation");
        Flow::Continue
    }

    fn on_epoch_end(&mut self, _: At<'_>, loss: f64) -> Flow {
        assert!(loss > 0.0);
        self.heard.lock().unwrap().push("epoch");
        Flow::Continue
    }

    fn on_snapshot(&mut self, _: At<'_>, path: &Path) -> Flow {
        assert!(path.exists());
        self.heard.lock().unwrap().push("snapshot");
        Flow::Continue
    }

    fn on_end(&mut self, _: At<'_>, _: &Outcome) {
        self.heard.lock().unwrap().push("end");
    }

    fn state(&self) -> serde_json::Value {
        self.steps.into()
    }

    fn restore(&mut self, state: &serde_json::Value) {
        self.steps = state.as_u64().unwrap();
    }
}

#[test]
fn callbacks_hear_stop_and_are_resumed() {
    let (settings, data, dir) = (settings(), clouds(), tempfile::tempdir().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let run = |max_steps, from: Option<&Path>| {
        let settings = Settings { max_steps: Some(max_steps), ..settings.clone() };
        let counter = Counter { heard: heard.clone(), steps: 0, limit: 4 };
        let (mut strategy, stop, bus) = (Softmax::new(settings.seed), StopFlag::default(), Bus::new());
        let mut orchestrator = Orchestrator::new(Parts {
            settings: &settings,
            data: &data,
            strategy: &mut strategy,
            bus: &bus,
            stop: &stop,
            store: SnapshotStore::open(dir.path(), 3).unwrap(),
            callbacks: vec![("counter".to_owned(), Box::new(counter))],
        })
        .unwrap();
        if let Some(path) = from {
            orchestrator.resume(&Snapshot::open(path).unwrap()).unwrap();
        }
        orchestrator.run().unwrap()
    };
    let first = run(2, None);
    assert_eq!(*heard.lock().unwrap(), ["start", "validation", "epoch", "snapshot", "end"]);
    let second = run(9, first.snapshot.as_deref());
    assert_eq!(second.progress.step, 4);
    assert_eq!(second.outcome, Outcome::Finished { by: "callback", reason: "enough".to_owned() });
}

#[test]
fn what_could_never_work_is_refused_before_the_first_step() {
    let refused = |settings: &Settings, data| {
        let dir = tempfile::tempdir().unwrap();
        Process::new(settings, &data, &Arc::default()).run(dir.path(), None).unwrap_err().to_string()
    };
    let endless = Settings { epochs: None, ..settings() };
    assert!(refused(&endless, clouds()).contains("set epochs or max_steps"));
    let large = Settings { batch_size: 64, drop_last: true, ..settings() };
    assert!(refused(&large, clouds()).contains("batch_size 64 leaves no batch of the 23 training samples"));
    let monitor = Monitor { metric: "val/f2".to_owned(), goal: Goal::Higher };
    let early_stopping = Some(EarlyStopping { monitor, patience: 1, min_delta: 0.0 });
    let unknown = Settings { early_stopping, ..settings() };
    let message = refused(&unknown, clouds());
    assert!(message.contains("'val/f2' is never measured; choose among val/loss, val/accuracy"), "{message}");
    assert!(
        refused(&unknown, dataset(samples(23, 1), None)).contains("early_stopping needs a validation split")
    );
}

#[test]
fn no_validation_split_is_no_trouble() {
    let (data, log, dir) =
        (dataset(samples(23, 1), None), Arc::new(Log::default()), tempfile::tempdir().unwrap());
    let settings = settings();
    let report = Process::new(&settings, &data, &log).run(dir.path(), None).unwrap();
    assert!(matches!(report.outcome, Outcome::Finished { by: "epochs", .. }), "{report:?}");
    assert_eq!(report.best, None);
    assert!(!dir.path().join("best.safetensors").exists());
}
