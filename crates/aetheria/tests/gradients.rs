//! Gradients of every operation against finite differences.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use aetheria::{
    data::DataSpec,
    graph::{
        Activation, Graph, Init, Var,
        op::{Binary, Fold, Unary},
    },
    strategy::Strategy,
};
use common::{adam, batch, classification, cpu, pass, regression, restore, state};

/// Compares each gradient of the mean loss with its central difference.
fn check<F>(name: &str, spec: &DataSpec, size: usize, network: F)
where
    F: Fn(&mut Graph, Var) -> Var + Send + Sync + Clone + 'static,
{
    let mut cpu = cpu(network, spec, adam(), size, 2);
    let batch = batch(spec, size, 11);
    cpu.accumulate(&batch, pass(1, size)).unwrap();
    let full = state(&cpu, true);
    let gradients: Vec<_> = full.iter().filter(|(n, ..)| n.starts_with("gradient/")).collect();
    assert!(!gradients.is_empty());
    for (number, (label, _, gradient)) in gradients.iter().enumerate() {
        for (at, &given) in gradient.iter().enumerate() {
            let mut loss_at = |delta: f32| {
                let mut moved = full.clone();
                moved[number].2[at] += delta;
                restore(&mut cpu, &moved);
                cpu.accumulate(&batch, pass(1, size)).unwrap() / size as f64
            };
            let step = 4e-3;
            let slope = (loss_at(step) - loss_at(-step)) / f64::from(2.0 * step);
            let given = f64::from(given);
            assert!(
                (slope - given).abs() < 4e-3 + 2e-2 * slope.abs(),
                "{name}: {label}[{at}] is {given}, the difference quotient {slope}"
            );
        }
    }
}

/// A linear layer before and after what is tested, so that its gradient matters on both sides.
fn sandwich(name: &str, middle: impl Fn(&mut Graph, Var) -> Var + Send + Sync + Clone + 'static) {
    check(name, &regression(3, 2), 5, move |g, x| {
        let hidden = g.linear("in", x, 4);
        let hidden = middle(g, hidden);
        g.linear("out", hidden, 2)
    });
}

#[test]
fn unary() {
    for f in [Unary::Neg, Unary::Square, Unary::Exp, Unary::Sigmoid, Unary::Tanh, Unary::Erf] {
        sandwich(f.name(), move |g, x| g.unary(f, x));
    }
    // These have a domain or a kink: moved to where they are smooth.
    for f in [Unary::Abs, Unary::Sqrt, Unary::Recip, Unary::Log, Unary::Relu, Unary::Sign, Unary::Step] {
        sandwich(f.name(), move |g, x| {
            let square = g.unary(Unary::Square, x);
            let positive = g.offset(square, 1.5);
            g.unary(f, positive)
        });
    }
}

#[test]
fn relu_on_both_sides() {
    // Far from the kink the loss is piecewise quadratic and differences are exact.
    check("relu", &regression(2, 1), 3, |g, x| {
        let hidden = g.linear("in", x, 6);
        let far = g.unary(Unary::Sign, hidden);
        let moved = g.sum_of(hidden, far);
        let hidden = g.activate(Activation::Relu, moved);
        g.linear("out", hidden, 1)
    });
}

#[test]
fn binary() {
    for f in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min, Binary::Greater] {
        sandwich(f.name(), move |g, x| {
            let square = g.unary(Unary::Square, x);
            let other = g.offset(square, 2.0);
            g.binary(f, x, other)
        });
    }
}

#[test]
fn broadcasting_sums_back() {
    sandwich("row", |g, x| {
        let row = g.param("row", &[4], Init::Normal(1.0));
        g.product(x, row)
    });
    sandwich("column", |g, x| {
        let column = g.param("column", &[5, 1], Init::Normal(1.0));
        g.product(x, column)
    });
    sandwich("scalar", |g, x| {
        let scalar = g.param("scalar", &[1], Init::Constant(0.7));
        g.product(x, scalar)
    });
    sandwich("both ways", |g, x| {
        let row = g.param("row", &[4], Init::Normal(1.0));
        let column = g.param("column", &[5, 1], Init::Normal(1.0));
        let outer = g.product(row, column);
        g.product(x, outer)
    });
    sandwich("middle axis", |g, x| {
        let cube = g.reshape(x, &[5, 2, 2]);
        let param = g.param("middle", &[1, 2, 1], Init::Normal(1.0));
        let product = g.product(cube, param);
        g.reshape(product, &[5, 4])
    });
}

#[test]
fn folds() {
    for fold in [Fold::Sum, Fold::Max] {
        for axis in [0, 1] {
            sandwich("fold", move |g, x| {
                let folded = g.fold(fold, x, axis);
                let tanh = g.unary(Unary::Tanh, folded);
                g.sum_of(x, tanh)
            });
        }
    }
}

#[test]
fn layouts() {
    sandwich("permute", |g, x| {
        let cube = g.reshape(x, &[5, 2, 2]);
        let turned = g.permute(cube, &[1, 2, 0]);
        let squares = g.unary(Unary::Square, turned);
        let back = g.permute(squares, &[2, 1, 0]);
        g.reshape(back, &[5, 4])
    });
}

#[test]
fn products() {
    for transpose in [[false, false], [true, false], [false, true], [true, true]] {
        sandwich("matmul", move |g, x| {
            let weight = g.param("weight", &[4, 4], Init::Normal(0.5));
            let left = if transpose[0] { g.permute(x, &[1, 0]) } else { x };
            g.matmul(left, weight, transpose)
        });
    }
    sandwich("batched matmul", |g, x| {
        let a = g.reshape(x, &[5, 2, 2]);
        let scores = g.matmul(a, a, [false, true]);
        let mixed = g.matmul(scores, a, [false, false]);
        g.reshape(mixed, &[5, 4])
    });
}

#[test]
fn layers() {
    for activation in [Activation::Gelu, Activation::Silu, Activation::Tanh, Activation::Sigmoid] {
        sandwich("activation", move |g, x| g.activate(activation, x));
    }
    sandwich("layer_norm", |g, x| g.layer_norm("norm", x));
    sandwich("dropout", |g, x| g.dropout(x, 0.4));
    sandwich("a parameter used twice", |g, x| {
        let weight = g.param("shared", &[4, 4], Init::Normal(0.5));
        let once = g.matmul(x, weight, [false, false]);
        let once = g.unary(Unary::Tanh, once);
        g.matmul(once, weight, [false, false])
    });
}

#[test]
fn cross_entropy() {
    check("cross entropy", &classification(3, 4), 6, |g, x| {
        let hidden = g.linear("in", x, 5);
        let hidden = g.activate(Activation::Tanh, hidden);
        g.linear("out", hidden, 4)
    });
}

#[test]
fn embedding() {
    let mut spec = classification(3, 4);
    spec.input.dtype = aetheria::data::DType::U32;
    check("embedding", &spec, 6, |g, x| {
        let rows = g.embedding("table", x, 5, 2);
        let flat = g.flatten(rows);
        g.linear("out", flat, 4)
    });
}
