//! The experiment file: what it takes, what it makes of it, and what it says about mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail the test")]

use aether_core::ConfigError;
use aetheria::{
    experiment::{Device, Every, Experiment, Mode, NanPolicyKind, OptimizerChoice, Shape},
    optimizer::{Moments, Optimizer},
};
use proptest::prelude::*;

const QUICK_START: &str = r#"
model_name: "SimpleMLP"
epochs: 10
batch_size: 64
learning_rate: 0.001

mixed_precision: true
grad_accumulation_steps: 4
max_grad_norm: 1.0  # Gradient Clipping
"#;

fn parse(text: &str) -> Result<Experiment, ConfigError> {
    Experiment::parse("config.yaml", text, &[])
}

#[track_caller]
fn read(text: &str) -> Experiment {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads the quick start with `more` below it.
fn quick_start_and(more: &str) -> Result<Experiment, ConfigError> {
    parse(&format!("model_name: SimpleMLP\n{more}"))
}

/// Checks the message, and what the carets mark.
#[track_caller]
fn refused(more: &str, message: &str, marked: &str) {
    let error = quick_start_and(more).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.message(), message, "\n{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains('^')).expect("a caret");
    let (start, end) = (lines[at].find('^').unwrap(), lines[at].len());
    assert_eq!(&lines[at - 1][start..end], marked, "\n{text}");
}

#[test]
fn the_quick_start_loads_as_it_is() {
    let experiment = read(QUICK_START);
    assert_eq!(experiment.model_name, "SimpleMLP");
    assert_eq!(experiment.epochs.unwrap().get(), 10);
    assert_eq!(experiment.batch_size.get(), 64);
    assert_eq!(experiment.learning_rate.unwrap().get(), 0.001);
    assert!(experiment.mixed_precision);
    assert_eq!(experiment.grad_accumulation_steps.get(), 4);
    assert_eq!(experiment.max_grad_norm.unwrap().get(), 1.0);
}

#[test]
fn a_model_is_enough() {
    let experiment = read("model_name: SimpleMLP");
    assert_eq!(experiment.project, "default");
    assert_eq!(experiment.data.source, "digits");
    assert_eq!(experiment.epochs.unwrap().get(), 10);
    assert_eq!(experiment.max_steps, None);
    assert_eq!(experiment.batch_size.get(), 32);
    assert_eq!(experiment.seed, 0);
    assert_eq!(experiment.device, Device::Auto);
    assert!(matches!(experiment.snapshot.every(), Every::Epochs(n) if n.get() == 1));
    assert_eq!(experiment.snapshot.keep.get(), 3);
    assert_eq!(experiment.scheduler.shape(), Shape::Constant);
    assert_eq!(experiment.best.monitor, "val/loss");
    assert_eq!(experiment.nan_policy.kind, NanPolicyKind::Halt);
    assert!(experiment.optimizer.is_models_own());
}

#[test]
fn layers_alone_are_a_model() {
    assert_eq!(read("model: {layers: [relu]}").model_name, "Sequential");
}

const EVERYTHING: &str = "
name: all of it
project: tests
tags: [a, 1]
model_name: SimpleMLP
model: {hidden_dim: 128}
data: {source: csv, path: train.csv, validation: 0.1}
epochs: 3
max_steps: 1e3
batch_size: 16
drop_last: true
learning_rate: 1e-3
optimizer: {kind: sgd, momentum: 0.9, nesterov: true, weight_decay: 1e-4}
scheduler: {kind: step, every_epochs: 2, gamma: 0.5, warmup_steps: 5}
mixed_precision: false
grad_accumulation_steps: 2
max_grad_norm: 5
seed: 18446744073709551615
device: cpu
threads: 2
snapshot: {every_minutes: 0.5, keep: 2, dir: checkpoints}
validation: {every_steps: 10}
early_stopping: {monitor: val_accuracy, patience: 4, min_delta: 0.001, mode: max}
best: {monitor: accuracy}
metrics: [accuracy, top_3, auroc]
nan_policy: {kind: rollback, rate_factor: 0.1, max_times: 2}
on_log_failure: halt
log_every_steps: 5
loggers: [csv, {kind: tensorboard, dir: tb}]
callbacks: [{kind: print, every: 3}]
";

#[test]
fn every_key() {
    let experiment = read(EVERYTHING);
    assert_eq!(experiment.tags, ["a", "1"]);
    assert!(matches!(experiment.snapshot.every(), Every::Minutes(minutes) if minutes.get() == 0.5));
    assert!(matches!(experiment.validation.every(), Every::Steps(steps) if steps.get() == 10));
    let stopping = experiment.early_stopping.as_ref().unwrap();
    assert_eq!((stopping.monitor.as_str(), stopping.mode), ("val/accuracy", Mode::Max));
    assert_eq!(experiment.best.monitor, "val/accuracy");
    assert_eq!(experiment.loggers[0].kind, "csv");
    assert_eq!(experiment.loggers[1].options.to_json().unwrap(), serde_json::json!({"dir": "tb"}));
    assert_eq!(
        experiment.data.options.to_json().unwrap(),
        serde_json::json!({"path": "train.csv", "validation": 0.1})
    );
    assert_eq!(
        experiment.optimizer.resolve(Optimizer::Adam(Moments::default())).unwrap(),
        Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 1e-4 }
    );
}

#[test]
fn a_resolved_experiment_reads_back_as_itself() {
    for text in [QUICK_START, EVERYTHING, "model: {layers: [relu]}\nscheduler: one_cycle\ndata: synthetic"] {
        let experiment = read(text);
        let yaml = experiment.to_yaml().unwrap();
        assert_eq!(read(&yaml), experiment, "{yaml}");
        assert_eq!(read(&yaml).to_yaml().unwrap(), yaml);
        let json = experiment.to_json().unwrap();
        assert_eq!(Experiment::from_json(&json, &[]).unwrap(), experiment, "{json}");
        assert_eq!(serde_json::from_value::<Experiment>(json).unwrap(), experiment);
    }
}

#[test]
fn a_remembered_experiment_can_be_overridden() {
    let json = read(QUICK_START).to_json().unwrap();
    let longer = Experiment::from_json(&json, &["epochs=20".to_owned()]).unwrap();
    assert_eq!(longer.epochs.unwrap().get(), 20);
}

#[test]
fn hyperparameters_without_a_kind_are_the_models_own_optimizers() {
    let choice = quick_start_and("optimizer: {weight_decay: 0.5}").unwrap().optimizer;
    let own = Moments { betas: [0.8, 0.9], ..Moments::default() };
    let expected = Moments { weight_decay: 0.5, ..own };
    assert_eq!(choice.resolve(Optimizer::Adam(own)).unwrap(), Optimizer::Adam(expected));
    let choice = quick_start_and("optimizer: adamw").unwrap().optimizer;
    let expected = Moments { weight_decay: 0.01, ..Moments::default() };
    assert_eq!(choice.resolve(Optimizer::Adam(own)).unwrap(), Optimizer::AdamW(expected));
    let choice = quick_start_and("optimizer: {momentum: 0.5}").unwrap().optimizer;
    let error = choice.resolve(Optimizer::Adam(own)).unwrap_err();
    assert_eq!((error.key, error.message.as_str()), ("momentum", "cannot be set: the Adam family has none"));
    assert_eq!(OptimizerChoice::default().resolve(Optimizer::Adam(own)).unwrap(), Optimizer::Adam(own));
}

#[test]
fn impossible_numbers() {
    refused("epochs: 0", "`epochs` must be a whole number, 1 or more, found 0", "0");
    refused("max_steps: -5", "`max_steps` must be a whole number, 1 or more, found -5", "-5");
    refused("batch_size: 0", "`batch_size` must be a whole number, 1 or more, found 0", "0");
    refused("learning_rate: -0.1", "`learning_rate` must be above 0, found -0.1", "-0.1");
    refused("max_grad_norm: .inf", "`max_grad_norm` must be above 0, found inf", ".inf");
    refused("seed: -1", "`seed` must be a whole number, 0 or more, found -1", "-1");
    refused("threads: 1e5", "`threads` must be at most 4096", "1e5");
    refused("snapshot: {keep: 0}", "`snapshot.keep` must be a whole number, 1 or more, found 0", "0");
    refused(
        "early_stopping: {patience: 0}",
        "`early_stopping.patience` must be a whole number from 1 to 4294967295, found 0",
        "0",
    );
    refused(
        "optimizer: {betas: [0.9, 1.0]}",
        "`optimizer.betas.1` must be from 0 to below 1, found 1",
        "1.0",
    );
    refused("optimizer: {eps: 0}", "`optimizer.eps` must be above 0, found 0", "0");
}

#[test]
fn unknown_names() {
    refused("optimzer: adam", "unknown key `optimzer`", "optimzer");
    refused("optimizer: adm", "`optimizer.kind` cannot be `adm`", "adm");
    refused("scheduler: cosin", "`scheduler.kind` cannot be `cosin`", "cosin");
    refused("metrics: [acuracy]", "`metrics.0` cannot be `acuracy`, which is no metric", "acuracy");
    refused("best: {monitor: val_los}", "`best.monitor` cannot be `los`, which is no metric", "val_los");
    refused("lr: 0.1", "unknown key `lr`", "lr");
    refused(
        "device: cuda:0",
        "`device` must be `cpu` or `auto`, found `cuda:0`: this build computes on the CPU only",
        "cuda:0",
    );
    let error = quick_start_and("max_epochs: 3").unwrap_err().to_string();
    assert!(error.ends_with("= help: here it is called `epochs`"), "{error}");
}

#[test]
fn keys_that_contradict_each_other() {
    refused(
        "snapshot:\n  every_epochs: 1\n  every_steps: 2",
        "`snapshot.every_epochs` cannot be set together with `snapshot.every_steps`: keep one of the two",
        "1",
    );
    refused(
        "validation: {every_epochs: 1, every_steps: 2}",
        "`validation.every_epochs` cannot be set together with `validation.every_steps`: keep one of the two",
        "1",
    );
    refused(
        "optimizer: {kind: sgd, nesterov: true}",
        "`optimizer.nesterov` cannot be true without `momentum`: there is nothing to look ahead with",
        "true",
    );
    refused(
        "optimizer: {kind: adam, momentum: 0.9}",
        "`optimizer.momentum` cannot be set: the Adam family has none",
        "0.9",
    );
    refused(
        "scheduler: {kind: cosine, gamma: 0.5}",
        "`scheduler.gamma` cannot be set: `cosine` has none, `step` has",
        "0.5",
    );
    refused(
        "scheduler: warmup",
        "`scheduler.warmup_steps` must be given for a `warmup`, above 0",
        "scheduler",
    );
    refused(
        "max_steps: 5\nscheduler: {warmup_steps: 5}",
        "`scheduler.warmup_steps` must be less than `max_steps`, which is 5",
        "5",
    );
    refused(
        "scheduler: {kind: one_cycle, warmup_steps: 5}",
        "`scheduler.warmup_steps` cannot be set: `one_cycle` warms up by itself, for `pct_start` of all steps",
        "5",
    );
    refused(
        "nan_policy: {kind: skip, max_times: 2}",
        "`nan_policy.max_times` cannot be set: only `rollback` has one",
        "2",
    );
    refused(
        "metrics: [accuracy]\nbest: {monitor: auroc}",
        "`best.monitor` cannot be `auroc`, which is not measured",
        "auroc",
    );
    refused(
        "project: ../elsewhere",
        "`project` must be a directory's name: no `/`, and no dot in front",
        "../elsewhere",
    );
    refused("model: 3", "`model` must be a mapping, found 3", "3");
    refused("callbacks: [{every: 3}]", "`callbacks.0.kind` is missing", "{every: 3}");
}

#[test]
fn a_model_must_be_named() {
    let error = parse("epochs: 3").unwrap_err().to_string();
    let expected = "`model_name` is missing
 --> config.yaml:1:1
  |
1 | epochs: 3
  | ^^^^^^^^^
  = help: name a registered model, or declare `layers` under `model`";
    assert_eq!(error, expected);
}

#[test]
fn a_mistake_in_an_override_shows_the_override() {
    let overrides = ["optimizer=sgd".to_owned(), "optimizer.nesterov=true".to_owned()];
    let error = Experiment::parse("config.yaml", QUICK_START, &overrides).unwrap_err().to_string();
    let expected =
        "`optimizer.nesterov` cannot be true without `momentum`: there is nothing to look ahead with
 --> the command line
  |
  | --set optimizer.nesterov=true
  |                          ^^^^";
    assert_eq!(error, expected);
}

#[test]
fn overrides_below_a_bare_name_keep_it() {
    let overrides = ["data.kind=moons".to_owned(), "optimizer.momentum=0.5".to_owned()];
    let text = "model_name: M\ndata: synthetic\noptimizer: sgd";
    let experiment = Experiment::parse("config.yaml", text, &overrides).unwrap();
    assert_eq!(experiment.data.source, "synthetic");
    assert_eq!(experiment.data.options.to_json().unwrap(), serde_json::json!({"kind": "moons"}));
    assert_eq!(
        experiment.optimizer.resolve(Optimizer::Adam(Moments::default())).unwrap(),
        Optimizer::Sgd { momentum: 0.5, nesterov: false, weight_decay: 0.0 }
    );
}

#[test]
fn what_only_the_data_can_tell_still_shows_the_line() {
    let error =
        read(QUICK_START).error_at("batch_size", "must be at most 50, which is all the data there is");
    let expected = "`batch_size` must be at most 50, which is all the data there is
 --> config.yaml:4:13
  |
4 | batch_size: 64
  |             ^^";
    assert_eq!(error.to_string(), expected);
}

proptest! {
    #[test]
    fn any_possible_experiment_reads_back_as_itself(
        epochs in 1u64..,
        rate in 1e-12..1e3f64,
        seed: u64,
        momentum in 0.0..1.0f64,
        decay in 0.0..10.0f64,
        betas in (0.0..1.0f64, 0.0..1.0f64),
        name in "[a-zA-Z0-9:#'\"{}, .-]{1,20}",
        scheduler in prop_oneof![
            Just("constant".to_owned()),
            (1u64..100).prop_map(|n| format!("{{kind: warmup, warmup_steps: {n}}}")),
            (0.0..1.0f64).prop_map(|r| format!("{{kind: cosine, min_rate: {r:?}}}")),
            (1u64..9, 0.1..1.0f64).prop_map(|(n, g)| format!("{{kind: step, every_steps: {n}, gamma: {g:?}}}")),
            (0.0..1.0f64).prop_map(|p| format!("{{kind: one_cycle, pct_start: {p:?}}}")),
        ],
        adam: bool,
    ) {
        prop_assume!(!name.trim().is_empty());
        let optimizer = if adam {
            format!("{{kind: adamw, betas: [{:?}, {:?}], weight_decay: {decay:?}}}", betas.0, betas.1)
        } else {
            format!("{{kind: sgd, momentum: {momentum:?}, weight_decay: {decay:?}}}")
        };
        let name = serde_json::Value::from(name);
        let text = format!(
            "model_name: M\nname: {name}\nepochs: {epochs}\nlearning_rate: {rate:?}\nseed: {seed}\n\
             optimizer: {optimizer}\nscheduler: {scheduler}\n"
        );
        let experiment = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&parse(&experiment.to_yaml().unwrap()).unwrap(), &experiment);
        prop_assert_eq!(&Experiment::from_json(&experiment.to_json().unwrap(), &[]).unwrap(), &experiment);
    }
}
