//! The bare engine at next to nothing: a linear regression over batches of eight samples, gathered in the order of a
//! training. What `aether train` takes longer for a step of the same (`bench/configs/tiny.yaml`) is what stands around
//! the engine.

use std::{error::Error, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use aether_core::config::Fraction;
use aetheria::{
    cpu::Cpu,
    data::{Batch, DataSource, Origin, Recipe, Sampler, Synthetic},
    model::LinearRegression,
    optimizer::{Moments, Optimizer},
    strategy::{Pass, Strategy, Update},
};
use serde_json::{Value, json};

use crate::rate;

const SAMPLES: u32 = 64_000;
const BATCH: usize = 8;

pub(crate) fn measure(threads: NonZeroUsize, span: Duration) -> Result<Value, Box<dyn Error>> {
    let validation = Some(Fraction::new(0.0)?);
    let source = Synthetic { recipe: Recipe::Noise, samples: SAMPLES, validation, ..Synthetic::default() };
    let data = source.load(&Origin { base: Path::new("."), seed: 0 })?;
    let sampler = Sampler::shuffled(0, data.train.len(), BATCH);
    let optimizer = Optimizer::Adam(Moments::default());
    let model = Arc::new(LinearRegression::default());
    let mut engine = Cpu::new(model, data.spec.clone(), optimizer, 0, BATCH, threads)?;
    let (mut batch, mut indices) = (Batch::new(&data.spec), Vec::new());
    let mut step = |number: u64| -> Result<(), Box<dyn Error>> {
        sampler.fill(number / sampler.batches(), number % sampler.batches(), &mut indices);
        data.train.gather(&indices, &mut batch);
        let step = number + 1;
        engine.accumulate(&batch, Pass { step, micro: 0, weight: 1.0 / BATCH as f32 })?;
        engine
            .update(Update { step, rate: 1e-3, scale: 1.0 })?
            .map_err(|found| format!("not finite: {found:?}").into())
    };
    let mut outcome = Ok(());
    let per_second = rate(span, |number| {
        if outcome.is_ok() {
            outcome = step(number);
        }
    });
    outcome?;
    Ok(json!({ "us_per_step": 1e6 / per_second }))
}
