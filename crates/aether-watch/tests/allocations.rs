//! A sample in the steady state allocates nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::{Duration, Instant},
};

use aether_watch::{Collectors, Sample, Sources};

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
