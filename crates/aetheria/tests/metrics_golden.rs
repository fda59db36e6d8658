//! Metrics against scikit-learn's. `golden/metrics.py` says how its numbers were made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use aetheria::data::{Column, DType, DataSpec, Field};
use aetheria::metrics::{MetricError, Metrics, Scored, defaults, measure};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    classes: Option<usize>,
    #[serde(default)]
    width: usize,
    outputs: Vec<f32>,
    target: Vec<f32>,
    values: std::collections::BTreeMap<String, f64>,
}

fn spec(classes: Option<usize>, width: usize) -> DataSpec {
    DataSpec {
        input: Field { shape: vec![1], dtype: DType::F32 },
        target: match classes {
            Some(_) => Field { shape: vec![], dtype: DType::U32 },
            None => Field { shape: vec![width], dtype: DType::F32 },
        },
        classes: classes.map(|n| (0..n).map(|class| class.to_string()).collect()),
    }
}

/// The metrics of outputs and targets that come in batches of `batch` samples.
fn values(metrics: &mut Metrics, spec: &DataSpec, outputs: &[f32], target: &[f32], batch: usize) -> Vec<f64> {
    metrics.reset();
    let (width, target_len) = (spec.outputs(), spec.target.len());
    for (outputs, target) in outputs.chunks(batch * width).zip(target.chunks(batch * target_len)) {
        let size = target.len() / target_len;
        let target = match spec.target.dtype {
            DType::U32 => Column::U32(target.iter().map(|&class| class as u32).collect()),
            DType::F32 => Column::F32(target.to_vec()),
        };
        metrics.update(&Scored { size, loss_sum: size as f64 * 0.25, outputs, target: &target });
    }
    metrics.values().map(|(_, value)| value).collect()
}

#[test]
fn as_scikit_learn_however_batched() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/metrics.json")).unwrap();
    assert_eq!(cases.len(), 7);
    for (number, case) in cases.iter().enumerate() {
        let spec = spec(case.classes, case.width);
        let names: Vec<&str> = case.values.keys().map(String::as_str).collect();
        let mut metrics = Metrics::new(&names, &spec).unwrap();
        let whole = values(&mut metrics, &spec, &case.outputs, &case.target, 1000);
        for ((name, expected), ours) in case.values.iter().zip(&whole) {
            assert!((ours - expected).abs() < 1e-12, "case {number}, {name}: {ours}, not {expected}");
        }
        for batch in [1, 7, 32] {
            let batched = values(&mut metrics, &spec, &case.outputs, &case.target, batch);
            assert_eq!(batched, whole, "case {number}, batches of {batch}");
        }
    }
}

#[test]
fn the_mean_loss() {
    let spec = spec(Some(2), 1);
    let mut metrics = Metrics::new(&["loss"], &spec).unwrap();
    assert_eq!(values(&mut metrics, &spec, &[0.0; 10], &[0.0, 1.0, 1.0, 0.0, 1.0], 2), [0.25]);
}

#[test]
fn a_nan_among_the_outputs_is_a_nan() {
    for classes in [Some(2), Some(4), None] {
        let spec = spec(classes, 1);
        let names: Vec<&str> = match classes {
            Some(4) => vec!["accuracy", "top_2", "auroc", "precision", "recall", "f1"],
            Some(_) => vec!["accuracy", "auroc", "precision", "recall", "f1"],
            None => vec!["mae", "rmse", "r2"],
        };
        let mut metrics = Metrics::new(&names, &spec).unwrap();
        let mut outputs: Vec<f32> = (0..6 * spec.outputs()).map(|i| (i % 5) as f32).collect();
        outputs[3] = f32::NAN;
        let target = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        for (name, value) in names.iter().zip(values(&mut metrics, &spec, &outputs, &target, 4)) {
            assert!(value.is_nan(), "{name}: {value}");
        }
        outputs[3] = 1.0;
        for (name, value) in names.iter().zip(values(&mut metrics, &spec, &outputs, &target, 4)) {
            assert!(value.is_finite(), "{name}: {value}");
        }
    }
}

#[test]
fn what_is_not_defined_is_a_nan() {
    let spec2 = spec(Some(2), 1);
    let mut metrics = Metrics::new(&["accuracy", "auroc", "f1"], &spec2).unwrap();
    assert!(metrics.values().all(|(_, value)| value.is_nan()));
    // One class only: no pair to rank.
    let one = values(&mut metrics, &spec2, &[0.0, 1.0, 1.0, 0.0], &[1.0, 1.0], 2);
    assert_eq!(one[0], 0.5);
    assert!(one[1].is_nan());
}

#[test]
fn names_are_checked() {
    let (classes, numbers) = (spec(Some(3), 1), spec(None, 1));
    let error = |name: &str, spec: &DataSpec| measure(name, spec).err().unwrap();
    assert!(matches!(error("acuracy", &classes), MetricError::Unknown { .. }));
    assert!(matches!(error("top_K", &classes), MetricError::Unknown { .. }));
    assert!(matches!(error("top_3", &classes), MetricError::Trivial { .. }));
    assert_eq!(
        error("accuracy", &numbers).to_string(),
        "metric `accuracy` does not apply to regression: choose among loss, mae, rmse, r2"
    );
    for spec in [&classes, &numbers] {
        assert!(Metrics::new(defaults(spec), spec).is_ok());
    }
}

mod naive {
    use proptest::prelude::*;

    use super::*;

    fn metric(name: &str, classes: usize, outputs: &[f32], target: &[f32]) -> f64 {
        let spec = spec(Some(classes), 1);
        values(&mut Metrics::new(&[name], &spec).unwrap(), &spec, outputs, target, 5)[0]
    }

    proptest! {
        /// Against counting all pairs, with many ties.
        #[test]
        fn auroc(samples in proptest::collection::vec((-3i8..3, 0u8..2), 2..40)) {
            let outputs: Vec<f32> = samples.iter().flat_map(|(score, _)| [0.0, f32::from(*score)]).collect();
            let target: Vec<f32> = samples.iter().map(|(_, class)| f32::from(*class)).collect();
            let (mut right, mut pairs) = (0.0, 0.0);
            for (high, _) in samples.iter().filter(|(_, class)| *class == 1) {
                for (low, _) in samples.iter().filter(|(_, class)| *class == 0) {
                    pairs += 1.0;
                    right += if high > low { 1.0 } else if high == low { 0.5 } else { 0.0 };
                }
            }
            let ours = metric("auroc", 2, &outputs, &target);
            prop_assert!((ours.is_nan() && pairs == 0.0) || (ours - right / pairs).abs() < 1e-12);
        }

        /// Against sorting the classes of each sample.
        #[test]
        fn top_k(samples in proptest::collection::vec((proptest::array::uniform4(-2i8..2), 0usize..4), 1..30)) {
            let outputs: Vec<f32> = samples.iter().flat_map(|(logits, _)| logits.map(f32::from)).collect();
            let target: Vec<f32> = samples.iter().map(|(_, class)| *class as f32).collect();
            for (k, name) in [(1, "accuracy"), (2, "top_2"), (3, "top_3")] {
                let hits = samples.iter().filter(|(logits, class)| {
                    let mut order = [0, 1, 2, 3];
                    order.sort_by_key(|&class: &usize| std::cmp::Reverse(logits[class]));
                    order[..k].contains(class)
                });
                let expected = hits.count() as f64 / samples.len() as f64;
                prop_assert_eq!(metric(name, 4, &outputs, &target), expected);
            }
        }
    }
}
