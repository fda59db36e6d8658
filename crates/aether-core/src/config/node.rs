//! A value that knows where it was written.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};

use super::{ConfigError, source::Place, words};

/// What a node holds.
#[derive(Debug, Clone, Default)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// Entries in the order of the file; each has its key, and no two the same.
    Mapping(Vec<Node>),
}

/// Where a mapping keeps the bare name that stood there before an override put keys below it. Only who reads the
/// mapping knows which key the name stands for: [`Node::named_mapping`].
const BARE: &str = "";

/// The key of a mapping's entry.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) place: Option<Place>,
}

/// A value read from YAML that knows where it was written, so that every error about it can show the line.
///
/// As a field of a type that is [read](Node::read) it defers reading: a model, a data source or a callback takes the
/// `Node` and reads its own keys from it, with errors as good as everywhere else. Filled by any other deserializer, it
/// holds the values but has no lines to show. Two nodes are equal when they hold the same, wherever it was written.
#[derive(Clone, Default)]
pub struct Node {
    pub(super) key: Option<Box<Key>>,
    pub(super) place: Option<Place>,
    pub(super) value: Value,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Mapping(a), Self::Mapping(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key() == b.key() && a == b)
            }
            _ => false,
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::Integer(value) => value.fmt(f),
            Value::Float(value) => value.fmt(f),
            Value::Text(value) => value.fmt(f),
            Value::List(items) => f.debug_list().entries(items).finish(),
            Value::Mapping(entries) => {
                f.debug_map().entries(entries.iter().map(|e| (e.key().unwrap_or_default(), e))).finish()
            }
        }
    }
}

impl Node {
    pub(super) fn bare(value: Value) -> Self {
        Self { key: None, place: None, value }
    }

    /// An empty mapping, written nowhere: what an absent `options` amounts to.
    pub fn empty() -> Self {
        Self::bare(Value::Mapping(Vec::new()))
    }

    /// Takes up values that were remembered as JSON.
    ///
    /// # Errors
    /// Never for what [`Node::to_json`] made.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, ConfigError> {
        Self::deserialize(value).map_err(|error| ConfigError::new(error.to_string()))
    }

    /// The values alone. NaN and infinities, which JSON has no word for, become `null`.
    ///
    /// # Errors
    /// When an integer is beyond 64 bits.
    pub fn to_json(&self) -> Result<serde_json::Value, ConfigError> {
        super::to_json(self)
    }

    /// Fills a `T`.
    ///
    /// # Errors
    /// When something in here is not what `T` allows; shows where it is written.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(self).map_err(|error| error.within(self).below(self.key()))
    }

    /// The key under which this stands, if it stands in a mapping.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.text.as_str())
    }

    /// Whether it is said to be nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; of anything else, none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping, in the order of the file; each has a [`key`](Node::key). Of anything else, none.
    pub fn entries(&self) -> &[Node] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The entry under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key() == Some(key))
    }

    /// Takes the entry under `key` out of this mapping and reads it; `None` if it is not there, or is said to be
    /// nothing. For what reads some keys itself and leaves the others to somebody else.
    ///
    /// # Errors
    /// When this is no mapping, or the entry is not what `T` allows.
    pub fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, ConfigError> {
        self.check_mapping()?;
        let Value::Mapping(entries) = &mut self.value else { return Ok(None) };
        let Some(at) = entries.iter().position(|entry| entry.key() == Some(key)) else { return Ok(None) };
        let entry = entries.remove(at);
        Option::deserialize(&entry).map_err(|error| error.within(&entry).inside(key).below(self.key()))
    }

    /// An error about this mapping, which lacks `key`.
    pub fn missing(&self, key: &str) -> ConfigError {
        ConfigError::missing(key).within(self).below(self.key())
    }

    /// An error about the key of this entry, which nobody knows; `help` says what to write instead.
    pub fn unknown(&self, help: impl Into<String>) -> ConfigError {
        let key = self.key().unwrap_or_default();
        ConfigError::unknown_key(key, &[]).around(self).with_help(help)
    }

    /// Makes sure that this is a mapping, or nothing, which stands for an empty one.
    ///
    /// # Errors
    /// When it is something else.
    pub fn check_mapping(&self) -> Result<(), ConfigError> {
        match self.value {
            Value::Mapping(_) | Value::Null => Ok(()),
            _ => Err(self.error(format!("must be a mapping, found {}", self.describe()))),
        }
    }

    /// This, or if it is nothing, an empty mapping; or if it is a bare name, the mapping with nothing but that name
    /// under `key` that it stands for.
    #[must_use]
    pub fn named_mapping(mut self, key: &str) -> Self {
        self.spell_out();
        let known = self.get(key).is_some();
        if let Value::Mapping(entries) = &mut self.value
            && !known
            && let Some(bare) =
                entries.iter_mut().find_map(|entry| entry.key.as_mut().filter(|k| k.text == BARE))
        {
            key.clone_into(&mut bare.text);
        }
        self
    }

    /// Makes a mapping of a bare name, or of nothing.
    pub(super) fn spell_out(&mut self) {
        let entries = match &mut self.value {
            Value::Null => Vec::new(),
            Value::Text(name) => {
                let key = Key { text: BARE.to_owned(), place: self.place.clone() };
                let value = Value::Text(std::mem::take(name));
                vec![Node { key: Some(Box::new(key)), place: self.place.clone(), value }]
            }
            _ => return,
        };
        self.value = Value::Mapping(entries);
    }

    /// What stands at `path`, such as `optimizer.betas.0`, or the nearest thing around it, and whether that is all the
    /// way.
    fn follow(&self, path: &str) -> (&Node, bool) {
        let mut node = self;
        for segment in path.split('.') {
            let next = match &node.value {
                Value::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => node.get(segment),
            };
            match next {
                Some(next) => node = next,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// An error about this value. A message that begins with `must` or `cannot` follows the key's name.
    pub fn error(&self, message: impl Into<String>) -> ConfigError {
        ConfigError::new(message).within(self).below(self.key())
    }

    /// An error about the value at `path`, such as `optimizer.betas.0`, as seen from here. Where that was never
    /// written, the error shows the nearest mapping around it.
    pub fn error_at(&self, path: &str, message: impl Into<String>) -> ConfigError {
        let (node, whole) = self.follow(path);
        let error = ConfigError::new(message).named(path);
        if whole { error.within(node) } else { error.around(node) }
    }

    /// As it was written, for a message.
    pub(super) fn describe(&self) -> String {
        let written = || self.place.as_ref().map(|place| place.text().to_owned());
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Integer(value) => written().unwrap_or_else(|| value.to_string()),
            Value::Float(value) => written().unwrap_or_else(|| format!("{value:?}")),
            Value::Text(text) => words::quoted(text),
            Value::List(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}
