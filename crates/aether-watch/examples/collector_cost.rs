//! What the collectors cost: processor time for a sample, and that as a share of one processor at one sample a second.
//!
//! usage: cargo run --release -p aether-watch --example collector_cost [PID]
#![allow(clippy::print_stdout, reason = "it prints its result")]

use std::time::{Duration, Instant};

use aether_watch::{Collectors, Sample, Sources};
use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn main() {
    const SAMPLES: u32 = 500;
    let process = std::env::args().nth(1).and_then(|pid| pid.parse().ok()).unwrap_or(std::process::id());
    let sources = Sources { process: Some(process), directory: Some(".".into()), ..Sources::default() };
    let mut collectors = Collectors::find(&sources);
    let (mut sample, began) = (Sample::default(), Instant::now());
    collectors.sample(began.elapsed(), &mut sample);
    let before = spent();
    for _ in 0..SAMPLES {
        // Files go cold a little, as they do between real samples.
        std::thread::sleep(Duration::from_millis(5));
        collectors.sample(began.elapsed(), &mut sample);
    }
    let each = (spent() - before) / SAMPLES;
    println!(
        "{} metrics, {:.0} us of processor time a sample: {:.3} % of one processor at 1 s, {:.2} % at 100 ms",
        sample.points.len(),
        each.as_secs_f64() * 1e6,
        each.as_secs_f64() * 100.0,
        each.as_secs_f64() * 1000.0,
    );
}
