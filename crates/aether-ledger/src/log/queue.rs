//! Carries what is said from the threads that work to the one that writes. Saying never waits for I/O: it puts a few
//! words into a ring of fixed slots. When the ring is full, because the disk stalls, what is said spills into memory
//! that grows, up to [`SPILL`] items; beyond that it is lost and counted. What one thread says stays in its order.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use aether_core::{Metric, signal::Nanos};
use crossbeam_queue::ArrayQueue;

use crate::TimedEvent;

/// Slots in the ring: 640 KiB, and 1.6 million points a second at one draining in 10 ms.
const RING: usize = 1 << 14;

/// The most items that wait beside the ring: 32 MiB.
pub(super) const SPILL: usize = 1 << 20;

/// One thing said.
#[derive(Debug, PartialEq)]
pub(super) enum Item {
    Point {
        metric: Metric,
        step: u64,
        time: Nanos,
        value: f64,
    },
    Rewind {
        time: Nanos,
        step: u64,
    },
    /// Boxed, to keep the slots small; events are rare.
    Event(Box<TimedEvent>),
}

#[derive(Debug)]
pub(super) struct Queue {
    ring: ArrayQueue<Item>,
    /// Whether the spill holds anything: then whatever is said must go behind it. Changed under the spill's lock only.
    spilling: AtomicBool,
    /// Locked for the length of a push or a swap, never during I/O.
    spill: Mutex<Vec<Item>>,
    most_spilled: usize,
    lost: AtomicU64,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self::with_room(RING, SPILL)
    }

    fn with_room(ring: usize, most_spilled: usize) -> Self {
        Self {
            ring: ArrayQueue::new(ring),
            spilling: AtomicBool::new(false),
            spill: Mutex::default(),
            most_spilled,
            lost: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn push(&self, item: Item) {
        if self.spilling.load(Ordering::Acquire) {
            self.spill(item);
        } else if let Err(item) = self.ring.push(item) {
            self.spill(item);
        }
    }

    #[cold]
    fn spill(&self, item: Item) {
        let mut spill = self.spilled();
        // A rewind is never lost: without it a step would appear twice.
        if spill.len() < self.most_spilled || matches!(item, Item::Rewind { .. }) {
            spill.push(item);
            self.spilling.store(true, Ordering::Release);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes out what was said before the call, and perhaps some of what is said meanwhile. For one thread only.
    pub(super) fn drain(&self, mut take: impl FnMut(Item)) {
        if !self.spilling.load(Ordering::Acquire) {
            for item in std::iter::from_fn(|| self.ring.pop()).take(self.ring.capacity()) {
                take(item);
            }
            return;
        }
        // What a thread put into the ring it said before what it spilled: so the ring as it is now goes first, then
        // the spill, and what enters the ring from now on waits.
        let (in_ring, spilled) = {
            let mut spill = self.spilled();
            // Counted before the way to the ring is open again, or what follows the spill could be counted too.
            let in_ring = self.ring.len();
            self.spilling.store(false, Ordering::Release);
            (in_ring, std::mem::take(&mut *spill))
        };
        for item in std::iter::from_fn(|| self.ring.pop()).take(in_ring) {
            take(item);
        }
        spilled.into_iter().for_each(take);
    }

    /// Whether there is nothing to take out.
    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty() && !self.spilling.load(Ordering::Acquire)
    }

    /// How many items were lost since the last call.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    fn spilled(&self) -> MutexGuard<'_, Vec<Item>> {
        self.spill.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn step(step: u64) -> Item {
        Item::Rewind { time: 0, step }
    }

    fn point(step: u64) -> Item {
        Item::Point { metric: Metric::named("queue"), step, time: 0, value: 0.0 }
    }

    fn drained(queue: &Queue) -> Vec<Item> {
        let mut items = Vec::new();
        queue.drain(|item| items.push(item));
        items
    }

    #[test]
    fn a_full_ring_spills_in_order_and_a_full_spill_counts() {
        let queue = Queue::with_room(4, 3);
        (0..9).for_each(|i| queue.push(point(i)));
        queue.push(step(9));
        assert_eq!(drained(&queue), (0..7).map(point).chain([step(9)]).collect::<Vec<_>>());
        assert_eq!((queue.take_lost(), queue.take_lost()), (2, 0));
        queue.push(point(10));
        assert_eq!(drained(&queue), [point(10)], "the ring is used again");
    }

    #[test]
    fn each_threads_order_survives_a_small_ring() {
        const EACH: u64 = 20_000;
        let queue = Queue::with_room(8, usize::MAX);
        let finished = AtomicUsize::new(0);
        let mut next = [0; 3];
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let (queue, finished) = (&queue, &finished);
                scope.spawn(move || {
                    for i in 0..EACH {
                        queue.push(Item::Rewind { time: thread, step: i });
                    }
                    finished.fetch_add(1, Ordering::Release);
                });
            }
            loop {
                let last = finished.load(Ordering::Acquire) == 3;
                let before: u64 = next.iter().sum();
                queue.drain(|item| {
                    let Item::Rewind { time: thread, step } = item else { panic!("{item:?}") };
                    assert_eq!(step, next[thread as usize]);
                    next[thread as usize] += 1;
                });
                if last && next.iter().sum::<u64>() == before {
                    break;
                }
            }
        });
        assert_eq!(next, [EACH; 3]);
    }
}
