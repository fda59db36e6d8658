//! From tokens to an expression, by recursive descent:
//!
//! ```text
//! or         = and { "or" and }
//! and        = not { "and" not }
//! not        = "not" not | "(" or ")" | condition
//! condition  = name [ sign value ]
//! ```

use std::ops::Range;

use super::{
    Expression, QueryError,
    field::Field,
    literal::Literal,
    token::{Placed, Token, tokens},
};

/// The deepest nesting.
const DEEPEST: usize = 100;

pub(super) fn parse(query: &str) -> Result<Expression, QueryError> {
    let tokens = tokens(query)?;
    if tokens.is_empty() {
        return Err(QueryError::new(query, 0..0, "the query is empty"));
    }
    let mut parser = Parser { query, tokens, at: 0, depth: 0 };
    let root = parser.or()?;
    match parser.peek() {
        None => Ok(root),
        Some((Token::Close, place)) => Err(parser.error(place.clone(), "there is no ( to this")),
        Some((_, place)) => Err(parser.error(place.clone(), "there is 'and' or 'or' missing before this")),
    }
}

struct Parser<'a> {
    query: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Placed> {
        self.tokens.get(self.at)
    }

    fn error(&self, place: Range<usize>, said: impl Into<String>) -> QueryError {
        QueryError::new(self.query, place, said)
    }

    /// Passes over a keyword.
    fn keyword(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some((Token::Word(w), _)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<Expression, QueryError> {
        let mut parts = vec![self.and()?];
        while self.keyword("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn and(&mut self) -> Result<Expression, QueryError> {
        let mut parts = vec![self.not()?];
        while self.keyword("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn not(&mut self) -> Result<Expression, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let place = self.peek().map_or(0..0, |(_, place)| place.clone());
            return Err(self.error(place, "this is nested too deeply"));
        }
        let outcome = if self.keyword("not") {
            self.not().map(|part| Expression::Not(Box::new(part)))
        } else if let Some((Token::Open, place)) = self.peek().cloned() {
            self.at += 1;
            let inner = self.or()?;
            match self.peek() {
                Some((Token::Close, _)) => {
                    self.at += 1;
                    Ok(inner)
                }
                Some((_, at)) => Err(self.error(at.clone(), "there is 'and' or 'or' missing before this")),
                None => Err(self.error(place, "there is no ) to this")),
            }
        } else {
            self.condition()
        };
        self.depth -= 1;
        outcome
    }

    fn condition(&mut self) -> Result<Expression, QueryError> {
        let end = self.query.len()..self.query.len();
        let (name, place) = match self.peek().cloned() {
            Some((Token::Word(name) | Token::Name(name), place)) => (name, place),
            Some((_, place)) => {
                return Err(self.error(place, "there is the name of a field missing before this"));
            }
            None => return Err(self.error(end, "there is a condition missing")),
        };
        self.at += 1;
        let field = Field::named(name, place);
        let Some((Token::Sign(sign), sign_place)) = self.peek().cloned() else {
            return Ok(Expression::Has(field));
        };
        self.at += 1;
        let Some((token, value_place)) = self.peek().cloned() else {
            return Err(self.error(end, "there is nothing to compare with"));
        };
        self.at += 1;
        let literal = Literal::of(self.query, &field, (sign, sign_place), (token, value_place))?;
        Ok(Expression::Is { field, sign, literal })
    }
}
