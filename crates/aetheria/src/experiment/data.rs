//! `data`: what is learned from.

use aether_core::config::{self, ConfigError, Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

/// A registered data source: a bare name, or a mapping with `source` and that source's own keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Which source: `digits`, `csv`, `parquet`, `npy`, `synthetic`, or one that a plugin registered.
    pub source: String,
    /// All the source's own keys, for the source to read; `validation`, what to measure on, is one of them.
    pub options: Node,
}

impl Default for Data {
    fn default() -> Self {
        Self { source: default_source(), options: Node::empty() }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", &self.source)?;
        for option in self.options.entries() {
            map.serialize_entry(option.key().unwrap_or_default(), option)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut options = Node::deserialize(deserializer)?.named_mapping("source");
        let mut read = || -> Result<Self, ConfigError> {
            Ok(Self {
                source: options.take("source")?.unwrap_or_else(default_source),
                options: std::mem::take(&mut options),
            })
        };
        read().map_err(config::pass)
    }
}

fn default_source() -> String {
    "digits".to_owned()
}
