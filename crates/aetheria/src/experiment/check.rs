//! What no single key can tell: keys that contradict each other, and the defaults that depend on other keys.

use std::num::NonZeroU64;

use aether_core::{
    config::{ConfigError, Node},
    suggest,
};

use super::{EarlyStopping, Experiment, NanPolicyKind, SchedulerKind, optimizer};
use crate::metrics;

/// The name of the model that is nothing but its `layers`.
const LAYERS: &str = "Sequential";

/// Threads a machine may have; beyond it is a typing error.
const MOST_THREADS: usize = 4096;

/// Keys of other tools, and where the same is said here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("accelerator", "device"),
    ("accumulate_grad_batches", "grad_accumulation_steps"),
    ("amp", "mixed_precision"),
    ("betas", "optimizer.betas"),
    ("checkpoint", "snapshot"),
    ("dataset", "data"),
    ("early_stop", "early_stopping"),
    ("gradient_accumulation_steps", "grad_accumulation_steps"),
    ("gradient_clip_val", "max_grad_norm"),
    ("log_every_n_steps", "log_every_steps"),
    ("logger", "loggers"),
    ("lr", "learning_rate"),
    ("lr_scheduler", "scheduler"),
    ("max_epochs", "epochs"),
    ("momentum", "optimizer.momentum"),
    ("num_epochs", "epochs"),
    ("num_threads", "threads"),
    ("patience", "early_stopping.patience"),
    ("precision", "mixed_precision"),
    ("random_seed", "seed"),
    ("warmup_steps", "scheduler.warmup_steps"),
    ("weight_decay", "optimizer.weight_decay"),
];

/// Tells somebody who wrote another tool's key which one it is here.
pub(super) fn refuse_foreign_keys(root: &Node) -> Result<(), ConfigError> {
    for entry in root.entries() {
        if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| entry.key() == Some(theirs)) {
            return Err(entry.unknown(format!("here it is called `{ours}`")));
        }
    }
    Ok(())
}

impl Experiment {
    /// Fills in the defaults that depend on other keys, and refuses what cannot be.
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        self.check_names()?;
        self.check_length()?;
        self.check_optimizer()?;
        self.check_scheduler()?;
        self.check_intervals()?;
        self.check_safety()?;
        self.check_metrics()
    }

    fn check_names(&mut self) -> Result<(), ConfigError> {
        if let Some(model) = &self.model {
            model.check_mapping()?;
        }
        if self.model_name.is_empty() {
            if self.model.as_ref().is_none_or(|model| model.get("layers").is_none()) {
                let error = self.origin.0.missing("model_name");
                return Err(error.with_help("name a registered model, or declare `layers` under `model`"));
            }
            LAYERS.clone_into(&mut self.model_name);
        }
        // It becomes a directory's name.
        if self.project.is_empty()
            || self.project.starts_with('.')
            || self.project.contains(|c: char| c == '/' || c == '\\' || c.is_control())
        {
            return Err(self.error_at("project", "must be a directory's name: no `/`, and no dot in front"));
        }
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty() || name.contains(char::is_control)) {
            return Err(self.error_at("name", "must be one line that is not blank"));
        }
        if self.threads.is_some_and(|threads| threads.get() > MOST_THREADS) {
            return Err(self.error_at("threads", format!("must be at most {MOST_THREADS}")));
        }
        Ok(())
    }

    fn check_length(&mut self) -> Result<(), ConfigError> {
        if self.epochs.is_none() && self.max_steps.is_none() {
            self.epochs = NonZeroU64::new(10);
        }
        match self.max_steps {
            Some(most) if self.scheduler.warmup_steps >= most.get() => {
                let message = format!("must be less than `max_steps`, which is {most}");
                Err(self.error_at("scheduler.warmup_steps", message))
            }
            _ => Ok(()),
        }
    }

    fn check_optimizer(&self) -> Result<(), ConfigError> {
        // Without a kind only the model can tell.
        let Some(kind) = self.optimizer.kind else { return Ok(()) };
        match self.optimizer.resolve(optimizer::default_of(kind)) {
            Ok(_) => Ok(()),
            Err(wrong) => Err(self.error_at(&format!("optimizer.{}", wrong.key), wrong.message)),
        }
    }

    fn check_scheduler(&self) -> Result<(), ConfigError> {
        use SchedulerKind::{Constant, Cosine, OneCycle, Step, Warmup};
        let scheduler = &self.scheduler;
        let keys = [
            ("min_rate", scheduler.min_rate.is_some(), Cosine),
            ("every_epochs", scheduler.every_epochs.is_some(), Step),
            ("every_steps", scheduler.every_steps.is_some(), Step),
            ("gamma", scheduler.gamma.is_some(), Step),
            ("pct_start", scheduler.pct_start.is_some(), OneCycle),
            ("div_factor", scheduler.div_factor.is_some(), OneCycle),
            ("final_div_factor", scheduler.final_div_factor.is_some(), OneCycle),
        ];
        if let Some((key, _, owner)) =
            keys.iter().find(|(_, given, owner)| *given && *owner != scheduler.kind)
        {
            let message =
                format!("cannot be set: `{}` has none, `{}` has", scheduler.kind.name(), owner.name());
            return Err(self.error_at(&format!("scheduler.{key}"), message));
        }
        match scheduler.kind {
            Warmup if scheduler.warmup_steps == 0 => {
                Err(self.error_at("scheduler.warmup_steps", "must be given for a `warmup`, above 0"))
            }
            OneCycle if scheduler.warmup_steps > 0 => {
                let message = "cannot be set: `one_cycle` warms up by itself, for `pct_start` of all steps";
                Err(self.error_at("scheduler.warmup_steps", message))
            }
            Constant | Warmup | Cosine | OneCycle => Ok(()),
            Step => self.one_of(
                "scheduler",
                &[
                    ("every_steps", scheduler.every_steps.is_some()),
                    ("every_epochs", scheduler.every_epochs.is_some()),
                ],
            ),
        }
    }

    fn check_intervals(&mut self) -> Result<(), ConfigError> {
        let snapshot = &self.snapshot;
        self.one_of(
            "snapshot",
            &[
                ("every_steps", snapshot.every_steps.is_some()),
                ("every_epochs", snapshot.every_epochs.is_some()),
                ("every_minutes", snapshot.every_minutes.is_some()),
            ],
        )?;
        let validation = &self.validation;
        self.one_of(
            "validation",
            &[
                ("every_steps", validation.every_steps.is_some()),
                ("every_epochs", validation.every_epochs.is_some()),
            ],
        )?;
        let (snapshot, validation) = (&mut self.snapshot, &mut self.validation);
        if snapshot.every_steps.is_none() && snapshot.every_minutes.is_none() {
            snapshot.every_epochs.get_or_insert(NonZeroU64::MIN);
        }
        if validation.every_steps.is_none() {
            validation.every_epochs.get_or_insert(NonZeroU64::MIN);
        }
        Ok(())
    }

    /// Refuses a second one of keys that exclude each other.
    fn one_of(&self, mapping: &str, keys: &[(&str, bool)]) -> Result<(), ConfigError> {
        let mut given = keys.iter().filter(|(_, given)| *given);
        let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) else { return Ok(()) };
        let error = self.error_at(
            &format!("{mapping}.{second}"),
            format!("cannot be set together with `{mapping}.{first}`: keep one of the two"),
        );
        Err(error.with_help(format!("`--set {mapping}.{first}=` removes one from the command line")))
    }

    fn check_safety(&self) -> Result<(), ConfigError> {
        let policy = &self.nan_policy;
        let rollback = policy.kind == NanPolicyKind::Rollback;
        for (key, given) in
            [("rate_factor", policy.rate_factor.is_some()), ("max_times", policy.max_times.is_some())]
        {
            if given && !rollback {
                let message = "cannot be set: only `rollback` has one";
                return Err(self.error_at(&format!("nan_policy.{key}"), message));
            }
        }
        if policy.rate_factor.is_some_and(|factor| factor.get() == 0.0) {
            return Err(
                self.error_at("nan_policy.rate_factor", "must be above 0: nothing would be learned any more")
            );
        }
        Ok(())
    }

    fn check_metrics(&mut self) -> Result<(), ConfigError> {
        for (index, name) in self.metrics.iter().flatten().enumerate() {
            self.check_metric(&format!("metrics.{index}"), name)?;
        }
        self.best.monitor = self.measured("best.monitor", &self.best.monitor)?;
        if let Some(stopping) = &self.early_stopping {
            let monitor = self.measured("early_stopping.monitor", &stopping.monitor)?;
            self.early_stopping =
                self.early_stopping.take().map(|stopping| EarlyStopping { monitor, ..stopping });
        }
        Ok(())
    }

    fn check_metric(&self, path: &str, name: &str) -> Result<(), ConfigError> {
        if metrics::goal(name).is_some() {
            return Ok(());
        }
        let known: Vec<&str> = metrics::names().collect();
        let error = self.error_at(path, format!("cannot be `{name}`, which is no metric"));
        Err(match suggest::help(name, &known) {
            Some(help) => error.with_help(help),
            None => error,
        })
    }

    /// The full name of a monitored metric, which may be said as `loss`, `val_loss` or `val/loss`.
    fn measured(&self, path: &str, monitor: &str) -> Result<String, ConfigError> {
        let name = ["val/", "val_"].iter().find_map(|split| monitor.strip_prefix(split)).unwrap_or(monitor);
        self.check_metric(path, name)?;
        let listed = |metrics: &Vec<String>| name == "loss" || metrics.iter().any(|metric| metric == name);
        if !self.metrics.as_ref().is_none_or(listed) {
            let error = self.error_at(path, format!("cannot be `{monitor}`, which is not measured"));
            return Err(error.with_help(format!("add `{name}` to `metrics`")));
        }
        Ok(format!("val/{name}"))
    }
}
