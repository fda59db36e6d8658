//! A steady step of the orchestrator allocates nothing: a long training allocates as often as a short one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;
mod idle;

use aether_core::Bus;
use counting::allocations;

#[test]
fn steps_are_free() {
    let count = |steps| {
        let before = allocations();
        idle::train(steps, 2, &Bus::new());
        allocations() - before
    };
    // The first one interns names.
    count(10);
    let (short, long) = (count(1_000), count(9_000));
    assert!(long <= short + 8, "8,000 steps more allocated {} times more", long - short);
}
