//! Finding where a NaN or an infinity arises: the same pass once more, one operation a step, each result looked at.

#![allow(unsafe_code, reason = "runs kernels on the strategy's arenas")]

use super::{
    program,
    reduce::first_non_finite,
    strategy::{Cpu, unravel},
};
use crate::{
    batch::{Batch, Column},
    strategy::{NonFinite, Pass, StrategyError},
};

pub(super) fn locate(cpu: &mut Cpu, batch: &Batch, pass: Pass) -> Result<Option<NonFinite>, StrategyError> {
    for (side, column) in [("input", &batch.input), ("target", &batch.target)] {
        if let Column::F32(values) = column
            && let Some(at) = first_non_finite(cpu.isa, values)
        {
            let shape = [batch.size, values.len() / batch.size.max(1)];
            return Ok(Some(found(side, "data", at, &shape, values)));
        }
    }
    for (param, &offset) in cpu.names.iter().zip(&cpu.layout.offsets) {
        let values = &cpu.params[offset..offset + param.shape.iter().product::<usize>()];
        if let Some(at) = first_non_finite(cpu.isa, values) {
            return Ok(Some(found("parameter", &param.name, at, &param.shape, values)));
        }
    }
    let program = cpu.compile_training(batch.size, false)?;
    cpu.admit(&program)?;
    // The window's own gradients are void afterwards, so this pass may overwrite them.
    let kernel_pass = cpu.pass(&program, batch, pass)?;
    let kernel_pass = super::kernel::Pass { accumulate: false, ..kernel_pass };
    for (number, label) in program.labels().iter().enumerate() {
        // SAFETY: the strategy's own arenas, held exclusively; the batch was bound.
        cpu.team.run(false, |worker| unsafe { program.run_step(worker, &kernel_pass, number) });
        for (place, shape) in &label.results {
            let len = shape.iter().product();
            let values = program::slice(*place, len, &cpu.params, &cpu.gradients, &cpu.work);
            if let Some(at) = first_non_finite(cpu.isa, values) {
                return Ok(Some(found(&label.op, &label.layer, at, shape, values)));
            }
        }
    }
    Ok(None)
}

fn found(op: &str, layer: &str, at: usize, shape: &[usize], values: &[f32]) -> NonFinite {
    NonFinite { op: op.to_owned(), layer: layer.to_owned(), index: unravel(at, shape), value: values[at] }
}
