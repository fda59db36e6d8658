//! The number of threads changes no bit.

use crate::lab::{Lab, series, state};

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 384, hidden_layers: 2, dropout: 0.1}
data: digits
max_steps: 25
batch_size: 128
max_grad_norm: 1.0
seed: 3
";

#[test]
fn one_two_and_four_threads() {
    let [one, two, four] = ["1", "2", "4"].map(|threads| {
        let lab = Lab::new();
        lab.write("config.yaml", CONFIG);
        lab.must(&["train", "config.yaml", "--set", &format!("threads={threads}")]);
        let run = lab.only_run();
        (state(&run), series(&run))
    });
    assert!(one.1["train/loss"].len() == 25);
    assert_eq!(one, two);
    assert_eq!(one, four);
}
