//! Whether a condition holds, as points come.

use std::collections::VecDeque;

use aether_core::{Metric, signal::Nanos};

use super::{
    expression::{Call, Expression, Function, Operator, Window},
    parse::Condition,
};
use crate::{Observed, detect::median};

/// More points than that of one window of time are not kept: the oldest go first.
const MOST: usize = 100_000;

#[derive(Debug)]
pub(super) struct Evaluation {
    series: Vec<Series>,
    /// Room for sorting.
    scratch: Vec<f64>,
}

/// The values that one call looks at.
#[derive(Debug)]
struct Series {
    call: Call,
    /// Which metric it turned out to be. The name itself is better than one that only ends so.
    bound: Option<(Metric, bool)>,
    points: VecDeque<(Nanos, f64)>,
}

impl Series {
    /// Whether the metric is the one that is meant: by its name, or by the end of it after `train/`.
    fn means(&mut self, metric: Metric) -> bool {
        if let Some((bound, exact)) = self.bound
            && (exact || bound == metric)
        {
            return bound == metric;
        }
        let exact = metric.name() == self.call.metric;
        let near = exact || metric.name().strip_prefix("train/") == Some(&self.call.metric);
        if near && (exact || self.bound.is_none()) {
            self.bound = Some((metric, exact));
            self.points.clear();
            return true;
        }
        false
    }

    fn push(&mut self, time: Nanos, value: f64) {
        self.points.push_back((time, value));
        let keep = |points: &VecDeque<(Nanos, f64)>| match self.call.window {
            Window::Points(most) => points.len() <= most,
            Window::Time(span) => {
                points.len() <= MOST && points.front().is_none_or(|(first, _)| time - first <= span)
            }
        };
        while !keep(&self.points) {
            self.points.pop_front();
        }
    }
}

impl Evaluation {
    pub(super) fn new(condition: &Condition) -> Self {
        let series = |call: &Call| Series { call: call.clone(), bound: None, points: VecDeque::new() };
        Self { series: condition.calls.iter().map(series).collect(), scratch: Vec::new() }
    }

    /// Takes a point. Whether it is one that the condition speaks of.
    pub(super) fn take(&mut self, seen: &Observed) -> bool {
        let mut taken = false;
        for series in &mut self.series {
            if series.means(seen.metric) {
                series.push(seen.time, seen.value);
                taken = true;
            }
        }
        taken
    }

    /// Whether the condition holds now. What is not known yet, and NaN, make no comparison true but `!=`.
    pub(super) fn holds(&mut self, condition: &Condition) -> bool {
        self.truth(&condition.expression).unwrap_or(false)
    }

    /// `None`: not known yet.
    fn truth(&mut self, expression: &Expression) -> Option<bool> {
        match expression {
            Expression::Not(inner) => Some(!self.truth(inner)?),
            Expression::Binary(Operator::And, a, b) => match (self.truth(a), self.truth(b)) {
                (Some(a), Some(b)) => Some(a && b),
                (Some(false), _) | (_, Some(false)) => Some(false),
                _ => None,
            },
            Expression::Binary(Operator::Or, a, b) => match (self.truth(a), self.truth(b)) {
                (Some(a), Some(b)) => Some(a || b),
                (Some(true), _) | (_, Some(true)) => Some(true),
                _ => None,
            },
            Expression::Binary(operator, a, b) => {
                let (a, b) = (self.number(a)?, self.number(b)?);
                Some(match operator {
                    Operator::Less => a < b,
                    Operator::LessEqual => a <= b,
                    Operator::Greater => a > b,
                    Operator::GreaterEqual => a >= b,
                    Operator::Equal => a == b,
                    Operator::NotEqual => a != b,
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    fn number(&mut self, expression: &Expression) -> Option<f64> {
        Some(match expression {
            Expression::Number(number) => *number,
            Expression::Call(at) => self.call(*at)?,
            Expression::Negate(inner) => -self.number(inner)?,
            Expression::Absolute(inner) => self.number(inner)?.abs(),
            Expression::Binary(operator, a, b) => {
                let (a, b) = (self.number(a)?, self.number(b)?);
                match operator {
                    Operator::Add => a + b,
                    Operator::Subtract => a - b,
                    Operator::Multiply => a * b,
                    Operator::Divide => a / b,
                    _ => return None,
                }
            }
            Expression::Not(_) => return None,
        })
    }

    fn call(&mut self, at: usize) -> Option<f64> {
        let Series { call, points, .. } = self.series.get(at)?;
        let values = || points.iter().map(|&(_, value)| value);
        let count = points.len() as f64;
        let &(last_time, last) = points.back()?;
        // A window that is not half full says nothing yet.
        if let Window::Points(most) = call.window
            && points.len() * 2 < most
        {
            return None;
        }
        let mean = || values().sum::<f64>() / count;
        Some(match call.function {
            Function::Last => last,
            Function::Min => values().fold(f64::INFINITY, f64::min),
            Function::Max => values().fold(f64::NEG_INFINITY, f64::max),
            Function::Mean => mean(),
            Function::Median => {
                self.scratch.clear();
                self.scratch.extend(points.iter().map(|&(_, value)| value));
                median(&mut self.scratch)
            }
            Function::Std => {
                let mean = mean();
                let squares: f64 = values().map(|value| (value - mean).powi(2)).sum();
                if points.len() < 2 {
                    return None;
                }
                (squares / (count - 1.0)).sqrt()
            }
            Function::Rate => {
                let &(first_time, first) = points.front()?;
                let seconds = (last_time - first_time) as f64 / 1e9;
                if seconds <= 0.0 {
                    return None;
                }
                (last - first) / seconds
            }
        })
    }
}
