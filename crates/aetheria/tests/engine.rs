//! What the CPU strategy promises: bits that do not depend on threads, windows that equal the full batch, exact
//! restoring, refusals, and the place where a NaN arises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use aetheria::{
    data::{Batch, Column},
    graph::{Activation, Graph, Var},
    optimizer::{Moments, Optimizer},
    strategy::{Pass, Strategy, StrategyError, Update},
};
use common::{adam, batch, classification, cpu, pass, regression, restore, state};

fn mlp(g: &mut Graph, x: Var) -> Var {
    let x = g.linear("fc1", x, 96);
    let x = g.activate(Activation::Relu, x);
    let x = g.dropout(x, 0.2);
    let x = g.layer_norm("norm", x);
    let x = g.linear("fc2", x, 64);
    let x = g.activate(Activation::Gelu, x);
    g.linear("fc3", x, 10)
}

fn step(cpu: &mut impl Strategy, batch: &Batch, number: u64) -> f64 {
    step_with(cpu, batch, number, 1e-2)
}

fn step_with(cpu: &mut impl Strategy, batch: &Batch, number: u64, rate: f64) -> f64 {
    let loss = cpu.accumulate(batch, pass(number, batch.size)).unwrap();
    cpu.gradient_norm().unwrap();
    cpu.update(Update { step: number, rate, scale: 1.0 }).unwrap().unwrap();
    loss / batch.size as f64
}

fn optimizers() -> [Optimizer; 5] {
    let moments = Moments { weight_decay: 0.1, ..Moments::default() };
    [
        Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 },
        Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.01 },
        Optimizer::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 },
        Optimizer::Adam(moments),
        Optimizer::AdamW(moments),
    ]
}

#[test]
fn every_optimizer_learns() {
    let spec = classification(20, 10);
    let samples = batch(&spec, 64, 5);
    for optimizer in optimizers() {
        let mut cpu = cpu(mlp, &spec, optimizer, 64, 2);
        let rate = if matches!(optimizer, Optimizer::Sgd { momentum: 0.0, .. }) { 0.3 } else { 1e-2 };
        let first = step_with(&mut cpu, &samples, 1, rate);
        let last = (2..100).map(|n| step_with(&mut cpu, &samples, n, rate)).last().unwrap();
        assert!(last < 0.5 * first, "{optimizer:?}: {first} to {last}");
    }
}

#[test]
fn threads_change_no_bit() {
    // Wide enough that several threads do share the work.
    let spec = classification(300, 10);
    let wide = |g: &mut Graph, x: Var| {
        let x = g.linear("fc1", x, 333);
        let x = g.activate(Activation::Relu, x);
        let x = g.dropout(x, 0.1);
        let x = g.linear("fc2", x, 257);
        let x = g.activate(Activation::Tanh, x);
        g.linear("fc3", x, 10)
    };
    let results: Vec<_> = [1, 2, 3, 4]
        .map(|threads| {
            let mut cpu = cpu(wide, &spec, adam(), 100, threads);
            let losses: Vec<u64> =
                (1..8).map(|n| step(&mut cpu, &batch(&spec, 100, n), n).to_bits()).collect();
            let evaluated = cpu.evaluate(&batch(&spec, 37, 99)).unwrap().loss_sum.to_bits();
            let bits: Vec<u32> =
                state(&cpu, true).iter().flat_map(|(.., v)| v.iter().map(|x| x.to_bits())).collect();
            (losses, evaluated, bits)
        })
        .into();
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn a_window_equals_the_full_batch() {
    let spec = regression(7, 3);
    let network = |g: &mut Graph, x: Var| {
        let x = g.linear("fc1", x, 16);
        let x = g.activate(Activation::Relu, x);
        let x = g.layer_norm("norm", x);
        g.linear("fc2", x, 3)
    };
    let whole = batch(&spec, 22, 8);
    let mut at_once = cpu(network, &spec, adam(), 22, 1);
    at_once.accumulate(&whole, pass(1, 22)).unwrap();
    let mut in_parts = cpu(network, &spec, adam(), 8, 1);
    let (Column::F32(x), Column::F32(y)) = (&whole.input, &whole.target) else { unreachable!() };
    // 8, 8 and a short last one of 6.
    for (micro, start) in (0..22).step_by(8).enumerate() {
        let end = (start + 8).min(22);
        let part = Batch {
            size: end - start,
            input: Column::F32(x[start * 7..end * 7].to_vec()),
            target: Column::F32(y[start * 3..end * 3].to_vec()),
        };
        in_parts.accumulate(&part, Pass { step: 1, micro: micro as u32, weight: 1.0 / 22.0 }).unwrap();
    }
    for ((name, _, a), (_, _, b)) in state(&at_once, true).iter().zip(&state(&in_parts, true)) {
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-6 + 1e-5 * a.abs(), "{name}: {a} at once, {b} in parts");
        }
    }
}

#[test]
fn a_restored_state_goes_on_with_the_same_bits() {
    let spec = classification(20, 10);
    for optimizer in optimizers() {
        let mut through = cpu(mlp, &spec, optimizer, 32, 1);
        for n in 1..4 {
            step(&mut through, &batch(&spec, 32, n), n);
        }
        through.accumulate(&batch(&spec, 32, 77), Pass { step: 4, micro: 0, weight: 1.0 / 64.0 }).unwrap();
        let mut taken_up = cpu(mlp, &spec, optimizer, 32, 1);
        restore(&mut taken_up, &state(&through, true));
        for cpu in [&mut through, &mut taken_up] {
            cpu.accumulate(&batch(&spec, 32, 78), Pass { step: 4, micro: 1, weight: 1.0 / 64.0 }).unwrap();
            cpu.gradient_norm().unwrap();
            cpu.update(Update { step: 4, rate: 1e-2, scale: 0.5 }).unwrap().unwrap();
        }
        assert_eq!(state(&through, true), state(&taken_up, true));
    }
}

#[test]
fn a_state_of_another_model_is_refused_and_changes_nothing() {
    let spec = classification(20, 10);
    let mut cpu_ = cpu(mlp, &spec, adam(), 32, 1);
    let before = state(&cpu_, false);
    let mut other = before.clone();
    other[0].1 = vec![20, 95];
    let find = |name: &str| {
        other.iter().find(|(n, ..)| n == name).map(|(_, shape, values)| (shape.clone(), values.clone()))
    };
    let error = cpu_.restore(&find).unwrap_err().to_string();
    assert!(error.contains("fc1.weight") && error.contains("95"), "{error}");
    assert_eq!(state(&cpu_, false), before);
}

#[test]
fn a_class_the_model_does_not_know_is_refused() {
    let spec = classification(20, 10);
    let mut cpu = cpu(mlp, &spec, adam(), 4, 1);
    let mut samples = batch(&spec, 4, 1);
    samples.target = Column::U32(vec![0, 1, 10, 2]);
    match cpu.accumulate(&samples, pass(1, 4)) {
        Err(StrategyError::Data(message)) => {
            assert!(message.contains("sample 2") && message.contains("10"), "{message}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_nan_is_found_where_it_arises() {
    let spec = classification(20, 10);
    let mut cpu_ = cpu(mlp, &spec, adam(), 4, 1);
    let mut poisoned = batch(&spec, 4, 1);
    let Column::F32(values) = &mut poisoned.input else { unreachable!() };
    values[2 * 20 + 7] = f32::NAN;
    assert!(!cpu_.accumulate(&poisoned, pass(1, 4)).unwrap().is_finite());
    assert!(!cpu_.gradient_norm().unwrap().is_finite());
    let found = cpu_.locate(&poisoned, pass(1, 4)).unwrap().unwrap();
    assert_eq!((found.op.as_str(), &found.index[..]), ("input", &[2, 7][..]));

    let network = |g: &mut Graph, x: Var| {
        let x = g.linear("fc1", x, 8);
        let x = g.scope("boom", |g| {
            let huge = g.scale(x, 1e4);
            g.unary(aetheria::graph::op::Unary::Exp, huge)
        });
        g.linear("fc2", x, 10)
    };
    let mut cpu_ = cpu(network, &spec, adam(), 4, 1);
    let samples = batch(&spec, 4, 1);
    assert!(!cpu_.accumulate(&samples, pass(1, 4)).unwrap().is_finite());
    let found = cpu_.locate(&samples, pass(1, 4)).unwrap().unwrap();
    assert_eq!((found.op.as_str(), found.layer.as_str(), found.value), ("exp", "boom", f32::INFINITY));
    assert_eq!(found.index.len(), 2);
}

#[test]
fn an_update_that_would_overflow_changes_nothing() {
    let spec = regression(3, 2);
    let network = |g: &mut Graph, x: Var| g.linear("fc", x, 2);
    for optimizer in optimizers() {
        let mut cpu = cpu(network, &spec, optimizer, 4, 1);
        cpu.accumulate(&batch(&spec, 4, 1), pass(1, 4)).unwrap();
        cpu.gradient_norm().unwrap();
        let before = state(&cpu, true);
        let refused = cpu.update(Update { step: 1, rate: 3e38, scale: 1e6 }).unwrap().unwrap_err();
        assert_eq!(refused.op, "update");
        assert!(refused.layer.starts_with("fc.") && !refused.value.is_finite());
        assert_eq!(state(&cpu, true), before);
        cpu.update(Update { step: 1, rate: 1e-3, scale: 1.0 }).unwrap().unwrap();
    }
}
