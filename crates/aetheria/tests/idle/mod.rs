//! A training in which only the orchestrator works: its strategy does nothing.

use std::sync::Arc;

use aether_core::Bus;
use aetheria::{
    data::{Batch, Column, DType, DataSpec, Dataset, Field, Split},
    metrics::Goal,
    schedule::{Schedule, Shape},
    snapshot::SnapshotStore,
    strategy::{Evaluation, FindTensor, NonFinite, Pass, StateTensor, Strategy, StrategyError, Update},
    train::{
        Every, Monitor, NonFinitePolicy, OnFailure, Orchestrator, Outcome, Parts, Settings, SnapshotPlan,
        StopFlag,
    },
};

struct Idle;

impl Strategy for Idle {
    fn describe(&self) -> String {
        "idle".to_owned()
    }

    fn accumulate(&mut self, _: &Batch, pass: Pass) -> Result<f64, StrategyError> {
        Ok(f64::from(pass.weight))
    }

    fn gradient_norm(&mut self) -> Result<f64, StrategyError> {
        Ok(1.0)
    }

    fn update(&mut self, _: Update) -> Result<Result<(), NonFinite>, StrategyError> {
        Ok(Ok(()))
    }

    fn evaluate(&mut self, _: &Batch) -> Result<Evaluation<'_>, StrategyError> {
        Ok(Evaluation { loss_sum: 0.0, outputs: &[] })
    }

    fn locate(&mut self, _: &Batch, _: Pass) -> Result<Option<NonFinite>, StrategyError> {
        Ok(None)
    }

    fn state(&self, _: bool) -> Vec<StateTensor<'_>> {
        Vec::new()
    }

    fn restore(&mut self, _: &FindTensor<'_>) -> Result<(), StrategyError> {
        Ok(())
    }
}

/// Samples of one number: their own.
struct Numbers(usize);

impl Split for Numbers {
    fn len(&self) -> usize {
        self.0
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) {
        if let (Column::F32(input), Column::F32(target)) = (&mut batch.input, &mut batch.target) {
            input.clear();
            input.extend(indices.iter().map(|&index| index as f32));
            target.clear();
            target.extend_from_slice(input);
        }
        batch.size = indices.len();
    }
}

/// Trains for `steps` steps within one epoch.
pub(crate) fn train(steps: u64, accumulation: u32, bus: &Bus) {
    let scalar = Field { shape: vec![], dtype: DType::F32 };
    let data = Dataset {
        name: "numbers".to_owned(),
        spec: DataSpec { input: scalar.clone(), target: scalar, classes: None },
        train: Arc::new(Numbers(10_000_000)),
        validation: None,
        fingerprint: 0,
        encoder: None,
    };
    let settings = Settings {
        experiment: serde_json::Value::Null,
        epochs: None,
        max_steps: Some(steps),
        batch_size: 1,
        drop_last: false,
        accumulation,
        seed: 1,
        learning_rate: 0.1,
        schedule: Schedule { warmup: None, shape: Shape::Cosine { steps, min_ratio: 0.0 } },
        max_grad_norm: Some(1.0),
        log_every_steps: 1,
        validate: Every::Epochs(1),
        metrics: Vec::new(),
        early_stopping: None,
        best: Monitor { metric: "val/loss".to_owned(), goal: Goal::Lower },
        non_finite: NonFinitePolicy::Halt,
        snapshot: SnapshotPlan::Every(Every::Epochs(1)),
        on_log_failure: OnFailure::Continue,
        on_snapshot_failure: OnFailure::Continue,
    };
    let directory = tempfile::tempdir().unwrap();
    let (mut strategy, stop) = (Idle, StopFlag::default());
    let report = Orchestrator::new(Parts {
        settings: &settings,
        data: &data,
        strategy: &mut strategy,
        bus,
        stop: &stop,
        store: SnapshotStore::open(directory.path(), 1).unwrap(),
        callbacks: Vec::new(),
    })
    .unwrap()
    .run()
    .unwrap();
    assert!(matches!(report.outcome, Outcome::Finished { .. }));
    assert_eq!(report.progress.step, steps);
}
