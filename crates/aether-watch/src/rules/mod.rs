//! Rules of one's own on top of the detectors: `when` a condition over metrics holds `for` so long, `then` do something.
//!
//! ```yaml
//! rules:
//!   - when: loss > 3 * median(loss, 200) for 20 steps
//!     then: [alert, snapshot]
//! ```

mod evaluate;
mod expression;
mod file;
mod parse;
mod token;

use aether_core::{Event, Level, signal::Nanos};
use serde_json::json;

pub use expression::{Hold, Window};
pub use file::{Action, INTERVALS, Rule, WatchFile};
pub use parse::{Condition, Mistake};

use self::evaluate::Evaluation;
use crate::Observed;

/// What a rule wants done, and the event that tells why.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// What is to be done, in order.
    pub then: Vec<Action>,
    /// Of kind `rule`.
    pub event: Event,
}

/// Rules at work.
#[derive(Debug)]
pub struct Rules {
    all: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    rule: Rule,
    evaluation: Evaluation,
    /// Step and time since which the condition has held without a break.
    since: Option<(u64, Nanos)>,
    /// It has fired, and the condition has held ever since.
    fired: bool,
}

impl Rules {
    /// Begins with nothing seen.
    pub fn new(rules: Vec<Rule>) -> Self {
        let active = |rule: Rule| {
            let evaluation = Evaluation::new(&rule.when);
            Active { rule, evaluation, since: None, fired: false }
        };
        Self { all: rules.into_iter().map(active).collect() }
    }

    /// Takes a point. Each rule fires once, when its condition has held for long enough; again only after it did not
    /// hold.
    pub fn observe(&mut self, seen: &Observed, fired: &mut Vec<Fired>) {
        for active in &mut self.all {
            if active.evaluation.take(seen) {
                active.judge(seen, fired);
            }
        }
    }
}

impl Active {
    fn judge(&mut self, seen: &Observed, fired: &mut Vec<Fired>) {
        if !self.evaluation.holds(&self.rule.when) {
            (self.since, self.fired) = (None, false);
            return;
        }
        let (step, time) = *self.since.get_or_insert((seen.step, seen.time));
        let long_enough = match self.rule.when.hold {
            None => true,
            // The first step counts.
            Some(Hold::Steps(steps)) => (seen.step.saturating_sub(step)).saturating_add(1) >= steps,
            Some(Hold::Time(time_ns)) => seen.time.saturating_sub(time) >= time_ns,
        };
        if long_enough && !self.fired {
            self.fired = true;
            let name = self.rule.name.as_deref().unwrap_or(&self.rule.when.text);
            // The step of what is known of the machine is a time.
            let of_machine = seen.metric.name().starts_with("system/");
            let place = if of_machine { String::new() } else { format!(" at step {}", seen.step) };
            let fields = json!({
                "rule": name,
                "when": self.rule.when.text,
                "metric": seen.metric.name(),
                "value": seen.value,
                "since_step": step,
            });
            fired.push(Fired {
                then: self.rule.then.clone(),
                event: Event {
                    kind: "rule".to_owned(),
                    level: self.rule.level.unwrap_or(Level::Warning),
                    step: seen.step,
                    message: format!("rule `{name}` holds{place}"),
                    fields: fields.as_object().cloned().unwrap_or_default(),
                },
            });
        }
    }
}
