//! One pass over the flat arenas: the gradients' norm, the optimizer step.

#![allow(unsafe_code, reason = "tasks share arenas, each its own part")]

use super::{
    Arena,
    isa::Isa,
    optimize::{Piece, Rule},
    pool::Worker,
    reduce::{first_non_finite, sum_squares},
};

/// Elements in a task.
const TASK: usize = 16_384;

/// Numbers below these cannot become infinite in one optimizer step, whatever the optimizer: a gradient's square
/// and its running mean stay below 1e30, a moment over `eps` below 1e27, and with the rate below 1e33.
const CALM_GRADIENT: f64 = 1e15;
const CALM_PARAMETER: f32 = 1e33;
const CALM_RATE: f64 = 1e6;

/// What is known of the arenas' magnitudes, so that the exact check of a step's outcome is rarely needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calm {
    /// At least the largest gradient or moment there was.
    pub(super) gradient: f64,
    /// At least the largest parameter.
    pub(super) parameter: f32,
}

impl Calm {
    /// Whether a step with `rate` is certain to leave every parameter finite.
    pub(super) fn holds(&self, rate: f64) -> bool {
        self.gradient < CALM_GRADIENT && self.parameter < CALM_PARAMETER && rate.abs() < CALM_RATE
    }
}

/// An arena that workers share: each touches the elements of its own tasks only.
#[derive(Debug, Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: see the type; every use below is inside `for_each`, which runs each task once.
unsafe impl Sync for Shared {}

impl Shared {
    /// # Safety
    /// Nobody else uses the range meanwhile, and the arena has it.
    unsafe fn slice<'a>(&self, range: std::ops::Range<usize>) -> &'a mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(range.start), range.len()) }
    }
}

/// Tasks of an arena of `len` elements.
pub(super) fn tasks(len: usize) -> usize {
    len.div_ceil(TASK)
}

fn range(task: usize, len: usize) -> std::ops::Range<usize> {
    task * TASK..((task + 1) * TASK).min(len)
}

/// Results of tasks: each task writes its own.
#[derive(Debug)]
pub(super) struct Partials(Vec<std::sync::atomic::AtomicU64>);

impl Partials {
    pub(super) fn new(len: usize) -> Self {
        Self((0..tasks(len)).map(|_| std::sync::atomic::AtomicU64::new(0)).collect())
    }

    fn set(&self, task: usize, value: f64) {
        self.0[task].store(value.to_bits(), std::sync::atomic::Ordering::Relaxed);
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|value| f64::from_bits(value.load(std::sync::atomic::Ordering::Relaxed)))
    }
}

/// One worker's part of summing the squares of `gradients`; [`norm`] then gives the norm.
pub(super) fn add_squares(worker: &Worker<'_>, isa: Isa, gradients: &[f32], partials: &Partials) {
    worker.for_each(tasks(gradients.len()), |task| {
        partials.set(task, sum_squares(isa, &gradients[range(task, gradients.len())]));
    });
}

/// The root of the sum of all partial sums, in the order of their tasks.
pub(super) fn norm(partials: &Partials) -> f64 {
    partials.values().sum::<f64>().sqrt()
}

/// The largest of all partial results; NaN if any is.
pub(super) fn largest(partials: &Partials) -> f64 {
    partials.values().fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a })
}

/// The arenas of one optimizer step.
#[derive(Debug)]
pub(super) struct Arenas<'a> {
    len: usize,
    params: Shared,
    gradients: &'a [f32],
    slots: [Option<Shared>; 2],
}

impl<'a> Arenas<'a> {
    pub(super) fn new(params: &'a mut Arena, gradients: &'a [f32], slots: &'a mut [Arena]) -> Self {
        let mut slots = slots.iter_mut().map(|slot| Shared(slot.pointer()));
        Self {
            len: params.len(),
            params: Shared(params.pointer()),
            gradients,
            slots: [slots.next(), slots.next()],
        }
    }

    /// One worker's part of the step; leaves the largest parameter of each task in `partials`.
    #[allow(unsafe_code, reason = "each task has its own part of the arenas")]
    pub(super) fn step(&self, worker: &Worker<'_>, isa: Isa, rule: &Rule, partials: &Partials) {
        worker.for_each(tasks(self.len), |task| {
            let range = range(task, self.len);
            // SAFETY: this task alone has this range; the arenas are held exclusively by `self`.
            let slot = |slot: &Option<Shared>| unsafe {
                slot.as_ref().map_or(&mut [][..], |slot| slot.slice(range.clone()))
            };
            let piece = Piece {
                // SAFETY: as above.
                p: unsafe { self.params.slice(range.clone()) },
                g: &self.gradients[range.clone()],
                slots: [slot(&self.slots[0]), slot(&self.slots[1])],
            };
            partials.set(task, f64::from(rule.apply(isa, piece)));
        });
    }
}

/// The first parameter that the step would make NaN or infinite, and what it would be.
pub(super) fn first_casualty(
    isa: Isa,
    rule: &Rule,
    params: &[f32],
    gradients: &[f32],
    slots: &[Arena],
) -> Option<(usize, f32)> {
    let slot = |i: usize| slots.get(i).map_or(&[][..], |slot| &slot[..]);
    rule.dry(isa, params, gradients, [slot(0), slot(1)])
}

/// The largest magnitude; infinite if any element is not finite.
pub(super) fn magnitude(isa: Isa, values: &[f32]) -> f32 {
    match first_non_finite(isa, values) {
        Some(_) => f32::INFINITY,
        None => values.iter().fold(0.0, |largest: f32, x| largest.max(x.abs())),
    }
}
