//! JSON, as far as a client writes it.

use std::fmt::Write as _;

/// A value of an event's field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number; one that is not finite becomes `null`, as JSON has none.
    Number(f64),
    /// A whole number, exact.
    Integer(i64),
    /// A text.
    Text(String),
    /// A truth.
    Bool(bool),
    /// A list.
    List(Vec<Value>),
    /// Fields by name.
    Object(Vec<(String, Value)>),
    /// Nothing.
    Null,
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// Fields from pairs, in their order.
pub fn fields<V: Into<Value>>(pairs: impl IntoIterator<Item = (&'static str, V)>) -> Vec<(String, Value)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

impl Value {
    /// Appends it as JSON.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            // Rust prints the shortest decimal that reads back as the same number.
            Self::Number(n) if n.is_finite() => _ = write!(out, "{n:?}"),
            Self::Integer(n) => _ = write!(out, "{n}"),
            Self::Bool(b) => _ = write!(out, "{b}"),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => object(fields, out),
            Self::Number(_) | Self::Null => out.push_str("null"),
        }
    }
}

pub(crate) fn object(fields: &[(String, Value)], out: &mut String) {
    out.push('{');
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote(name, out);
        out.push(':');
        value.write(out);
    }
    out.push('}');
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if (c as u32) < 0x20 => _ = write!(out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
}
