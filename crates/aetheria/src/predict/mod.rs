//! Prediction: a trained model as a function that any number of threads may call at once.
//!
//! A call takes a workspace nobody else is using, or makes one more if all are in use, so that callers never wait for
//! each other; once there are as many workspaces as callers, a call allocates nothing. A caller also takes the other
//! threads of the machine if no one else has them at that moment. Outputs do not depend on either. They may differ in
//! the last bits with the number of samples in a call, for one sample and many take different paths.

mod error;
mod workspace;

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
};

use aether_core::config::Node;

pub use error::PredictError;
use workspace::{Workspace, Workspaces};

use crate::{
    cpu::{Arena, CpuError, Inference, Pool},
    data::{Column, DataSpec, Encoder},
    model::{Model, Models},
    snapshot::Snapshot,
};

/// The batch sizes that have a program of their own, largest first. A call is split into these, so that it needs
/// neither padding nor a program for its own size.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// A trained model, ready to be called from any thread.
pub struct Predictor {
    data: DataSpec,
    encoder: Option<Encoder>,
    params: Arena,
    programs: Vec<Inference>,
    workspaces: Workspaces,
    /// The machine's other threads, for the one call that finds them idle.
    team: Option<Mutex<Pool>>,
}

impl Predictor {
    /// Opens the snapshot at `path` for `threads` threads; `models` must know its model.
    ///
    /// # Errors
    /// When the snapshot cannot be used, or its model is not known.
    pub fn open(path: &Path, models: &Models, threads: NonZeroUsize) -> Result<Self, PredictError> {
        let snapshot = Snapshot::open(path)?;
        let experiment = &snapshot.header().experiment;
        let name = experiment.get("model_name").and_then(|name| name.as_str()).unwrap_or_default();
        let node = match experiment.get("model") {
            Some(model) if !model.is_null() => Node::from_json(model)?,
            _ => Node::empty(),
        };
        let model = models.get(name)?(&node)?;
        Self::new(&model, &snapshot, threads)
    }

    /// Puts the weights of `snapshot` into `model`.
    ///
    /// # Errors
    /// When the snapshot is of another model, or the model's description is wrong.
    pub fn new(
        model: &Arc<dyn Model>,
        snapshot: &Snapshot,
        threads: NonZeroUsize,
    ) -> Result<Self, PredictError> {
        let record = &snapshot.header().data;
        let mut programs: Vec<Inference> = Vec::new();
        for size in SIZES {
            let program = Inference::new(&**model, &record.spec, size, threads)?;
            if programs.first().is_some_and(|first| first.parameters() != program.parameters()) {
                return Err(CpuError::Parameters { batch: size }.into());
            }
            programs.push(program);
        }
        let (parameters, layout) =
            programs.first().map(|first| (first.parameters(), first.layout().clone())).unwrap_or_default();
        let mut params = Arena::new(layout.len);
        for (param, &offset) in parameters.iter().zip(&layout.offsets) {
            let name = format!("model/{}", param.name);
            match snapshot.tensor(&name)? {
                Some((shape, values)) if shape == param.shape => {
                    params[offset..offset + values.len()].copy_from_slice(&values);
                }
                other => {
                    let found = other.map(|(shape, _)| shape);
                    return Err(PredictError::Parameter { name, wanted: param.shape.clone(), found });
                }
            }
        }
        let shared = threads > NonZeroUsize::MIN && programs.iter().any(Inference::worth_sharing);
        let team = if shared { Some(Mutex::new(Pool::new(threads).map_err(CpuError::from)?)) } else { None };
        let work = programs.iter().map(Inference::work).max().unwrap_or(0);
        Ok(Self {
            data: record.spec.clone(),
            encoder: record.encoder.clone(),
            params,
            programs,
            workspaces: Workspaces::new(work),
            team,
        })
    }

    /// What goes in and comes out.
    pub fn data(&self) -> &DataSpec {
        &self.data
    }

    /// How raw rows become inputs, if the training's data said.
    pub fn encoder(&self) -> Option<&Encoder> {
        self.encoder.as_ref()
    }

    /// Predicts for as many samples as `inputs` holds (`[n, input...]`, row-major) and puts `[n, outputs]` into
    /// `outputs`: logits for classes, values else.
    ///
    /// # Errors
    /// When the inputs are of another type than the model's or not a whole number of samples, when a number among
    /// them is out of range, or when `outputs` is not as long as it must be.
    pub fn predict(&self, inputs: &Column, outputs: &mut [f32]) -> Result<(), PredictError> {
        let (given, width) = (inputs.len(), self.data.input.len().max(1));
        let count = given / width;
        if inputs.dtype() != self.data.input.dtype {
            return Err(PredictError::Type { wanted: self.data.input.dtype, found: inputs.dtype() });
        }
        if given != count * width {
            return Err(PredictError::Inputs { given, width });
        }
        if outputs.len() != count * self.data.outputs() {
            return Err(PredictError::Outputs { given: outputs.len(), wanted: count * self.data.outputs() });
        }
        let mut workspace = self.workspaces.take()?;
        let result = self.predict_in(&mut workspace, inputs, count, outputs);
        self.workspaces.give_back(workspace);
        result
    }

    fn predict_in(
        &self,
        workspace: &mut Workspace,
        inputs: &Column,
        count: usize,
        outputs: &mut [f32],
    ) -> Result<(), PredictError> {
        let (width, wide) = (self.data.input.len(), self.data.outputs());
        let mut done = 0;
        for program in &self.programs {
            while count - done >= program.size() {
                let end = done + program.size();
                let given = done * width..end * width;
                let result = match self.idle_team(program) {
                    Some(mut pool) => {
                        program.predict(&mut pool, &self.params, &mut workspace.work, inputs, given)
                    }
                    None => {
                        let pool = &mut workspace.alone;
                        program.predict(pool, &self.params, &mut workspace.work, inputs, given)
                    }
                };
                outputs[done * wide..end * wide].copy_from_slice(result?);
                done = end;
            }
        }
        Ok(())
    }

    /// The team of threads, if it can help and no other caller has it.
    fn idle_team(&self, program: &Inference) -> Option<MutexGuard<'_, Pool>> {
        match self.team.as_ref().filter(|_| program.worth_sharing())?.try_lock() {
            Ok(pool) => Some(pool),
            Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl std::fmt::Debug for Predictor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Predictor").field("data", &self.data).finish_non_exhaustive()
    }
}
