//! A [`Node`] as a serde deserializer.

mod collection;
mod variant;

use serde::{
    Deserializer,
    de::{self, Expected, Visitor},
};

use super::{
    ConfigError,
    carry::{HANDOVER, hand_over},
    node::{Node, Value},
    scalar,
};
use collection::{Entries, Items};
use variant::Variant;

/// Integers up to here are exact as `f64`: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Node {
    /// This value is not what a visitor takes.
    fn mismatch(&self, expected: &dyn Expected) -> ConfigError {
        let expected = expected.to_string();
        let error = ConfigError::must_be(&expected, &self.describe());
        match self.correction(&expected) {
            Some(help) => error.with_help(help),
            None => error,
        }
        .within(self)
    }

    /// What somebody who wrote this where `expected` is needed most likely wanted to write.
    fn correction(&self, expected: &str) -> Option<String> {
        match (&self.value, expected) {
            (Value::Text(text), "a boolean") => match text.to_lowercase().as_str() {
                "yes" | "y" | "on" | "true" => Some("write `true`".to_owned()),
                "no" | "n" | "off" | "false" => Some("write `false`".to_owned()),
                _ => None,
            },
            (Value::Text(text), _) if expected.contains("number") || is_number(expected) => {
                let plain: String = text.trim().chars().filter(|c| !matches!(c, '_' | ',' | '\'')).collect();
                match scalar::number(&plain) {
                    Some(_) if plain == text.as_str() => Some("write it without quotes".to_owned()),
                    Some(_) => Some(format!("write `{plain}`")),
                    None => None,
                }
            }
            (Value::Bool(value), "a string") => Some(format!("write it in quotes: \"{value}\"")),
            _ => None,
        }
    }

    /// The integer that this is, or that it is as a number such as `1e6`.
    fn integer(&self) -> Option<i128> {
        match self.value {
            Value::Integer(value) => Some(value),
            Value::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => Some(value as i128),
            _ => None,
        }
    }

    fn visit_text<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::Text(text) => visitor.visit_borrowed_str(text),
            // Where text is wanted, `name: 2024_1` and `name: 2024` are names alike, just as they are written.
            Value::Integer(_) | Value::Float(_) => visitor.visit_string(self.describe()),
            _ => Err(self.mismatch(&visitor)),
        }
        .map_err(|error| error.within(self))
    }

    fn visit_list<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, ConfigError> {
        let items: &[Node] = match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => return Err(self.mismatch(&visitor)),
        };
        let mut access = Items::new(items);
        let length = items.len();
        let result = match visitor.visit_seq(&mut access) {
            Ok(_) if access.left() > 0 => Err(de::Error::custom(format!(
                "must be a list of {} values, found {length}",
                length - access.left()
            ))),
            other => other,
        };
        result.map_err(|error: ConfigError| error.within(self))
    }

    fn visit_mapping<'de, V: Visitor<'de>>(&'de self, visitor: V) -> Result<V::Value, ConfigError> {
        let entries: &[Node] = match &self.value {
            Value::Mapping(entries) => entries,
            // A key whose own keys are all commented out.
            Value::Null => &[],
            _ => return Err(self.mismatch(&visitor)),
        };
        visitor.visit_map(Entries::new(entries)).map_err(|error| error.within(self))
    }
}

fn is_number(expected: &str) -> bool {
    let name = expected.strip_prefix("a nonzero ").unwrap_or(expected);
    matches!(
        name,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
    )
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
            match self.integer().map(<$type>::try_from) {
                Some(Ok(value)) => visitor.$visit(value).map_err(|error: ConfigError| error.within(self)),
                _ => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ConfigError;

    integers!(
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (_, Ok(value)) => visitor.visit_u64(value),
                (Ok(value), _) => visitor.visit_i64(value),
                _ => visitor.visit_i128(*value),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(_) => return self.visit_list(visitor),
            Value::Mapping(_) => return self.visit_mapping(visitor),
        }
        .map_err(|error: ConfigError| error.within(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.value {
            Value::Bool(value) => visitor.visit_bool(value).map_err(|error: ConfigError| error.within(self)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.value {
            Value::Float(value) => visitor.visit_f64(value),
            Value::Integer(value) => visitor.visit_f64(value as f64),
            _ => Err(self.mismatch(&visitor)),
        }
        .map_err(|error: ConfigError| error.within(self))
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::List(_) => self.visit_list(visitor),
            _ => self.visit_text(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
            .map_err(|error: ConfigError| error.within(self))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        if self.is_null() { visitor.visit_unit() } else { Err(self.mismatch(&visitor)) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        if name == HANDOVER {
            hand_over(self);
        }
        visitor.visit_newtype_struct(self).map_err(|error: ConfigError| error.within(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.visit_list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_mapping(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match &self.value {
            // Serde reads structs from lists too; a person who writes a list there has made a mistake.
            Value::List(_) => Err(self.mismatch(&"a map")),
            _ => self.visit_mapping(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let access = match &self.value {
            Value::Mapping(entries) => match entries.as_slice() {
                [entry] => Variant {
                    name: entry.key().unwrap_or_default().to_owned(),
                    at: self,
                    content: Some(entry),
                },
                _ => return Err(self.mismatch(&"a name, or a mapping with one key")),
            },
            Value::Text(name) => Variant { name: name.clone(), at: self, content: None },
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => {
                Variant { name: self.describe().trim_matches('`').to_owned(), at: self, content: None }
            }
            Value::Null | Value::List(_) => return Err(self.mismatch(&"a name")),
        };
        visitor.visit_enum(access).map_err(|error| error.within(self))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        self.visit_text(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        visitor.visit_unit()
    }
}
