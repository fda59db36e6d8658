//! The schedules against PyTorch's, recorded by `golden/schedules.py`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashMap;

use aetheria::schedule::{Schedule, Shape, Warmup};

#[test]
fn equal_to_pytorch() {
    let golden: HashMap<String, serde_json::Value> =
        serde_json::from_str(include_str!("golden/schedules.json")).unwrap();
    let warmup = Some(Warmup { steps: 10, start: 0.1 });
    let step = Shape::Step { every: 7, gamma: 0.5 };
    let cycle = |rise, div_factor, final_div_factor| Shape::OneCycle {
        steps: 61,
        rise,
        div_factor,
        final_div_factor,
    };
    for (name, warmup, shape) in [
        ("warmup", warmup, Shape::Constant),
        ("cosine", None, Shape::Cosine { steps: 60, min_ratio: 0.05 }),
        ("warmup_cosine", warmup, Shape::Cosine { steps: 50, min_ratio: 0.0 }),
        ("step", None, step),
        ("warmup_step", warmup, step),
        ("one_cycle", None, cycle(0.3, 25.0, 1e4)),
        ("one_cycle_odd", None, cycle(0.25, 10.0, 100.0)),
    ] {
        let expected: Vec<f64> = serde_json::from_value(golden[name].clone()).unwrap();
        assert_eq!(expected.len(), 60);
        for (step, expected) in (1..).zip(expected) {
            let got = Schedule { warmup, shape }.factor(step);
            assert!((got - expected).abs() <= 1e-12, "{name}, step {step}: {got}, PyTorch {expected}");
        }
    }
}
