//! What the measured runs say: series like those of a training, from counted random bits.

use std::env;

use aether_core::{Listener, Metric, Signal};
use aether_ledger::{Home, NewRun, RunWriter};
use serde_json::json;

use crate::Outcome;

/// When the first step was, in nanoseconds since 1970, and how long a step takes.
const START: i64 = 1_800_000_000_000_000_000;
const STEP: i64 = 1_000_000;

/// Steps between two waits for the disk: what is ahead of the log's writer by more than it holds back would be lost.
const AHEAD: u64 = 10_000;

/// A step's value, given the step and random bits.
pub(crate) type Values = fn(u64, u64) -> f64;

pub(crate) fn new_run(home: &Home) -> Outcome<RunWriter> {
    Ok(RunWriter::create(
        home,
        NewRun {
            name: "bench".to_owned(),
            project: "bench".to_owned(),
            kind: "bench".to_owned(),
            spec: json!({"lr": 0.1, "optimizer": {"kind": "adam"}}),
            command: Vec::new(),
            directory: env::current_dir()?,
            tags: vec!["baseline".to_owned()],
        },
    )?)
}

/// A generator of bits: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Says `steps` points of each of `metrics`, with a clock that trembles by up to 65 us a step, and waits until all are
/// on the disk.
pub(crate) fn say(
    run: &RunWriter,
    metrics: &[Metric],
    steps: u64,
    value: fn(u64, u64) -> f64,
) -> Outcome<()> {
    let log = run.log()?;
    let mut state = 7;
    for step in 0..steps {
        let time = START + step as i64 * STEP + (random(&mut state) & 0xffff) as i64;
        for &metric in metrics {
            log.on(time, &Signal::Point { metric, step, value: value(step, random(&mut state)) });
        }
        if step % AHEAD == AHEAD - 1 {
            log.sync()?;
        }
    }
    log.sync()?;
    match log.trouble() {
        Some(trouble) => Err(trouble.into()),
        None => Ok(()),
    }
}

/// A loss that falls and trembles by a tenth, as a 32-bit number: what frameworks log.
pub(crate) fn noisy(step: u64, bits: u64) -> f64 {
    let noise = 1.0 + 0.1 * ((bits >> 40) as f32 / (1u32 << 24) as f32 - 0.5);
    f64::from(2.0 / (1.0 + step as f32 * 1e-4) * noise)
}

/// The same with all 53 bits of a double random, which no packer can make shorter than they are.
pub(crate) fn noisy_double(step: u64, bits: u64) -> f64 {
    2.0 / (1.0 + step as f64 * 1e-4) * (1.0 + 0.1 * ((bits >> 11) as f64 / (1u64 << 53) as f64 - 0.5))
}

/// A learning rate that falls every hundred steps.
pub(crate) fn smooth(step: u64, _: u64) -> f64 {
    1e-3 * (1.0 - (step / 100) as f64 / 1e6)
}
