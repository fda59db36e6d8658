//! GFLOP/s of the matrix products that training is made of, on one thread and on two. The whole table takes seconds.
//!
//! `cargo bench -p aetheria-engine --bench matmul [part of a name]`

#![allow(unsafe_code, reason = "the product is called as the executor calls it: through raw pointers")]

use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::matmul::{Layout, Matmul, Operands, Spec};
use aetheria_engine::cpu::pool::Pool;
use std::error::Error;
use std::num::NonZeroUsize;
use std::time::Instant;

/// Measured runs; their median counts.
const SAMPLES: usize = 15;
/// A sample repeats a product until it has done this much.
const SAMPLE_FLOPS: u64 = 40_000_000;

fn shapes() -> Vec<(String, Spec)> {
    let mut shapes = vec![("1024^3".to_owned(), Spec::dense(1024, 1024, 1024))];
    // Per layer of each benchmark network: forward, gradient of the weights, gradient of the input.
    let networks: [(&str, usize, &[usize]); 4] = [
        ("W1", 64, &[10, 128, 1]),
        ("W2", 64, &[64, 256, 256, 10]),
        ("W3", 256, &[784, 1024, 1024, 10]),
        ("GPT", 2048, &[128, 384]),
    ];
    for (network, batch, widths) in networks {
        for layer in widths.windows(2) {
            let (inputs, outputs) = (layer[0], layer[1]);
            let forward = Spec::dense(batch, outputs, inputs);
            let weights = Spec { a: Layout::columns(inputs), ..Spec::dense(inputs, outputs, batch) };
            let input = Spec { b: Layout::columns(outputs), ..Spec::dense(batch, inputs, outputs) };
            shapes.push((format!("{network} {inputs}-{outputs} forward"), forward));
            shapes.push((format!("{network} {inputs}-{outputs} dW"), weights));
            shapes.push((format!("{network} {inputs}-{outputs} dX"), input));
        }
    }
    for (batch, layer) in [1, 64].into_iter().flat_map(|batch| [784, 1024].map(|inputs| (batch, inputs))) {
        shapes.push((format!("predict {batch} x {layer}-1024"), Spec::dense(batch, 1024, layer)));
    }
    shapes
}

/// The median seconds of one product.
fn seconds(spec: Spec, threads: NonZeroUsize) -> Result<f64, Box<dyn Error>> {
    let matmul = Matmul::new(Isa::detect(), spec);
    let values = |len: usize| -> Vec<f32> { (0..len).map(|i| (i % 17) as f32 / 17.0 - 0.5).collect() };
    let (a, b, mut c) = (values(spec.m * spec.k), values(spec.k * spec.n), values(spec.m * spec.n));
    let mut scratch = vec![0.0_f32; matmul.scratch_len(threads.get()) + 16];
    let aligned = scratch.as_ptr().align_offset(64);
    let operands = Operands {
        a: a.as_ptr(),
        b: b.as_ptr(),
        c: c.as_mut_ptr(),
        scratch: scratch[aligned..].as_mut_ptr(),
        ..Operands::default()
    };
    let mut pool = Pool::new(threads)?;
    let repeats = (SAMPLE_FLOPS / spec.flops()).clamp(1, 20_000);
    let mut sample = || {
        let start = Instant::now();
        pool.run(|worker| {
            for _ in 0..repeats {
                // SAFETY: the matrices are dense and as large as the spec says, C and the scratch are this
                // function's own, and all workers make the same calls.
                unsafe { matmul.run(worker, operands) }
            }
        });
        start.elapsed().as_secs_f64() / repeats as f64
    };
    sample();
    let mut times: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
    times.sort_by(f64::total_cmp);
    Ok(times[SAMPLES / 2])
}

#[allow(clippy::print_stdout, reason = "a benchmark prints its table")]
fn main() -> Result<(), Box<dyn Error>> {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    println!("{}", Isa::detect().name());
    println!("{:28}{:>12}{:>10}{:>12}{:>10}", "", "1 thread", "us", "2 threads", "us");
    for (name, spec) in shapes().into_iter().filter(|(name, _)| name.contains(&wanted)) {
        print!("{name:28}");
        for threads in [NonZeroUsize::MIN, NonZeroUsize::MIN.saturating_add(1)] {
            let seconds = seconds(spec, threads)?;
            print!("{:>12.1}{:>10.1}", spec.flops() as f64 / seconds * 1e-9, seconds * 1e6);
        }
        println!();
    }
    Ok(())
}
