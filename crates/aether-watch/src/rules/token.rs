//! A condition's words.

use std::ops::Range;

use super::{expression::Operator, parse::Mistake};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A number, and the unit that stands right behind it.
    Number(f64),
    /// A metric, a function or a word of the language.
    Word(String),
    /// A metric in backquotes: any text.
    Quoted(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
}

/// Tokens with the bytes that they stand at.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Mistake> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut next_is = |wanted: char| rest.next_if(|&(_, c)| c == wanted).is_some();
        let token = match c {
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '+' => Token::Operator(Operator::Add),
            '-' => Token::Operator(Operator::Subtract),
            '*' => Token::Operator(Operator::Multiply),
            '/' => Token::Operator(Operator::Divide),
            '<' if next_is('=') => Token::Operator(Operator::LessEqual),
            '<' => Token::Operator(Operator::Less),
            '>' if next_is('=') => Token::Operator(Operator::GreaterEqual),
            '>' => Token::Operator(Operator::Greater),
            '=' if next_is('=') => Token::Operator(Operator::Equal),
            '!' if next_is('=') => Token::Operator(Operator::NotEqual),
            '`' => {
                let name: String = rest.by_ref().map(|(_, c)| c).take_while(|&c| c != '`').collect();
                if name.is_empty() {
                    return Err(Mistake::new(start..start + 1, "there is no name between these backquotes"));
                }
                Token::Quoted(name)
            }
            c if c.is_ascii_digit() || c == '.' => {
                let mut digits = String::from(c);
                while let Some((_, c)) = rest.next_if(|&(_, c)| {
                    c.is_ascii_digit()
                        || c == '.'
                        || c == 'e'
                        || c == 'E'
                        || (matches!(c, '+' | '-') && digits.ends_with(['e', 'E']))
                }) {
                    digits.push(c);
                }
                let end = start + digits.len();
                match digits.parse::<f64>() {
                    Ok(number) if number.is_finite() => Token::Number(number),
                    _ => return Err(Mistake::new(start..end, format!("`{digits}` is no number"))),
                }
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut word = String::from(c);
                while let Some((_, c)) =
                    rest.next_if(|&(_, c)| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '@' | '#'))
                {
                    word.push(c);
                }
                Token::Word(word)
            }
            other => {
                let end = start + other.len_utf8();
                return Err(Mistake::new(start..end, format!("`{other}` means nothing here")));
            }
        };
        let end = rest.peek().map_or(text.len(), |&(at, _)| at);
        tokens.push((token, start..end));
    }
    Ok(tokens)
}
