//! Training on the CPU.

#![allow(unsafe_code, reason = "runs kernels on the arenas it owns")]

use std::{num::NonZeroUsize, sync::Arc};

use super::{
    Arena,
    isa::Isa,
    kernel::{KernelError, Pass as KernelPass},
    optimize::{self, Rule},
    pool::{Pool, PoolError, Worker},
    program::Program,
    update::{self, Calm, Partials},
};
use crate::{
    batch::{Batch, DataSpec},
    graph::{GraphError, Init, Param},
    model::{Model, describe},
    optimizer::Optimizer,
    plan::Layout,
    random::{Draws, Purpose, unit},
    strategy::{Evaluation, FindTensor, NonFinite, Pass, StateTensor, Strategy, StrategyError, Update},
};

/// The CPU cannot train this.
#[derive(Debug, thiserror::Error)]
pub enum CpuError {
    /// The model's description is wrong.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// There is no kernel for it.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// Its threads could not be started.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// A model that asks for other parameters the second time.
    #[error(
        "the model asks for other parameters for batches of {batch}: it must ask for the same ones every time"
    )]
    Parameters {
        /// The batch size.
        batch: usize,
    },
}

impl From<CpuError> for StrategyError {
    fn from(error: CpuError) -> Self {
        Self::Device(error.to_string())
    }
}

/// The whole training state in flat arenas, and the programs that work on it: one for each batch size that occurs.
pub struct Cpu {
    model: Arc<dyn Model>,
    data: DataSpec,
    optimizer: Optimizer,
    seed: u64,
    pub(super) isa: Isa,
    pub(super) layout: Layout,
    pub(super) names: Vec<Param>,
    pub(super) params: Arena,
    pub(super) gradients: Arena,
    slots: Vec<Arena>,
    pub(super) work: Arena,
    training: Vec<(usize, Program)>,
    evaluation: Vec<(usize, Program)>,
    pub(super) team: Team,
    partials: Partials,
    calm: Calm,
}

/// The threads: all of them for work that is worth it, the caller alone for the rest.
#[derive(Debug)]
pub(super) struct Team {
    alone: Pool,
    all: Option<Pool>,
    threads: NonZeroUsize,
}

impl Team {
    pub(super) fn new(threads: NonZeroUsize) -> Result<Self, PoolError> {
        Ok(Self { alone: Pool::new(NonZeroUsize::MIN)?, all: None, threads })
    }

    /// Has the others ready, for they are only started when there is work for them.
    fn gather(&mut self) -> Result<(), PoolError> {
        if self.all.is_none() && self.threads > NonZeroUsize::MIN {
            self.all = Some(Pool::new(self.threads)?);
        }
        Ok(())
    }

    pub(super) fn run(&mut self, shared: bool, job: impl Fn(&Worker<'_>) + Sync) {
        match &mut self.all {
            Some(all) if shared => all.run(job),
            _ => self.alone.run(job),
        }
    }
}

/// An arena of fewer elements than this is passed over by one thread.
const WORTH_SHARING: usize = 100_000;

impl Cpu {
    /// A model with its first weights, drawn from `seed`, made ready to be trained on batches of `batch` samples by
    /// `threads` threads.
    ///
    /// # Errors
    /// When the model's description is wrong, or threads cannot be started.
    pub fn new(
        model: Arc<dyn Model>,
        data: DataSpec,
        optimizer: Optimizer,
        seed: u64,
        batch: usize,
        threads: NonZeroUsize,
    ) -> Result<Self, CpuError> {
        let names = describe(&*model, &data, batch, true)?.graph.params().to_vec();
        let layout = Layout::new(&names);
        let mut params = Arena::new(layout.len);
        for (number, (param, &offset)) in names.iter().zip(&layout.offsets).enumerate() {
            let len = param.shape.iter().product::<usize>();
            initialise(
                param.init,
                Draws::new(seed, Purpose::Init, number as u64),
                &mut params[offset..offset + len],
            );
        }
        let isa = Isa::detect();
        let slots = optimize::slots(&optimizer).iter().map(|_| Arena::new(layout.len)).collect();
        let calm = Calm { gradient: 0.0, parameter: update::magnitude(isa, &params) };
        let mut cpu = Self {
            gradients: Arena::new(layout.len),
            partials: Partials::new(layout.len),
            work: Arena::new(0),
            training: Vec::new(),
            evaluation: Vec::new(),
            team: Team::new(threads)?,
            model,
            data,
            optimizer,
            seed,
            isa,
            layout,
            names,
            params,
            slots,
            calm,
        };
        cpu.training_program(batch)?;
        Ok(cpu)
    }

    /// The number of parameters.
    pub fn parameters(&self) -> usize {
        self.names.iter().map(|param| param.shape.iter().product::<usize>()).sum()
    }

    /// The program of a training pass, fused or one operation a step.
    pub(super) fn compile_training(&self, batch: usize, fused: bool) -> Result<Program, CpuError> {
        let mut described = describe(&*self.model, &self.data, batch, true)?;
        if described.graph.params() != self.names {
            return Err(CpuError::Parameters { batch });
        }
        let wanted = described.training();
        Ok(Program::new(&described.graph, &wanted, &self.layout, self.isa, self.team.threads.get(), fused)?)
    }

    fn training_program(&mut self, batch: usize) -> Result<usize, CpuError> {
        if let Some(at) = self.training.iter().position(|(size, _)| *size == batch) {
            return Ok(at);
        }
        let program = self.compile_training(batch, true)?;
        self.admit(&program)?;
        self.training.push((batch, program));
        Ok(self.training.len() - 1)
    }

    fn evaluation_program(&mut self, batch: usize) -> Result<usize, CpuError> {
        if let Some(at) = self.evaluation.iter().position(|(size, _)| *size == batch) {
            return Ok(at);
        }
        let described = describe(&*self.model, &self.data, batch, false)?;
        let wanted = described.evaluation();
        let threads = self.team.threads.get();
        let program = Program::new(&described.graph, &wanted, &self.layout, self.isa, threads, true)?;
        self.admit(&program)?;
        self.evaluation.push((batch, program));
        Ok(self.evaluation.len() - 1)
    }

    /// Makes room for a program, and gathers the threads if it can use them.
    pub(super) fn admit(&mut self, program: &Program) -> Result<(), CpuError> {
        if program.work > self.work.len() {
            self.work = Arena::new(program.work);
        }
        if program.worth_sharing() || self.layout.len >= WORTH_SHARING {
            self.team.gather()?;
        }
        Ok(())
    }

    /// What kernels are told of a pass over `batch`.
    pub(super) fn pass(
        &mut self,
        program: &Program,
        batch: &Batch,
        pass: Pass,
    ) -> Result<KernelPass, StrategyError> {
        let bound = program.bind(batch).map_err(|error| StrategyError::Data(error.to_string()))?;
        Ok(KernelPass {
            params: self.params.as_ptr(),
            gradients: self.gradients.pointer(),
            work: self.work.pointer(),
            input: bound.input,
            target: bound.target,
            accumulate: pass.micro > 0,
            weight: pass.weight,
            seed: self.seed,
            step: pass.step,
            micro: pass.micro,
        })
    }

    fn rule(&self, update: &Update) -> Rule {
        Rule::new(&self.optimizer, update)
    }

    /// The parameter that has the arena's element `at`, and that element's place in it.
    fn owner(&self, at: usize) -> (&str, Vec<usize>) {
        let number = self.layout.offsets.partition_point(|&offset| offset <= at).saturating_sub(1);
        let param = &self.names[number];
        (&param.name, unravel(at - self.layout.offsets[number], &param.shape))
    }
}

/// The dimensions' indices of element number `at` of a row-major tensor.
pub(super) fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &dimension) in index.iter_mut().zip(shape).rev() {
        *place = at % dimension.max(1);
        at /= dimension.max(1);
    }
    index
}

fn initialise(init: Init, draws: Draws, values: &mut [f32]) {
    match init {
        Init::Constant(value) => values.fill(value),
        Init::Uniform(bound) => {
            for (block, values) in values.chunks_mut(4).enumerate() {
                for (value, word) in values.iter_mut().zip(draws.block(block as u32)) {
                    *value = (2.0 * unit(word) - 1.0) * bound;
                }
            }
        }
        Init::Normal(deviation) => {
            for (index, value) in values.iter_mut().enumerate() {
                *value = draws.normal(index as u32) * deviation;
            }
        }
    }
}

impl Strategy for Cpu {
    fn describe(&self) -> String {
        let plural = if self.team.threads.get() == 1 { "" } else { "s" };
        format!("cpu, {} thread{plural}, {}", self.team.threads, self.isa.name())
    }

    fn accumulate(&mut self, batch: &Batch, pass: Pass) -> Result<f64, StrategyError> {
        let at = self.training_program(batch.size)?;
        let (size, program) = self.training.swap_remove(at);
        let kernel_pass = self.pass(&program, batch, pass);
        if let Ok(kernel_pass) = &kernel_pass {
            // SAFETY: the pass is over this strategy's own arenas, as long as the program's plan says, and they are
            // held exclusively here; the batch was bound.
            self.team.run(program.worth_sharing(), |worker| unsafe { program.run(worker, kernel_pass) });
        }
        let losses = kernel_pass.map(|_| total(program.value(0, batch.size, &self.work)));
        self.training.push((size, program));
        losses
    }

    fn gradient_norm(&mut self) -> Result<f64, StrategyError> {
        let (isa, gradients, partials) = (self.isa, &self.gradients[..], &self.partials);
        self.team.run(gradients.len() >= WORTH_SHARING, |worker| {
            update::add_squares(worker, isa, gradients, partials);
        });
        let norm = update::norm(&self.partials);
        self.calm.gradient = self.calm.gradient.max(norm);
        Ok(norm)
    }

    fn update(&mut self, step: Update) -> Result<Result<(), NonFinite>, StrategyError> {
        let rule = self.rule(&step);
        if !(self.calm.holds(step.rate) && optimize::is_tame(&self.optimizer)) {
            let casualty =
                update::first_casualty(self.isa, &rule, &self.params, &self.gradients, &self.slots);
            if let Some((at, value)) = casualty {
                let (name, index) = self.owner(at);
                let layer = name.to_owned();
                return Ok(Err(NonFinite { op: "update".to_owned(), layer, index, value }));
            }
        }
        let (isa, partials) = (self.isa, &self.partials);
        let shared = self.params.len() >= WORTH_SHARING;
        let arenas = update::Arenas::new(&mut self.params, &self.gradients, &mut self.slots);
        self.team.run(shared, |worker| arenas.step(worker, isa, &rule, partials));
        self.calm.parameter = update::largest(&self.partials) as f32;
        Ok(Ok(()))
    }

    fn evaluate(&mut self, batch: &Batch) -> Result<Evaluation<'_>, StrategyError> {
        let at = self.evaluation_program(batch.size)?;
        let (size, program) = self.evaluation.swap_remove(at);
        let pass = self.pass(&program, batch, Pass { step: 0, micro: 0, weight: 0.0 });
        if let Ok(pass) = &pass {
            // SAFETY: as in `accumulate`.
            self.team.run(program.worth_sharing(), |worker| unsafe { program.run(worker, pass) });
        }
        self.evaluation.push((size, program));
        pass?;
        let (_, program) = &self.evaluation[self.evaluation.len() - 1];
        Ok(Evaluation {
            loss_sum: total(program.value(0, batch.size, &self.work)),
            outputs: program.value(1, batch.size * self.data.outputs(), &self.work),
        })
    }

    fn locate(&mut self, batch: &Batch, pass: Pass) -> Result<Option<NonFinite>, StrategyError> {
        super::locate::locate(self, batch, pass)
    }

    fn state(&self, mid_window: bool) -> Vec<StateTensor<'_>> {
        let slots = optimize::slots(&self.optimizer);
        let mut arenas: Vec<(String, &Arena)> = vec![("model".to_owned(), &self.params)];
        arenas.extend(slots.iter().zip(&self.slots).map(|(name, slot)| (format!("optimizer/{name}"), slot)));
        if mid_window {
            arenas.push(("gradient".to_owned(), &self.gradients));
        }
        let tensors = arenas.into_iter().flat_map(|(group, arena)| {
            self.names.iter().zip(&self.layout.offsets).map(move |(param, &offset)| StateTensor {
                name: format!("{group}/{}", param.name),
                shape: param.shape.clone(),
                data: &arena[offset..offset + param.shape.iter().product::<usize>()],
            })
        });
        tensors.collect()
    }

    fn restore(&mut self, find: &FindTensor<'_>) -> Result<(), StrategyError> {
        let fetch = |group: &str, param: &Param| -> Result<Option<Vec<f32>>, StrategyError> {
            let name = format!("{group}/{}", param.name);
            match find(&name) {
                Some((shape, values)) if shape == param.shape => Ok(Some(values)),
                Some((shape, _)) => Err(StrategyError::State(format!(
                    "tensor '{name}' has the shape {shape:?}, the model's has {:?}",
                    param.shape
                ))),
                None => Ok(None),
            }
        };
        let needed = |group: &str| -> Result<Vec<Vec<f32>>, StrategyError> {
            let one = |param: &Param| {
                let missing = || StrategyError::State(format!("it has no tensor '{group}/{}'", param.name));
                fetch(group, param)?.ok_or_else(missing)
            };
            self.names.iter().map(one).collect()
        };
        let params = needed("model")?;
        let slots: Vec<Vec<Vec<f32>>> = optimize::slots(&self.optimizer)
            .iter()
            .map(|slot| needed(&format!("optimizer/{slot}")))
            .collect::<Result<_, _>>()?;
        let gradients: Vec<Option<Vec<f32>>> =
            self.names.iter().map(|param| fetch("gradient", param)).collect::<Result<_, _>>()?;
        let fill = |arena: &mut Arena, offsets: &[usize], values: &[Vec<f32>]| {
            for (&offset, values) in offsets.iter().zip(values) {
                arena[offset..offset + values.len()].copy_from_slice(values);
            }
        };
        let offsets = &self.layout.offsets;
        fill(&mut self.params, offsets, &params);
        for (arena, values) in self.slots.iter_mut().zip(&slots) {
            fill(arena, offsets, values);
        }
        for (&offset, values) in offsets.iter().zip(gradients.iter()) {
            if let Some(values) = values {
                self.gradients[offset..offset + values.len()].copy_from_slice(values);
            }
        }
        let state = self.slots.iter().map(|slot| f64::from(update::magnitude(self.isa, slot)));
        self.calm = Calm {
            gradient: state.fold(0.0, f64::max),
            parameter: update::magnitude(self.isa, &self.params),
        };
        Ok(())
    }
}

/// The sum of the samples' losses, in their order.
fn total(losses: &[f32]) -> f64 {
    losses.iter().map(|&loss| f64::from(loss)).sum()
}

impl std::fmt::Debug for Cpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cpu")
            .field("parameters", &self.parameters())
            .field("optimizer", &self.optimizer)
            .field("isa", &self.isa)
            .finish_non_exhaustive()
    }
}
