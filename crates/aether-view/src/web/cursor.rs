//! How far events were told, in a text that whoever heard them gives back.
//!
//! A time would not do: an event may be written late, or by another process with a time before one that was told. So a
//! cursor says how many were told, and has a checksum of them. Where others stand there by now, all are told again: none
//! is missed, and it does not matter which process answers, and whether the run was compacted meanwhile.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

use aether_core::RunId;
use aether_ledger::TimedEvent;

/// A number of events, and their checksum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    count: usize,
    check: u64,
}

/// What tells an event from others.
fn mark(event: &TimedEvent, hasher: &mut DefaultHasher) {
    (event.time, event.event.step, &event.event.kind, &event.event.message).hash(hasher);
}

/// What tells an event of a run from all others.
pub(crate) fn mark_of(run: RunId, event: &TimedEvent) -> u64 {
    let mut hasher = DefaultHasher::new();
    run.as_str().hash(&mut hasher);
    mark(event, &mut hasher);
    hasher.finish()
}

impl Cursor {
    /// After these, which are the first of a run.
    pub(crate) fn after(events: &[TimedEvent]) -> Self {
        let mut hasher = DefaultHasher::new();
        events.iter().for_each(|event| mark(event, &mut hasher));
        Self { count: events.len(), check: hasher.finish() }
    }

    /// After events with these marks, whatever their order.
    pub(crate) fn of_marks(marks: impl Iterator<Item = u64>) -> Self {
        marks.fold(Self::default(), |all, mark| Self {
            count: all.count + 1,
            check: all.check.wrapping_add(mark),
        })
    }

    /// Where to go on among `events`; from the first, where those before are not the ones that were told.
    pub(crate) fn place(self, events: &[TimedEvent]) -> usize {
        let told = events.get(..self.count).is_some_and(|told| Self::after(told) == self);
        if told { self.count } else { 0 }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.count, self.check)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (count, check) = text.split_once('-').ok_or(())?;
        let check = u64::from_str_radix(check, 16).map_err(drop)?;
        Ok(Self { count: count.parse().map_err(drop)?, check })
    }
}

#[cfg(test)]
mod tests {
    use aether_core::{Event, Level};
    use proptest::prelude::*;

    use super::*;

    fn event(time: i64) -> TimedEvent {
        let (kind, message, fields) = ("said".to_owned(), String::new(), serde_json::Map::new());
        TimedEvent { time, event: Event { kind, level: Level::Info, step: 0, message, fields } }
    }

    proptest! {
        /// Whatever comes after a cursor was given, and with whatever time: what is told from it on has all of it.
        #[test]
        fn nothing_is_missed(
            before in prop::collection::vec(0..50i64, 0..20),
            later in prop::collection::vec(0..50i64, 0..20),
        ) {
            let sorted = |times: &[i64]| -> Vec<TimedEvent> {
                let mut times = times.to_vec();
                times.sort_unstable();
                times.into_iter().map(event).collect()
            };
            let cursor: Cursor = Cursor::after(&sorted(&before)).to_string().parse().unwrap();
            let now = sorted(&[&before[..], &later[..]].concat());
            let place = cursor.place(&now);
            let in_order = before.iter().max() <= later.iter().min() || later.is_empty();
            if in_order {
                prop_assert_eq!(place, before.len());
            }
            for time in later {
                let all = now.iter().filter(|event| event.time == time).count();
                let told = now[place..].iter().filter(|event| event.time == time).count();
                let known = before.iter().filter(|known| **known == time).count();
                prop_assert!(told >= all - known);
            }
        }
    }

    #[test]
    fn what_is_no_cursor() {
        for text in ["", "7", "-", "x-0", "1-", "1763800000000000000"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
