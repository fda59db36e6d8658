//! A small trained model as a snapshot, and the predictor that reads it.

use std::{collections::BTreeMap, num::NonZeroUsize, path::Path};

use aetheria::{
    cpu::Cpu,
    data::DataSpec,
    graph::{Activation, Graph, Var},
    model::Models,
    predict::{PredictError, Predictor},
    snapshot::{self, DataRecord, Header},
    strategy::{Strategy, Update},
    train::Progress,
};

use crate::common::{adam, batch, cpu, pass};

/// What `model: {hidden_dim: 48, hidden_layers: 2}` describes, trained a little.
pub(crate) fn trained(spec: &DataSpec) -> Cpu {
    let network = |g: &mut Graph, x: Var| {
        let x = g.linear("fc1", x, 48);
        let x = g.activate(Activation::Relu, x);
        let x = g.linear("fc2", x, 48);
        let x = g.activate(Activation::Relu, x);
        g.linear("fc3", x, 7)
    };
    let mut cpu = cpu(network, spec, adam(), 32, 1);
    for step in 1..5 {
        cpu.accumulate(&batch(spec, 32, step), pass(step, 32)).unwrap();
        cpu.gradient_norm().unwrap();
        cpu.update(Update { step, rate: 1e-2, scale: 1.0 }).unwrap().unwrap();
    }
    cpu
}

pub(crate) fn save(cpu: &Cpu, spec: &DataSpec, model: serde_json::Value, path: &Path) {
    let data = DataRecord {
        name: "noise".to_owned(),
        spec: spec.clone(),
        fingerprint: "0".repeat(16),
        encoder: None,
    };
    let header = Header {
        aether_version: "test".to_owned(),
        written: jiff::Timestamp::UNIX_EPOCH,
        experiment: serde_json::json!({ "model_name": "SimpleMLP", "model": model }),
        data,
        progress: Progress::default(),
        callbacks: BTreeMap::new(),
    };
    snapshot::write(path, &header, &cpu.state(false)).unwrap();
}

pub(crate) fn open(path: &Path) -> Result<Predictor, PredictError> {
    Predictor::open(path, &Models::built_in(), NonZeroUsize::new(2).unwrap())
}
