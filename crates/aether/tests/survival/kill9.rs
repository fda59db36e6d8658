//! `kill -9` at 100 random instants of runs that snapshot often: nothing is ever unreadable, and what is resumed to its
//! end is what was never killed, bit for bit.

use std::{
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use crate::lab::{Lab, all_readable, done, series, state};

const KILLS: u32 = 100;

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 16, dropout: 0.2}
data: {source: synthetic, recipe: blobs, samples: 330, features: 6, validation: 0.2}
epochs: 12
batch_size: 8
grad_accumulation_steps: 3
optimizer: adamw
scheduler: {kind: cosine, warmup_steps: 10}
snapshot: {every_steps: 3, keep: 2}
seed: 7
threads: 1
";

/// A delay in microseconds that is as good as random: splitmix64 (Steele, Lea & Flood 2014) of `number`.
fn random(number: u32, below: u64) -> u64 {
    let mut z = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

fn begin(lab: &Lab, words: &[&str]) -> Child {
    lab.aether(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_hundred_sudden_deaths() {
    let reference = Lab::new();
    reference.write("config.yaml", CONFIG);
    let began = std::time::Instant::now();
    reference.must(&["train", "config.yaml"]);
    let whole = began.elapsed();
    let reference = reference.only_run();
    let (expected_state, expected_series) = (state(&reference), series(&reference));
    assert!(!expected_series.is_empty());

    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    let mut child = begin(&lab, &["train", "config.yaml"]);
    let (mut kills, mut resumed, mut finished) = (0, 0, 0);
    while kills < KILLS || finished == 0 {
        // From before the run exists to well into its work, so that a few lives bring it to its end.
        let patience =
            if kills < KILLS { whole.mul_f64(random(kills, 1000) as f64 / 1500.0) } else { Duration::MAX };
        if patience < Duration::MAX {
            thread::sleep(patience);
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();

        let run = lab.runs().pop();
        if let Some(run) = &run {
            all_readable(run);
        }
        child = match run {
            Some(run) if done(&run) => {
                assert_eq!(state(&run), expected_state, "after {kills} kills");
                assert_eq!(series(&run), expected_series, "after {kills} kills");
                finished += 1;
                begin(&lab, &["train", "config.yaml"])
            }
            Some(run) => {
                resumed += 1;
                begin(&lab, &["resume", run.id().as_str()])
            }
            None => begin(&lab, &["train", "config.yaml"]),
        };
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(resumed > KILLS / 2, "only {resumed} of {KILLS} kills left something to resume");
    lab.must(&["runs", "--json"]);
}
