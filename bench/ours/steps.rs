//! The bare engine: forward, backward and optimizer step over eight batches, cycled.

use std::{error::Error, fs, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};

use aetheria::{
    cpu::Cpu,
    data::{Batch, Column, DType},
    model::Model,
    strategy::{Pass, Strategy, Update},
};
use safetensors::SafeTensors;
use serde_json::{Value, json};

use crate::{network::Work, rate};

const BATCHES: usize = 8;
const RATE: f64 = 1e-3;

pub(crate) fn measure(
    work: Work,
    from: &Path,
    threads: NonZeroUsize,
    span: Duration,
) -> Result<Value, Box<dyn Error>> {
    let bytes = fs::read(from)?;
    let file = SafeTensors::deserialize(&bytes)?;
    let batches = (0..BATCHES).map(|number| batch(work, &file, number)).collect::<Result<Vec<_>, _>>()?;
    let mut engine = Cpu::new(Arc::new(work), work.data(), work.optimizer(), 0, work.batch(), threads)?;
    let parameters = begin_from(&mut engine, &file)?;

    let mut losses = Vec::new();
    let mut failed = None;
    let per_second =
        rate(span, |number| match step(&mut engine, &batches[number as usize % BATCHES], number + 1) {
            Ok(loss) if losses.len() < BATCHES => losses.push(loss),
            Ok(_) => {}
            Err(error) => failed = Some(error),
        });
    match failed {
        Some(error) => Err(error),
        None => Ok(json!({"steps_per_s": per_second, "parameters": parameters, "losses": losses})),
    }
}

fn step(engine: &mut Cpu, batch: &Batch, step: u64) -> Result<f64, Box<dyn Error>> {
    let size = batch.size as f64;
    let loss = engine.accumulate(batch, Pass { step, micro: 0, weight: (1.0 / size) as f32 })?;
    engine
        .update(Update { step, rate: RATE, scale: 1.0 })?
        .map_err(|found| format!("not finite: {found:?}"))?;
    Ok(loss / size)
}

/// Gives the engine the file's weights, moments of zero, and counts the weights.
fn begin_from(engine: &mut Cpu, file: &SafeTensors<'_>) -> Result<usize, Box<dyn Error>> {
    let shapes: Vec<(String, Vec<usize>)> =
        engine.state(false).into_iter().map(|tensor| (tensor.name, tensor.shape)).collect();
    let weights: Vec<&String> =
        shapes.iter().map(|(name, _)| name).filter(|name| name.starts_with("model/")).collect();
    let find = |name: &str| {
        let (_, shape) = shapes.iter().find(|(known, _)| known == name)?;
        match weights.iter().position(|known| *known == name) {
            Some(number) => {
                let view = file.tensor(&format!("parameter.{number}")).ok()?;
                Some((view.shape().to_vec(), floats(view.data())))
            }
            None => Some((shape.clone(), vec![0.0; shape.iter().product()])),
        }
    };
    engine.restore(&find)?;
    let of_model = shapes.iter().filter(|(name, _)| name.starts_with("model/"));
    Ok(of_model.map(|(_, shape)| shape.iter().product::<usize>()).sum())
}

fn batch(work: Work, file: &SafeTensors<'_>, number: usize) -> Result<Batch, Box<dyn Error>> {
    let target = file.tensor(&format!("target.{number}"))?;
    Ok(Batch {
        size: work.batch(),
        input: Column::F32(floats(file.tensor(&format!("input.{number}"))?.data())),
        target: match work.data().target.dtype {
            DType::F32 => Column::F32(floats(target.data())),
            DType::U32 => Column::U32(
                target.data().as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect(),
            ),
        },
    })
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
