//! `loggers` and `callbacks`: things registered under a name, with keys of their own.

use aether_core::config::{self, Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

/// Something registered: a bare name, or a mapping with `kind` and its own keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Plugin {
    /// The name it is registered under.
    pub kind: String,
    /// All its own keys, for it to read.
    pub options: Node,
}

impl Serialize for Plugin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.options.entries().is_empty() {
            return serializer.serialize_str(&self.kind);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        for option in self.options.entries() {
            map.serialize_entry(option.key().unwrap_or_default(), option)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Plugin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut options = Node::deserialize(deserializer)?.named_mapping("kind");
        let kind = options.take("kind").and_then(|kind| kind.ok_or_else(|| options.missing("kind")));
        let kind = kind.map_err(config::pass)?;
        Ok(Self { kind, options })
    }
}
