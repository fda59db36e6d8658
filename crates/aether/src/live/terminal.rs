//! A line that moves, at the bottom of a terminal; what happens scrolls by above it.

use aether_core::{Event, Level, signal::Nanos};
use console::{Style, Term, truncate_str};

use super::{
    Screen,
    outlet::Outlet,
    state::{View, sentence},
};
use crate::text;

/// Back to the beginning of the line, and erase it.
const ERASE: &str = "\r\x1b[2K";
/// Cells of the bar.
const BAR: usize = 16;

#[derive(Default)]
pub(super) struct Terminal {
    stop_heard: bool,
}

impl Screen for Terminal {
    fn show(&mut self, events: &[(Nanos, Event)], view: &View, out: &mut Outlet) {
        // A screen that is held still shows, when it goes on, what happened, and one moving line.
        let idle = out.is_idle();
        // Asked each time: windows are resized.
        let width = Term::stderr().size_checked().map_or(80, |(_, columns)| usize::from(columns));
        let mut frame = ERASE.to_owned();
        for (_, event) in events {
            if let Some(sentence) = sentence(event) {
                let style = match event.level {
                    Level::Info => Style::new(),
                    Level::Warning => Style::new().yellow(),
                    Level::Error => Style::new().red(),
                };
                let folded = text::fold(&text::escape(&sentence), width);
                frame += &format!("{}\n", style.for_stderr().apply_to(folded));
            }
        }
        if view.stopping && !self.stop_heard {
            self.stop_heard = true;
            frame += "Stopping at the next safe point; once more stops at once\n";
        }
        if !idle && frame == ERASE {
            return;
        }
        // One less than the width: a full line makes some terminals scroll.
        frame += &truncate_str(&line(view), width.saturating_sub(1), "…");
        // One text a frame: nothing else can come between.
        out.say(frame);
    }

    fn end(&mut self, out: &mut Outlet) {
        out.say(ERASE.to_owned());
    }
}

/// The moving line.
fn line(view: &View) -> String {
    let mut parts = Vec::new();
    if let Some(done) = view.done() {
        let full = (done * BAR as f64).round() as usize;
        parts.push(format!("{}{}", "━".repeat(full), "─".repeat(BAR - full)));
    }
    let of = |total: u64| if total > 0 { format!("/{total}") } else { String::new() };
    if let Some(epoch) = view.epoch() {
        parts.push(format!("epoch {epoch}{}", of(view.plan.epochs)));
    }
    parts.push(format!("step {}{}", view.step, of(view.plan.total_steps)));
    parts.extend(view.loss.map(|loss| format!("loss {}", text::number(loss))));
    parts.extend(view.measured.map(|(metric, value)| format!("{} {}", metric.name(), text::number(value))));
    parts.extend(view.samples_per_second().map(|rate| format!("{} samples/s", text::rate(rate))));
    parts.extend(view.left().map(|left| format!("{} left", text::duration(left))));
    text::escape(&parts.join("  ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::state::Plan;
    use aether_core::Metric;

    #[test]
    fn the_line_tells_all_there_is() {
        let plan = Plan { epochs: 3, steps_per_epoch: 10, total_steps: 30, samples_per_epoch: 6400 };
        let measured = Some((Metric::named("val/accuracy"), 0.9512));
        let view = View { step: 15, loss: Some(0.25), measured, rate: Some(10.0), plan, ..View::default() };
        assert_eq!(
            line(&view),
            "━━━━━━━━────────  epoch 2/3  step 15/30  loss 0.2500  val/accuracy 0.9512  6.4k samples/s  1.5 s left"
        );
        assert_eq!(line(&View::default()), "step 0");
    }
}
