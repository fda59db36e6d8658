//! A small laboratory: softmax regression by plain loops as a [`Strategy`], a data set in memory, and a listener that
//! keeps what a ledger would keep.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code, reason = "shared by several test crates")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use aether_core::{Bus, Event, Listener, Signal, signal::Nanos};
use aetheria::{
    data::{Batch, Column, DType, DataSpec, Dataset, Field, Split},
    metrics::Goal,
    random::{Draws, Purpose},
    schedule::{Schedule, Shape},
    snapshot::{Snapshot, SnapshotStore},
    strategy::{Evaluation, FindTensor, NonFinite, Pass, StateTensor, Strategy, StrategyError, Update},
    train::{
        Every, Monitor, NonFinitePolicy, OnFailure, Orchestrator, Parts, Report, Settings, SnapshotPlan,
        StopFlag, TrainError,
    },
};

pub(crate) const INPUTS: usize = 3;
pub(crate) const CLASSES: usize = 2;
const WEIGHTS: usize = INPUTS * CLASSES;

/// Softmax regression with SGD and momentum. Inputs are clamped to [-1, 1] on the way forward and not on the way back
/// (a straight-through estimator), so that an infinite input has a finite loss and an infinite gradient.
#[derive(Debug, Clone)]
pub(crate) struct Softmax {
    weights: Vec<f32>,
    velocity: Vec<f32>,
    gradient: Vec<f32>,
    outputs: Vec<f32>,
    /// Calls so far that pass a batch or make a step.
    pub(crate) calls: u64,
    /// Requests a stop within the call of this number.
    pub(crate) stop_at: Option<(u64, StopFlag)>,
    /// Dies in the call of this number.
    pub(crate) die_at: Option<u64>,
}

impl Softmax {
    pub(crate) fn new(seed: u64) -> Self {
        let draws = Draws::new(seed, Purpose::Init, 0);
        Self {
            weights: (0..WEIGHTS as u32).map(|i| 0.1 * draws.normal(i)).collect(),
            velocity: vec![0.0; WEIGHTS],
            gradient: vec![0.0; WEIGHTS],
            outputs: Vec::new(),
            calls: 0,
            stop_at: None,
            die_at: None,
        }
    }

    pub(crate) fn bits(&self) -> Vec<u32> {
        self.weights.iter().chain(&self.velocity).map(|x| x.to_bits()).collect()
    }

    pub(crate) fn gradient(&self) -> &[f32] {
        &self.gradient
    }

    fn call(&mut self) -> Result<(), StrategyError> {
        self.calls += 1;
        if let Some((at, stop)) = &self.stop_at
            && self.calls == *at
        {
            stop.request();
        }
        match self.die_at {
            Some(at) if self.calls == at => Err(StrategyError::Device("the power went off".to_owned())),
            _ => Ok(()),
        }
    }

    /// Class probabilities of one sample and its loss.
    fn forward(&self, input: &[f32], target: usize) -> ([f32; CLASSES], f64) {
        let mut logits = [0.0; CLASSES];
        for (class, logit) in logits.iter_mut().enumerate() {
            for (i, x) in input.iter().enumerate() {
                *logit += self.weights[class * INPUTS + i] * x.clamp(-1.0, 1.0);
            }
        }
        let max = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let sum: f32 = logits.iter().map(|l| (l - max).exp()).sum();
        let probabilities = logits.map(|l| (l - max).exp() / sum);
        (probabilities, f64::from(max + sum.ln() - logits[target]))
    }
}

fn sides(batch: &Batch) -> (&[f32], &[u32]) {
    match (&batch.input, &batch.target) {
        (Column::F32(input), Column::U32(target)) => (input, target),
        _ => panic!("the laboratory's data are f32 and classes"),
    }
}

impl Strategy for Softmax {
    fn describe(&self) -> String {
        "plain loops".to_owned()
    }

    fn accumulate(&mut self, batch: &Batch, pass: Pass) -> Result<f64, StrategyError> {
        self.call()?;
        if pass.micro == 0 {
            self.gradient.fill(0.0);
        }
        let (input, target) = sides(batch);
        let mut loss = 0.0;
        for (x, &y) in input.chunks_exact(INPUTS).zip(target) {
            let (probabilities, sample) = self.forward(x, y as usize);
            loss += sample;
            for (class, probability) in probabilities.iter().enumerate() {
                let error = probability - f32::from(u8::from(class == y as usize));
                for (i, x) in x.iter().enumerate() {
                    self.gradient[class * INPUTS + i] += pass.weight * error * x;
                }
            }
        }
        Ok(loss)
    }

    fn gradient_norm(&mut self) -> Result<f64, StrategyError> {
        Ok(self.gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt())
    }

    fn update(&mut self, update: Update) -> Result<Result<(), NonFinite>, StrategyError> {
        self.call()?;
        let velocity: Vec<f32> =
            self.velocity.iter().zip(&self.gradient).map(|(v, g)| 0.9 * v + update.scale * g).collect();
        let weights: Vec<f32> =
            self.weights.iter().zip(&velocity).map(|(w, v)| w - update.rate as f32 * v).collect();
        if let Some(index) = weights.iter().position(|w| !w.is_finite()) {
            let layer = "weights".to_owned();
            return Ok(Err(NonFinite {
                op: "update".to_owned(),
                layer,
                index: vec![index],
                value: weights[index],
            }));
        }
        (self.velocity, self.weights) = (velocity, weights);
        Ok(Ok(()))
    }

    fn evaluate(&mut self, batch: &Batch) -> Result<Evaluation<'_>, StrategyError> {
        self.call()?;
        let (input, target) = sides(batch);
        let mut outputs = Vec::new();
        let mut loss_sum = 0.0;
        for (x, &y) in input.chunks_exact(INPUTS).zip(target) {
            let (probabilities, loss) = self.forward(x, y as usize);
            outputs.extend(probabilities.map(f32::ln));
            loss_sum += loss;
        }
        self.outputs = outputs;
        Ok(Evaluation { loss_sum, outputs: &self.outputs })
    }

    fn locate(&mut self, batch: &Batch, _: Pass) -> Result<Option<NonFinite>, StrategyError> {
        let (input, _) = sides(batch);
        let place = input.iter().position(|x| !x.is_finite());
        Ok(place.map(|place| NonFinite {
            op: "input".to_owned(),
            layer: "input".to_owned(),
            index: vec![place / INPUTS, place % INPUTS],
            value: input[place],
        }))
    }

    fn state(&self, mid_window: bool) -> Vec<StateTensor<'_>> {
        let shape = vec![CLASSES, INPUTS];
        let named = |name: &str, data| StateTensor { name: name.to_owned(), shape: shape.clone(), data };
        let mut state =
            vec![named("model/weights", &self.weights[..]), named("optimizer/velocity", &self.velocity)];
        if mid_window {
            state.push(named("gradient/weights", &self.gradient));
        }
        state
    }

    fn restore(&mut self, find: &FindTensor<'_>) -> Result<(), StrategyError> {
        let get = |name: &str| match find(name) {
            Some((shape, data)) if shape == [CLASSES, INPUTS] => Ok(data),
            _ => Err(StrategyError::State(name.to_owned())),
        };
        (self.weights, self.velocity) = (get("model/weights")?, get("optimizer/velocity")?);
        self.gradient = get("gradient/weights").unwrap_or_else(|_| vec![f32::NAN; WEIGHTS]);
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) input: Vec<f32>,
    pub(crate) target: Vec<u32>,
}

impl Split for Memory {
    fn len(&self) -> usize {
        self.target.len()
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) {
        let (Column::F32(input), Column::U32(target)) = (&mut batch.input, &mut batch.target) else {
            panic!()
        };
        input.clear();
        target.clear();
        for &index in indices {
            let index = index as usize;
            input.extend_from_slice(&self.input[index * INPUTS..][..INPUTS]);
            target.push(self.target[index]);
        }
        batch.size = indices.len();
    }
}

/// Samples of two classes that overlap a little.
pub(crate) fn samples(count: usize, seed: u64) -> Memory {
    let draws = Draws::new(seed, Purpose::Synthetic, 0);
    let target: Vec<u32> = (0..count as u32).map(|i| i % 2).collect();
    let input = (0..count * INPUTS)
        .map(|i| {
            let side = if target[i / INPUTS] == 0 { -0.3 } else { 0.3 };
            side + 0.4 * draws.normal(i as u32)
        })
        .collect();
    Memory { input, target }
}

pub(crate) fn dataset(train: Memory, validation: Option<Memory>) -> Dataset {
    let fingerprint =
        train.input.iter().fold(7, |hash: u64, x| hash.wrapping_mul(31) + u64::from(x.to_bits()));
    Dataset {
        name: "two clouds".to_owned(),
        spec: DataSpec {
            input: Field { shape: vec![INPUTS], dtype: DType::F32 },
            target: Field { shape: vec![], dtype: DType::U32 },
            classes: Some(vec!["left".to_owned(), "right".to_owned()]),
        },
        train: Arc::new(train),
        validation: validation.map(|split| Arc::new(split) as Arc<dyn Split>),
        fingerprint,
        encoder: None,
    }
}

/// 23 samples in batches of 4 and windows of 4: an epoch is a full window, and one of 7 samples in 2 batches.
pub(crate) fn settings() -> Settings {
    Settings {
        experiment: serde_json::json!({ "model_name": "Softmax", "batch_size": 4, "seed": 5 }),
        epochs: Some(3),
        max_steps: None,
        batch_size: 4,
        drop_last: false,
        accumulation: 4,
        seed: 5,
        learning_rate: 0.5,
        schedule: Schedule { warmup: None, shape: Shape::Cosine { steps: 6, min_ratio: 0.1 } },
        max_grad_norm: Some(0.2),
        log_every_steps: 1,
        validate: Every::Epochs(1),
        metrics: vec!["accuracy".to_owned()],
        early_stopping: None,
        best: Monitor { metric: "val/loss".to_owned(), goal: Goal::Lower },
        non_finite: NonFinitePolicy::Halt,
        snapshot: SnapshotPlan::Every(Every::Epochs(1)),
        on_log_failure: OnFailure::Continue,
        on_snapshot_failure: OnFailure::Continue,
    }
}

pub(crate) fn clouds() -> Dataset {
    dataset(samples(23, 1), Some(samples(9, 2)))
}

/// Points by metric and step, as bits.
pub(crate) type Series = BTreeMap<(&'static str, u64), u64>;

/// Keeps what a ledger would: what a rewind takes back is gone.
#[derive(Debug, Default)]
pub(crate) struct Log {
    points: Mutex<Series>,
    events: Mutex<Vec<Event>>,
}

impl Listener for Log {
    fn on(&self, _: Nanos, signal: &Signal) {
        match signal {
            Signal::Point { metric, step, value } => {
                let before = self.points.lock().unwrap().insert((metric.name(), *step), value.to_bits());
                assert_eq!(before, None, "{} is said twice at step {step}", metric.name());
            }
            Signal::Event(event) => self.events.lock().unwrap().push(event.clone()),
            Signal::Rewind { step: last } => {
                self.points.lock().unwrap().retain(|&(_, step), _| step <= *last)
            }
            _ => {}
        }
    }
}

impl Log {
    pub(crate) fn series(&self) -> Series {
        self.points.lock().unwrap().clone()
    }

    pub(crate) fn value(&self, metric: &'static str, step: u64) -> f64 {
        f64::from_bits(self.points.lock().unwrap()[&(metric, step)])
    }

    pub(crate) fn events(&self, kind: &str) -> Vec<Event> {
        self.events.lock().unwrap().iter().filter(|event| event.kind == kind).cloned().collect()
    }
}

/// One process' worth of training.
pub(crate) struct Process<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) data: &'a Dataset,
    pub(crate) log: Arc<Log>,
    pub(crate) stop: StopFlag,
    pub(crate) strategy: Softmax,
}

impl<'a> Process<'a> {
    pub(crate) fn new(settings: &'a Settings, data: &'a Dataset, log: &Arc<Log>) -> Self {
        let (stop, strategy) = (StopFlag::default(), Softmax::new(settings.seed));
        Self { settings, data, log: Arc::clone(log), stop, strategy }
    }

    /// Requests a stop within the given call of the strategy.
    pub(crate) fn stop_at(mut self, call: u64) -> Self {
        self.strategy.stop_at = Some((call, self.stop.clone()));
        self
    }

    /// Dies within the given call of the strategy.
    pub(crate) fn die_at(mut self, call: u64) -> Self {
        self.strategy.die_at = Some(call);
        self
    }

    pub(crate) fn run(&mut self, directory: &Path, from: Option<&Path>) -> Result<Report, TrainError> {
        let mut bus = Bus::new();
        bus.add(self.log.clone());
        let mut orchestrator = Orchestrator::new(Parts {
            settings: self.settings,
            data: self.data,
            strategy: &mut self.strategy,
            bus: &bus,
            stop: &self.stop,
            store: SnapshotStore::open(directory, 3)?,
            callbacks: Vec::new(),
        })?;
        if let Some(path) = from {
            orchestrator.resume(&Snapshot::open(path)?)?;
        }
        orchestrator.run()
    }
}
