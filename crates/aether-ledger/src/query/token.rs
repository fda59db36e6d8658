//! Words, signs and texts of a query, each with its place.

use std::ops::Range;

use super::QueryError;

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

impl Sign {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "~",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a number, a keyword, or a glob.
    Word(String),
    /// Between quotes, which are gone.
    Text(String),
    /// Between backquotes: a name, whatever is in it.
    Name(String),
    /// Between slashes, after `~`.
    Regex(String),
    Sign(Sign),
    Open,
    Close,
}

pub(super) type Placed = (Token, Range<usize>);

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || "_./:@#%+-*?[]{},$".contains(c)
}

/// Cuts a query into tokens.
pub(super) fn tokens(query: &str) -> Result<Vec<Placed>, QueryError> {
    let mut tokens: Vec<Placed> = Vec::new();
    let mut at = 0;
    while let Some(c) = query[at..].chars().next() {
        let rest = &query[at..];
        let (token, length) = match c {
            _ if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '!' if rest.starts_with("!=") => (Token::Sign(Sign::Unequal), 2),
            '<' if rest.starts_with("<=") => (Token::Sign(Sign::LessOrEqual), 2),
            '>' if rest.starts_with(">=") => (Token::Sign(Sign::GreaterOrEqual), 2),
            '=' if rest.starts_with("==") => (Token::Sign(Sign::Equal), 2),
            '<' => (Token::Sign(Sign::Less), 1),
            '>' => (Token::Sign(Sign::Greater), 1),
            '=' => (Token::Sign(Sign::Equal), 1),
            '~' => (Token::Sign(Sign::Like), 1),
            '\'' | '"' => quoted(query, at, c, Token::Text)?,
            '`' => quoted(query, at, c, Token::Name)?,
            '/' if matches!(tokens.last(), Some((Token::Sign(Sign::Like), _))) => {
                quoted(query, at, c, Token::Regex)?
            }
            _ if in_word(c) => {
                let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => {
                let place = at..at + c.len_utf8();
                let said = format!("'{}' means nothing here", c.escape_debug());
                return Err(QueryError::new(query, place, said).help("put texts between quotes"));
            }
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// What stands between two marks; a backslash keeps the mark after it from ending it.
fn quoted(
    query: &str,
    at: usize,
    mark: char,
    token: fn(String) -> Token,
) -> Result<(Token, usize), QueryError> {
    let mut text = String::new();
    let mut characters = query[at + 1..].char_indices();
    while let Some((i, c)) = characters.next() {
        if c == mark {
            return Ok((token(text), i + 2));
        }
        match c {
            '\\' => match characters.next() {
                Some((_, next)) if next == mark || (next == '\\' && mark != '/') => text.push(next),
                // A regular expression keeps its own.
                Some((_, next)) => text.extend([c, next]),
                None => break,
            },
            _ => text.push(c),
        }
    }
    Err(QueryError::new(query, at..query.len(), format!("there is no second {mark} to this one")))
}
