//! What a run says in this very process, heard on its bus: nothing is read back from files, and whoever trains never
//! waits.

use std::{
    collections::HashSet,
    fmt, mem,
    sync::{Mutex, PoisonError},
};

use aether_core::{Event, Listener, Signal, signal::Nanos};

use crate::{Alerts, Observed, goal, heard::Heard, thin::Thin};

/// So much waits for whoever watches, who looks twice a second; what goes beyond it is not looked at.
const WAITING: usize = 1 << 16;
/// So many events are remembered, so that what was said is not found again.
const REMEMBERED: usize = 10_000;

/// A [`Listener`] for a [`Watcher`](crate::Watcher) in the process that it watches.
#[derive(Default)]
pub struct Ear {
    thin: Thin,
    /// Locked to push and to swap, never longer.
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    points: Vec<Observed>,
    events: Vec<(Nanos, Event)>,
}

impl Listener for Ear {
    #[inline]
    fn on(&self, time: Nanos, signal: &Signal) {
        match signal {
            &Signal::Point { metric, step, value } => {
                if !self.thin.takes(metric, time, value) {
                    return;
                }
                self.keep(|waiting| &mut waiting.points, Observed { time, metric, step, value });
            }
            Signal::Event(event) if concerns(event) || goal::of(event).is_some() => {
                self.keep(|waiting| &mut waiting.events, (time, event.clone()));
            }
            _ => {}
        }
    }
}

impl Ear {
    fn keep<T>(&self, list: impl FnOnce(&mut Waiting) -> &mut Vec<T>, said: T) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let list = list(&mut waiting);
        if list.len() < WAITING {
            list.push(said);
        }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").finish_non_exhaustive()
    }
}

/// Whether somebody may want to hear of it at once. That somebody asked it to stop is known to whoever did.
fn concerns(event: &Event) -> bool {
    Alerts::concerns(event) && event.kind != "interrupted"
}

/// What an [`Ear`] heard, on the side of whoever watches.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    /// Swapped with what waits, so that neither allocates once it is warm.
    taken: Waiting,
    known: HashSet<(String, u64)>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("points", &self.points.len()).finish_non_exhaustive()
    }
}

impl Hearing {
    /// Tells what was said since the last call: events, then points.
    pub(crate) fn poll(&mut self, ear: &Ear, mut heard: impl FnMut(Heard<'_>)) {
        mem::swap(&mut self.taken, &mut *ear.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for (time, event) in self.taken.events.drain(..) {
            if let Some(steps) = goal::of(&event) {
                heard(Heard::Goal(steps));
            }
            if concerns(&event) {
                heard(Heard::Alert(time, &event));
            }
            if self.known.len() < REMEMBERED {
                self.known.insert((event.kind, event.step));
            }
        }
        self.taken.points.drain(..).for_each(|point| heard(Heard::Point(&point)));
    }

    /// Whether the training said it itself.
    pub(crate) fn knows(&self, event: &Event) -> bool {
        self.known.contains(&(event.kind.clone(), event.step))
    }
}
