//! What a plain scalar means: YAML 1.2.2, section 10.3.2 (the core schema).

use super::node::Value;

/// The value that `text`, written without quotes, stands for.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    }
}

/// The number that `text` is, if it is one.
pub(super) fn number(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    let radix = |digits: &str, radix| {
        // `from_str_radix` would take a sign too.
        digits.starts_with(|c: char| c.is_digit(radix)).then(|| i128::from_str_radix(digits, radix).ok())?
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(Value::Integer);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(Value::Integer);
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.bytes().all(|b| b.is_ascii_digit())
        && let Ok(integer) = text.parse()
    {
        return Some(Value::Integer(integer));
    }
    // What is left to tell apart is what Rust reads as a float too, given that no other letter occurs.
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if !unsigned.bytes().all(allowed) {
        return None;
    }
    text.parse().ok().map(Value::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema() {
        let cases = [
            ("null", Value::Null),
            ("", Value::Null),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("0", Value::Integer(0)),
            ("-12", Value::Integer(-12)),
            ("+7", Value::Integer(7)),
            ("007", Value::Integer(7)),
            ("0o17", Value::Integer(15)),
            ("0xff", Value::Integer(255)),
            ("1e-3", Value::Float(1e-3)),
            ("1E3", Value::Float(1e3)),
            ("-.5", Value::Float(-0.5)),
            ("1.", Value::Float(1.0)),
            (".inf", Value::Float(f64::INFINITY)),
            ("-.INF", Value::Float(f64::NEG_INFINITY)),
            (".nan", Value::Float(f64::NAN)),
            ("18446744073709551615", Value::Integer(u64::MAX.into())),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text}");
        }
        let texts = [
            "yes",
            "no",
            "on",
            "off",
            "1_000",
            "0x",
            "0xg",
            "0x-1",
            "0o8",
            "0o+1",
            "1e",
            "e5",
            ".",
            "-",
            "+",
            "--1",
            "+-1",
            "1-2",
            "2026-01-01",
            "inf",
            "nan",
            "-.nan",
            "infinity",
            "1.2.3",
            "tRue",
            "12:30",
        ];
        for text in texts {
            assert_eq!(resolve(text), Value::Text(text.to_owned()));
        }
    }

    #[test]
    fn an_integer_beyond_all_types_is_a_float() {
        assert_eq!(resolve(&"9".repeat(40)), Value::Float(1e40));
    }
}
