//! What an experiment can name.

use std::sync::Arc;

use aether_core::{ConfigError, Listener, Registry, RegistryError, config::Node};
use serde::de::DeserializeOwned;

use crate::{
    callback::Callback,
    data::{DataSource, Sources},
    logger::{CsvLogger, JsonLinesLogger},
    model::{Model, Models},
};

type MakeListener = fn(&Node) -> Result<Arc<dyn Listener>, ConfigError>;
type MakeCallback = fn(&Node) -> Result<Box<dyn Callback>, ConfigError>;

/// What an experiment can name. Everything registered is a type that serde fills from the keys that the experiment
/// gives it.
#[derive(Debug)]
pub struct Registries {
    /// What `model_name` can say.
    pub models: Models,
    /// What `data.source` can say.
    pub sources: Sources,
    listeners: Registry<MakeListener>,
    callbacks: Registry<MakeCallback>,
}

impl Registries {
    /// What comes with Aetheria.
    pub fn built_in() -> Self {
        let mut registries = Self {
            models: Models::built_in(),
            sources: Sources::built_in(),
            listeners: Registry::new("logger"),
            callbacks: Registry::new("callback"),
        };
        // The names differ, so nothing is refused.
        let _ = registries.add_listener::<CsvLogger>("csv");
        let _ = registries.add_listener::<JsonLinesLogger>("json_lines");
        registries
    }

    /// Adds a model.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_model<M: Model + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.models.register::<M>(name)
    }

    /// Adds a data source.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_source<S: DataSource + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.sources.register::<S>(name)
    }

    /// Adds a listener, which `loggers` can name.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_listener<L: Listener + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.listeners.register(name, |options| Ok(Arc::new(options.read::<L>()?)))
    }

    /// Adds a callback, which `callbacks` can name.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn add_callback<C: Callback + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.callbacks.register(name, |options| Ok(Box::new(options.read::<C>()?)))
    }

    pub(super) fn listener(&self, name: &str) -> Result<MakeListener, RegistryError> {
        self.listeners.get(name).copied()
    }

    pub(super) fn callback(&self, name: &str) -> Result<MakeCallback, RegistryError> {
        self.callbacks.get(name).copied()
    }
}
