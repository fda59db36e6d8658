//! Registries: what is known under a name, so that a file can say it.

use std::collections::BTreeMap;

use crate::suggest;

/// Things of one kind by name, in the order of their names.
#[derive(Debug, Clone)]
pub struct Registry<T> {
    what: &'static str,
    entries: BTreeMap<String, T>,
}

/// What a registry refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The name is taken.
    #[error("the {what} `{name}` is registered twice: give one of the two another name")]
    Duplicate {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Nothing is known under the name.
    #[error("there is no {what} called `{name}`: {hint}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest name and all the names there are.
        hint: String,
    },
}

impl<T> Registry<T> {
    /// An empty registry of things that messages call `what`: `model`, `data source`.
    pub fn new(what: &'static str) -> Self {
        Self { what, entries: BTreeMap::new() }
    }

    /// Makes `entry` known as `name`.
    ///
    /// # Errors
    /// When the name is taken; the first entry stays.
    pub fn register(&mut self, name: impl Into<String>, entry: T) -> Result<(), RegistryError> {
        let name = name.into();
        if self.entries.contains_key(&name) {
            return Err(RegistryError::Duplicate { what: self.what, name });
        }
        self.entries.insert(name, entry);
        Ok(())
    }

    /// What is known as `name`.
    ///
    /// # Errors
    /// When nothing is; the message has the nearest name and the list of all.
    pub fn get(&self, name: &str) -> Result<&T, RegistryError> {
        self.entries.get(name).ok_or_else(|| RegistryError::Unknown {
            what: self.what,
            name: name.to_owned(),
            hint: self.hint(name),
        })
    }

    fn hint(&self, name: &str) -> String {
        if self.entries.is_empty() {
            return "none is registered".to_owned();
        }
        let known = format!("known are {}", suggest::list(self.names()));
        match suggest::nearest(name, self.names()) {
            Some(near) => format!("did you mean `{near}`? {known}"),
            None => known,
        }
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All names with their entries, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Registry<u8> {
        let mut models = Registry::new("model");
        models.register("SimpleMLP", 1).unwrap();
        models.register("LinearRegression", 2).unwrap();
        models
    }

    #[test]
    fn known_names_in_order() {
        let models = models();
        assert_eq!(models.get("SimpleMLP"), Ok(&1));
        assert_eq!(models.names().collect::<Vec<_>>(), ["LinearRegression", "SimpleMLP"]);
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest_and_the_list() {
        let error = models().get("SimpleMLPP").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no model called `SimpleMLPP`: did you mean `SimpleMLP`? \
             known are `LinearRegression`, `SimpleMLP`"
        );
        let error = models().get("GPT").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no model called `GPT`: known are `LinearRegression`, `SimpleMLP`"
        );
        assert_eq!(
            Registry::<()>::new("callback").get("x").unwrap_err().to_string(),
            "there is no callback called `x`: none is registered"
        );
    }

    #[test]
    fn a_taken_name_stays_whose_it_was() {
        let mut models = models();
        let error = models.register("SimpleMLP", 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the model `SimpleMLP` is registered twice: give one of the two another name"
        );
        assert_eq!(models.get("SimpleMLP"), Ok(&1));
    }
}
