//! The way back: values as YAML and as JSON.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{ConfigError, error::pass, node::Node};

/// `value` as a YAML file.
///
/// # Errors
/// When something in it has no YAML, such as a key that is a list.
pub fn to_yaml<T: Serialize>(value: &T) -> Result<String, ConfigError> {
    serde_saphyr::to_string(value)
        .map_err(|error| ConfigError::new(format!("cannot be written as YAML: {error}")))
}

/// `value` as JSON. NaN and infinities become `null`.
///
/// # Errors
/// When something in it has no JSON, such as a key that is a list.
pub fn to_json<T: Serialize>(value: &T) -> Result<serde_json::Value, ConfigError> {
    serde_json::to_value(value)
        .map_err(|error| ConfigError::new(format!("cannot be written as JSON: {error}")))
}

/// For `#[serde(deserialize_with)]`: a bare name stands for a mapping with that `kind` and nothing else.
///
/// # Errors
/// When neither is what `T` allows.
pub fn name_or_mapping<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Node::deserialize(deserializer)?.named_mapping("kind").read().map_err(pass)
}
