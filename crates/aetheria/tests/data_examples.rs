//! The experiments in `examples/`: they are valid, their data loads, and their models learn it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{num::NonZeroUsize, path::Path};

use aether_core::config::Node;
use aetheria::{
    cpu::Cpu,
    data::{Batch, Dataset, Origin, Sampler, Sources},
    experiment::Experiment,
    metrics::{Metrics, Scored},
    model::Models,
    optimizer::Optimizer,
    strategy::{Pass, Strategy, Update},
};

/// The metric on the validation split after all epochs, at a constant rate.
fn learn(example: &str, metric: &str) -> f64 {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
    let experiment = Experiment::read(&base.join("config.yaml"), &[]).unwrap();
    let source = Sources::built_in().get(&experiment.data.source).unwrap();
    let source = source(&experiment.data.options).unwrap();
    let data = source.load(&Origin { base: &base, seed: experiment.seed }).unwrap();
    let model = Models::built_in().get(&experiment.model_name).unwrap();
    let model = model(&experiment.model.clone().unwrap_or_else(Node::empty)).unwrap();

    let size = experiment.batch_size.get();
    data.check_batch_size(size).unwrap();
    let (optimizer, threads) = (Optimizer::Adam(Default::default()), NonZeroUsize::new(1).unwrap());
    let mut cpu = Cpu::new(model, data.spec.clone(), optimizer, experiment.seed, size, threads).unwrap();
    let sampler = Sampler::shuffled(experiment.seed, data.train.len(), size);
    let (mut indices, mut batch, mut step) = (Vec::new(), Batch::new(&data.spec), 0);
    for epoch in 0..experiment.epochs.unwrap().get() {
        for number in 0..sampler.batches() {
            step += 1;
            sampler.fill(epoch, number, &mut indices);
            data.train.gather(&indices, &mut batch);
            let weight = 1.0 / batch.size as f32;
            cpu.accumulate(&batch, Pass { step, micro: 0, weight }).unwrap();
            cpu.update(Update { step, rate: 0.002, scale: 1.0 }).unwrap().unwrap();
        }
    }
    measure(&mut cpu, &data, metric, size)
}

fn measure(cpu: &mut Cpu, data: &Dataset, metric: &str, size: usize) -> f64 {
    let validation = data.validation.as_ref().unwrap();
    let mut metrics = Metrics::new(&[metric], &data.spec).unwrap();
    let sampler = Sampler::sequential(validation.len(), size);
    let (mut indices, mut batch) = (Vec::new(), Batch::new(&data.spec));
    for number in 0..sampler.batches() {
        sampler.fill(0, number, &mut indices);
        validation.gather(&indices, &mut batch);
        let found = cpu.evaluate(&batch).unwrap();
        let (loss_sum, outputs) = (found.loss_sum, found.outputs);
        metrics.update(&Scored { size: batch.size, loss_sum, outputs, target: &batch.target });
    }
    metrics.values().next().unwrap().1
}

#[test]
fn digits() {
    let accuracy = learn("digits", "accuracy");
    assert!(accuracy >= 0.95, "{accuracy}");
}

#[test]
fn layers_declared_in_the_file() {
    let accuracy = learn("layers", "accuracy");
    assert!(accuracy >= 0.95, "{accuracy}");
}

#[test]
fn wine_from_a_csv_file() {
    let f1 = learn("wine", "f1");
    assert!(f1 >= 0.9, "{f1}");
}
