//! A warm prediction allocates nothing, whatever the size of the call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "an allocator that counts")]

mod common;
#[path = "common/predictor.rs"]
mod predictor;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use aetheria::data::Column;
use common::classification;
use predictor::{open, save, trained};

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
    let before = CALLS.load(Ordering::Relaxed);
    for _ in 0..20 {
        predict_all();
    }
    assert_eq!(CALLS.load(Ordering::Relaxed) - before, 0);
}
