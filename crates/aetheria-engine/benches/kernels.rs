//! Times the kernels on one thread: medians in nanoseconds, and the memory traffic that they amount to.
//!
//! `cargo bench -p aetheria-engine --bench kernels [NAME]`

#![allow(unsafe_code, clippy::print_stdout, reason = "kernels take raw pointers; a benchmark prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aetheria_engine::cpu::Arena;
use aetheria_engine::cpu::copy::StridedCopy;
use aetheria_engine::cpu::cross_entropy::{cross_entropy, cross_entropy_gradient};
use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::matrix::{Matrix, MatrixMut};
use aetheria_engine::cpu::optimize::{Piece, Rule};
use aetheria_engine::cpu::reduce::{Reduction, first_non_finite, sum_squares};
use aetheria_engine::cpu::tape::{Access, Bindings, Tape, TapeBuilder, Value, Write};
use aetheria_engine::graph::op::{Binary, Fold, Unary};
use aetheria_engine::optimizer::{Moments, Optimizer};
use aetheria_engine::random::{Draws, Purpose};
use aetheria_engine::strategy::Update;

/// Time for each line of the table.
const BUDGET: Duration = Duration::from_millis(120);

struct Bench {
    isa: Isa,
    only: Option<String>,
}

impl Bench {
    /// Prints the median time of `work`, which moves `floats` f32.
    fn time(&self, name: &str, floats: usize, mut work: impl FnMut(Isa)) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let begin = Instant::now();
        work(self.isa);
        // Long enough for the clock, short enough for hundreds of samples.
        let calls = (20_000 / begin.elapsed().as_nanos().max(1)).max(1) as u32;
        let mut samples = Vec::new();
        while begin.elapsed() < BUDGET || samples.len() < 5 {
            let start = Instant::now();
            for _ in 0..calls {
                work(self.isa);
            }
            samples.push(start.elapsed().as_nanos() as f64 / f64::from(calls));
        }
        samples.sort_by(f64::total_cmp);
        let median = samples[samples.len() / 2];
        let (isa, best, rate) = (self.isa.name(), samples[0], 4.0 * floats as f64 / median);
        println!("{isa:9} {name:32} {median:10.0} ns (best {best:10.0}) {rate:8.1} GB/s");
    }
}

fn numbers(len: usize) -> Arena {
    let draws = Draws::new(1, Purpose::Synthetic, 0);
    let mut arena = Arena::new(len);
    for (index, number) in arena.iter_mut().enumerate() {
        *number = draws.uniform(index as u32) * 2.0 - 1.0;
    }
    arena
}

/// A tape over `[rows, cols]` with these inputs, whose last value is stored.
fn tape(
    rows: usize,
    cols: usize,
    accesses: &[Access],
    make: impl Fn(&mut TapeBuilder, &[Value]) -> Value,
) -> Option<Tape> {
    let mut tape = TapeBuilder::new(rows, cols);
    let inputs: Vec<Value> = accesses.iter().map(|&access| tape.load(access)).collect();
    let value = make(&mut tape, &inputs);
    tape.store(value, cols, Write::Overwrite);
    tape.finish().ok()
}

fn tapes(bench: &Bench) {
    let (rows, cols) = (64, 128);
    let full = Access::Full { stride: cols };
    let (x, bias, mut y) = (numbers(rows * cols), numbers(rows * cols), numbers(rows * cols));
    let draws = [Draws::new(1, Purpose::Dropout, 1)];
    let mut run = |name: &str, tape: Option<Tape>, inputs: &[*const f32], draws: &[Draws]| {
        let Some(tape) = tape else { return };
        let outputs = [y.as_mut_ptr()];
        let bindings = Bindings { inputs, outputs: &outputs, scalars: &[], draws };
        bench.time(name, (inputs.len() + 1) * rows * cols, |isa| {
            // SAFETY: all operands have 64 x 128 elements.
            unsafe { tape.run(isa, 0..rows * cols, &bindings) };
        });
    };
    let two = [x.as_ptr(), bias.as_ptr()];
    let add_relu = |tape: &mut TapeBuilder, values: &[Value]| {
        let sum = tape.binary(Binary::Add, values[0], values[1]);
        tape.unary(Unary::Relu, sum)
    };
    run("bias + relu 64x128", tape(rows, cols, &[full, Access::Row], add_relu), &two, &[]);
    if let Some(tape) = tape(rows, cols, &[full, Access::Row], add_relu) {
        let mut both = numbers(rows * cols);
        let place = both.pointer();
        let (inputs, outputs) = ([place.cast_const(), bias.as_ptr()], [place]);
        let bindings = Bindings { inputs: &inputs, outputs: &outputs, scalars: &[], draws: &[] };
        bench.time("bias + relu 64x128 in place", 2 * rows * cols, |isa| {
            // SAFETY: all operands have 64 x 128 elements.
            unsafe { tape.run(isa, 0..rows * cols, &bindings) };
        });
    }
    let masked = |tape: &mut TapeBuilder, values: &[Value]| {
        let step = tape.unary(Unary::Step, values[0]);
        tape.binary(Binary::Mul, step, values[1])
    };
    run("relu gradient 64x128", tape(rows, cols, &[full, full], masked), &two, &[]);
    let scaled = |tape: &mut TapeBuilder, values: &[Value]| tape.binary(Binary::Mul, values[0], values[1]);
    run("times column 64x128", tape(rows, cols, &[full, Access::Column], scaled), &two, &[]);
    for op in [Unary::Exp, Unary::Log, Unary::Sigmoid, Unary::Tanh, Unary::Erf, Unary::Sqrt] {
        let one = |tape: &mut TapeBuilder, values: &[Value]| tape.unary(op, values[0]);
        run(&format!("{} 64x128", op.name()), tape(rows, cols, &[full], one), &two[..1], &[]);
    }
    let dropout = |tape: &mut TapeBuilder, values: &[Value]| {
        let keep = tape.keep(0.9);
        tape.binary(Binary::Mul, values[0], keep)
    };
    run("dropout 64x128", tape(rows, cols, &[full], dropout), &two[..1], &draws);
    let square = |tape: &mut TapeBuilder, values: &[Value]| {
        let difference = tape.binary(Binary::Sub, values[0], values[1]);
        tape.unary(Unary::Square, difference)
    };
    if let Some(tape) = tape(64, 1, &[Access::Full { stride: 1 }; 2], square) {
        let mut losses = Arena::new(64);
        let (inputs, outputs) = ([x.as_ptr(), bias.as_ptr()], [losses.pointer()]);
        let bindings = Bindings { inputs: &inputs, outputs: &outputs, scalars: &[], draws: &[] };
        bench.time("squared difference 64x1", 3 * 64, |isa| {
            // SAFETY: all operands have 64 elements.
            unsafe { tape.run(isa, 0..64, &bindings) };
        });
    }
    // GELU by the error function.
    let gelu = |tape: &mut TapeBuilder, values: &[Value]| {
        let (scale, half, one) = (tape.constant(0.707_106_77), tape.constant(0.5), tape.constant(1.0));
        let scaled = tape.binary(Binary::Mul, values[0], scale);
        let erf = tape.unary(Unary::Erf, scaled);
        let sum = tape.binary(Binary::Add, erf, one);
        let half = tape.binary(Binary::Mul, values[0], half);
        tape.binary(Binary::Mul, half, sum)
    };
    run("gelu 64x128", tape(rows, cols, &[full], gelu), &two[..1], &[]);
}

fn folds(bench: &Bench) {
    for (rows, cols) in [(64, 128), (64, 10), (2048, 512)] {
        let x = numbers(rows * cols);
        let mut y = Arena::new(rows.max(cols));
        for (name, reduction) in [
            ("sum rows", Reduction::rows(Fold::Sum, rows, cols, cols)),
            ("sum columns", Reduction::columns(Fold::Sum, rows, cols, cols)),
            ("max rows", Reduction::rows(Fold::Max, rows, cols, cols)),
            ("max columns", Reduction::columns(Fold::Max, rows, cols, cols)),
        ] {
            bench.time(&format!("{name} {rows}x{cols}"), rows * cols, |isa| {
                // SAFETY: `x` is the matrix, and `y` has all results.
                unsafe { reduction.run(isa, x.as_ptr(), y.as_mut_ptr(), 0..reduction.results(), false) };
            });
        }
    }
    for len in [1537, 1 << 20] {
        let x = numbers(len);
        bench.time(&format!("sum of squares {len}"), len, |isa| {
            black_box(sum_squares(isa, black_box(&x)));
        });
        bench.time(&format!("first non-finite {len}"), len, |isa| {
            black_box(first_non_finite(isa, black_box(&x)));
        });
    }
}

fn cross_entropies(bench: &Bench) {
    for (rows, cols) in [(64, 10), (256, 128), (64, 1000)] {
        let (x, weights) = (numbers(rows * cols), vec![1.0 / rows as f32; rows]);
        let classes: Vec<u32> = (0..rows).map(|row| (row % cols) as u32).collect();
        let (mut y, mut losses, mut lse) = (Arena::new(rows * cols), Arena::new(rows), Arena::new(rows));
        let matrix = Matrix { data: x.as_ptr(), stride: cols };
        let target = MatrixMut { data: y.as_mut_ptr(), stride: cols };
        // SAFETY: all have these rows and columns, here and below.
        bench.time(&format!("cross-entropy {rows}x{cols}"), rows * cols, |isa| unsafe {
            let (losses, lse) = (losses.as_mut_ptr(), lse.as_mut_ptr());
            black_box(cross_entropy(isa, matrix, cols, classes.as_ptr(), losses, lse, 0..rows)).ok();
        });
        // SAFETY: see above.
        bench.time(&format!("cross-entropy gradient {rows}x{cols}"), 2 * rows * cols, |isa| unsafe {
            let (classes, lse) = (classes.as_ptr(), lse.as_ptr());
            cross_entropy_gradient(isa, matrix, cols, classes, lse, weights.as_ptr(), target, 0..rows);
        });
    }
}

fn copies(bench: &Bench) {
    for (name, shape, source, target) in [
        ("copy 1024x1024", [1, 1024, 1024], [0, 1024, 1], [0, 1024, 1]),
        ("transpose 128x128", [1, 128, 128], [0, 1, 128], [0, 128, 1]),
        ("transpose 1024x1024", [1, 1024, 1024], [0, 1, 1024], [0, 1024, 1]),
        ("permute 128x4x32 to 4x128x32", [4, 128, 32], [32, 128, 1], [4096, 32, 1]),
        ("repeat rows 64x10", [1, 64, 10], [0, 0, 1], [0, 10, 1]),
    ] {
        let len: usize = shape.iter().product();
        let (x, mut y) = (numbers(len), Arena::new(len));
        if let Ok(copy) = StridedCopy::new(&shape, &source, &target) {
            bench.time(name, 2 * len, |isa| {
                // SAFETY: both have all elements.
                unsafe { copy.run(isa, x.as_ptr(), y.as_mut_ptr(), 0..copy.pieces()) };
            });
        }
    }
}

fn optimizers(bench: &Bench) {
    let moments = Moments::default();
    for (name, optimizer, slots) in [
        ("sgd", Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 }, 0),
        ("momentum", Optimizer::Sgd { momentum: 0.9, nesterov: true, weight_decay: 0.0 }, 1),
        ("adam", Optimizer::Adam(moments), 2),
        ("adamw", Optimizer::AdamW(Moments { weight_decay: 0.01, ..moments }), 2),
    ] {
        for len in [1537, 1 << 20] {
            let (mut p, g) = (numbers(len), numbers(len));
            let mut state = [1, 2].map(|slot| Arena::new(if slots >= slot { len } else { 0 }));
            let rule = Rule::new(&optimizer, &Update { step: 1, rate: 1e-6, scale: 1.0 });
            bench.time(&format!("{name} {len}"), (3 + 2 * slots) * len, |isa| {
                let [first, second] = &mut state;
                black_box(rule.apply(isa, Piece { p: &mut p, g: &g, slots: [first, second] }));
            });
        }
    }
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for isa in Isa::available().filter(|isa| *isa != Isa::Portable) {
        let bench = Bench { isa, only: only.clone() };
        tapes(&bench);
        folds(&bench);
        cross_entropies(&bench);
        copies(&bench);
        optimizers(&bench);
    }
}
