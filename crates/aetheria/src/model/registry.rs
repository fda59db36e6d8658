//! Models by name.

use std::sync::Arc;

use aether_core::{
    config::{ConfigError, Node},
    registry::{Registry, RegistryError},
};
use serde::de::DeserializeOwned;

use super::{LinearRegression, LogisticRegression, Model, Sequential, SimpleMlp};

type Make = fn(&Node) -> Result<Arc<dyn Model>, ConfigError>;

/// Models by the names that `model_name` may say.
#[derive(Debug)]
pub struct Models(Registry<Make>);

impl Models {
    /// The models that come with Aetheria.
    pub fn built_in() -> Self {
        let mut models = Self(Registry::new("model"));
        // The names differ, so nothing is refused.
        let _ = models.register::<SimpleMlp>("SimpleMLP");
        let _ = models.register::<LinearRegression>("LinearRegression");
        let _ = models.register::<LogisticRegression>("LogisticRegression");
        let _ = models.register::<Sequential>("Sequential");
        models
    }

    /// Makes `M` known as `name`. A model is its hyperparameters: it is read from the experiment's `model` keys.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register<M: Model + DeserializeOwned + 'static>(
        &mut self,
        name: &str,
    ) -> Result<(), RegistryError> {
        self.0.register(name, |node| Ok(Arc::new(node.read::<M>()?)))
    }

    /// How the model called `name` is made.
    ///
    /// # Errors
    /// When there is none; the message has the nearest name and the list of all.
    pub fn get(&self, name: &str) -> Result<Make, RegistryError> {
        self.0.get(name).copied()
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }
}
