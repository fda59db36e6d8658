//! A value that knows where it was written.

use std::{cell::RefCell, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor},
};

use super::{
    ConfigError,
    source::{Place, Source},
};

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

    /// Takes the entry under `key` out of this mapping.
    pub fn take(&mut self, key: &str) -> Option<Node> {
        match &mut self.value {
            Value::Mapping(entries) => {
                let at = entries.iter().position(|entry| entry.key() == Some(key))?;
                Some(entries.remove(at))
            }
            _ => None,
        }
    }

    /// The same, to read it by itself, out of a mapping that must have it.
    ///
    /// # Errors
    /// When there is none, or this is no mapping.
    pub fn required(&mut self, key: &str) -> Result<Node, ConfigError> {
        self.check_mapping()?;
        self.take(key).ok_or_else(|| ConfigError::missing(key).within(self).below(self.key()))
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

    /// This, or if it is a bare name, the mapping with nothing but that name under `key` that it stands for.
    #[must_use]
    pub fn named_mapping(mut self, key: &str) -> Self {
        self.spell_out(key);
        self
    }

    pub(super) fn spell_out(&mut self, key: &str) {
        if let Value::Text(name) = &mut self.value {
            let key = Key { text: key.to_owned(), place: self.place.clone() };
            let value = Value::Text(std::mem::take(name));
            let entry = Node { key: Some(Box::new(key)), place: self.place.clone(), value };
            self.value = Value::Mapping(vec![entry]);
        }
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

    pub(super) fn source(&self) -> Option<&std::sync::Arc<Source>> {
        self.place.as_ref().map(|place| &place.source)
    }

    /// As it was written, for a message.
    pub(super) fn describe(&self) -> String {
        let written = || self.place.as_ref().map(|place| place.text().to_owned());
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Integer(value) => written().unwrap_or_else(|| value.to_string()),
            Value::Float(value) => written().unwrap_or_else(|| format!("{value:?}")),
            Value::Text(text) => super::error::describe_text(text),
            Value::List(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Mapping(entries) => {
                serializer.collect_map(entries.iter().map(|entry| (entry.key().unwrap_or_default(), entry)))
            }
        }
    }
}

/// The name by which a [`Node`] asks its deserializer for a whole node.
pub(super) const HANDOVER: &str = "$aether::config::Node";

thread_local! {
    /// Serde's data model cannot carry a node with its places, so our deserializer lays it down here for the
    /// [`Node`] that asked for it, and for nobody else: it is taken up within the same call.
    static HANDED: RefCell<Option<Node>> = const { RefCell::new(None) };
}

pub(super) fn hand_over(node: &Node) {
    HANDED.with(|handed| *handed.borrow_mut() = Some(node.clone()));
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(HANDOVER, NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match HANDED.with(|handed| handed.borrow_mut().take()) {
            Some(node) => Ok(node),
            None => deserializer.deserialize_any(self),
        }
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::bare(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::bare(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::bare(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::bare(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::bare(Value::Integer(value.into())))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::bare(Value::Integer(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::bare(Value::Float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::bare(Value::Text(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::bare(Value::Text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::bare(Value::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries: Vec<Node> = Vec::new();
        while let Some((text, mut entry)) = access.next_entry::<String, Node>()? {
            if entries.iter().any(|other| other.key() == Some(&text)) {
                return Err(de::Error::custom(format!("the key `{text}` is given twice")));
            }
            entry.key.get_or_insert_with(|| Box::new(Key { text, place: None }));
            entries.push(entry);
        }
        Ok(Node::bare(Value::Mapping(entries)))
    }
}
