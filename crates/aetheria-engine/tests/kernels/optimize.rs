use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::optimize::{Piece, Rule, slots};
use aetheria_engine::optimizer::{Moments, Optimizer};
use aetheria_engine::strategy::Update;
use serde::Deserialize;

use super::{assert_close, bits, numbers};

/// What `golden/optimizers.py` writes.
#[derive(Deserialize)]
struct Golden {
    scale: f32,
    start: Vec<f32>,
    rates: Vec<f64>,
    gradients: Vec<Vec<f32>>,
    results: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    optimizer: Optimizer,
    trace: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    step: usize,
    parameters: Vec<f64>,
}

/// Parameters, gradients and state.
#[derive(Clone)]
struct State {
    p: Vec<f32>,
    g: Vec<f32>,
    slots: [Vec<f32>; 2],
}

impl State {
    fn new(optimizer: &Optimizer, p: Vec<f32>, g: Vec<f32>) -> Self {
        let slot = |at: usize| vec![0.0; if slots(optimizer).len() > at { p.len() } else { 0 }];
        Self { slots: [slot(0), slot(1)], p, g }
    }

    fn step(&mut self, rule: &Rule, isa: Isa) -> f32 {
        let [first, second] = &mut self.slots;
        rule.apply(isa, Piece { p: &mut self.p, g: &self.g, slots: [first, second] })
    }

    fn dry(&self, rule: &Rule, isa: Isa) -> Option<(usize, f32)> {
        rule.dry(isa, &self.p, &self.g, [&self.slots[0], &self.slots[1]])
    }
}

fn update(step: u64) -> Update {
    Update { step, rate: 0.01, scale: 0.5 }
}

#[test]
fn fifty_steps_are_those_of_pytorch() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/optimizers.json")).unwrap();
    assert_eq!(golden.results.len(), 7);
    for case in &golden.results {
        for isa in Isa::available() {
            let mut state = State::new(&case.optimizer, golden.start.clone(), Vec::new());
            for (at, gradients) in golden.gradients.iter().enumerate() {
                let update = Update { step: at as u64 + 1, rate: golden.rates[at], scale: golden.scale };
                state.g.clone_from(gradients);
                state.step(&Rule::new(&case.optimizer, &update), isa);
                for point in case.trace.iter().filter(|point| point.step == at + 1) {
                    assert_close(&state.p, &point.parameters, 0.1, 1e-6);
                }
            }
        }
    }
}

const ADAM: Optimizer = Optimizer::Adam(Moments { betas: [0.9, 0.999], eps: 0.0, weight_decay: 0.01 });
const NESTEROV: Optimizer = Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.01 };
const PLAIN: Optimizer = Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };

#[test]
fn pieces_and_instructions_change_no_bit() {
    for optimizer in [ADAM, NESTEROV, PLAIN] {
        for len in 0..71 {
            let start = State::new(&optimizer, numbers(1, len), numbers(2, len));
            let rule = Rule::new(&optimizer, &update(3));
            let mut whole = start.clone();
            let largest = whole.step(&rule, Isa::Portable);
            assert_eq!(largest, whole.p.iter().fold(0.0, |largest: f32, p| largest.max(p.abs())));
            for isa in Isa::available() {
                let mut parts = start.clone();
                for range in [len / 3..len, 0..len / 3] {
                    let [first, second] = &mut parts.slots;
                    let part = |slot: &mut Vec<f32>| std::mem::take(slot);
                    let (mut first_slot, mut second_slot) = (part(first), part(second));
                    let piece = Piece {
                        p: &mut parts.p[range.clone()],
                        g: &parts.g[range.clone()],
                        slots: [
                            first_slot.get_mut(range.clone()).unwrap_or_default(),
                            second_slot.get_mut(range.clone()).unwrap_or_default(),
                        ],
                    };
                    rule.apply(isa, piece);
                    parts.slots = [first_slot, second_slot];
                }
                assert_eq!(bits(&parts.p), bits(&whole.p), "{isa:?}, {len} parameters");
                assert_eq!(
                    parts.slots.each_ref().map(|slot| bits(slot)),
                    whole.slots.each_ref().map(|slot| bits(slot))
                );
            }
        }
    }
}

#[test]
fn a_dry_run_tells_what_would_become_of_parameters() {
    for optimizer in [ADAM, NESTEROV, PLAIN] {
        let rule = Rule::new(&optimizer, &Update { rate: 1e3, ..update(1) });
        for isa in Isa::available() {
            for len in [1, 16, 17, 70] {
                let mut state = State::new(&optimizer, vec![1.0; len], vec![1.0; len]);
                let before = state.p.clone();
                assert_eq!(state.dry(&rule, isa), None);
                state.g[len - 1] = f32::NAN;
                let (at, value) = state.dry(&rule, isa).unwrap();
                assert!(at == len - 1 && value.is_nan());
                state.g[len / 2] = f32::INFINITY;
                assert_eq!(state.dry(&rule, isa).map(|(at, _)| at), Some(len / 2));
                assert_eq!(state.p, before, "nothing is written");
                assert!(!state.step(&rule, isa).is_finite(), "the real run finds it too");
            }
        }
    }
}

#[test]
fn state_without_gradients_decays_to_zero_and_not_to_subnormal_numbers() {
    let moments = Moments::default();
    let momentum = Optimizer::Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 };
    for (optimizer, steps) in [(momentum, 2_000), (Optimizer::Adam(moments), 90_000)] {
        for isa in Isa::available() {
            let mut state = State::new(&optimizer, numbers(1, 18), numbers(2, 18));
            state.step(&Rule::new(&optimizer, &update(1)), isa);
            state.g.fill(0.0);
            for step in 2..steps {
                state.step(&Rule::new(&optimizer, &update(step)), isa);
                let all = || state.slots.iter().flatten();
                assert!(all().all(|x| !x.is_subnormal()), "{optimizer:?} step {step}");
            }
            assert!(state.slots.iter().flatten().all(|&x| x == 0.0), "{optimizer:?}: {:?}", state.slots);
        }
    }
}
