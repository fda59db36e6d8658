//! The same work on many things, by a few threads: file systems answer several questions at once.

use std::{
    panic,
    sync::{Mutex, PoisonError},
    thread,
};

/// So many things at least make a thread worth its start.
const WORTH: usize = 128;
/// So many are taken at a time.
const BATCH: usize = 32;

/// What `work` makes of each of `items`, in no order, by up to `most` threads.
pub(super) fn map<T: Send, R: Send>(items: Vec<T>, most: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let threads = most.min(items.len() / WORTH);
    if threads < 2 {
        return items.into_iter().map(work).collect();
    }
    let items = Mutex::new(items.into_iter());
    let labour = || {
        let mut done = Vec::new();
        loop {
            let batch: Vec<T> =
                items.lock().unwrap_or_else(PoisonError::into_inner).by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return done;
            }
            done.extend(batch.into_iter().map(&work));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(labour)).collect();
        let mut all = labour();
        for other in others {
            all.extend(other.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)));
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_worked_on_once() {
        for count in [0, 1, 3 * WORTH + 5] {
            let mut done = map((0..count).collect(), 4, |n| n * 2);
            done.sort_unstable();
            assert_eq!(done, (0..count).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
