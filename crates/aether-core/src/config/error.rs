//! What is wrong in a file, and how that is shown.

use std::{cell::RefCell, fmt, sync::Arc};

use serde::de::{self, Expected, Unexpected};

use super::{
    node::Node,
    show,
    source::{Place, Source},
    words,
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
    /// Whether `path` begins with the key of a node that was read by itself. Whoever reads the mapping around it names
    /// that key too.
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
        Some(place.position())
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

    /// About something that `node` lacks, which has no line of its own: shown at the key that `node` stands under, or
    /// where `node` begins.
    pub(super) fn around(self, node: &Node) -> Self {
        if self.0.source.is_some() {
            return self;
        }
        match node.key.as_ref().and_then(|key| key.place.as_ref()).or(node.place.as_ref()) {
            Some(place) => self.at(place.clone()),
            None => self,
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
        Self::from_problem(Problem::Predicate(format!(
            "must be {}, found {found}",
            words::expectation(expected)
        )))
    }

    /// A mapping lacks `key`.
    pub(super) fn missing(key: &str) -> Self {
        Self::from_problem(Problem::Missing(key.to_owned()))
    }

    /// A key that is not one of `known`.
    pub(super) fn unknown_key(key: &str, known: &[&str]) -> Self {
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
        f.write_str(&show::printable(&self.message()))?;
        let margin = match (&self.0.place, &self.0.source) {
            (Some(place), _) => show::place(place, f)?,
            (None, Some(source)) => show::name(source, f)?,
            (None, None) => 1,
        };
        match &self.0.help {
            Some(help) => write!(f, "\n{:margin$} = help: {}", "", show::printable(help)),
            None => Ok(()),
        }
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
        Self::must_be(&expected.to_string(), &words::unexpected(unexpected))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::must_be(&expected.to_string(), &words::unexpected(unexpected))
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
