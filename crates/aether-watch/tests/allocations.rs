//! In the steady state neither a sample nor a detector allocates anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::{Duration, Instant},
};

use aether_core::Metric;
use aether_watch::{Collectors, Detectors, Limits, Observed, Sample, Sources};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_sample_allocates_nothing() {
    let sources =
        Sources { process: Some(std::process::id()), directory: Some("/".into()), ..Sources::default() };
    let mut collectors = Collectors::find(&sources);
    let (mut sample, began) = (Sample::default(), Instant::now());
    // Processes that begin meanwhile are looked at, which allocates; in some sample none does.
    let least = (0..50).map(|_| {
        std::thread::sleep(Duration::from_millis(2));
        let before = COUNT.get();
        collectors.sample(began.elapsed(), &mut sample);
        COUNT.get() - before
    });
    assert_eq!(least.min(), Some(0));
    assert!(sample.points.len() > 10);
}

#[test]
fn a_point_allocates_nothing() {
    let names = ["train/loss", "val/loss", "train/grad_norm", "step_time", "data_time", "rank/0/step_time"];
    let machine =
        ["system/process/rss", "system/disk_free", "system/memory_available", "system/gpu/0/throttled"];
    let metrics: Vec<Metric> = names.iter().chain(&machine).map(|name| Metric::named(name)).collect();
    let mut detectors = Detectors::new(&Limits { steps: Some(100_000), ..Limits::default() });
    let (mut found, mut before, mut said) = (Vec::new(), 0, 0);
    for step in 1..20_000u64 {
        // What there is to find here (the loss does not fall, data takes all the time, when it ends) is found by then.
        if step == 8000 {
            (before, said) = (COUNT.get(), found.len());
        }
        for &metric in &metrics {
            let value = 5e11 + ((step * 7919) % 101) as f64 * 1e7;
            detectors.observe(&Observed { time: step as i64 * 100_000_000, metric, step, value }, &mut found);
        }
        detectors.tick(step as i64 * 100_000_000, &mut found);
    }
    let late: Vec<&str> = found[said..].iter().map(|event| event.kind.as_str()).collect();
    assert!(late.is_empty(), "{late:?}");
    assert_eq!(COUNT.get() - before, 0);
}
