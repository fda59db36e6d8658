//! The rate of a 1024 x 1024 x 1024 matrix product in f32.

#![allow(unsafe_code, reason = "the kernel takes pointers")]

use std::{error::Error, num::NonZeroUsize, time::Duration};

use aetheria::cpu::{
    Arena,
    isa::Isa,
    matmul::{Matmul, Operands, Spec},
    pool::Pool,
};
use serde_json::{Value, json};

use crate::rate;

const N: usize = 1024;

pub(crate) fn measure(threads: NonZeroUsize, span: Duration) -> Result<Value, Box<dyn Error>> {
    let product = Matmul::new(Isa::detect(), Spec::dense(N, N, N));
    let mut pool = Pool::new(threads)?;
    let [mut a, mut b, mut c] = [(); 3].map(|()| Arena::new(N * N));
    let mut scratch = Arena::new(product.scratch_len(threads.get()));
    for (number, (a, b)) in a.iter_mut().zip(b.iter_mut()).enumerate() {
        (*a, *b) = ((number % 7) as f32 - 3.0, (number % 5) as f32 - 2.0);
    }
    let operands = Operands {
        a: a.as_ptr(),
        b: b.as_ptr(),
        c: c.pointer(),
        scratch: scratch.pointer(),
        ..Operands::default()
    };
    let per_second = rate(span, |_| {
        pool.run(|worker| {
            // SAFETY: the three arenas have N * N floats each, the scratch as many as was asked for; they outlive the
            // run, nobody else touches them, and every worker of the pool makes this same call.
            unsafe { product.run(worker, operands) };
        });
    });
    Ok(json!({"gflops": per_second * product.spec().flops() as f64 / 1e9, "isa": product.isa().name()}))
}
