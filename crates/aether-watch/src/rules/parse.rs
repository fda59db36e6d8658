//! From a text to a condition. The grammar is in the guide, on the page about watching.

use std::{fmt, ops::Range};

use aether_core::{signal::Nanos, suggest};

use super::{
    expression::{Call, Expression, FUNCTIONS, Function, Hold, Operator, Window},
    token::{Token, tokens},
};

/// More points than that are not kept for one function.
const MOST_POINTS: f64 = 100_000.0;
/// Nesting that no person writes.
const DEPTH: u32 = 64;

/// What is wrong with a condition, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    at: Range<usize>,
    message: String,
}

impl Mistake {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// The bytes of the text that it is about.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

/// A condition over metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// As it was written.
    pub text: String,
    pub(super) expression: Expression,
    pub(super) calls: Vec<Call>,
    /// For how long it must hold.
    pub hold: Option<Hold>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// When it is none; says where and why.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut parser =
            Parser { tokens: tokens(text)?, at: 0, end: text.len(), calls: Vec::new(), depth: 0 };
        let (expression, place) = parser.expression(1)?;
        if !expression.is_condition() {
            return Err(Mistake::new(place, "this is a number: compare it with something, such as `> 3`"));
        }
        let hold = if parser.word("for") { Some(parser.hold()?) } else { None };
        if let Some((_, place)) = parser.tokens.get(parser.at) {
            return Err(Mistake::new(
                place.clone(),
                "nothing is expected here any more; `and` or `or` is missing",
            ));
        }
        if parser.calls.is_empty() {
            return Err(Mistake::new(0..text.len(), "no metric is named"));
        }
        Ok(Self { text: text.trim().to_owned(), expression, calls: parser.calls, hold })
    }

    /// The metrics that it names.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        self.calls.iter().map(|call| call.metric.as_str())
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    end: usize,
    calls: Vec<Call>,
    depth: u32,
}

type Parsed = (Expression, Range<usize>);

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn place(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, place)| place.clone())
    }

    /// Passes over a word, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, token: &Token, name: &str) -> Result<(), Mistake> {
        if self.peek() == Some(token) {
            self.at += 1;
            return Ok(());
        }
        Err(Mistake::new(self.place(), format!("`{name}` is expected here")))
    }

    fn operator(&self) -> Option<Operator> {
        match self.peek()? {
            Token::Operator(operator) => Some(*operator),
            Token::Word(word) if word == "and" => Some(Operator::And),
            Token::Word(word) if word == "or" => Some(Operator::Or),
            _ => None,
        }
    }

    /// By precedence climbing (Richards, 1979).
    fn expression(&mut self, least: u8) -> Result<Parsed, Mistake> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Mistake::new(self.place(), "this is nested too deeply"));
        }
        let (mut left, mut place) = self.unary()?;
        while let Some(operator) = self.operator().filter(|o| o.precedence() >= least) {
            self.at += 1;
            let (right, right_place) = self.expression(operator.precedence() + 1)?;
            for (side, at) in [(&left, &place), (&right, &right_place)] {
                if side.is_condition() != operator.takes_conditions() {
                    let wrong = if operator.takes_conditions() {
                        "this is a number, where something that holds or not is expected"
                    } else {
                        "this holds or not, where a number is expected; put `and` between two comparisons"
                    };
                    return Err(Mistake::new(at.clone(), wrong));
                }
            }
            place = place.start..right_place.end;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok((left, place))
    }

    fn unary(&mut self) -> Result<Parsed, Mistake> {
        let start = self.place();
        let negate = self.peek() == Some(&Token::Operator(Operator::Subtract));
        let not = !negate && self.word("not");
        if !negate && !not {
            return self.atom();
        }
        self.at += usize::from(negate);
        // `not` takes a whole comparison, a minus only what stands right behind it.
        let (inner, place) = if not { self.expression(3)? } else { self.deeper()? };
        if inner.is_condition() != not {
            let what = if not { "`not` takes what holds or not" } else { "a minus takes a number" };
            return Err(Mistake::new(place, what));
        }
        let inner = Box::new(inner);
        let whole = start.start..place.end;
        Ok((if not { Expression::Not(inner) } else { Expression::Negate(inner) }, whole))
    }

    fn deeper(&mut self) -> Result<Parsed, Mistake> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Mistake::new(self.place(), "this is nested too deeply"));
        }
        let parsed = self.unary();
        self.depth -= 1;
        parsed
    }

    fn atom(&mut self) -> Result<Parsed, Mistake> {
        let place = self.place();
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Number(number)) => {
                let unit = match self.peek() {
                    Some(Token::Word(word)) => bytes(word),
                    _ => None,
                };
                self.at += usize::from(unit.is_some());
                Ok((Expression::Number(number * unit.unwrap_or(1.0)), place))
            }
            Some(Token::Open) => {
                let (inner, inside) = self.expression(1)?;
                let end = self.place().end;
                self.expect(&Token::Close, ")")?;
                Ok((inner, place.start..end.max(inside.end)))
            }
            Some(Token::Quoted(name)) => Ok((self.call(name, Function::Last, Window::Points(1)), place)),
            Some(Token::Word(word)) if self.peek() == Some(&Token::Open) => self.function(&word, place),
            Some(Token::Word(word)) if ["and", "or", "not", "for"].contains(&word.as_str()) => {
                Err(Mistake::new(place, format!("a metric or a number is expected before `{word}`")))
            }
            Some(Token::Word(name)) => Ok((self.call(name, Function::Last, Window::Points(1)), place)),
            Some(_) => Err(Mistake::new(place, "a metric or a number is expected here")),
            None => Err(Mistake::new(place, "the condition ends too early")),
        }
    }

    fn function(&mut self, word: &str, place: Range<usize>) -> Result<Parsed, Mistake> {
        self.expect(&Token::Open, "(")?;
        if word == "abs" {
            let (inner, inside) = self.expression(1)?;
            if inner.is_condition() {
                return Err(Mistake::new(inside, "`abs` takes a number"));
            }
            let end = self.place().end;
            self.expect(&Token::Close, ")")?;
            return Ok((Expression::Absolute(Box::new(inner)), place.start..end));
        }
        let Some(&(_, function)) = FUNCTIONS.iter().find(|(name, _)| *name == word) else {
            let mut names: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            names.push("abs");
            let help = suggest::help(word, &names).map_or(String::new(), |help| format!("; {help}"));
            return Err(Mistake::new(place, format!("there is no function `{word}`{help}")));
        };
        let metric = match self.peek().cloned() {
            Some(Token::Word(name) | Token::Quoted(name)) => name,
            _ => return Err(Mistake::new(self.place(), format!("`{word}` takes a metric's name"))),
        };
        self.at += 1;
        let window = if self.peek() == Some(&Token::Comma) {
            self.at += 1;
            self.window()?
        } else if function == Function::Last {
            Window::Points(1)
        } else {
            let message =
                format!("`{word}` needs to know how far back, such as `{word}({metric}, 100)` or `, 5 min`");
            return Err(Mistake::new(self.place(), message));
        };
        let end = self.place().end;
        self.expect(&Token::Close, ")")?;
        Ok((self.call(metric, function, window), place.start..end))
    }

    fn call(&mut self, metric: String, function: Function, window: Window) -> Expression {
        let call = Call { metric, function, window };
        let known = self.calls.iter().position(|c| *c == call);
        Expression::Call(known.unwrap_or_else(|| {
            self.calls.push(call);
            self.calls.len() - 1
        }))
    }

    fn window(&mut self) -> Result<Window, Mistake> {
        let place = self.place();
        let number = self.number("a number of points or a duration")?;
        if let Some(time) = self.duration(number) {
            return Ok(Window::Time(time));
        }
        let _ = self.word("points") || self.word("steps");
        if number.fract() != 0.0 || !(1.0..=MOST_POINTS).contains(&number) {
            return Err(Mistake::new(place, "a window has 1 to 100,000 points, or a duration"));
        }
        Ok(Window::Points(number as usize))
    }

    fn hold(&mut self) -> Result<Hold, Mistake> {
        let place = self.place();
        let number = self.number("a number of steps or a duration")?;
        if let Some(time) = self.duration(number) {
            return Ok(Hold::Time(time));
        }
        if !(self.word("steps") || self.word("step")) {
            return Err(Mistake::new(
                self.place(),
                "`steps` or a unit of time (`s`, `min`, `h`) is expected here",
            ));
        }
        if number.fract() != 0.0 || !(1.0..=1e15).contains(&number) {
            return Err(Mistake::new(place, "this must be a whole number of steps"));
        }
        Ok(Hold::Steps(number as u64))
    }

    fn number(&mut self, what: &str) -> Result<f64, Mistake> {
        match self.peek() {
            Some(&Token::Number(number)) => {
                self.at += 1;
                Ok(number)
            }
            _ => Err(Mistake::new(self.place(), format!("{what} is expected here"))),
        }
    }

    /// What the unit of time that comes next makes of a number.
    fn duration(&mut self, number: f64) -> Option<Nanos> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let seconds = match word.as_str() {
            "ms" => 1e-3,
            "s" | "sec" | "seconds" => 1.0,
            "min" | "minutes" => 60.0,
            "h" | "hours" => 3600.0,
            "d" | "days" => 86_400.0,
            _ => return None,
        };
        self.at += 1;
        // A century is enough, and far from what 64 bits hold.
        Some((number * seconds).clamp(0.0, 3.2e9).mul_add(1e9, 0.0) as Nanos)
    }
}

/// Units of sizes, and a hundredth.
fn bytes(word: &str) -> Option<f64> {
    Some(match word {
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "TiB" => 1_099_511_627_776.0,
        _ => return None,
    })
}
