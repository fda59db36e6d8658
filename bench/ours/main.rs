//! Our side of the training benchmark, as `bench/peers/torch_train.py` is PyTorch's: one measurement per call, one line
//! of JSON on standard output.

#![allow(clippy::print_stdout, reason = "the result is read from standard output")]

mod gemm;
mod infer;
mod network;
mod point;
mod steps;
mod tiny;

use std::{
    error::Error,
    num::NonZeroUsize,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};

/// Our side of the training benchmark.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    measure: Measure,
    /// How long to measure, in seconds.
    #[arg(long, default_value_t = 2.0, global = true)]
    seconds: f64,
    /// CPU threads.
    #[arg(long, default_value = "2", global = true)]
    threads: NonZeroUsize,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Training steps a second of the bare engine.
    Steps {
        /// W1, W2 or W3.
        work: network::Work,
        /// The file that `torch_train.py --export` wrote: first weights and batches.
        #[arg(long)]
        from: PathBuf,
    },
    /// A 1024 x 1024 x 1024 matrix product in f32.
    Gemm,
    /// One call of the Predictor.
    Infer {
        /// The snapshot to predict with.
        #[arg(long)]
        snapshot: PathBuf,
        /// Samples in a call.
        #[arg(long, default_value_t = 1)]
        batch: usize,
    },
    /// One metric point into the ledger.
    Point,
    /// A step of the bare engine at next to nothing, with the gathering of its batch.
    Tiny,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let span = Duration::from_secs_f64(arguments.seconds);
    let result = match arguments.measure {
        Measure::Steps { work, from } => steps::measure(work, &from, arguments.threads, span)?,
        Measure::Gemm => gemm::measure(arguments.threads, span)?,
        Measure::Infer { snapshot, batch } => infer::measure(&snapshot, batch, arguments.threads, span)?,
        Measure::Point => point::measure()?,
        Measure::Tiny => tiny::measure(arguments.threads, span)?,
    };
    println!("{result}");
    Ok(())
}

/// Calls a second over `span`, after a quarter of it for warming up; `call` is given its number.
fn rate(span: Duration, mut call: impl FnMut(u64)) -> f64 {
    let (mut number, mut began) = (0, Instant::now());
    while number < 8 || began.elapsed() < span / 4 {
        call(number);
        number += 1;
    }
    let first = number;
    began = Instant::now();
    while began.elapsed() < span {
        call(number);
        number += 1;
    }
    (number - first) as f64 / began.elapsed().as_secs_f64()
}
