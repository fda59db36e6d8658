//! What serde says of types, in the words of whoever writes the file.

use serde::de::Unexpected;

/// A text as messages quote it: one line, not too long.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
    if cut < text.len() { format!("the text `{}...`", &line[..cut]) } else { format!("the text `{text}`") }
}

/// What serde says that it expects, in the words of the file's writer.
pub(super) fn expectation(expected: &str) -> String {
    let words = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" => "a whole number from -128 to 127",
        "i16" => "a whole number from -32768 to 32767",
        "i32" => "a whole number from -2147483648 to 2147483647",
        "i64" | "i128" | "isize" => "a whole number",
        "a nonzero u8" => "a whole number from 1 to 255",
        "a nonzero u16" => "a whole number from 1 to 65535",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "a nonzero u64" | "a nonzero u128" | "a nonzero usize" => "a whole number, 1 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" | "a borrowed string" | "str" | "string" => "text",
        "path string" => "a path",
        "a character" => "a single character",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "unit" => "nothing",
        other => {
            if let Some(length) =
                other.strip_prefix("an array of length ").or_else(|| other.strip_prefix("a tuple of size "))
            {
                return format!("a list of {length} values");
            }
            return if other.starts_with("struct ") { "a mapping".to_owned() } else { other.to_owned() };
        }
    };
    words.to_owned()
}

pub(super) fn unexpected(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => format!("{value:?}"),
        Unexpected::Char(value) => format!("the text `{value}`"),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}
