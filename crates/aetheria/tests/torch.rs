//! Losses and gradients against PyTorch's, as `golden/gradients.py` wrote them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeMap, sync::Arc};

use aetheria::{
    data::{Batch, Column},
    graph::{
        Activation, Graph, Init, Var,
        op::{Binary, Fold, Unary},
    },
    strategy::Strategy,
};
use common::{adam, classification, cpu, pass, regression, restore, state};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    loss: f64,
    gradients: Vec<Vec<f64>>,
}

const BATCH: usize = 6;

fn wave(count: usize, number: usize) -> Vec<f32> {
    (0..count).map(|i| (0.7 * i as f64 + number as f64).sin() as f32).collect()
}

type Middle = Arc<dyn Fn(&mut Graph, Var) -> Var + Send + Sync>;

/// The part between two linear layers that a golden entry is called after.
fn middle(name: &str) -> Middle {
    let unary = |f: Unary| -> Middle { Arc::new(move |g: &mut Graph, x: Var| g.unary(f, x)) };
    let activation = |a: Activation| -> Middle { Arc::new(move |g: &mut Graph, x: Var| g.activate(a, x)) };
    let positive = |f: Unary| -> Middle {
        Arc::new(move |g: &mut Graph, x: Var| {
            let square = g.product(x, x);
            let moved = g.offset(square, 0.5);
            g.unary(f, moved)
        })
    };
    let binary = |f: Binary| -> Middle {
        Arc::new(move |g: &mut Graph, x: Var| {
            let row = g.param("row", &[4], Init::Constant(0.0));
            let moved = g.offset(row, 2.0);
            g.binary(f, x, moved)
        })
    };
    match name {
        "neg" => unary(Unary::Neg),
        "abs" => unary(Unary::Abs),
        "square" => unary(Unary::Square),
        "exp" => unary(Unary::Exp),
        "relu" => unary(Unary::Relu),
        "sigmoid" => unary(Unary::Sigmoid),
        "tanh" => unary(Unary::Tanh),
        "erf" => unary(Unary::Erf),
        "gelu" => activation(Activation::Gelu),
        "silu" => activation(Activation::Silu),
        "sqrt" => positive(Unary::Sqrt),
        "recip" => positive(Unary::Recip),
        "log" => positive(Unary::Log),
        "add" => binary(Binary::Add),
        "sub" => binary(Binary::Sub),
        "mul" => binary(Binary::Mul),
        "div" => binary(Binary::Div),
        "max" => binary(Binary::Max),
        "min" => binary(Binary::Min),
        "layer_norm" => Arc::new(|g, x| g.layer_norm("norm", x)),
        "sum" => Arc::new(|g, x| {
            let sum = g.fold(Fold::Sum, x, 0);
            let tanh = g.unary(Unary::Tanh, sum);
            g.sum_of(tanh, x)
        }),
        "fold_max" => Arc::new(|g, x| {
            let largest = g.fold(Fold::Max, x, 1);
            g.product(largest, x)
        }),
        "permute" => Arc::new(|g, x| {
            let turned = g.permute(x, &[1, 0]);
            let row = g.param("row", &[BATCH], Init::Constant(0.0));
            let product = g.product(turned, row);
            g.permute(product, &[1, 0])
        }),
        "attention" => Arc::new(|g, x| {
            let a = g.reshape(x, &[BATCH, 2, 2]);
            let scores = g.matmul(a, a, [false, true]);
            let weights = g.unary(Unary::Exp, scores);
            let total = g.fold(Fold::Sum, weights, 2);
            let shares = g.binary(Binary::Div, weights, total);
            let mixed = g.matmul(shares, a, [false, false]);
            g.reshape(mixed, &[BATCH, 4])
        }),
        other => panic!("golden/gradients.py has a network '{other}' that this test does not know"),
    }
}

#[test]
fn losses_and_gradients_are_pytorchs() {
    let golden: BTreeMap<String, Golden> =
        serde_json::from_str(include_str!("golden/gradients.json")).unwrap();
    assert!(golden.len() > 40);
    for (entry, golden) in golden {
        let (name, task) = entry.split_once(' ').unwrap();
        let middle = middle(name);
        let network = move |g: &mut Graph, x: Var| {
            let hidden = g.linear("in", x, 4);
            let hidden = middle(g, hidden);
            g.linear("out", hidden, 3)
        };
        let values = task == "values";
        let spec = if values { regression(5, 3) } else { classification(5, 3) };
        let mut cpu = cpu(network, &spec, adam(), BATCH, 2);
        let mut params = state(&cpu, false);
        params.iter_mut().filter(|(n, ..)| n.starts_with("model/")).enumerate().for_each(
            |(number, (_, _, values))| {
                *values = wave(values.len(), number);
            },
        );
        restore(&mut cpu, &params);
        let target = if values {
            Column::F32(wave(BATCH * 3, 60))
        } else {
            Column::U32((0..BATCH as u32).map(|i| i % 3).collect())
        };
        let batch = Batch { size: BATCH, input: Column::F32(wave(BATCH * 5, 50)), target };
        let loss = cpu.accumulate(&batch, pass(1, BATCH)).unwrap() / BATCH as f64;
        assert!(
            (loss - golden.loss).abs() < 2e-5 * (1.0 + golden.loss.abs()),
            "{entry}: {loss}, {}",
            golden.loss
        );
        let gradients = state(&cpu, true);
        let gradients = gradients.iter().filter(|(n, ..)| n.starts_with("gradient/"));
        for ((label, _, ours), theirs) in gradients.zip(&golden.gradients) {
            let scale = theirs.iter().fold(1e-3, |a: f64, b| a.max(b.abs()));
            for (at, (&ours, &theirs)) in ours.iter().zip(theirs).enumerate() {
                let off = (f64::from(ours) - theirs).abs();
                assert!(off < 5e-5 * scale, "{entry}: {label}[{at}] is {ours}, PyTorch has {theirs}");
            }
        }
    }
}
