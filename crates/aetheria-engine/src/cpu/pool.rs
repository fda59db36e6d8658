//! Threads that run one closure together: the caller and `threads - 1` others, who wait for the next one.
//!
//! A training step is tens of short phases. Handing each to a thread pool costs more than the phase. So the whole
//! step is one closure that every worker runs (single program, multiple data), and between two phases stands a
//! barrier that costs a fraction of a microsecond while every worker has a core.
//!
//! - **Every worker makes the same calls of [`Worker::barrier`] and [`Worker::for_each`], in the same order.** What
//!   it does between them may depend on its index. A worker that leaves one out hangs the others.
//! - What was written before a barrier is seen by everybody after it.
//! - Tasks are dealt out in equal runs of neighbours, the same at each call, so that a worker mostly finds in its
//!   cache what it wrote in the phase before; who is done first takes from the others. So *who* runs a task is not
//!   known, and no result may depend on it.
//! - A waiting worker spins for a moment, then yields its core (there may be fewer cores than workers), and between
//!   two runs it finally sleeps.
//! - A panic anywhere makes every worker leave at its next barrier, and comes out of [`Pool::run`].
//! - With one thread nothing is synchronised. No run allocates.

#![allow(unsafe_code, reason = "the workers borrow the caller's closure for as long as `run` lasts")]

use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Spins before a waiting worker starts to yield its core, where every worker can have one. A spin is a `pause`, 10
/// to 50 ns: this is a few times the longest imbalance between two phases of a small step.
const SPINS: u32 = 1 << 10;
/// Yields before a worker that waits for the next run goes to sleep: some 50 us after the last run.
const YIELDS: u32 = 64;

/// The threads could not be started.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot start worker thread {index} of {threads}: {source}; ask for fewer threads or raise the limit (ulimit -u)"
)]
pub struct PoolError {
    index: usize,
    threads: usize,
    source: std::io::Error,
}

/// A fixed set of workers. Dropping it ends and joins its threads.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// One of the workers inside [`Pool::run`].
pub struct Worker<'a> {
    shared: &'a Shared,
    index: usize,
}

/// A worker's own cache lines: two, for the processor fetches lines in pairs.
#[repr(align(128))]
#[derive(Default)]
struct Lane {
    /// How many of this worker's tasks were taken, in even and in odd phases. The owner clears the one while the
    /// other is in use, so no barrier is needed to clear it.
    taken: [AtomicUsize; 2],
    /// The phases that this worker has ended; only the owner reads or writes it.
    phase: AtomicUsize,
}

#[repr(align(128))]
#[derive(Default)]
struct Line<T>(T);

type Job = *const (dyn Fn(&Worker<'_>) + Sync);

struct Shared {
    lanes: Box<[Lane]>,
    spins: u32,
    /// Who has come to the present barrier.
    arrived: Line<AtomicUsize>,
    /// How many barriers were passed.
    generation: Line<AtomicUsize>,
    /// The number of the present run. A new value starts it.
    run: Line<AtomicU64>,
    /// Workers but the caller that have not ended the present run.
    running: Line<AtomicUsize>,
    /// The present run's closure: written by the caller before `run` changes, read by the workers after.
    job: UnsafeCell<Option<Job>>,
    asleep: Box<[AtomicBool]>,
    closing: AtomicBool,
    panicked: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is the only part that is not Sync by itself. It is written only by `Pool::run`, which holds the pool
// exclusively, while no worker runs; `run` (release, acquire) orders that before the workers' reads.
unsafe impl Sync for Shared {}
// SAFETY: as above; the closure behind the pointer is Sync.
unsafe impl Send for Shared {}

/// What a worker unwinds with when another one has panicked.
struct Abandoned;

impl Pool {
    /// Starts `threads - 1` threads: the caller of [`Pool::run`] is the first worker.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(threads: NonZeroUsize) -> Result<Self, PoolError> {
        let count = threads.get();
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let shared = Arc::new(Shared {
            lanes: (0..count).map(|_| Lane::default()).collect(),
            spins: if count <= cores { SPINS } else { 0 },
            arrived: Line::default(),
            generation: Line::default(),
            run: Line::default(),
            running: Line::default(),
            job: UnsafeCell::new(None),
            asleep: (0..count).map(|_| AtomicBool::new(false)).collect(),
            closing: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let mut pool = Pool { shared, threads: Vec::with_capacity(count - 1) };
        for index in 1..count {
            let shared = Arc::clone(&pool.shared);
            let thread = thread::Builder::new()
                .name(format!("aether-cpu-{index}"))
                .spawn(move || shared.serve(index))
                .map_err(|source| PoolError { index, threads: count, source })?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// How many workers there are, the caller included.
    pub fn threads(&self) -> usize {
        self.shared.lanes.len()
    }

    /// Runs `job` on every worker at once; returns when all have ended. The caller is worker 0.
    ///
    /// # Panics
    /// With the first panic of any worker, once all have left; the pool can be used again.
    pub fn run<F: Fn(&Worker<'_>) + Sync>(&mut self, job: F) {
        let shared = &*self.shared;
        let caller = Worker { shared, index: 0 };
        if self.threads.is_empty() {
            return job(&caller);
        }
        let job: &(dyn Fn(&Worker<'_>) + Sync) = &job;
        // SAFETY: only the lifetime is changed. The workers call it only in this run, and this function does not
        // return or unwind before `running` says that all of them have ended it.
        let erased: Job =
            unsafe { std::mem::transmute::<*const (dyn Fn(&Worker<'_>) + Sync + '_), Job>(job) };
        // SAFETY: nobody reads it before `start`: between two runs the workers wait for `run` to change.
        unsafe { *shared.job.get() = Some(erased) };
        shared.start(&self.threads);
        shared.guarded(|| job(&caller));
        shared.spin_until(|| shared.running.0.load(Ordering::Acquire) == 0);
        if shared.panicked.load(Ordering::Relaxed) {
            let panic = shared.recover();
            resume_unwind(panic);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        self.shared.start(&self.threads);
        for thread in self.threads.drain(..) {
            // A worker catches its panics, so that there is nothing to report here.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish_non_exhaustive()
    }
}

impl Worker<'_> {
    /// This worker's number, from 0 (the caller) on.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many workers there are.
    pub fn count(&self) -> usize {
        self.shared.lanes.len()
    }

    /// Waits until every worker is here.
    pub fn barrier(&self) {
        let shared = self.shared;
        if self.count() == 1 {
            return;
        }
        let generation = shared.generation.0.load(Ordering::Relaxed);
        if shared.arrived.0.fetch_add(1, Ordering::AcqRel) + 1 == self.count() {
            shared.arrived.0.store(0, Ordering::Relaxed);
            shared.generation.0.store(generation.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut abandoned = false;
        shared.spin_until(|| {
            abandoned = shared.panicked.load(Ordering::Relaxed);
            abandoned || shared.generation.0.load(Ordering::Acquire) != generation
        });
        if abandoned {
            resume_unwind(Box::new(Abandoned));
        }
    }

    /// Runs `task(0)` to `task(tasks - 1)`, each once on some worker, then waits until all are done.
    pub fn for_each(&self, tasks: usize, task: impl Fn(usize)) {
        let (lanes, count) = (&self.shared.lanes, self.count());
        if count == 1 {
            return (0..tasks).for_each(task);
        }
        let own = &lanes[self.index];
        let phase = own.phase.load(Ordering::Relaxed);
        own.phase.store(phase.wrapping_add(1), Ordering::Relaxed);
        // The other counter served the phase before, which everybody has left.
        own.taken[(phase + 1) % 2].store(0, Ordering::Relaxed);
        for lane in (self.index..count).chain(0..self.index) {
            let (first, end) = (tasks * lane / count, tasks * (lane + 1) / count);
            let taken = &lanes[lane].taken[phase % 2];
            while taken.load(Ordering::Relaxed) < end - first {
                let next = first + taken.fetch_add(1, Ordering::Relaxed);
                if next >= end {
                    break;
                }
                task(next);
            }
        }
        self.barrier();
    }
}

impl fmt::Debug for Worker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).field("count", &self.count()).finish()
    }
}

impl Shared {
    /// Lets the other workers take up the present job.
    fn start(&self, threads: &[JoinHandle<()>]) {
        self.running.0.store(threads.len(), Ordering::Relaxed);
        self.run.0.fetch_add(1, Ordering::Release);
        // Pairs with the fence in `wait_for_run`: either the worker sees the new number, or it is seen asleep here.
        fence(Ordering::SeqCst);
        for (thread, asleep) in threads.iter().map(JoinHandle::thread).zip(&self.asleep[1..]) {
            if asleep.load(Ordering::Relaxed) {
                Thread::unpark(thread);
            }
        }
    }

    /// The life of a worker other than the caller.
    fn serve(&self, index: usize) {
        let worker = Worker { shared: self, index };
        let mut done = 0;
        loop {
            done = self.wait_for_run(index, done);
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            // SAFETY: the number of the run has changed (acquired), so its job is written; it is valid until
            // `running` has come to 0, which needs this worker.
            if let Some(job) = unsafe { *self.job.get() } {
                // SAFETY: as above.
                self.guarded(|| unsafe { (*job)(&worker) });
            }
            self.running.0.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for a run other than `done`, and returns its number.
    fn wait_for_run(&self, index: usize, done: u64) -> u64 {
        let current = || self.run.0.load(Ordering::Acquire);
        for turn in 0..self.spins + YIELDS {
            if current() != done {
                return current();
            }
            if turn < self.spins { std::hint::spin_loop() } else { thread::yield_now() }
        }
        self.asleep[index].store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while current() == done {
            thread::park();
        }
        self.asleep[index].store(false, Ordering::Relaxed);
        current()
    }

    /// Spins, then yields, until `ready`.
    fn spin_until(&self, mut ready: impl FnMut() -> bool) {
        let mut spins = 0;
        while !ready() {
            if spins < self.spins {
                spins += 1;
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }

    /// Runs a worker's part; keeps the first panic for the caller and tells the others to leave.
    fn guarded(&self, part: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(part))
            && !panic.is::<Abandoned>()
        {
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
            self.panicked.store(true, Ordering::Release);
        }
    }

    /// Makes the pool usable after a panic that every worker has left, and returns the panic.
    fn recover(&self) -> Box<dyn Any + Send> {
        for lane in &self.lanes {
            lane.phase.store(0, Ordering::Relaxed);
            lane.taken.iter().for_each(|taken| taken.store(0, Ordering::Relaxed));
        }
        self.arrived.0.store(0, Ordering::Relaxed);
        self.panicked.store(false, Ordering::Relaxed);
        let panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        panic.unwrap_or_else(|| Box::new(Abandoned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    fn pool(threads: usize) -> Pool {
        Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap()
    }

    #[test]
    fn every_task_runs_once_and_phases_do_not_overlap() {
        for threads in 1..=4 {
            let mut pool = pool(threads);
            for tasks in [0, 1, 2, 3, 7, 64] {
                let counts: Vec<AtomicU32> = (0..tasks).map(|_| AtomicU32::new(0)).collect();
                pool.run(|worker| {
                    for phase in 0..50 {
                        worker.for_each(tasks, |task| {
                            assert_eq!(counts[task].fetch_add(1, Ordering::Relaxed), phase);
                        });
                        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) > phase));
                        worker.barrier();
                    }
                });
            }
        }
    }

    #[test]
    fn workers_have_distinct_indices_and_the_caller_is_the_first() {
        let mut pool = pool(3);
        let caller = thread::current().id();
        let seen = Mutex::new(Vec::new());
        pool.run(|worker| {
            assert_eq!(worker.count(), 3);
            assert_eq!(worker.index() == 0, thread::current().id() == caller);
            seen.lock().unwrap().push(worker.index());
        });
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn many_short_runs_and_sleeps_between_them() {
        let mut pool = pool(4);
        let sum = AtomicU32::new(0);
        for run in 0..300 {
            pool.run(|worker| worker.for_each(5, |task| _ = sum.fetch_add(task as u32, Ordering::Relaxed)));
            if run % 100 == 0 {
                thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        assert_eq!(sum.into_inner(), 300 * 10);
    }

    #[test]
    fn a_panic_comes_out_and_the_pool_lives_on() {
        for threads in 1..=3 {
            let mut pool = pool(threads);
            for unlucky in 0..6 {
                let panic = catch_unwind(AssertUnwindSafe(|| {
                    pool.run(|worker| {
                        worker.barrier();
                        worker.for_each(6, |task| assert!(task != unlucky, "task {task}"));
                        worker.barrier();
                    });
                }))
                .unwrap_err();
                assert_eq!(panic.downcast_ref::<String>(), Some(&format!("task {unlucky}")));
                let ran = AtomicU32::new(0);
                pool.run(|worker| worker.for_each(9, |_| _ = ran.fetch_add(1, Ordering::Relaxed)));
                assert_eq!(ran.into_inner(), 9);
            }
        }
    }
}
