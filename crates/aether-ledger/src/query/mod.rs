//! A small language for choosing runs: `loss.min < 0.1 and tag = baseline and not (host ~ gpu* or duration < 5min)`.
//! The guide has its grammar.
//!
//! A condition on something that a run does not have is false, and `!=` is the opposite of `=`.

mod field;
mod literal;
mod parser;
mod token;

use std::{fmt, ops::Range};

use crate::Entry;
use field::Field;
use literal::Literal;
use token::Sign;

/// A query that can be asked of any run.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    root: Expression,
}

#[derive(Debug, Clone)]
enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// The run has it; of a truth value, that it is true.
    Has(Field),
    Is {
        field: Field,
        sign: Sign,
        literal: Literal,
    },
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// When it is none; shows where.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self { text: text.to_owned(), root: parser::parse(text)? })
    }

    /// Makes sure that every name in it is one that some of these runs know. Of no runs, nothing is demanded.
    ///
    /// # Errors
    /// When a name is unknown; shows where, and the nearest that is known.
    pub fn check(&self, entries: &[Entry]) -> Result<(), QueryError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut fields = Vec::new();
        self.root.fields(&mut fields);
        for field in fields {
            if !entries.iter().any(|entry| field.is_known_to(entry)) {
                let error = QueryError::new(
                    &self.text,
                    field.place.clone(),
                    format!("no run has a field, a metric or a parameter '{}'", field.name.escape_debug()),
                );
                return Err(match field.nearest(entries) {
                    Some(near) => error.help(format!("did you mean '{}'?", near.escape_debug())),
                    None => error,
                });
            }
        }
        Ok(())
    }

    /// Whether it holds for a run.
    pub fn holds(&self, entry: &Entry) -> bool {
        self.root.holds(entry)
    }
}

impl Expression {
    fn holds(&self, entry: &Entry) -> bool {
        match self {
            Self::And(all) => all.iter().all(|part| part.holds(entry)),
            Self::Or(all) => all.iter().any(|part| part.holds(entry)),
            Self::Not(part) => !part.holds(entry),
            Self::Has(field) => field.values(entry).iter().any(field::Value::is_said),
            Self::Is { field, sign: Sign::Unequal, literal } => {
                !field.values(entry).iter().any(|value| literal.compares(Sign::Equal, value))
            }
            Self::Is { field, sign, literal } => {
                field.values(entry).iter().any(|value| literal.compares(*sign, value))
            }
        }
    }

    fn fields<'a>(&'a self, found: &mut Vec<&'a Field>) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|part| part.fields(found)),
            Self::Not(part) => part.fields(found),
            Self::Has(field) | Self::Is { field, .. } => found.push(field),
        }
    }
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    query: String,
    place: Range<usize>,
    said: String,
    help: Option<String>,
}

impl QueryError {
    fn new(query: &str, place: Range<usize>, said: impl Into<String>) -> Self {
        Self { query: query.to_owned(), place, said: said.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Three lines: what is wrong, the query, and carets below the place.
impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One column for each character, none of which moves the cursor.
        let shown = |text: &str| -> String {
            text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
        };
        let before = self.query.get(..self.place.start).unwrap_or(&self.query).chars().count();
        let marked = self.query.get(self.place.clone()).unwrap_or_default().chars().count().max(1);
        write!(f, "{}", self.said)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        write!(f, "\n  {}\n  {:before$}{:^<marked$}", shown(&self.query), "", "")
    }
}

impl std::error::Error for QueryError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_point_at_the_place() {
        for (query, expected) in [
            ("", "the query is empty\n  \n  ^"),
            ("loss <", "there is nothing to compare with\n  loss <\n        ^"),
            ("(a = 1", "there is no ) to this\n  (a = 1\n  ^"),
            (
                "state = runing",
                "no state is called 'runing'; did you mean 'running'?\n  state = runing\n          ^^^^^^",
            ),
            (
                "state < done",
                "'state' is a text, which < does not order; it knows =, != and ~\n  state < done\n        ^",
            ),
            (
                "duration > soon",
                "'soon' is no duration; write one such as 90s, 5min, 2h or 3d\n  duration > soon\n             ^^^^",
            ),
            ("a = 'x", "there is no second ' to this one\n  a = 'x\n      ^^"),
            ("a = 1 b = 2", "there is 'and' or 'or' missing before this\n  a = 1 b = 2\n        ^"),
            ("name ~ /(/", "this is no regular expression"),
        ] {
            let error = Query::parse(query).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{query}:\n{error}");
        }
    }

    #[test]
    fn too_deep_is_refused() {
        assert!(Query::parse(&"(".repeat(100_000)).is_err());
        assert!(Query::parse(&format!("{} a", "not ".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text in any::<String>()) {
            let _ = Query::parse(&text).map_err(|e| e.to_string());
        }

        #[test]
        fn no_words_are_a_panic(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "and", "or", "not", "(", ")", "=", "!=", "<", "~", "/a/", "'ü'", "`x y`", "1e-4", "5min",
                    "3GiB", "state", "tag", "created", "2026-01-31", "loss.min", "*", "nan", "duration",
                ]),
                0..12,
            ),
        ) {
            if let Err(error) = Query::parse(&words.join(" ")) {
                prop_assert_eq!(error.to_string().lines().count(), 3);
            }
        }
    }
}
