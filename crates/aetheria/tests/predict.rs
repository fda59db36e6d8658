//! The predictor: what training's own evaluation says, from any number of threads, in calls of any size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;
#[path = "common/predictor.rs"]
mod predictor;

use aetheria::{data::Column, predict::PredictError, strategy::Strategy};
use common::{batch, classification};
use predictor::{open, save, trained};

const SAMPLES: usize = 341;

#[test]
fn it_says_what_the_evaluation_says_to_every_caller() {
    let spec = classification(20, 7);
    let mut cpu = trained(&spec);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.safetensors");
    save(&cpu, &spec, serde_json::json!({ "hidden_dim": 48, "hidden_layers": 2 }), &path);
    let samples = batch(&spec, SAMPLES, 9);
    let expected = cpu.evaluate(&samples).unwrap().outputs.to_vec();
    let predictor = open(&path).unwrap();
    let predict = |inputs: &Column| {
        let mut outputs = vec![0.0; inputs.len() / 20 * 7];
        predictor.predict(inputs, &mut outputs).unwrap();
        outputs
    };
    let whole = predict(&samples.input);
    for (ours, theirs) in whole.iter().zip(&expected) {
        assert!((ours - theirs).abs() <= 1e-5 * (1.0 + theirs.abs()), "{ours}, evaluation {theirs}");
    }
    // Many callers at once, each with its own part: the bits are those of a call alone.
    let Column::F32(values) = &samples.input else { unreachable!() };
    let parts: Vec<Column> =
        [1, 2, 5, 16, 63, 64, 100].map(|n| Column::F32(values[..n * 20].to_vec())).into();
    let alone: Vec<Vec<f32>> = parts.iter().map(&predict).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    for (part, alone) in parts.iter().zip(&alone) {
                        assert_eq!(&predict(part), alone);
                    }
                }
            });
        }
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let spec = classification(20, 7);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.safetensors");
    let cpu = trained(&spec);
    save(&cpu, &spec, serde_json::json!({ "hidden_dim": 48, "hidden_layers": 2 }), &path);
    let predictor = open(&path).unwrap();
    let mut outputs = vec![0.0; 7];
    let short = predictor.predict(&Column::F32(vec![0.0; 19]), &mut outputs);
    assert!(matches!(short, Err(PredictError::Inputs { given: 19, width: 20 })), "{short:?}");
    let numbers = predictor.predict(&Column::U32(vec![0; 20]), &mut outputs);
    assert!(matches!(numbers, Err(PredictError::Type { .. })), "{numbers:?}");
    let room = predictor.predict(&Column::F32(vec![0.0; 40]), &mut outputs);
    assert!(matches!(room, Err(PredictError::Outputs { given: 7, wanted: 14 })), "{room:?}");
    save(&cpu, &spec, serde_json::json!({ "hidden_dim": 49, "hidden_layers": 2 }), &path);
    let other = open(&path).unwrap_err().to_string();
    assert!(other.contains("fc1.weight") && other.contains("49"), "{other}");
}
