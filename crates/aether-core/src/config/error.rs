//! What is wrong in a file, and how that is shown.

use std::{cell::RefCell, fmt, sync::Arc};

use serde::de::{self, Expected, Unexpected};

use super::{
    node::Node,
    source::{Place, Source},
};
use crate::suggest;

/// Something wrong in a file or in an override. Displayed, it says what, where, shows the line with a caret below the
/// key or value, and says what to write instead where that is known:
///
/// ```text
/// unknown key `learning_rat`
///  --> config.yaml:4:1
///   |
/// 4 | learning_rat: 0.001
///   | ^^^^^^^^^^^^
///   = help: did you mean `learning_rate`?
/// ```
#[derive(Clone)]
pub struct ConfigError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    problem: Problem,
    /// The value that it is about, outermost key first.
    path: Vec<String>,
    /// Whether the innermost keys of `path` came from a node that was read by itself: whoever holds that node may
    /// still name it.
    rooted: bool,
    source: Option<Arc<Source>>,
    place: Option<Place>,
    help: Option<String>,
}

#[derive(Debug, Clone)]
enum Problem {
    /// A sentence of its own.
    Sentence(String),
    /// What follows the value's name: `must be ...`, `cannot be ...`.
    Predicate(String),
    /// A key that is not one of the mapping's.
    UnknownKey(String),
    /// A key that the mapping must have.
    Missing(String),
}

impl ConfigError {
    /// An error that is not yet about any place. A message that begins with `must` or `cannot` follows the key's name.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        if message.starts_with("must ") || message.starts_with("cannot ") {
            Self::from_problem(Problem::Predicate(message))
        } else {
            Self::from_problem(Problem::Sentence(message))
        }
    }

    fn from_problem(problem: Problem) -> Self {
        Self(Box::new(Inner {
            problem,
            path: Vec::new(),
            rooted: false,
            source: None,
            place: None,
            help: None,
        }))
    }

    /// The same with a hint at what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Where it is, as `(line, column)`, both counted from 1 and the column in characters; nowhere if it is about a
    /// whole file or about an override.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let place = self.0.place.as_ref().filter(|place| !place.source.inline)?;
        Some(Line::at(place).position())
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        let inner = &mut *self.0;
        inner.source = Some(Arc::clone(&place.source));
        inner.place = Some(place);
        self
    }

    /// About a whole source.
    pub(super) fn of(mut self, source: &Arc<Source>) -> Self {
        self.0.source = Some(Arc::clone(source));
        self
    }

    /// About `node`, unless a place inside of it is known already.
    pub(super) fn within(self, node: &Node) -> Self {
        if matches!(self.0.problem, Problem::Missing(_)) {
            return self.around(node);
        }
        if self.0.source.is_some() {
            return self;
        }
        match &node.place {
            Some(place) => self.at(place.clone()),
            None => self,
        }
    }

    /// About something that `node` lacks: shown at the key that it stands under, since it has no line of its own.
    pub(super) fn around(self, node: &Node) -> Self {
        if self.0.source.is_some() {
            return self;
        }
        match (node.key.as_ref().and_then(|key| key.place.clone()), node.source()) {
            (Some(place), _) => self.at(place),
            (None, Some(source)) if node.place.as_ref().is_some_and(|place| place.start == 0) => {
                self.of(source)
            }
            (None, Some(_)) => match &node.place {
                Some(place) => self.at(place.clone()),
                None => self,
            },
            (None, None) => self,
        }
    }

    /// Names the value by the entry `key` around it.
    pub(super) fn inside(mut self, key: impl Into<String>) -> Self {
        if std::mem::take(&mut self.0.rooted) {
            self.0.path.remove(0);
        }
        self.0.path.insert(0, key.into());
        self
    }

    /// Names the value by the key of the node that was read.
    pub(super) fn below(mut self, key: Option<&str>) -> Self {
        if let Some(key) = key
            && !self.0.rooted
        {
            self.0.path.insert(0, key.to_owned());
            self.0.rooted = true;
        }
        self
    }

    pub(super) fn named(mut self, path: &str) -> Self {
        self.0.path = path.split('.').map(str::to_owned).collect();
        self
    }

    /// `must be {expected}, found {found}`.
    pub(super) fn must_be(expected: &str, found: &str) -> Self {
        Self::from_problem(Problem::Predicate(format!("must be {}, found {found}", expectation(expected))))
    }

    /// A mapping lacks `key`.
    pub(super) fn missing(key: &str) -> Self {
        Self::from_problem(Problem::Missing(key.to_owned()))
    }

    /// A key that is not one of `known`.
    fn unknown_key(key: &str, known: &[&str]) -> Self {
        let mut error = Self::from_problem(Problem::UnknownKey(key.to_owned()));
        error.0.help = suggest::help(key, known);
        error
    }

    /// The first line: what is wrong, without where.
    pub fn message(&self) -> String {
        let path = self.0.path.join(".");
        match &self.0.problem {
            Problem::Sentence(text) if path.is_empty() => text.clone(),
            Problem::Sentence(text) => format!("`{path}`: {text}"),
            Problem::Predicate(text) if path.is_empty() => format!("this {text}"),
            Problem::Predicate(text) => format!("`{path}` {text}"),
            Problem::UnknownKey(key) if path.is_empty() => format!("unknown key `{key}`"),
            Problem::UnknownKey(key) => format!("unknown key `{key}` in `{path}`"),
            Problem::Missing(key) if path.is_empty() => format!("`{key}` is missing"),
            Problem::Missing(key) => format!("`{path}.{key}` is missing"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.message()))?;
        let mut margin = 1;
        match (&self.0.place, &self.0.source) {
            (Some(place), _) => margin = Line::at(place).show(f)?,
            (None, Some(source)) => write!(f, "\n --> {}", printable(&source.name))?,
            (None, None) => {}
        }
        if let Some(help) = &self.0.help {
            write!(f, "\n{:margin$} = help: {}", "", printable(help))?;
        }
        Ok(())
    }
}

/// Characters of a line shown at most.
const WIDTH: usize = 100;

/// The line on which a place begins.
struct Line<'a> {
    place: &'a Place,
    /// Where the line begins and ends, in bytes of the source.
    start: usize,
    end: usize,
}

impl<'a> Line<'a> {
    fn at(place: &'a Place) -> Self {
        let text = &place.source.text;
        let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[place.start..].find('\n').map_or(text.len(), |at| place.start + at);
        Self {
            place,
            start,
            end: if text[start..end].ends_with('\r') { (end - 1).max(place.start) } else { end },
        }
    }

    /// Line and column, from 1.
    fn position(&self) -> (usize, usize) {
        let text = &self.place.source.text;
        let line = text[..self.start].matches('\n').count() + 1;
        (line, text[self.start..self.place.start].chars().count() + 1)
    }

    /// Writes place, line and caret; returns the width of the line numbers.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
        let source = &self.place.source;
        let (number, column) = self.position();
        let (number, location) = if source.inline {
            (String::new(), source.name.clone())
        } else {
            (number.to_string(), format!("{}:{number}:{column}", source.name))
        };
        let margin = number.len().max(1);

        let line: Vec<char> = source.text[self.start..self.end].chars().collect();
        let first = column - 1;
        let marked =
            source.text[self.place.start..self.place.end.min(self.end).max(self.place.start)].chars().count();
        // Only a window of a very long line, which begins a little before the mark.
        let from = if line.len() > WIDTH { first.saturating_sub(WIDTH / 4) } else { 0 };
        let to = line.len().min(from + WIDTH);
        let marked = marked.min(to.saturating_sub(first)).max(1);
        let (before, after) = (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
        let shown: String = line[from..to].iter().collect();

        write!(f, "\n{:margin$}--> {}", "", printable(&location))?;
        write!(f, "\n{:margin$} |", "")?;
        write!(f, "\n{number:margin$} | {before}{}{after}", printable(&shown).trim_end())?;
        write!(f, "\n{:margin$} | {:indent$}{:^<marked$}", "", "", "", indent = before.len() + first - from)?;
        Ok(margin)
    }
}

/// The text without what would move a terminal's cursor; each character stays one column.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            '\n' => c,
            c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A text as messages quote it: one line, not too long.
pub(super) fn describe_text(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(LONGEST).map_or(line.len(), |(at, _)| at);
    if cut < text.len() { format!("the text `{}...`", &line[..cut]) } else { format!("the text `{text}`") }
}

/// What serde says that it expects, in the words of the file's writer.
fn expectation(expected: &str) -> String {
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

fn describe(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => format!("{value:?}"),
        Unexpected::Char(value) => format!("the text `{value}`"),
        Unexpected::Str(text) => describe_text(text),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        match PASSING.with(|passing| passing.borrow_mut().take()) {
            Some(error) => error,
            None => Self::new(message.to_string()),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(&expected.to_string(), &describe(unexpected))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(&expected.to_string(), &describe(unexpected))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::must_be(&expected.to_string(), &format!("{length}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut error = Self::from_problem(Problem::Predicate(format!("cannot be `{variant}`")));
        error.0.help = suggest::help(variant, expected);
        error
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown_key(field, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is given twice"))
    }
}

thread_local! {
    static PASSING: RefCell<Option<ConfigError>> = const { RefCell::new(None) };
}

/// For a `Deserialize` that reads a [`Node`] itself: passes the error on as whatever error its deserializer has, and
/// with all its places where that is a [`ConfigError`].
pub fn pass<E: de::Error>(error: ConfigError) -> E {
    let message = error.message();
    // `custom` takes no more than something to display. It is called here and nowhere else in between, so that what is
    // left for it is either taken up by our own or removed again.
    PASSING.with(|passing| *passing.borrow_mut() = Some(error));
    let error = E::custom(message);
    PASSING.with(|passing| passing.borrow_mut().take());
    error
}
