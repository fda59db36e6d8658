//! A warm prediction allocates nothing, whatever the size of the call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts")]

mod common;
#[path = "common/counting.rs"]
mod counting;
#[path = "common/predictor.rs"]
mod predictor;

use aetheria::data::Column;
use common::classification;
use counting::allocations;
use predictor::{open, save, trained};

#[test]
fn a_warm_call_allocates_nothing() {
    let spec = classification(20, 7);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot.safetensors");
    save(&trained(&spec), &spec, serde_json::json!({ "hidden_dim": 48, "hidden_layers": 2 }), &path);
    let predictor = open(&path).unwrap();
    let inputs = [1, 3, 64, 100, 341].map(|samples| Column::F32(vec![0.5; samples * 20]));
    let mut outputs = vec![0.0; 341 * 7];
    let mut predict_all = || {
        for inputs in &inputs {
            predictor.predict(inputs, &mut outputs[..inputs.len() / 20 * 7]).unwrap();
        }
    };
    predict_all();
    let before = allocations();
    for _ in 0..20 {
        predict_all();
    }
    assert_eq!(allocations() - before, 0);
}
