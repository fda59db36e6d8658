//! One rank that all others wait for.

use aether_core::{Event, Level};
use serde_json::json;

use super::{
    Detector, Observed, Role,
    episode::Episode,
    event, short,
    window::{Window, median},
};

const RANKS: usize = 256;

/// Of at least three ranks, one's median step over the last 16 takes 30 % longer than the median rank's.
#[derive(Debug, Default)]
pub(crate) struct Straggler {
    ranks: Vec<Rank>,
}

#[derive(Debug)]
struct Rank {
    number: u32,
    steps: Window<16>,
    episode: Episode,
}

impl Detector for Straggler {
    fn observe(&mut self, seen: &Observed, role: Role, found: &mut Vec<Event>) {
        let Role::RankStepTime(number) = role else { return };
        if !seen.value.is_finite() {
            return;
        }
        let known = self.ranks.iter().position(|rank| rank.number == number);
        let at = match known {
            Some(at) => at,
            None if self.ranks.len() < RANKS => {
                self.ranks.push(Rank { number, steps: Window::default(), episode: Episode::default() });
                self.ranks.len() - 1
            }
            None => return,
        };
        self.ranks[at].steps.push(seen.value);
        if self.ranks.len() < 3 || !self.ranks.iter().all(|rank| rank.steps.is_full()) {
            return;
        }
        let mut medians = [0.0; RANKS];
        for (to, rank) in medians.iter_mut().zip(&self.ranks) {
            *to = rank.steps.median();
        }
        let own = medians[at];
        let usual = median(&mut medians[..self.ranks.len()]);
        if self.ranks[at].episode.opens(own > 1.3 * usual && usual > 0.0, 16, 32) {
            let message = format!(
                "rank {number} takes {} for a step, the others {}: all wait for it",
                short(own),
                short(usual)
            );
            let evidence = [("rank", json!(number)), ("step_time", json!(own)), ("usual", json!(usual))];
            found.push(event("straggler", Level::Warning, seen, message, &evidence));
        }
    }
}
