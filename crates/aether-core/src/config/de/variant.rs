//! Enums.

use serde::de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use crate::config::{ConfigError, node::Node};

/// A variant by name, or by the one key of a mapping that holds its content.
pub(super) struct Variant<'de> {
    pub(super) name: String,
    pub(super) at: &'de Node,
    pub(super) content: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ConfigError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ConfigError> {
        let name: de::value::StrDeserializer<'_, ConfigError> = self.name.as_str().into_deserializer();
        let value = seed.deserialize(name).map_err(|error| {
            match self.content.and_then(|entry| entry.key.as_ref()).and_then(|key| key.place.clone()) {
                Some(place) => error.at(place),
                None => error.within(self.at),
            }
        })?;
        Ok((value, self))
    }
}

impl<'de> Variant<'de> {
    fn content(&self) -> Result<&'de Node, ConfigError> {
        self.content.ok_or_else(|| {
            ConfigError::new(format!("must be a mapping with the key `{}`", self.name)).within(self.at)
        })
    }

    fn name_it<T>(name: String, result: Result<T, ConfigError>) -> Result<T, ConfigError> {
        result.map_err(|error| error.inside(name))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ConfigError;

    fn unit_variant(self) -> Result<(), ConfigError> {
        match self.content {
            Some(content) if !content.is_null() => Self::name_it(self.name, Err(content.mismatch(&"unit"))),
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ConfigError> {
        let content = self.content()?;
        Self::name_it(self.name, seed.deserialize(content).map_err(|error| error.within(content)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ConfigError> {
        let content = self.content()?;
        Self::name_it(self.name, content.visit_list(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let content = self.content()?;
        Self::name_it(self.name, content.visit_mapping(visitor))
    }
}
