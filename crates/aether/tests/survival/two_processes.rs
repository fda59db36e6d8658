//! Several processes in one home: nothing lost, nothing mixed.

use std::collections::BTreeMap;

use crate::lab::{Lab, all_readable, done, said, series, state};

const CONFIG: &str = "
model_name: SimpleMLP
model: {hidden_dim: 16}
data: {source: synthetic, recipe: blobs, samples: 400, features: 6}
epochs: 8
batch_size: 16
snapshot: {every_steps: 10}
threads: 1
";

#[test]
fn four_trainings_in_one_home() {
    let seeds = ["1", "2", "3", "4"];
    let alone: BTreeMap<&str, _> = seeds
        .iter()
        .map(|seed| {
            let lab = Lab::new();
            lab.write("config.yaml", CONFIG);
            lab.must(&["train", "config.yaml", "--set", &format!("seed={seed}")]);
            let run = lab.only_run();
            (*seed, (state(&run), series(&run)))
        })
        .collect();

    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    let children = seeds.map(|seed| {
        lab.aether(&["train", "config.yaml", "--name", seed, "--set", &format!("seed={seed}")])
            .spawn()
            .unwrap()
    });
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    let runs = lab.runs();
    assert_eq!(runs.len(), seeds.len());
    for run in &runs {
        let name = run.run().unwrap().name;
        assert_eq!((state(run), series(run)), alone[name.as_str()], "seed {name}");
    }
    assert_eq!(lab.must(&["runs", "--quiet"]).lines().count(), seeds.len());
}

/// Two that take up the same run: one has it, the other is told so, and the run comes to the same end.
#[test]
fn one_run_taken_up_by_two() {
    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    lab.must(&["train", "config.yaml"]);
    let whole = (state(&lab.only_run()), series(&lab.only_run()));

    let lab = Lab::new();
    lab.write("config.yaml", CONFIG);
    lab.must(&["train", "config.yaml", "--set", "epochs=4"]);
    let id = lab.only_run().id().to_string();
    let resume = ["resume", id.as_str(), "--set", "epochs=8"];
    let children = [(); 2].map(|()| lab.aether(&resume).spawn().unwrap());
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let run = lab.only_run();
    all_readable(&run);
    assert!(done(&run));
    // The second may also come when the first is done: then there is nothing left to do.
    let (went, refused): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.status.success());
    assert!(!went.is_empty(), "{}", said(&outputs[0]));
    for output in refused {
        let message = said(output);
        assert!(message.contains(&id), "{message}");
    }
    assert_eq!((state(&run), series(&run)), whole);
}
