use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::tape::{Access, Bindings, Tape, TapeBuilder, TapeError, Write};
use aetheria_engine::graph::op::{Binary, Unary};
use aetheria_engine::random::{Draws, Purpose};
use proptest::prelude::*;

use super::{assert_close, bits, numbers};

/// Elements between the rows of matrices, which no kernel may touch.
const GAP: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Node {
    Load(Access),
    Constant(f32),
    Scalar,
    Keep(f32),
    Unary(Unary, usize),
    Binary(Binary, usize, usize),
}

/// A random tape, with everything that it works on.
#[derive(Debug, Clone)]
struct Case {
    rows: usize,
    cols: usize,
    /// Between rows.
    gap: usize,
    nodes: Vec<Node>,
    stores: Vec<(usize, Write)>,
    /// Whether the first output is the first matrix among the inputs.
    in_place: bool,
    cuts: Vec<usize>,
}

fn cases() -> impl Strategy<Value = Case> {
    let space = prop_oneof![
        4 => (1..7usize, 1..71usize),
        1 => (1..40usize, 1..4usize),
        1 => (1..3usize, 1000..2600usize),
    ];
    // Operations whose result every machine rounds alike, so that a plain loop has the same bits.
    let unary = prop::sample::select(vec![
        Unary::Neg,
        Unary::Abs,
        Unary::Sign,
        Unary::Square,
        Unary::Sqrt,
        Unary::Recip,
        Unary::Relu,
        Unary::Step,
    ]);
    let binary = prop::sample::select(vec![
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Max,
        Binary::Min,
        Binary::Greater,
        Binary::Equal,
    ]);
    (space, prop::sample::select(vec![0, GAP])).prop_flat_map(move |((rows, cols), gap)| {
        let full = Access::Full { stride: cols + gap };
        let accesses = vec![full, full, Access::Row, Access::Column, Access::Scalar];
        let node = prop_oneof![
            3 => prop::sample::select(accesses).prop_map(Node::Load),
            1 => prop::sample::select(vec![0.0, -1.5, f32::INFINITY]).prop_map(Node::Constant),
            1 => Just(Node::Scalar),
            1 => prop::sample::select(vec![0.3, 0.9, 1.0]).prop_map(Node::Keep),
            6 => (unary.clone(), any::<prop::sample::Index>()).prop_map(|(op, x)| Node::Unary(op, x.index(1 << 20))),
            8 => (binary.clone(), any::<[prop::sample::Index; 2]>())
                .prop_map(|(op, [x, y])| Node::Binary(op, x.index(1 << 20), y.index(1 << 20))),
        ];
        let write = prop::sample::select(vec![Write::Overwrite, Write::Overwrite, Write::Accumulate]);
        let stores = prop::collection::vec((any::<prop::sample::Index>(), write), 1..4);
        let cuts = prop::collection::vec(0..=rows * cols, 0..4);
        (prop::collection::vec(node, 1..16), stores, any::<bool>(), cuts).prop_map(
            move |(mut nodes, stores, in_place, mut cuts)| {
                nodes.insert(0, Node::Load(full));
                // Mostly recent values, so that tapes are deep.
                let near = |at: usize, pick: usize| at - 1 - (pick % at).min(pick % 5);
                for (at, node) in nodes.iter_mut().enumerate().skip(1) {
                    match node {
                        Node::Unary(_, x) => *x = near(at, *x),
                        Node::Binary(_, x, y) => (*x, *y) = (near(at, *x), near(at, *y)),
                        _ => {}
                    }
                }
                let stores = stores.iter().map(|(value, write)| (value.index(nodes.len()), *write)).collect();
                cuts.extend([0, rows * cols]);
                cuts.sort_unstable();
                Case { rows, cols, gap, nodes, stores, in_place, cuts }
            },
        )
    })
}

fn build(case: &Case) -> Result<Tape, TapeError> {
    let mut tape = TapeBuilder::new(case.rows, case.cols);
    let mut values = Vec::new();
    for node in &case.nodes {
        values.push(match *node {
            Node::Load(access) => tape.load(access),
            Node::Constant(value) => tape.constant(value),
            Node::Scalar => tape.scalar(),
            Node::Keep(keep) => tape.keep(keep),
            Node::Unary(op, x) => tape.unary(op, values[x]),
            Node::Binary(op, x, y) => tape.binary(op, values[x], values[y]),
        });
    }
    for &(value, write) in &case.stores {
        tape.store(values[value], case.cols + case.gap, write);
    }
    tape.finish()
}

fn unary(op: Unary, x: f32) -> f32 {
    match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => 1f32.copysign(x),
        Unary::Square => x * x,
        Unary::Sqrt => x.sqrt(),
        Unary::Recip => 1.0 / x,
        Unary::Relu if x < 0.0 => 0.0,
        Unary::Relu => x,
        Unary::Step if x.is_nan() => x,
        Unary::Step => f32::from(x > 0.0),
        Unary::Exp | Unary::Log | Unary::Sigmoid | Unary::Tanh | Unary::Erf => {
            unreachable!("not in random tapes")
        }
    }
}

fn binary(op: Binary, x: f32, y: f32) -> f32 {
    let nan = x.is_nan() || y.is_nan();
    match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        _ if nan => f32::NAN,
        // Of two zeros, the second.
        Binary::Max => {
            if x > y {
                x
            } else {
                y
            }
        }
        Binary::Min => {
            if x < y {
                x
            } else {
                y
            }
        }
        Binary::Greater => f32::from(x > y),
        Binary::Equal => f32::from(x == y),
    }
}

/// The operands in memory, and what the outputs should be.
struct Memory {
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
    scalars: Vec<f32>,
    draws: Vec<Draws>,
}

fn memory(case: &Case) -> Memory {
    let size = |access| match access {
        Access::Full { stride } => stride * case.rows,
        Access::Row => case.cols,
        Access::Column => case.rows,
        Access::Scalar => 1,
    };
    let loads = case.nodes.iter().filter_map(|node| match *node {
        Node::Load(access) => Some(access),
        _ => None,
    });
    let mut inputs: Vec<Vec<f32>> =
        loads.enumerate().map(|(at, access)| numbers(at as u64, size(access))).collect();
    for (at, awkward) in [f32::NAN, f32::INFINITY, 0.0, -0.0].into_iter().enumerate() {
        let len = inputs[0].len();
        inputs[0][at * 7 % len] = awkward;
    }
    let mut outputs: Vec<Vec<f32>> = (0..case.stores.len())
        .map(|at| numbers(100 + at as u64, (case.cols + case.gap) * case.rows))
        .collect();
    if case.in_place {
        outputs[0] = inputs[0].clone();
    }
    Memory {
        inputs,
        outputs,
        scalars: numbers(200, 16),
        draws: (0..16).map(|part| Draws::new(3, Purpose::Dropout, 5).part(part)).collect(),
    }
}

fn expected(case: &Case, memory: &Memory) -> Vec<Vec<f32>> {
    let mut outputs = memory.outputs.clone();
    for row in 0..case.rows {
        for col in 0..case.cols {
            let (mut input, mut scalar, mut mask) = (0, 0, 0);
            let mut next = |counter: fn(&mut (usize, usize, usize)) -> &mut usize| {
                let mut all = (input, scalar, mask);
                let at = *counter(&mut all);
                *counter(&mut all) += 1;
                (input, scalar, mask) = all;
                at
            };
            let mut values: Vec<f32> = Vec::new();
            for node in &case.nodes {
                values.push(match *node {
                    Node::Load(access) => {
                        let x = &memory.inputs[next(|all| &mut all.0)];
                        match access {
                            Access::Full { stride } => x[row * stride + col],
                            Access::Row => x[col],
                            Access::Column => x[row],
                            Access::Scalar => x[0],
                        }
                    }
                    Node::Constant(value) => value,
                    Node::Scalar => memory.scalars[next(|all| &mut all.1)],
                    Node::Keep(keep) => {
                        let word = (row * case.cols + col) as u32;
                        let kept = memory.draws[next(|all| &mut all.2)].uniform(word) < keep;
                        if kept { 1.0 / keep } else { 0.0 }
                    }
                    Node::Unary(op, x) => unary(op, values[x]),
                    Node::Binary(op, x, y) => binary(op, values[x], values[y]),
                });
            }
            for (output, &(value, write)) in outputs.iter_mut().zip(&case.stores) {
                let place = &mut output[row * (case.cols + case.gap) + col];
                match write {
                    Write::Overwrite => *place = values[value],
                    Write::Accumulate => *place += values[value],
                }
            }
        }
    }
    outputs
}

fn run(case: &Case, tape: &Tape, isa: Isa, memory: &Memory) -> Vec<Vec<f32>> {
    let count = |wanted: fn(&Node) -> bool| case.nodes.iter().filter(|node| wanted(node)).count();
    let mut outputs = memory.outputs.clone();
    let targets: Vec<*mut f32> = outputs.iter_mut().map(|output| output.as_mut_ptr()).collect();
    let mut inputs: Vec<*const f32> = memory.inputs.iter().map(|input| input.as_ptr()).collect();
    if case.in_place {
        inputs[0] = targets[0];
    }
    let bindings = Bindings {
        inputs: &inputs,
        outputs: &targets,
        scalars: &memory.scalars[..count(|node| matches!(node, Node::Scalar))],
        draws: &memory.draws[..count(|node| matches!(node, Node::Keep(_)))],
    };
    // The last part first: tasks come in any order.
    for cut in case.cuts.windows(2).rev() {
        // SAFETY: the operands are as large as their accesses say.
        unsafe { tape.run(isa, cut[0]..cut[1], &bindings) };
    }
    outputs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_tapes_do_what_a_plain_loop_does(case in cases()) {
        let memory = memory(&case);
        let tape = build(&case).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let expected = expected(&case, &memory);
        for isa in Isa::available() {
            for (found, expected) in run(&case, &tape, isa, &memory).iter().zip(&expected) {
                prop_assert_eq!(bits(found), bits(expected), "{:?}", isa);
            }
        }
    }
}

/// An operation, and what it should be.
type Named = (Unary, fn(f64) -> f64);

#[test]
fn every_operation_is_the_function_of_its_name() {
    let x: Vec<f32> = (1..150).map(|i| i as f32 * 0.03).collect();
    let functions: [Named; 5] = [
        (Unary::Exp, f64::exp),
        (Unary::Log, f64::ln),
        (Unary::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Unary::Tanh, f64::tanh),
        // The integral of the normal density, by Simpson's rule.
        (Unary::Erf, |x| {
            let f = |t: f64| (-t * t).exp();
            let h = x / 1000.0;
            let sum: f64 = (0..500)
                .map(|i| {
                    f(2.0 * f64::from(i) * h)
                        + 4.0 * f((2.0 * f64::from(i) + 1.0) * h)
                        + f((2.0 * f64::from(i) + 2.0) * h)
                })
                .sum();
            sum * h / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
        }),
    ];
    for (op, function) in functions {
        let mut tape = TapeBuilder::new(1, x.len());
        let value = tape.load(Access::Full { stride: x.len() });
        let value = tape.unary(op, value);
        tape.store(value, x.len(), Write::Overwrite);
        let tape = tape.finish().unwrap();
        let exact: Vec<f64> = x.iter().map(|&x| function(f64::from(x))).collect();
        for isa in Isa::available() {
            let mut y = vec![0.0; x.len()];
            let bindings =
                Bindings { inputs: &[x.as_ptr()], outputs: &[y.as_mut_ptr()], scalars: &[], draws: &[] };
            // SAFETY: both have the tape's length.
            unsafe { tape.run(isa, 0..x.len(), &bindings) };
            assert_close(&y, &exact, 1e-3, 4e-7);
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut tape = TapeBuilder::new(3, 4);
    let x = tape.load(Access::Full { stride: 3 });
    tape.store(x, 4, Write::Overwrite);
    assert_eq!(tape.finish().unwrap_err(), TapeError::Stride { stride: 3, cols: 4 });

    let mut tape = TapeBuilder::new(3, 4);
    tape.keep(0.0);
    assert_eq!(tape.finish().unwrap_err(), TapeError::Keep(0.0));

    let mut tape = TapeBuilder::new(3, 4);
    tape.constant(1.0);
    assert_eq!(tape.finish().unwrap_err(), TapeError::NoStore);

    let mut other = TapeBuilder::new(3, 4);
    other.constant(1.0);
    let foreign = other.constant(2.0);
    let mut tape = TapeBuilder::new(3, 4);
    let x = tape.constant(1.0);
    let sum = tape.binary(Binary::Add, x, foreign);
    tape.store(sum, 4, Write::Overwrite);
    assert!(matches!(tape.finish(), Err(TapeError::Foreign(1))));

    let mut tape = TapeBuilder::new(1, 1000);
    let loads: Vec<_> = (0..100).map(|_| tape.load(Access::Full { stride: 1000 })).collect();
    let roots: Vec<_> = loads.iter().map(|&x| tape.unary(Unary::Sqrt, x)).collect();
    let sum = roots.iter().rev().copied().reduce(|x, y| tape.binary(Binary::Max, x, y)).unwrap();
    tape.store(sum, 1000, Write::Overwrite);
    assert!(matches!(tape.finish(), Err(TapeError::TooLong { live, .. }) if live >= 100));
}
