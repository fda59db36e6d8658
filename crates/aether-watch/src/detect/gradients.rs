//! Gradients that explode or vanish.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event, short, window::Window};

/// What is usual is judged over so many values, which lie before the last few.
const USUAL: usize = 64;
const LAST: usize = 8;

/// The median norm of the last eight steps is thirty times what was usual before (explosion), or a thousandth of what
/// it was in the beginning and below 1e-5 (vanishing).
#[derive(Debug, Default)]
pub(crate) struct Gradients {
    usual: Window<USUAL>,
    last: Window<LAST>,
    first: Option<f64>,
    exploding: Episode,
    vanishing: Episode,
}

impl Detector for Gradients {
    fn observe(&mut self, seen: &Observed, _: Role, found: &mut Vec<Event>) {
        // What is not finite is another detector's.
        if !seen.value.is_finite() {
            return;
        }
        if self.last.is_full()
            && let Some(oldest) = self.last.iter().next()
            && !self.exploding.is_open()
        {
            self.usual.push(oldest);
        }
        self.last.push(seen.value);
        if self.usual.len() < 16 {
            return;
        }
        let usual = self.usual.median();
        let first = *self.first.get_or_insert(usual);
        let now = self.last.median();
        let name = seen.metric.name();
        let explodes = now > 30.0 * usual.max(1e-9) && now > 2.0 * self.usual.max();
        if self.exploding.opens(explodes, 1, 32) {
            let times = now / usual.max(1e-9);
            let message = format!(
                "the gradients explode: {name} is {}, {times:.0} times what is usual; clip it or lower the learning rate",
                short(now)
            );
            let evidence = [("value", json!(now)), ("usual", json!(usual))];
            found.push(event("gradient_explosion", Level::Error, seen, message, &evidence));
        }
        let vanishes = now < 1e-3 * first && now < 1e-5;
        if self.vanishing.opens(vanishes, 16, 32) {
            let message = format!(
                "the gradients vanish: {name} is {}, and was {} in the beginning; nothing is learnt any more",
                short(now),
                short(first)
            );
            let evidence = [("value", json!(now)), ("first", json!(first))];
            found.push(event("gradient_vanishing", Level::Warning, seen, message, &evidence));
        }
    }
}
