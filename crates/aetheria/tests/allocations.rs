//! A steady step allocates nothing, on any thread.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts")]

mod common;
#[path = "common/counting.rs"]
mod counting;

use aetheria::{
    data::Batch,
    graph::{Activation, Graph, Var},
    strategy::{Strategy, Update},
};
use common::{adam, batch, classification, cpu, pass};
use counting::allocations;

#[test]
fn a_steady_step_allocates_nothing() {
    let spec = classification(300, 10);
    let network = |g: &mut Graph, x: Var| {
        let x = g.linear("fc1", x, 300);
        let x = g.activate(Activation::Relu, x);
        let x = g.dropout(x, 0.1);
        let x = g.layer_norm("norm", x);
        let x = g.linear("fc2", x, 64);
        let x = g.activate(Activation::Gelu, x);
        g.linear("fc3", x, 10)
    };
    for threads in [1, 2] {
        let mut cpu = cpu(network, &spec, adam(), 100, threads);
        let samples = batch(&spec, 100, 1);
        let mut step = |number: u64, samples: &Batch| {
            cpu.accumulate(samples, pass(number, samples.size)).unwrap();
            cpu.gradient_norm().unwrap();
            cpu.update(Update { step: number, rate: 1e-3, scale: 1.0 }).unwrap().unwrap();
            cpu.evaluate(samples).unwrap();
        };
        for number in 1..4 {
            step(number, &samples);
        }
        let before = allocations();
        for number in 4..24 {
            step(number, &samples);
        }
        assert_eq!(allocations() - before, 0, "{threads} threads");
    }
}
