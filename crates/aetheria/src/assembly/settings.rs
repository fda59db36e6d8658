//! What the orchestrator goes by, from an experiment and its data.

use std::time::Duration;

use aether_core::config::{BelowOne, NonNegative, Positive};

use super::AssemblyError;
use crate::{
    data::{Dataset, Sampler},
    experiment::{
        self, Experiment, Mode, NanPolicyKind, OnLogFailure, OptimizerChoice, OptimizerKind, Scheduler,
    },
    metrics::{self, Goal},
    optimizer::{Moments, Optimizer},
    schedule::{Schedule, Shape, Warmup},
    train::{EarlyStopping, Every, Monitor, NonFinitePolicy, OnFailure, Settings, SnapshotPlan, Windows},
};

/// The experiment with what its model chose.
pub(super) fn filled_in(
    experiment: &Experiment,
    optimizer: &Optimizer,
    rate: f64,
) -> Result<Experiment, AssemblyError> {
    let mut filled = experiment.clone();
    let wrong = |key: &str, e: &dyn std::fmt::Display| experiment.error_at(key, e.to_string());
    filled.learning_rate = Some(Positive::new(rate).map_err(|e| wrong("learning_rate", &e))?);
    filled.optimizer = choice(optimizer).map_err(|e| wrong("optimizer", &e))?;
    Ok(filled)
}

fn choice(optimizer: &Optimizer) -> Result<OptimizerChoice, aether_core::config::values::OutOfRange> {
    let adam = |kind, moments: &Moments| {
        let [first, second] = moments.betas;
        Ok(OptimizerChoice {
            kind: Some(kind),
            betas: Some([BelowOne::new(first)?, BelowOne::new(second)?]),
            eps: Some(Positive::new(moments.eps)?),
            weight_decay: Some(NonNegative::new(moments.weight_decay)?),
            ..OptimizerChoice::default()
        })
    };
    match optimizer {
        Optimizer::Adam(moments) => adam(OptimizerKind::Adam, moments),
        Optimizer::AdamW(moments) => adam(OptimizerKind::AdamW, moments),
        Optimizer::Sgd { momentum, nesterov, weight_decay } => Ok(OptimizerChoice {
            kind: Some(OptimizerKind::Sgd),
            momentum: Some(BelowOne::new(*momentum)?),
            nesterov: Some(*nesterov),
            weight_decay: Some(NonNegative::new(*weight_decay)?),
            ..OptimizerChoice::default()
        }),
    }
}

/// The settings of `experiment`, whose peak learning rate is `rate`, on `data`.
pub(super) fn resolve(experiment: &Experiment, data: &Dataset, rate: f64) -> Result<Settings, AssemblyError> {
    let batch_size = experiment.batch_size.get();
    let samples = data.train.len();
    let sampler = Sampler::shuffled(experiment.seed, samples, batch_size).drop_last(experiment.drop_last);
    let accumulation = experiment.grad_accumulation_steps.get();
    let per_epoch = Windows::new(samples, batch_size, sampler.batches(), accumulation).steps();
    let epochs = experiment.epochs.map(u64::from);
    let max_steps = experiment.max_steps.map(u64::from);
    let total = epochs.map(|epochs| epochs.saturating_mul(per_epoch)).into_iter().chain(max_steps).min();
    let names = match &experiment.metrics {
        Some(names) => names.clone(),
        None => metrics::defaults(&data.spec).iter().map(|name| (*name).to_owned()).collect(),
    };
    metrics::Metrics::new(&names, &data.spec)?;
    Ok(Settings {
        experiment: experiment.to_json()?,
        epochs,
        max_steps,
        batch_size,
        drop_last: experiment.drop_last,
        accumulation,
        seed: experiment.seed,
        learning_rate: rate,
        schedule: schedule(&experiment.scheduler, rate, per_epoch, total.unwrap_or(u64::MAX)),
        max_grad_norm: experiment.max_grad_norm.map(Positive::get),
        log_every_steps: experiment.log_every_steps.get(),
        validate: match experiment.validation.every() {
            experiment::Every::Steps(steps) => Every::Steps(steps.get()),
            experiment::Every::Epochs(epochs) => Every::Epochs(epochs.get()),
            // `validation` has no such key.
            experiment::Every::Minutes(_) => Every::Epochs(1),
        },
        metrics: names,
        early_stopping: experiment.early_stopping.as_ref().map(|stopping| EarlyStopping {
            monitor: monitor(&stopping.monitor, stopping.mode),
            patience: u64::from(stopping.patience.get()),
            min_delta: stopping.min_delta.get(),
        }),
        best: monitor(&experiment.best.monitor, experiment.best.mode),
        non_finite: match experiment.nan_policy.kind {
            NanPolicyKind::Halt => NonFinitePolicy::Halt,
            NanPolicyKind::Skip => NonFinitePolicy::Skip,
            NanPolicyKind::Rollback => NonFinitePolicy::Rollback {
                rate_factor: experiment.nan_policy.rate_factor(),
                max_times: experiment.nan_policy.max_times(),
            },
        },
        snapshot: match experiment.snapshot.every() {
            experiment::Every::Steps(steps) => SnapshotPlan::Every(Every::Steps(steps.get())),
            experiment::Every::Epochs(epochs) => SnapshotPlan::Every(Every::Epochs(epochs.get())),
            experiment::Every::Minutes(minutes) => {
                let seconds = minutes.get() * 60.0;
                SnapshotPlan::After(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            }
        },
        on_log_failure: on_failure(experiment.on_log_failure),
        on_snapshot_failure: on_failure(experiment.snapshot.on_failure.unwrap_or_default()),
    })
}

fn on_failure(said: OnLogFailure) -> OnFailure {
    match said {
        OnLogFailure::Continue => OnFailure::Continue,
        OnLogFailure::Halt => OnFailure::Stop,
    }
}

/// The metric that `name` means: `val/loss`, or `val_loss` as users of Lightning write it, or, as in `metrics`,
/// `loss`.
fn monitor(name: &str, mode: Mode) -> Monitor {
    let bare = name.strip_prefix("val/").or_else(|| name.strip_prefix("val_")).unwrap_or(name);
    let goal = match mode {
        Mode::Min => Goal::Lower,
        Mode::Max => Goal::Higher,
        Mode::Auto => metrics::goal(bare).unwrap_or(Goal::Lower),
    };
    Monitor { metric: format!("val/{bare}"), goal }
}

/// The schedule over `total` steps of which `per_epoch` make an epoch.
fn schedule(scheduler: &Scheduler, peak: f64, per_epoch: u64, total: u64) -> Schedule {
    let warmup = scheduler.warmup_steps;
    let steps = total.saturating_sub(warmup);
    let shape = match scheduler.shape() {
        experiment::Shape::Constant => Shape::Constant,
        experiment::Shape::Cosine { min_rate } => Shape::Cosine { steps, min_ratio: min_rate / peak },
        experiment::Shape::Step { every, gamma } => Shape::Step {
            every: match every {
                experiment::Every::Steps(steps) => steps.get(),
                experiment::Every::Epochs(epochs) => epochs.get().saturating_mul(per_epoch),
                // `scheduler` has no such key.
                experiment::Every::Minutes(_) => u64::MAX,
            },
            gamma,
        },
        experiment::Shape::OneCycle { pct_start, div_factor, final_div_factor } => {
            Shape::OneCycle { steps, rise: pct_start, div_factor, final_div_factor }
        }
    };
    // The first step already learns: the rate rises from 1/n of the peak to n/n, step by step.
    let rise = (warmup > 0).then(|| Warmup { steps: warmup, start: 1.0 / (warmup as f64 + 1.0) });
    Schedule { warmup: rise, shape }
}
