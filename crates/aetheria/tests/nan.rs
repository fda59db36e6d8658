//! Numerical safety: a NaN or an infinity is found in its step, named, and handled by policy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod lab;

use std::sync::Arc;

use aether_core::Level;
use aetheria::{
    data::{Dataset, Sampler},
    snapshot::Snapshot,
    train::{Every, NonFinitePolicy, Outcome, Report, Settings, SnapshotPlan},
};
use lab::{INPUTS, Log, Memory, Process, Series, dataset, samples, settings};

const ROLLBACK: NonFinitePolicy = NonFinitePolicy::Rollback { rate_factor: 0.5, max_times: 2 };

/// The clouds with `value` as the second input of the sample that stands at `position` of epoch `epoch`'s order.
fn poisoned(settings: &Settings, epoch: u64, position: usize, value: f32) -> Dataset {
    let Memory { mut input, target } = samples(23, 1);
    let mut order = Vec::new();
    Sampler::shuffled(settings.seed, 23, 23).fill(epoch, 0, &mut order);
    input[order[position] as usize * INPUTS + 1] = value;
    dataset(Memory { input, target }, Some(samples(9, 2)))
}

struct Run {
    report: Report,
    log: Arc<Log>,
    bits: Vec<u32>,
    directory: tempfile::TempDir,
}

fn run(settings: &Settings, data: &Dataset) -> Run {
    let (directory, log) = (tempfile::tempdir().unwrap(), Arc::new(Log::default()));
    let mut process = Process::new(settings, data, &log);
    let report = process.run(directory.path(), None).unwrap();
    Run { report, log, bits: process.strategy.bits(), directory }
}

fn with(policy: NonFinitePolicy) -> Settings {
    Settings { non_finite: policy, epochs: Some(1), ..settings() }
}

#[test]
fn a_nan_input_is_named_by_place() {
    let settings = with(NonFinitePolicy::Skip);
    // Position 18 is in the second window, in its first batch (16 to 19) the third sample.
    let run = run(&settings, &poisoned(&settings, 0, 18, f32::NAN));
    assert!(matches!(run.report.outcome, Outcome::Finished { .. }));
    let events = run.log.events("non_finite");
    assert_eq!((events.len(), events[0].level, events[0].step), (1, Level::Warning, 2));
    let fields = &events[0].fields;
    assert_eq!((&fields["quantity"], &fields["value"]), (&"loss".into(), &"NaN".into()));
    assert_eq!(
        (&fields["op"], &fields["layer"], &fields["micro"]),
        (&"input".into(), &"input".into(), &0.into())
    );
    assert_eq!(fields["index"], serde_json::json!([2, 1]));
    assert!(events[0].message.contains("first made by input in input at [2, 1]"), "{}", events[0].message);
}

#[test]
fn an_infinite_gradient_of_a_finite_loss_is_named_too() {
    let settings = with(NonFinitePolicy::Skip);
    let run = run(&settings, &poisoned(&settings, 0, 21, f32::INFINITY));
    let fields = &run.log.events("non_finite")[0].fields;
    assert_eq!((&fields["quantity"], &fields["value"]), (&"gradient".into(), &"inf".into()));
    // The second batch of the window, the second sample.
    assert_eq!((&fields["micro"], &fields["index"]), (&1.into(), &serde_json::json!([1, 1])));
}

#[test]
fn a_parameter_that_would_overflow_is_named_too() {
    let settings = Settings { max_grad_norm: None, learning_rate: 1e38, ..with(NonFinitePolicy::Skip) };
    let run = run(&settings, &poisoned(&settings, 0, 2, 1e20));
    let fields = &run.log.events("non_finite")[0].fields;
    assert_eq!(
        (&fields["quantity"], &fields["op"], &fields["layer"]),
        (&"parameter".into(), &"update".into(), &"weights".into())
    );
}

#[test]
fn skip_leaves_parameters_and_optimizer_untouched() {
    // One epoch of two windows, the second one poisoned: what is left is what the first one alone makes.
    let skip = with(NonFinitePolicy::Skip);
    for value in [f32::NAN, f32::INFINITY] {
        let data = poisoned(&skip, 0, 20, value);
        let skipped = run(&skip, &data);
        let first_only = run(&Settings { max_steps: Some(1), ..skip.clone() }, &data);
        assert_eq!(skipped.bits, first_only.bits);
        assert_eq!((skipped.report.progress.step, skipped.report.progress.updates), (2, 1));
        assert_eq!(skipped.log.value("val/loss", 2).to_bits(), first_only.log.value("val/loss", 1).to_bits());
        // The point is there, and is not hidden; the epoch's loss is that of the window that counts.
        let loss = skipped.log.value("train/loss", 2);
        assert_eq!(loss.is_nan(), value.is_nan());
        let epoch = skipped.log.value("train/epoch_loss", 2);
        assert_eq!(epoch.to_bits(), skipped.log.value("train/loss", 1).to_bits());
    }
}

#[test]
fn halt_names_the_last_good_snapshot_and_resume_can_skip() {
    let halt = Settings {
        snapshot: SnapshotPlan::Every(Every::Steps(1)),
        epochs: Some(2),
        ..with(NonFinitePolicy::Halt)
    };
    let data = poisoned(&halt, 0, 20, f32::NAN);
    let halted = run(&halt, &data);
    let Outcome::Failed { reason } = &halted.report.outcome else { panic!("{:?}", halted.report) };
    let path = halted.directory.path().join("snapshot_step1.safetensors");
    assert!(reason.contains("NaN in the loss") && reason.contains(path.to_str().unwrap()), "{reason}");
    assert_eq!(halted.report.snapshot.as_deref(), Some(path.as_path()));
    assert!(Snapshot::open(&path).is_ok());

    let skip = Settings { non_finite: NonFinitePolicy::Skip, ..halt };
    let whole = run(&skip, &data);
    let mut process = Process::new(&skip, &data, &halted.log);
    process.run(halted.directory.path(), Some(&path)).unwrap();
    assert_eq!((process.strategy.bits(), halted.log.series()), (whole.bits, whole.log.series()));
}

#[test]
fn halt_without_a_plan_saves_what_was_good() {
    let halt = with(NonFinitePolicy::Halt);
    let run = run(&halt, &poisoned(&halt, 0, 20, f32::NAN));
    let path = run.report.snapshot.unwrap();
    assert_eq!(path.file_name().unwrap(), "snapshot_step1.safetensors");
}

#[test]
fn rollback_goes_back_lowers_the_rate_and_never_tries_the_window_again() {
    let settings = Settings { epochs: Some(2), accumulation: 1, ..with(ROLLBACK) };
    // Batches 0 to 5 make steps 1 to 6 and the first snapshot; the second batch of epoch 1 is step 8.
    let data = poisoned(&settings, 1, 5, f32::NAN);
    // The sample is somewhere in epoch 0 as well.
    let run = run(&settings, &data);
    assert!(matches!(run.report.outcome, Outcome::Finished { .. }), "{:?}", run.report);
    let rolled_back = run.log.events("rolled_back");
    assert_eq!(rolled_back.len(), 2);
    assert_eq!(rolled_back[0].fields["snapshot"], "snapshot_step0.safetensors");
    assert_eq!(rolled_back[1].fields["snapshot"], "snapshot_ep1.safetensors");
    assert_eq!((rolled_back[1].step, &rolled_back[1].fields["rate_factor"]), (6, &0.25.into()));
    assert_eq!(run.log.events("window_skipped").iter().filter(|event| event.step == 8).count(), 1);
    assert_eq!((run.report.progress.step, run.report.progress.updates), (12, 10));
    // What was said after the snapshot was taken back, and said again with the lower rate.
    let rate = |step| run.log.value("train/learning_rate", step);
    let factor = |step| settings.schedule.factor(step);
    assert_eq!(rate(7), 0.25 * settings.learning_rate * factor(7));
    assert_eq!(rate(6), 0.5 * settings.learning_rate * factor(6));
    assert!(!run.log.series().contains_key(&("train/loss", 8)));
}

#[test]
fn rollback_gives_up() {
    // Every epoch has the sample, so it turns up more often than twice.
    let settings = Settings { epochs: Some(5), ..with(ROLLBACK) };
    let run = run(&settings, &poisoned(&settings, 0, 3, f32::INFINITY));
    let Outcome::Failed { reason } = &run.report.outcome else { panic!("{:?}", run.report) };
    assert!(reason.contains("after 2 rollbacks") && reason.contains("last good snapshot"), "{reason}");
    assert_eq!(run.log.events("rolled_back").len(), 2);
}

/// Whatever the policy: stopped or killed at every call and resumed, it ends in the same bits.
#[test]
fn policies_survive_interruptions() {
    for policy in [NonFinitePolicy::Skip, NonFinitePolicy::Rollback { rate_factor: 0.5, max_times: 9 }] {
        let plan = SnapshotPlan::Every(Every::Steps(2));
        let settings = Settings { epochs: Some(2), snapshot: plan, ..with(policy) };
        let data = poisoned(&settings, 0, 20, f32::NAN);
        let whole = run(&settings, &data);
        let calls = {
            let mut process = Process::new(&settings, &data, &Arc::default());
            process.run(tempfile::tempdir().unwrap().path(), None).unwrap();
            process.strategy.calls
        };
        for call in 1..calls {
            for dies in [false, true] {
                let (directory, log) = (tempfile::tempdir().unwrap(), Arc::new(Log::default()));
                let first = Process::new(&settings, &data, &log);
                let mut first = if dies { first.die_at(call) } else { first.stop_at(call) };
                let _ = first.run(directory.path(), None);
                let latest = directory.path().join("latest.safetensors");
                if !latest.exists() {
                    continue;
                }
                let mut second = Process::new(&settings, &data, &log);
                second.run(directory.path(), Some(&latest)).unwrap();
                assert_eq!(second.strategy.bits(), whole.bits, "{policy:?}, call {call}, dies: {dies}");
                let series: Series = log.series();
                assert_eq!(series, whole.log.series(), "{policy:?}, call {call}, dies: {dies}");
            }
        }
    }
}
