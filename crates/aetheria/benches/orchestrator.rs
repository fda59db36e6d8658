//! What the orchestrator adds to a step: `cargo bench -p aetheria --bench orchestrator`. A strategy that does nothing is
//! driven over batches of one sample, with a listener that only counts, so all that is measured is the machine itself,
//! the gathering of a sample, and the saying of three points with one reading of the clock. The contract is 3 us for
//! this, the ledger and the progress line together.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and may panic")]

#[path = "../tests/idle/mod.rs"]
mod idle;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use aether_core::{Bus, Listener, Signal, signal::Nanos};

/// Steps in a measurement.
const STEPS: u64 = 200_000;
const REPEATS: usize = 11;

#[derive(Default)]
struct Count(AtomicU64);

impl Listener for Count {
    fn on(&self, _: Nanos, _: &Signal) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let measure = |name: &str, accumulation: u32, bus: &Bus| {
        let mut times: Vec<f64> = (0..REPEATS)
            .map(|_| {
                let begin = Instant::now();
                idle::train(STEPS, accumulation, bus);
                begin.elapsed().as_nanos() as f64 / STEPS as f64
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name:<44} {:>6.0} ns a step (worst {:.0})", times[REPEATS / 2], times[REPEATS - 1]);
    };
    measure("nobody listens", 1, &Bus::new());
    let mut bus = Bus::new();
    bus.add(Arc::new(Count::default()));
    measure("one listener counts", 1, &bus);
    measure("one listener counts, windows of 4 batches", 4, &bus);
}
