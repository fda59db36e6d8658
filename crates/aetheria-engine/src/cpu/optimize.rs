//! The optimizers' arithmetic over a flat piece of the arenas, by PyTorch's formulas (`torch/optim/{sgd,adam,adamw}.py`,
//! the single-tensor forms). One pass reads and writes everything once.
//!
//! State that decays into the subnormal numbers becomes 0, as after `torch.set_flush_denormal(True)`: a weight without
//! gradient (of a ReLU that is never open) would otherwise keep the smallest of them for ever, and slow every step down.

#![allow(unsafe_code, reason = "kernels work on vectors")]

use super::isa::Isa;
use super::lanes::{Kernel, Lanes, WIDTH, dispatch, pieces};
use crate::optimizer::{Moments, Optimizer};
use crate::strategy::Update;

/// Elements that are fetched ahead: the pass waits for memory, and the processor's own fetching stops at every page of
/// every arena.
const AHEAD: usize = 256;

/// The same elements of the parameters, their gradients and the optimizer's state.
#[derive(Debug)]
pub struct Piece<'a> {
    /// Parameters.
    pub p: &'a mut [f32],
    /// Gradients.
    pub g: &'a [f32],
    /// State, in the order of [`slots`]; those that the optimizer does not need are empty.
    pub slots: [&'a mut [f32]; 2],
}

/// The names of the state arenas that an optimizer needs: as many as it needs.
pub fn slots(optimizer: &Optimizer) -> &'static [&'static str] {
    match optimizer {
        Optimizer::Sgd { momentum: 0.0, .. } => &[],
        Optimizer::Sgd { .. } => &["v"],
        Optimizer::Adam(_) | Optimizer::AdamW(_) => &["m", "v"],
    }
}

/// One optimizer step: the hyperparameters reduced to the numbers that each element needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule(Kind);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Sgd(Sgd),
    Momentum(Momentum),
    Adam(Adam),
}

impl Rule {
    /// The numbers of this update.
    pub fn new(optimizer: &Optimizer, update: &Update) -> Self {
        Self(match optimizer {
            &Optimizer::Sgd { momentum, nesterov, weight_decay } => {
                let sgd = Sgd { scale: update.scale, rate: update.rate as f32, decay: weight_decay as f32 };
                match momentum {
                    0.0 => Kind::Sgd(sgd),
                    _ => Kind::Momentum(Momentum { sgd, momentum: momentum as f32, nesterov }),
                }
            }
            Optimizer::Adam(moments) => Kind::Adam(Adam::new(moments, update, moments.weight_decay, 1.0)),
            Optimizer::AdamW(moments) => {
                Kind::Adam(Adam::new(moments, update, 0.0, 1.0 - update.rate * moments.weight_decay))
            }
        })
    }

    /// Makes the step. Returns the largest new `|p|`, or NaN if there is one: while that is far from the largest f32,
    /// no dry run is needed.
    ///
    /// # Panics
    /// If the piece's slices differ in length, or state that the rule needs is missing.
    pub fn apply(&self, isa: Isa, piece: Piece<'_>) -> f32 {
        match self.0 {
            Kind::Sgd(formula) => dispatch(isa, Apply { formula, piece }),
            Kind::Momentum(formula) => dispatch(isa, Apply { formula, piece }),
            Kind::Adam(formula) => dispatch(isa, Apply { formula, piece }),
        }
    }

    /// Writes nothing; returns the first parameter that [`Rule::apply`] would make NaN or infinite, and its value.
    ///
    /// # Panics
    /// As [`Rule::apply`].
    pub fn dry(&self, isa: Isa, p: &[f32], g: &[f32], slots: [&[f32]; 2]) -> Option<(usize, f32)> {
        match self.0 {
            Kind::Sgd(formula) => dispatch(isa, Dry { formula, p, g, slots }),
            Kind::Momentum(formula) => dispatch(isa, Dry { formula, p, g, slots }),
            Kind::Adam(formula) => dispatch(isa, Dry { formula, p, g, slots }),
        }
    }
}

/// From parameters, gradients and state to new parameters and state.
trait Formula: Copy {
    /// How much state there is.
    const SLOTS: usize;

    fn step<V: Lanes>(self, p: V, g: V, slots: [V; 2]) -> (V, [V; 2]);
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Sgd {
    /// What gradients are multiplied by first.
    scale: f32,
    rate: f32,
    /// L2 penalty.
    decay: f32,
}

impl Sgd {
    #[inline(always)]
    fn gradient<V: Lanes>(self, p: V, g: V) -> V {
        p.constant(self.decay).fma(p, g.mul(p.constant(self.scale)))
    }

    #[inline(always)]
    fn moved<V: Lanes>(self, p: V, step: V) -> V {
        p.constant(-self.rate).fma(step, p)
    }
}

impl Formula for Sgd {
    const SLOTS: usize = 0;

    #[inline(always)]
    fn step<V: Lanes>(self, p: V, g: V, slots: [V; 2]) -> (V, [V; 2]) {
        (self.moved(p, self.gradient(p, g)), slots)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Momentum {
    sgd: Sgd,
    momentum: f32,
    nesterov: bool,
}

impl Formula for Momentum {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn step<V: Lanes>(self, p: V, g: V, [velocity, unused]: [V; 2]) -> (V, [V; 2]) {
        let momentum = p.constant(self.momentum);
        let g = self.sgd.gradient(p, g);
        let velocity = momentum.fma(velocity, g).normal();
        let step = if self.nesterov { momentum.fma(velocity, g) } else { velocity };
        (self.sgd.moved(p, step), [velocity, unused])
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Adam {
    /// What gradients are multiplied by first.
    scale: f32,
    /// L2 penalty, added to the gradient (Adam).
    decay: f32,
    /// What parameters are multiplied by first: `1 - rate * weight_decay` (AdamW).
    shrink: f32,
    /// `1 - beta1`
    fresh1: f32,
    beta2: f32,
    /// `1 - beta2`
    fresh2: f32,
    /// `rate / (1 - beta1^step)`
    rate: f32,
    /// `1 / sqrt(1 - beta2^step)`
    correction: f32,
    eps: f32,
}

impl Adam {
    fn new(moments: &Moments, update: &Update, decay: f64, shrink: f64) -> Self {
        let [beta1, beta2] = moments.betas;
        // Bias correction in f64: 1 - beta2^step is tiny at first.
        let step = update.step as f64;
        Self {
            scale: update.scale,
            decay: decay as f32,
            shrink: shrink as f32,
            fresh1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            fresh2: (1.0 - beta2) as f32,
            rate: (update.rate / (1.0 - beta1.powf(step))) as f32,
            correction: (1.0 - beta2.powf(step)).sqrt().recip() as f32,
            eps: moments.eps as f32,
        }
    }
}

impl Formula for Adam {
    const SLOTS: usize = 2;

    #[inline(always)]
    fn step<V: Lanes>(self, p: V, g: V, [m, v]: [V; 2]) -> (V, [V; 2]) {
        let c = |value: f32| p.constant(value);
        let g = c(self.decay).fma(p, g.mul(c(self.scale)));
        let p = p.mul(c(self.shrink));
        let m = g.sub(m).fma(c(self.fresh1), m).normal();
        let v = c(self.fresh2).mul(g).fma(g, c(self.beta2).mul(v)).normal();
        let denominator = v.sqrt().fma(c(self.correction), c(self.eps));
        (c(-self.rate).fma(m.div(denominator), p), [m, v])
    }
}

struct Apply<'a, F> {
    formula: F,
    piece: Piece<'a>,
}

impl<F: Formula> Kernel for Apply<'_, F> {
    type Output = f32;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> f32 {
        let Piece { p, g, slots } = self.piece;
        check_lengths::<F>(p.len(), g.len(), [slots[0].len(), slots[1].len()]);
        let slots = slots.map(|slot| slot.as_mut_ptr());
        // SAFETY: the slices are as long as those of the parameters.
        unsafe {
            let mut largest = V::splat(0.0);
            for (at, count) in pieces(p.len()) {
                let place = p.as_mut_ptr().add(at);
                let ahead = at + AHEAD;
                V::prefetch(p.as_ptr().wrapping_add(ahead));
                V::prefetch(g.as_ptr().wrapping_add(ahead));
                for slot in &slots[..F::SLOTS] {
                    V::prefetch(slot.wrapping_add(ahead));
                }
                let mut state = [V::splat(0.0); 2];
                for slot in 0..F::SLOTS {
                    state[slot] = V::load_up_to(slots[slot].add(at), count);
                }
                let gradient = V::load_up_to(g.as_ptr().add(at), count);
                let (new, state) = self.formula.step(V::load_up_to(place, count), gradient, state);
                new.store_up_to(place, count);
                for slot in 0..F::SLOTS {
                    state[slot].store_up_to(slots[slot].add(at), count);
                }
                // Lanes beyond the last element may be 0 / 0.
                largest = largest.max(if count < WIDTH { new.first_or(count, 0.0) } else { new }.abs());
            }
            largest.largest()
        }
    }
}

struct Dry<'a, F> {
    formula: F,
    p: &'a [f32],
    g: &'a [f32],
    slots: [&'a [f32]; 2],
}

impl<F: Formula> Kernel for Dry<'_, F> {
    type Output = Option<(usize, f32)>;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> Option<(usize, f32)> {
        let Dry { formula, p, g, slots } = self;
        check_lengths::<F>(p.len(), g.len(), slots.map(<[f32]>::len));
        for (at, count) in pieces(p.len()) {
            // SAFETY: the slices are as long as those of the parameters.
            let new = unsafe {
                let mut state = [V::splat(0.0); 2];
                for slot in 0..F::SLOTS {
                    state[slot] = V::load_up_to(slots[slot].as_ptr().add(at), count);
                }
                let gradient = V::load_up_to(g.as_ptr().add(at), count);
                formula.step(V::load_up_to(p.as_ptr().add(at), count), gradient, state).0
            };
            let difference = new.sub(new);
            if V::any(difference.unordered(difference)) {
                let found = new.to_array()[..count].iter().position(|x| !x.is_finite());
                if let Some(lane) = found {
                    return Some((at + lane, new.to_array()[lane]));
                }
            }
        }
        None
    }
}

fn check_lengths<F: Formula>(p: usize, g: usize, slots: [usize; 2]) {
    assert_eq!(g, p, "gradients and parameters");
    for slot in &slots[..F::SLOTS] {
        assert_eq!(*slot, p, "optimizer state and parameters");
    }
}

/// Whether no finite state of ordinary size can make the optimizer divide by (nearly) 0.
pub fn is_tame(optimizer: &Optimizer) -> bool {
    match optimizer {
        Optimizer::Sgd { momentum, .. } => momentum.abs() < 1.0,
        Optimizer::Adam(moments) | Optimizer::AdamW(moments) => moments.eps >= 1e-12,
    }
}
