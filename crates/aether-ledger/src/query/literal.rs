//! What a query compares with: a text, a number with or without a unit, a time, a pattern.

use std::{cmp::Ordering, ops::Range, time::Duration};

use aether_core::suggest;
use jiff::{SpanRelativeTo, Timestamp, civil};
use regex_lite::Regex;

use super::{
    QueryError,
    field::{Field, Kind, Value, states},
    token::{Sign, Token},
};

/// Units of a size, in bytes.
const SIZES: [(&str, f64); 9] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// What a field is compared with.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    /// As it was written, without quotes.
    text: String,
    /// As a number; of a duration in seconds, of a size in bytes.
    number: Option<f64>,
    time: Option<Timestamp>,
    pattern: Option<Regex>,
}

impl Literal {
    /// Reads what stands behind a sign, as the field's kind demands it.
    pub(super) fn of(
        query: &str,
        field: &Field,
        (sign, sign_place): (Sign, Range<usize>),
        (token, place): (Token, Range<usize>),
    ) -> Result<Self, QueryError> {
        let error = |said: String| QueryError::new(query, place.clone(), said);
        let ordered = !matches!(sign, Sign::Equal | Sign::Unequal | Sign::Like);
        if ordered && matches!(field.kind, Kind::Text | Kind::State) {
            let said = format!("'{}' is a text, which {} does not order", field.name, sign.as_str());
            return Err(QueryError::new(query, sign_place, said).help("it knows =, != and ~"));
        }
        let (text, regex, quoted) = match token {
            Token::Word(text) => (text, false, false),
            Token::Text(text) | Token::Name(text) => (text, false, true),
            Token::Regex(text) => (text, true, true),
            _ => return Err(error("there is a value missing before this".to_owned())),
        };
        let mut literal = Self { number: None, time: None, pattern: None, text };
        if sign == Sign::Like {
            let pattern = if regex { literal.text.clone() } else { of_glob(&literal.text) };
            let made =
                Regex::new(&pattern).map_err(|e| error(format!("this is no regular expression: {e}")))?;
            literal.pattern = Some(made);
            return Ok(literal);
        }
        let text = literal.text.as_str();
        match field.kind {
            Kind::State if !states().contains(&text) => {
                let said = error(format!("no state is called '{}'", text.escape_debug()));
                return Err(match suggest::nearest(text, states()) {
                    Some(near) => said.help(format!("did you mean '{near}'?")),
                    None => said.help(format!("there are {}", states().join(", "))),
                });
            }
            Kind::Duration => {
                literal.number = Some(seconds(text).or_else(|| text.parse().ok()).ok_or_else(|| {
                    error(format!("'{}' is no duration", text.escape_debug()))
                        .help("write one such as 90s, 5min, 2h or 3d")
                })?);
            }
            Kind::Time => {
                literal.time = Some(time(text).ok_or_else(|| {
                    error(format!("'{}' is no time", text.escape_debug())).help(
                        "write a date (2026-01-31), a time (2026-01-31T12:00:00Z), or how long ago it is (2d)",
                    )
                })?);
            }
            Kind::Open => {
                literal.number = if quoted { None } else { number(text) };
                if ordered && literal.number.is_none() {
                    let said = error(format!("'{}' is no number", text.escape_debug()));
                    return Err(
                        said.help(format!("{} orders numbers, such as 1e-4, 3GiB or 5min", sign.as_str()))
                    );
                }
            }
            Kind::Text | Kind::State => {}
        }
        Ok(literal)
    }

    /// Whether `value` stands so to it.
    pub(super) fn compares(&self, sign: Sign, value: &Value<'_>) -> bool {
        if let Some(pattern) = &self.pattern {
            return match value {
                Value::Text(text) => pattern.is_match(text),
                Value::Other(text) => pattern.is_match(text),
                Value::Number(number) => pattern.is_match(&number.to_string()),
                Value::Truth(truth) => pattern.is_match(&truth.to_string()),
                Value::Time(time) => pattern.is_match(&time.to_string()),
                Value::Duration(_) => false,
            };
        }
        let ordering = match value {
            Value::Text(text) => (*text == self.text).then_some(Ordering::Equal),
            Value::Other(text) => (*text == self.text).then_some(Ordering::Equal),
            Value::Truth(truth) => (truth.to_string() == self.text).then_some(Ordering::Equal),
            Value::Number(number) => self.number.and_then(|literal| {
                // A NaN is what somebody asks for with `= nan`, and is in no order.
                if number.is_nan() && literal.is_nan() {
                    return (sign == Sign::Equal).then_some(Ordering::Equal);
                }
                number.partial_cmp(&literal)
            }),
            Value::Time(time) => self.time.map(|literal| time.cmp(&literal)),
            Value::Duration(duration) => self.number.and_then(|n| duration.as_secs_f64().partial_cmp(&n)),
        };
        ordering.is_some_and(|ordering| match sign {
            Sign::Equal | Sign::Like => ordering.is_eq(),
            Sign::Unequal => ordering.is_ne(),
            Sign::Less => ordering.is_lt(),
            Sign::LessOrEqual => ordering.is_le(),
            Sign::Greater => ordering.is_gt(),
            Sign::GreaterOrEqual => ordering.is_ge(),
        })
    }
}

/// A glob as a regular expression over the whole text: `*` is any text, `?` any character.
fn of_glob(glob: &str) -> String {
    let mut pattern = "(?s)^".to_owned();
    for c in glob.chars() {
        match c {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            _ => pattern.push_str(&regex_lite::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    pattern + "$"
}

/// A plain number, a size in bytes, or a duration in seconds.
fn number(text: &str) -> Option<f64> {
    let size = || {
        let (unit, bytes) =
            SIZES.iter().filter(|(unit, _)| text.ends_with(unit)).max_by_key(|(unit, _)| unit.len())?;
        Some(text[..text.len() - unit.len()].parse::<f64>().ok()? * bytes)
    };
    text.parse().ok().or_else(size).or_else(|| seconds(text))
}

/// A duration with its unit, in seconds.
fn seconds(text: &str) -> Option<f64> {
    span(text).map(|span| span.as_secs_f64())
}

fn span(text: &str) -> Option<Duration> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let span: jiff::Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    duration.unsigned_abs().into()
}

/// A date, a time, or how long ago.
fn time(text: &str) -> Option<Timestamp> {
    let date = || text.parse::<civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let ago = || Timestamp::now().checked_sub(jiff::SignedDuration::try_from(span(text)?).ok()?).ok();
    text.parse().ok().or_else(|| date().map(|day| day.timestamp())).or_else(ago)
}
