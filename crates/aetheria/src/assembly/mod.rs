//! From an experiment to the parts of a training: names become models, data sources, listeners and callbacks, and
//! what the file leaves open gets the model's and the data's own defaults.

mod error;
mod registries;
mod settings;

use std::{num::NonZeroUsize, path::Path, sync::Arc};

use aether_core::Listener;

pub use error::AssemblyError;
pub use registries::Registries;

use crate::{
    callback::Callback,
    cpu::Cpu,
    data::{self, Dataset},
    experiment::Experiment,
    model::Model,
    strategy::Strategy,
    train::Settings,
};

/// The parts of a training that an experiment describes.
pub struct Assembly {
    /// The experiment, with the model's choices filled in.
    pub experiment: Experiment,
    /// What the orchestrator goes by.
    pub settings: Settings,
    /// What is learned from.
    pub data: Dataset,
    /// What does the arithmetic.
    pub strategy: Box<dyn Strategy>,
    /// Who is called at the training's moments, by name.
    pub callbacks: Vec<(String, Box<dyn Callback>)>,
    /// What the experiment asks for and does not get, a sentence each.
    pub notes: Vec<String>,
}

impl std::fmt::Debug for Assembly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembly")
            .field("settings", &self.settings)
            .field("data", &self.data)
            .field("strategy", &self.strategy.describe())
            .finish_non_exhaustive()
    }
}

/// Assembles a training; relative paths in the experiment start at `base`.
///
/// # Errors
/// When a name is not registered, a key does not fit what it is given to, the data cannot be read, or model and data
/// do not go together.
pub fn assemble(
    experiment: &Experiment,
    base: &Path,
    registries: &Registries,
) -> Result<Assembly, AssemblyError> {
    let model = model(experiment, registries)?;
    let optimizer = experiment
        .optimizer
        .resolve(model.optimizer())
        .map_err(|e| experiment.error_at(&format!("optimizer.{}", e.key), e.message))?;
    let rate = experiment.learning_rate.map_or_else(|| model.learning_rate(), |rate| rate.get());
    for (number, plugin) in experiment.loggers.iter().enumerate() {
        registries
            .listener(&plugin.kind)
            .map_err(|e| experiment.error_at(&format!("loggers.{number}"), e.to_string()))?;
    }
    let callbacks = plugins(&experiment.callbacks, "callbacks", experiment, |plugin| {
        let callback = registries.callback(&plugin.kind)?;
        Ok(callback(&plugin.options).map(|callback| (plugin.kind.clone(), callback)))
    })?;
    let data = load(experiment, base, registries)?;
    let experiment = settings::filled_in(experiment, &optimizer, rate)?;
    let settings = settings::resolve(&experiment, &data, rate)?;
    let threads = threads(&experiment);
    let batch = experiment.batch_size.get();
    let strategy = Cpu::new(model, data.spec.clone(), optimizer, experiment.seed, batch, threads)?;
    let notes = notes(&experiment);
    Ok(Assembly { experiment, settings, data, strategy: Box::new(strategy), callbacks, notes })
}

/// Who hears of a training besides the ledger. Apart from [`assemble`], because a listener may open files, and what
/// is only checked must touch none.
///
/// # Errors
/// When a name is not registered, or a key does not fit the listener.
pub fn listeners(
    experiment: &Experiment,
    registries: &Registries,
) -> Result<Vec<Arc<dyn Listener>>, AssemblyError> {
    plugins(&experiment.loggers, "loggers", experiment, |plugin| {
        Ok(registries.listener(&plugin.kind)?(&plugin.options))
    })
}

/// The model that an experiment describes.
///
/// # Errors
/// When its name is not registered, or `model` has a key that it does not.
pub fn model(experiment: &Experiment, registries: &Registries) -> Result<Arc<dyn Model>, AssemblyError> {
    let make = registries
        .models
        .get(&experiment.model_name)
        .map_err(|e| experiment.error_at("model_name", e.to_string()))?;
    Ok(match &experiment.model {
        Some(keys) => make(keys)?,
        None => make(&aether_core::config::Node::empty())?,
    })
}

fn load(experiment: &Experiment, base: &Path, registries: &Registries) -> Result<Dataset, AssemblyError> {
    let build = registries
        .sources
        .get(&experiment.data.source)
        .map_err(|e| experiment.error_at("data.source", e.to_string()))?;
    let source = build(&experiment.data.options)?;
    let data = source.load(&data::Origin { base, seed: experiment.seed })?;
    data.check_batch_size(experiment.batch_size.get())?;
    Ok(data)
}

/// Builds what `loggers` or `callbacks` lists; a name that is not registered is shown where it is written.
fn plugins<T>(
    plugins: &[crate::experiment::Plugin],
    key: &str,
    experiment: &Experiment,
    build: impl Fn(
        &crate::experiment::Plugin,
    ) -> Result<Result<T, aether_core::ConfigError>, aether_core::RegistryError>,
) -> Result<Vec<T>, AssemblyError> {
    let mut built = Vec::with_capacity(plugins.len());
    for (number, plugin) in plugins.iter().enumerate() {
        let made =
            build(plugin).map_err(|e| experiment.error_at(&format!("{key}.{number}"), e.to_string()))?;
        built.push(made?);
    }
    Ok(built)
}

/// As many as the experiment says, else one a core.
fn threads(experiment: &Experiment) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    experiment.threads.unwrap_or_else(cores)
}

fn notes(experiment: &Experiment) -> Vec<String> {
    let mut notes = Vec::new();
    if experiment.mixed_precision {
        notes.push(
            "mixed_precision: this CPU path does not profit from bf16; training goes on in f32".to_owned(),
        );
    }
    notes
}
